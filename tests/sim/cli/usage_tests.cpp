#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "files/temporary_folder.h"
#include "kernel/gemm_kernel.h"
#include "made_up_simulator.h"

namespace stcsim {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// Options after "run --gpu a100-sxm4-40gb" that are refused, and a part of the message.
struct BadUsage {
    std::string name;
    std::vector<std::string> options;
    std::string message;

    friend void PrintTo(const BadUsage& b, std::ostream* out) { *out << testing::PrintToString(b.options); }
};

class RunRefuses : public testing::TestWithParam<BadUsage> {};

TEST_P(RunRefuses, BeforeAnySimulationWithOneMessage) {
    MadeUpSimulator simulator;
    std::vector<std::string> arguments{"run", "--gpu", "a100-sxm4-40gb"};
    arguments.insert(arguments.end(), GetParam().options.begin(), GetParam().options.end());
    const Outcome outcome = simulator.run(arguments);
    EXPECT_EQ(outcome.status, 2) << outcome.out;
    EXPECT_THAT(outcome.err, HasSubstr(GetParam().message));
    EXPECT_THAT(outcome.err, HasSubstr("expected"));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_THAT(simulator.simulated, IsEmpty());
}

const std::string gemm = "--gemm=64x64x64";

INSTANTIATE_TEST_SUITE_P(
    Each, RunRefuses,
    testing::Values(
        BadUsage{"NothingToRun", {}, "neither --gemm nor --trace"},
        BadUsage{"UnknownOption", {gemm, "--sparsty", "dense"}, "did you mean --sparsity"},
        BadUsage{"Abbreviation", {gemm, "--comp"}, "--comp"}, BadUsage{"Argument", {gemm, "extra"}, "\"extra\""},
        BadUsage{"ShortOption", {gemm, "-x"}, "-x"}, BadUsage{"MissingValue", {gemm, "--dtype"}, "--dtype"},
        BadUsage{"Twice", {gemm, gemm}, "--gemm"}, BadUsage{"EmptyValue", {gemm, "--out", ""}, "--out"},
        BadUsage{"ValueForAFlag", {gemm, "--compare=yes"}, "--compare"},
        BadUsage{"TwoSizes", {"--gemm", "64x64"}, "MxNxK"}, BadUsage{"FiveSizes", {"--gemm", "1x2x3x4x5"}, "MxNxK"},
        BadUsage{"EmptySize", {"--gemm", "64xx64"}, "decimal integer"},
        BadUsage{"ZeroSize", {"--gemm", "64x0x64"}, "decimal integer from 1"},
        BadUsage{"NegativeSize", {"--gemm", "64x-64x64"}, "\"-64\""},
        BadUsage{"RealSize", {"--gemm", "64x64x6.4"}, "\"6.4\""}, BadUsage{"TextSize", {"--gemm", "axbxc"}, "\"a\""},
        BadUsage{"TrailingText", {"--gemm", "64x64x64k"}, "\"64k\""},
        BadUsage{"HugeSize", {"--gemm", "64x64x99999999999999999999"}, "99999999999999999999"},
        BadUsage{"HugeProduct", {"--gemm", "1099511627776x1099511627776x8"}, "2^63"},
        BadUsage{"BatchTwice", {"--gemm", "64x64x64x2", "--batch", "2"}, "--batch"},
        BadUsage{"ZeroBatch", {gemm, "--batch", "0"}, "--batch \"0\""},
        BadUsage{"IllegalSize", {"--gemm", "64x64x7"}, "multiple of 8"},
        BadUsage{"UnknownType", {gemm, "--dtype", "fp16"}, "f16"},
        BadUsage{"UnknownAcc", {gemm, "--acc", "f31"}, "f32"},
        BadUsage{"TypesThatNoMmaCombines", {gemm, "--dtype", "bf16", "--acc", "f16"}, "bf16"},
        BadUsage{"UnknownSparsity", {gemm, "--sparsity", "1:4"}, "dense or 2:4"},
        BadUsage{"UnknownScope", {gemm, "--scope", "gpu"}, "core, sm or chip"},
        BadUsage{"NoThreads", {gemm, "--exact", "-j", "0"}, "--jobs"},
        BadUsage{"BadSeed", {gemm, "--verify", "--seed", "1x"}, "--seed"},
        BadUsage{"HugeSeed", {gemm, "--verify", "--seed", "18446744073709551616"}, "--seed"},
        BadUsage{"SeedOfNothing", {gemm, "--seed", "1"}, "--seed without --verify"},
        BadUsage{"GemmAndTrace", {gemm, "--trace", "t.csv"}, "--gemm with --trace"},
        BadUsage{"TypeOfATrace", {"--trace", "t.csv", "--dtype", "f16"}, "--dtype with --trace"},
        BadUsage{"SparsityOfATrace", {"--trace", "t.csv", "--sparsity", "2:4"}, "--sparsity with --trace"},
        BadUsage{"SparsityOfAComparison", {gemm, "--compare", "--sparsity", "2:4"}, "--sparsity with --compare"},
        BadUsage{"WaveformOfAComparison", {gemm, "--compare", "--vcd", "/tmp/w.vcd"}, "--vcd with --compare"},
        BadUsage{"MissingTrace", {"--trace", "/nowhere/t.csv"}, "/nowhere/t.csv"},
        BadUsage{"UnknownParameter", {gemm, "--set", "sm.sub_core=4"}, "sm.sub_cores"},
        BadUsage{"BadParameter", {gemm, "--set", "sm_count=0"}, "from 1 to 1024"},
        BadUsage{"NoParameter", {gemm, "--set", "sm_count"}, "path.to.parameter=value"},
        BadUsage{"Contradiction", {gemm, "--set", "sm.sub_cores=3"}, "sm.residency.maximum_warps"},
        BadUsage{"UnknownFormat", {gemm, "--out", "r.txt"}, ".json or .csv"},
        BadUsage{"UnwritableReport", {gemm, "--out", "/nowhere/r.json"}, "/nowhere/r.json"},
        BadUsage{"UnwritableConfiguration", {gemm, "--write-config", "/nowhere/c.toml"}, "/nowhere/c.toml"},
        BadUsage{"UnwritableWaveform", {gemm, "--vcd", "/nowhere/w.vcd"}, "/nowhere/w.vcd"},
        BadUsage{"SameFileTwice", {gemm, "--out", "r.csv", "--out", "./r.csv"}, "one file for two outputs"},
        BadUsage{"NothingToVerify", {"--write-config", "c.toml", "--verify"}, "--verify without --gemm or --trace"}),
    [](const auto& suite) { return suite.param.name; });

TEST(Usage, UnknownSubcommandsAndGpusGetNearNames) {
    MadeUpSimulator simulator;
    const Outcome subcommand = simulator.run({"rum"});
    EXPECT_EQ(subcommand.status, 2);
    EXPECT_THAT(subcommand.err, HasSubstr("did you mean run?"));
    const Outcome gpu = simulator.run({"run", "--gpu", "a100-sxm-40gb", "--gemm", "64x64x64"});
    EXPECT_EQ(gpu.status, 2);
    EXPECT_THAT(gpu.err, HasSubstr("a100-sxm4-40gb"));
}

TEST(Usage, NoSubcommandNoGpuAndStrayArgumentsAreErrors) {
    MadeUpSimulator simulator;
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{},
                                                      {""},
                                                      {"--help", "run"},
                                                      {"--version", "x"},
                                                      {"gpus", "x"},
                                                      {"gpus", "--gpu"},
                                                      {"instructions", "--gpu", "none"},
                                                      {"run", "--gemm", "64x64x64"}}) {
        const Outcome outcome = simulator.run(arguments);
        EXPECT_EQ(outcome.status, 2) << testing::PrintToString(arguments);
        EXPECT_THAT(outcome.err, testing::StartsWith("stcsim: found "));
        EXPECT_THAT(outcome.out, IsEmpty());
    }
}

