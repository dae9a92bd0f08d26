#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>
#include <numeric>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck.h>

#include "files/temporary_folder.h"
#include "gpu/parameter_table.h"
#include "made_up_result.h"
#include "report/csv_report.h"
#include "report/json_report.h"
#include "report/report_file.h"
#include "report/table_report.h"
#include "report/text_table.h"
#include "workload/csv_reader.h"
#include "workload/gemm_types.h"

namespace stcsim {
namespace {

using testing::HasSubstr;
using testing::Not;

GemmProblem problem_named(const std::string& name, std::uint64_t count = 1) {
    GemmProblem problem;
    problem.name = name;
    problem.m = problem.n = problem.k = 256;
    problem.count = count;
    return problem;
}

std::vector<ResultRow> compared(const GemmProblem& dense) {
    GemmProblem sparse = dense;
    sparse.sparsity = Sparsity::two_four;
    return compared_rows(made_up_result(dense), made_up_result(sparse));
}

RunProvenance made_up_provenance() {
    return {
        "1.2.3", {"stcsim", "run", "--gemm", "256x256x256"}, load_gpu_description("a100-sxm4-40gb"), {{"t.csv", 1}}};
}

/// The fields of the CSV text by column, one map per row, read back by the trace reader's CSV parser.
std::vector<std::map<std::string, std::string>> read_back(const std::string& csv) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "results.csv";
    std::ofstream(file) << csv;
    const std::vector<CsvRecord> records = read_csv(file);
    std::vector<std::map<std::string, std::string>> rows;
    for (std::size_t i = 1; i < records.size(); ++i) {
        EXPECT_EQ(records[i].fields.size(), records[0].fields.size());
        auto& row = rows.emplace_back();
        for (std::size_t j = 0; j < records[0].fields.size(); ++j) row[records[0].fields[j]] = records[i].fields[j];
    }
    return rows;
}

TEST(ComparedRows, SpeedupIsDenseOverSparseCyclesOnTheSparseRow) {
    const std::vector<ResultRow> rows = compared(problem_named("g"));
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].speedup, std::nullopt);
    EXPECT_EQ(rows[1].result.problem.sparsity, Sparsity::two_four);
    EXPECT_DOUBLE_EQ(rows[1].speedup.value(), 1000.0 / 625.0);
}

TEST(CsvReport, StartsWithTheColumnsThatScriptsRelyOn) {
    EXPECT_THAT(csv_report({}),
                testing::StartsWith("name,m,n,k,batch,dtype,acc,sparsity,gpu,kernel,cycles,time_us,tflops,"
                                    "tensor_utilization,bound_by,speedup,"));
}

TEST(CsvReport, HasOneColumnPerCauseAndTheySumToCyclesTimesTensorCores) {
    const auto rows = read_back(csv_report(compared(problem_named("g"))));
    ASSERT_EQ(rows.size(), 2U);
    for (const auto& row : rows) {
        std::uint64_t sum = 0;
        for (const std::string_view state : tensor_core_state_names) {
            sum += std::stoull(row.at(fmt::format("account_{}", state)));
        }
        EXPECT_EQ(sum, std::stoull(row.at("cycles")) * std::stoull(row.at("tensor_cores")));
    }
}

TEST(CsvReport, LeavesFieldsThatDoNotApplyEmpty) {
    const auto rows = read_back(csv_report(compared(problem_named("g"))));
    EXPECT_EQ(rows[0].at("speedup"), "");
    EXPECT_EQ(rows[1].at("speedup"), "1.6");
    EXPECT_EQ(rows[0].at("verified_elements"), "");
    EXPECT_EQ(rows[0].at("mismatches"), "");
}

TEST(CsvReport, KeepsNamesWithCommasQuotesAndLeadingHashes) {
    for (const std::string name : {"a,b", "say \"hi\"", "#3", " padded ", "plain", "\"", ",", "caf\xC3\xA9"}) {
        const auto rows = read_back(csv_report(std::vector<ResultRow>{{made_up_result(problem_named(name)), {}}}));
        ASSERT_EQ(rows.size(), 1U) << name;
        EXPECT_EQ(rows[0].at("name"), name);
        EXPECT_EQ(rows[0].at("m"), "256");
    }
}

TEST(Reports, PrintNumbersThatReadBackExactly) {
    EXPECT_TRUE(rc::check([](std::uint32_t a, std::uint32_t b, std::uint64_t cycles) {
        ResultRow row{made_up_result(problem_named("g")), std::nullopt};
        row.result.time_us = static_cast<double>(a) / (static_cast<double>(b) + 1);
        row.result.cycles = Cycle(cycles);
        const std::string csv = csv_report(std::span(&row, 1));
        const auto back = read_back(csv).at(0);
        double time = 0;
        const std::string& text = back.at("time_us");
        std::from_chars(text.data(), text.data() + text.size(), time);
        RC_ASSERT(time == row.result.time_us);
        RC_ASSERT(std::stoull(back.at("cycles")) == cycles);
        const auto json = nlohmann::json::parse(json_report(made_up_provenance(), std::span(&row, 1)));
        RC_ASSERT(json["results"][0]["time_us"].get<double>() == row.result.time_us);
        RC_ASSERT(json["results"][0]["cycles"].get<std::uint64_t>() == cycles);
    }));
}

