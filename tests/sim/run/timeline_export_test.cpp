#include "run/timeline_export.h"

#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "small_runs.h"

namespace stcsim {
namespace {

using testing::both_sparsities;
using testing::expect_same_machine;
using testing::gemm;
using testing::simulate;

std::string text_of(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

/// One run with both exports, beside one without.
class TimelineExport : public ::testing::TestWithParam<Sparsity> {
  protected:
    TimelineExport() : problem_(gemm(200, 264, 320, GetParam())), folder_(std::filesystem::path(::testing::TempDir())) {
        const auto* const test = ::testing::UnitTest::GetInstance()->current_test_info();
        std::string name = std::string("stcsim_") + test->name();
        for (char& c : name) c = c == '/' ? '_' : c;
        vcd_ = folder_ / (name + ".vcd");
        perfetto_ = folder_ / (name + ".json");
        recorded_ = simulate(problem_, {.scope = Scope::sm, .vcd = vcd_, .perfetto = perfetto_});
    }
    ~TimelineExport() override {
        std::filesystem::remove(vcd_);
        std::filesystem::remove(perfetto_);
    }

    GemmProblem problem_;
    std::filesystem::path folder_;
    std::filesystem::path vcd_;
    std::filesystem::path perfetto_;
    SimulationResult recorded_;
};

TEST_P(TimelineExport, ChangesNoCount) {
    expect_same_machine(simulate(problem_, {.scope = Scope::sm}), recorded_, "recorded");
}

TEST_P(TimelineExport, WritesATraceWhoseSlicesDoNotOverlapAndSumToTheBusyCycles) {
    const nlohmann::json trace = nlohmann::json::parse(text_of(perfetto_));
    const double cycle = 1e6 / 1.41e9;
    std::map<int, std::map<double, double>> slices;  ///< by track: end by start, in cycles
    std::set<int> named;
    for (const auto& event : trace.at("traceEvents")) {
        const int track = event.at("tid");
        if (event.at("ph") == "M") {
            named.insert(track);
            continue;
        }
        ASSERT_EQ(event.at("ph"), "X");
        const double start = event.at("ts").get<double>() / cycle;
        EXPECT_NEAR(start, event.at("args").at("start_cycle").get<double>(), 1e-3);
        EXPECT_LE(event.at("args").at("issued_cycle").get<double>(), start + 1e-3);
        const bool fresh = slices[track].emplace(start, start + event.at("dur").get<double>() / cycle).second;
        EXPECT_TRUE(fresh) << "two slices start together";
        EXPECT_EQ(event.at("name").get<std::string>().starts_with("mma.sp"), GetParam() == Sparsity::two_four);
    }
    EXPECT_EQ(named, (std::set<int>{0, 1, 2, 3}));
    double busy = 0;
    for (const auto& [track, by_start] : slices) {
        EXPECT_TRUE(named.contains(track));
        double end = 0;
        for (const auto& [start, slice_end] : by_start) {
            EXPECT_GE(start, end - 1e-3) << "track " << track;
            EXPECT_LE(slice_end, static_cast<double>(recorded_.cycles.value()) + 1e-3);
            busy += slice_end - start;
            end = slice_end;
        }
    }
    EXPECT_NEAR(busy, static_cast<double>(recorded_.account[TensorCoreState::busy].value()), 0.5);
}

TEST_P(TimelineExport, WritesAWaveformWhoseTimeOnlyGrowsAndWhoseBusySignalsAreTheBusyCycles) {
    std::istringstream lines(text_of(vcd_));
    std::string line;
    std::map<char, std::string> declared;
    bool definitions = true;
    std::uint64_t now = 0;
    std::uint64_t busy = 0;
    std::map<char, std::uint64_t> high_since;
    while (std::getline(lines, line)) {
        if (line.starts_with("$var ")) {
            std::istringstream fields(line);
            std::string var, kind, width, identifier, name;
            fields >> var >> kind >> width >> identifier >> name;
            ASSERT_EQ(identifier.size(), 1U);
            EXPECT_TRUE(declared.emplace(identifier[0], name).second) << "identifier declared twice";
        } else if (line.starts_with("$enddefinitions")) {
            definitions = false;
        } else if (line.starts_with("#")) {
            EXPECT_FALSE(definitions);
            const std::uint64_t time = std::stoull(line.substr(1));
            EXPECT_GE(time, now);
            now = time;
        } else if (line.starts_with("0") || line.starts_with("1")) {
            const char identifier = line.at(1);
            EXPECT_EQ(declared.at(identifier), "busy");
            const auto since = high_since.find(identifier);
            if (line[0] == '1' && since == high_since.end()) high_since[identifier] = now;
            if (line[0] == '0' && since != high_since.end()) {
                busy += now - since->second;
                high_since.erase(since);
            }
        } else if (line.starts_with("b")) {
            EXPECT_EQ(declared.at(line.back()), "warp");
        }
    }
    EXPECT_EQ(declared.size(), 8U);
    EXPECT_EQ(now, recorded_.cycles.value());
    EXPECT_TRUE(high_since.empty()) << "a tensor core is busy at the end";
    EXPECT_EQ(busy, recorded_.account[TensorCoreState::busy].value());
}

INSTANTIATE_TEST_SUITE_P(DenseAndSparse, TimelineExport, ::testing::ValuesIn(both_sparsities),
                         [](const auto& tested) { return tested.param == Sparsity::dense ? "Dense" : "Sparse"; });

TEST(TimelineExport, RefusesAPathThatCannotBeWritten) {
    EXPECT_THROW(write_vcd(Timeline(), Cycle(1), 4, "/nonexistent/folder/x.vcd"), InputError);
    EXPECT_THROW(write_perfetto(Timeline(), 1e9, 4, "/nonexistent/folder/x.json"), InputError);
}

}  // namespace
}  // namespace stcsim