TEST(Usage, HelpGoesToStandardOutput) {
    MadeUpSimulator simulator;
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"},
                                                      {"run", "--help"},
                                                      {"run", "-h"},
                                                      {"gpus", "--help"},
                                                      {"kernels", "--help"},
                                                      {"instructions", "--help"},
                                                      {"--version"}}) {
        const Outcome outcome = simulator.run(arguments);
        EXPECT_EQ(outcome.status, 0);
        EXPECT_THAT(outcome.out, HasSubstr("stcsim"));
        EXPECT_THAT(outcome.err, IsEmpty());
    }
    EXPECT_THAT(simulator.run({"--version"}).out, testing::MatchesRegex("stcsim [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(Usage, GpusListsEveryDescriptionWithItsSummary) {
    const Outcome outcome = MadeUpSimulator().run({"gpus"});
    EXPECT_EQ(outcome.status, 0);
    for (const std::string& name : available_gpus()) {
        EXPECT_THAT(outcome.out, HasSubstr(name));
        EXPECT_THAT(outcome.out, HasSubstr(load_gpu_description(name).summary));
    }
}

TEST(Usage, KernelsListsTheCatalogue) {
    const Outcome outcome = MadeUpSimulator().run({"kernels"});
    EXPECT_EQ(outcome.status, 0);
    for (const GemmKernel& kernel : kernel_catalogue()) EXPECT_THAT(outcome.out, HasSubstr(kernel.name));
}

TEST(Usage, InstructionsDeriveStepsAndPeakFromTheArray) {
    MadeUpSimulator simulator;
    const Outcome outcome = simulator.run({"instructions"});
    EXPECT_EQ(outcome.status, 0);
    // Registers from the PTX ISA's fragments; 8 steps and 1024 (2048) FMA/clk/SM are the A100's peaks.
    const auto has = [&](const char* row) { return testing::Matches(testing::ContainsRegex(row))(outcome.out); };
    EXPECT_TRUE(has("\nmma.m16n8k16.f32.f16.f16.f32 +4 +2 +4 +4 +0 +- +8 +8 +2048 +1024  -"));
    EXPECT_TRUE(has("\nmma.sp.m16n8k32.f32.f16.f16.f32 +4 +4 +4 +4 +1 +2 +8 +8 +4096 +2048  ::ordered_metadata"));
    EXPECT_TRUE(has("\nmma.m8n8k4.f64.f64.f64.f64 +2 +2 +4 +4 +0 +- +16 +16 +256 +64  -"));
    EXPECT_TRUE(
        has("\nmma.sp.m16n8k64.s32.s8.u8.s32 +4 +4 +4 +4 +1 +1 +8 +8 +8192 +4096  ::ordered_metadata .satfinite"));
    EXPECT_TRUE(has("\nmma.m16n8k256.s32.b1.b1.s32.xor.popc +4 +2 +4 +4 +0 +- +8 +8 +32768 +16384  -"));
    // Small-k mma.sp: 4 steps, but one in 6 cycles.
    EXPECT_TRUE(has("\nmma.sp.m16n8k16.f32.f16.f16.f32 +2 +2 +4 +4 +1 +4 +4 +6 +2048 +2048  ::ordered_metadata"));
    EXPECT_THAT(simulator.run({"instructions", "--gpu", "a100-dense-only"}).out, Not(HasSubstr("mma.sp")));
}

TEST(ExitStatus, IsThreeForAnInvariantAndForAnyOtherException) {
    for (const bool invariant : {true, false}) {
        const Simulator broken{[&](const auto&, const auto&, const auto&) -> SimulationResult {
                                   if (invariant) throw InvariantError("lost a cycle");
                                   throw std::out_of_range("vector::at");
                               },
                               [](const auto&, const auto&, const auto&) {}};
        std::ostringstream out;
        std::ostringstream err;
        EXPECT_EQ(run_command_line({"stcsim", "run", "--gpu=a100-sxm4-40gb", "--gemm=64x64x64"}, broken, out, err), 3);
        EXPECT_THAT(err.str(), HasSubstr("internal error"));
    }
}

TEST(ExitStatus, IsTwoIfStandardOutputCannotBeWritten) {
    MadeUpSimulator simulator;
    std::ostringstream out;
    out.setstate(std::ios::badbit);
    std::ostringstream err;
    EXPECT_EQ(run_command_line({"stcsim", "gpus"}, simulator.simulator(), out, err), 2);
    EXPECT_THAT(err.str(), HasSubstr("standard output"));
}

}  // namespace
}  // namespace stcsim