TEST(JsonReport, CarriesTheCompleteDescriptionInForce) {
    RunProvenance provenance = made_up_provenance();
    apply_override(provenance.gpu, "sm_count=54");
    const auto json = nlohmann::json::parse(json_report(provenance, {}));
    const auto& gpu = json["provenance"]["gpu"];
    EXPECT_EQ(gpu["name"], "a100-sxm4-40gb");
    EXPECT_EQ(gpu["parameters"]["sm_count"]["value"], 54);
    EXPECT_EQ(gpu["parameters"]["sm_count"]["provenance"], "overridden");
    for (const ParameterReference& p : parameter_table(provenance.gpu.parameters)) {
        std::string pointer = "/" + p.path();
        std::replace(pointer.begin(), pointer.end(), '.', '/');
        const auto& entry = gpu["parameters"].at(nlohmann::json::json_pointer(pointer));
        EXPECT_FALSE(entry["source"].get<std::string>().empty()) << p.path();
        std::visit([&](auto value) { EXPECT_EQ(entry["value"].get<decltype(value)>(), value) << p.path(); }, p.value());
    }
}

TEST(JsonReport, SaysWithWhatItWasMade) {
    const auto json = nlohmann::json::parse(json_report(made_up_provenance(), {}))["provenance"];
    EXPECT_EQ(json["version"], "1.2.3");
    EXPECT_EQ(json["command_line"], (std::vector<std::string>{"stcsim", "run", "--gemm", "256x256x256"}));
    EXPECT_EQ(json["inputs"][0]["file"], "t.csv");
    EXPECT_EQ(json["inputs"][0]["hash"], "fnv1a64:0000000000000001");
}

TEST(JsonReport, HashesTheDescriptionSoThatAnOverrideShows) {
    RunProvenance provenance = made_up_provenance();
    const auto before = nlohmann::json::parse(json_report(provenance, {}))["provenance"]["gpu"]["hash"];
    apply_override(provenance.gpu, "sm_count=54");
    EXPECT_NE(nlohmann::json::parse(json_report(provenance, {}))["provenance"]["gpu"]["hash"], before);
}

TEST(JsonReport, RowsHaveTheFieldsOfTheCsvReportWithAccountAndCounters) {
    const std::vector<ResultRow> rows = compared(problem_named("g"));
    const auto json = nlohmann::json::parse(json_report(made_up_provenance(), rows))["results"];
    ASSERT_EQ(json.size(), 2U);
    EXPECT_FALSE(json[0].contains("speedup"));
    EXPECT_EQ(json[1]["speedup"], 1.6);
    EXPECT_EQ(json[1]["sparsity"], "2:4");
    EXPECT_EQ(json[0]["account"].size(), tensor_core_states);
    EXPECT_EQ(json[0]["account"]["busy"], 2000);
    EXPECT_EQ(json[0]["counters"]["sm.shared_memory.wavefronts"]["value"], 12345);
    EXPECT_EQ(json[0]["counters"]["sm.shared_memory.wavefronts"]["unit"], "wavefronts");
    for (const ResultField& field : fields_of(rows[1])) {
        if (std::holds_alternative<std::monostate>(field.value)) continue;
        const auto& parent = field.group.empty() ? json[1] : json[1][std::string(field.group)];
        EXPECT_TRUE(parent.contains(std::string(field.name))) << field.name;
    }
}

TEST(JsonReport, IsValidEvenIfTheCommandLineIsNotUtf8) {
    RunProvenance provenance = made_up_provenance();
    provenance.command_line.emplace_back("caf\xE9");
    EXPECT_TRUE(nlohmann::json::accept(json_report(provenance, {})));
}

TEST(JsonReport, NamesTheFirstMismatch) {
    ResultRow row{made_up_result(problem_named("g")), std::nullopt};
    row.result.verification = Verification{65536, 2, "D[3,4]"};
    const auto json = nlohmann::json::parse(json_report(made_up_provenance(), std::span(&row, 1)))["results"][0];
    EXPECT_EQ(json["verified_elements"], 65536);
    EXPECT_EQ(json["mismatches"], 2);
    EXPECT_EQ(json["first_mismatch"], "D[3,4]");
}

TEST(Reports, AreTheSameBytesForTheSameResults) {
    const std::vector<ResultRow> rows = compared(problem_named("g"));
    EXPECT_EQ(json_report(made_up_provenance(), rows), json_report(made_up_provenance(), rows));
}

