#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "files/temporary_folder.h"
#include "made_up_simulator.h"

namespace stcsim {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// Options after "microbench" that are refused, and a part of the message.
struct BadMicrobench {
    std::string name;
    std::vector<std::string> options;
    std::string message;

    friend void PrintTo(const BadMicrobench& b, std::ostream* out) { *out << testing::PrintToString(b.options); }
};

class MicrobenchRefuses : public testing::TestWithParam<BadMicrobench> {};

TEST_P(MicrobenchRefuses, BeforeItMeasuresWithOneMessage) {
    std::vector<std::string> arguments{"microbench"};
    arguments.insert(arguments.end(), GetParam().options.begin(), GetParam().options.end());
    MadeUpSimulator simulator;
    const Outcome outcome = simulator.run(arguments);
    EXPECT_EQ(outcome.status, 2) << outcome.out;
    EXPECT_TRUE(simulator.measured_iterations.empty());
    EXPECT_THAT(outcome.err, HasSubstr(GetParam().message));
    EXPECT_THAT(outcome.err, HasSubstr("expected"));
    EXPECT_EQ(outcome.out, "");
}

const std::string some = "--instr=mma.m16n8k16.f32.f16.f16.f32";

INSTANTIATE_TEST_SUITE_P(
    Each, MicrobenchRefuses,
    testing::Values(
        BadMicrobench{"UnknownInstruction", {"--instr", "mma.m16n8k16.f32.f16.f16"}, "mma.m16n8k16.f32.f16.f16.f32"},
        BadMicrobench{"NoWarps", {some, "--warps", "0"}, "--warps"},
        BadMicrobench{"TooManyWarps", {some, "--warps", "33"}, "from 1 to 32"},
        BadMicrobench{
            "TooManyWarpsForTheGpu",
            {some, "--set", "sm.residency.maximum_warps=16", "--set", "sm.residency.maximum_ctas=16", "--warps", "17"},
            "from 1 to 16"},
        BadMicrobench{"BackwardRange", {some, "--ilp", "4-2"}, "--ilp"},
        BadMicrobench{"EmptyItem", {some, "--ilp", "1,,2"}, "--ilp"},
        BadMicrobench{"UnknownFragments", {some, "--fragments", "unpacked"}, "loop or packed"},
        BadMicrobench{"TooMuchIlp", {some, "--ilp", "9"}, "from 1 to 8"},
        BadMicrobench{"NoIterations", {some, "--iterations", "0"}, "--iterations"},
        BadMicrobench{"MemoryAndAnInstruction", {some, "--memory"}, "--memory with --instr"},
        BadMicrobench{"MemoryAndWarps", {"--memory", "--warps", "4"}, "--memory with --warps"},
        BadMicrobench{
            "MemoryAndUnwritableCsv", {"--memory", "--csv", "/no/such/folder/a.csv"}, "/no/such/folder/a.csv"},
        BadMicrobench{"UnwritableCsv", {some, "--csv", "/no/such/folder/a.csv"}, "/no/such/folder/a.csv"},
        BadMicrobench{"SparseWithoutSparsePath",
                      {"--gpu", "a100-dense-only", "--instr", "mma.sp.m16n8k32.f32.f16.f16.f32"},
                      "sparse_path"},
        BadMicrobench{"UnknownParameter", {some, "--set", "sm.warps=1"}, "sm.warps"}),
    [](const auto& instance) { return instance.param.name; });

TEST(Microbench, WritesTheFiguresOfTheMemory) {
    const TemporaryFolder folder;
    const std::string csv = folder.file("m.csv");
    MadeUpSimulator simulator;
    const Outcome outcome = simulator.run({"microbench", "--memory", "--csv", csv});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_TRUE(simulator.measured_iterations.empty());
    EXPECT_THAT(outcome.out, HasSubstr("208.2"));
    EXPECT_EQ(text_of(csv), "level,metric,value,unit\n\"near\",latency,208.25,cyc\n");
}

TEST(Microbench, WritesEveryMeasurementOfTheGridThatFits) {
    const TemporaryFolder folder;
    const std::string csv = folder.file("m.csv");
    MadeUpSimulator simulator;
    const Outcome outcome =
        simulator.run({"microbench", some, "--warps", "1,32", "--ilp", "1,6-8", "--iterations", "20", "--csv", csv});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("left out"));
    EXPECT_EQ(simulator.measured_iterations, std::vector<std::uint32_t>(5, 20));
    const std::string text = text_of(csv);
    EXPECT_THAT(text, StartsWith("instr,warps,ilp,latency_cyc,throughput,peak,unit\n"));
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1 + 4 + 1) << text;
}

}  // namespace
}  // namespace stcsim