TEST(SharesPerMille, SumToExactlyOneThousandAndAreWithinOneOfTheExactShare) {
    EXPECT_TRUE(rc::check([](const std::array<std::uint32_t, time_causes>& parts) {
        TimeAccount account;
        std::ranges::copy(parts, account.shares.begin());
        const auto shares = shares_per_mille(account);
        const double total = std::accumulate(parts.begin(), parts.end(), 0.0);
        RC_ASSERT(std::accumulate(shares.begin(), shares.end(), 0U) == (total > 0 ? 1000U : 0U));
        for (std::size_t i = 0; total > 0 && i < time_causes; ++i) {
            RC_ASSERT(std::abs(shares[i] - 1000.0 * parts[i] / total) < 1.0);
        }
    }));
}

TEST(TableReport, StatesBothPeaksAndWhichOneARowIsMeasuredAgainst) {
    const std::string table = table_report(load_gpu_description("a100-sxm4-40gb"), compared(problem_named("g")));
    EXPECT_THAT(table, HasSubstr("Peak f16: 311.9 TFLOPS dense, 623.8 TFLOPS 2:4 sparse"));
    EXPECT_THAT(table, HasSubstr("15.2 dense"));  // 2 x 256^3 / (1000 cycles / 1410 MHz) / 311.9 TFLOPS
    EXPECT_THAT(table, HasSubstr("12.1 2:4"));
    EXPECT_THAT(table, HasSubstr("1.60"));
    EXPECT_THAT(table, HasSubstr("shared memory"));
}

TEST(TableReport, ShowsTheAccountInPercentDenseBesideSparse) {
    const std::string table = table_report(load_gpu_description("a100-sxm4-40gb"), compared(problem_named("g")));
    const std::size_t account = table.find("Time by cause");
    ASSERT_NE(account, std::string::npos);
    EXPECT_THAT(table.substr(account), HasSubstr("66.7"));
    EXPECT_THAT(table.substr(account), HasSubstr("100.0"));
    for (const std::string_view cause : time_cause_names) EXPECT_THAT(table, HasSubstr(std::string(cause)));
}

TEST(TableReport, MultipliesCountsInTheTotals) {
    std::vector<ResultRow> rows = compared(problem_named("a", 3));
    for (ResultRow& row : compared(problem_named("b", 2))) rows.push_back(row);
    const std::string table = table_report(load_gpu_description("a100-sxm4-40gb"), rows);
    EXPECT_THAT(table, HasSubstr(fmt::format("Total dense: {:.2f} us for 5 GEMMs", 5 * 1000.0 / 1410)));
    EXPECT_THAT(table, HasSubstr(fmt::format("Total 2:4: {:.2f} us for 5 GEMMs", 5 * 625.0 / 1410)));
    EXPECT_THAT(table, HasSubstr("Total speedup: 1.60"));
}

TEST(TableReport, HasNoSpeedupWithoutAComparison) {
    const std::vector<ResultRow> rows{{made_up_result(problem_named("g")), std::nullopt}};
    EXPECT_THAT(table_report(load_gpu_description("a100-sxm4-40gb"), rows), Not(HasSubstr("Total speedup")));
}

TEST(TableReport, NamesOverriddenParameters) {
    GpuDescription gpu = load_gpu_description("a100-sxm4-40gb");
    apply_override(gpu, "sm_count=54");
    EXPECT_THAT(table_report(gpu, {}), HasSubstr("with sm_count = 54, set by the user, in place of 108 (published)"));
}

TEST(TableReport, ReportsVerification) {
    ResultRow row{made_up_result(problem_named("g")), std::nullopt};
    row.result.verification = Verification{100, 1, "D[3,4] is 0x3C00, expected 0x3C01"};
    EXPECT_THAT(table_report(load_gpu_description("a100-sxm4-40gb"), std::span(&row, 1)),
                HasSubstr("99 of 100 elements equal the reference bit for bit; first mismatch: D[3,4]"));
}

TEST(TextTable, AlignsColumnsByCharactersNotBytes) {
    TextTable table;
    table.add_column("name", TextTable::Align::left);
    table.add_column("n", TextTable::Align::right);
    table.add_row({"caf\xC3\xA9", "1"});
    table.add_row({"abcdef", "10"});
    EXPECT_EQ(table.text(), "name     n\n------  --\ncaf\xC3\xA9     1\nabcdef  10\n");
}

TEST(ReportFile, FormatFollowsFromTheExtension) {
    const TemporaryFolder folder;
    const RunProvenance provenance{"1", {}, load_gpu_description("a100-sxm4-40gb"), {}};
    write_report_file(folder.file("r.json"), provenance, {});
    write_report_file(folder.file("r.csv"), provenance, {});
    EXPECT_EQ(text_of(folder.file("r.json")).front(), '{');
    EXPECT_EQ(text_of(folder.file("r.csv")).rfind("name,m,n,k,", 0), 0U);
    for (const char* const name : {"r.txt", "r", "r.jsonl", ".json", "r.CSV "}) {
        EXPECT_THROW(check_report_file(folder.file(name)), InputError) << name;
    }
}

}  // namespace
}  // namespace stcsim
