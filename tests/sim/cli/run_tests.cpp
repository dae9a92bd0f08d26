#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/content_hash.h"
#include "cli/progress.h"
#include "files/temporary_folder.h"
#include "made_up_simulator.h"

namespace stcsim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string trace_header = "name,m,n,k,batch,dtype,acc,sparsity,count\n";

Outcome run_on_a100(MadeUpSimulator& simulator, std::vector<std::string> options) {
    options.insert(options.begin(), {"run", "--gpu", "a100-sxm4-40gb"});
    return simulator.run(options);
}

nlohmann::json json_of(const std::string& file) {
    return nlohmann::json::parse(text_of(file));
}

TEST(Run, SimulatesTheGemmOfTheOptions) {
    MadeUpSimulator simulator;
    const Outcome outcome =
        run_on_a100(simulator, {"--gemm", "64x128x256", "--batch", "3", "--dtype", "f16", "--acc", "f16", "--sparsity",
                                "2:4", "--output-dtype", "f16", "--kernel", "tile", "--scope", "core"});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    ASSERT_EQ(simulator.simulated.size(), 1U);
    const GemmProblem& p = simulator.simulated[0];
    EXPECT_EQ(p.name, "64x128x256");
    EXPECT_EQ((std::array{p.m, p.n, p.k, p.batch, p.count}), (std::array<std::uint64_t, 5>{64, 128, 256, 3, 1}));
    EXPECT_EQ(p.input, ElementType::f16);
    EXPECT_EQ(p.accumulator, ElementType::f16);
    EXPECT_EQ(p.output, ElementType::f16);
    EXPECT_EQ(p.sparsity, Sparsity::two_four);
    EXPECT_EQ(simulator.last_options.kernel, "tile");
    EXPECT_EQ(simulator.last_options.scope, Scope::core);
    EXPECT_FALSE(simulator.last_options.verify);
}

TEST(Run, HasTheDefaultsThatHelpPromises) {
    MadeUpSimulator simulator;
    ASSERT_EQ(run_on_a100(simulator, {"--gemm", "64x64x64", "--dtype", "bf16"}).status, 0);
    const GemmProblem& p = simulator.simulated.at(0);
    EXPECT_EQ(p.accumulator, ElementType::f32);
    EXPECT_EQ(p.output, ElementType::bf16);
    EXPECT_EQ(p.sparsity, Sparsity::dense);
    EXPECT_EQ(p.batch, 1U);
    EXPECT_EQ(simulator.last_options.scope, Scope::chip);
    EXPECT_EQ(simulator.last_options.kernel, "auto");
    ASSERT_EQ(run_on_a100(simulator, {"--gemm", "64x64x64", "--dtype", "s8"}).status, 0);
    EXPECT_EQ(simulator.simulated.at(1).accumulator, ElementType::s32);
}

TEST(Run, TakesTheBatchAsAFourthSize) {
    MadeUpSimulator simulator;
    ASSERT_EQ(run_on_a100(simulator, {"--gemm", "64x64x64x12"}).status, 0);
    EXPECT_EQ(simulator.simulated.at(0).batch, 12U);
}

TEST(Run, ComparesDenseAndSparse) {
    MadeUpSimulator simulator;
    const TemporaryFolder folder;
    const Outcome outcome = run_on_a100(simulator, {"--gemm", "64x64x64", "--compare", "--out", folder.file("r.json")});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    ASSERT_EQ(simulator.simulated.size(), 2U);
    EXPECT_EQ(simulator.simulated[0].sparsity, Sparsity::dense);
    EXPECT_EQ(simulator.simulated[1].sparsity, Sparsity::two_four);
    EXPECT_THAT(outcome.out, HasSubstr("1.60"));
    const auto results = json_of(folder.file("r.json"))["results"];
    EXPECT_EQ(results[0]["name"], results[1]["name"]);
    EXPECT_EQ(results[1]["speedup"], 1.6);
}

TEST(Run, ComparesEveryGemmOfATraceWhateverItsSparsity) {
    MadeUpSimulator simulator;
    const TemporaryFolder folder;
    const std::string trace =
        folder.write("t.csv", trace_header + "a,64,64,64,1,f16,f32,2:4,2\nb,64,64,128,1,bf16,f32,dense,1\n");
    ASSERT_EQ(run_on_a100(simulator, {"--trace", trace, "--compare"}).status, 0);
    ASSERT_EQ(simulator.simulated.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(simulator.simulated[i].name, i < 2 ? "a" : "b");
        EXPECT_EQ(simulator.simulated[i].sparsity, i % 2 == 0 ? Sparsity::dense : Sparsity::two_four);
    }
}

TEST(Run, RunsNothingIfOneGemmOfATraceIsImpossible) {
    MadeUpSimulator simulator;
    const TemporaryFolder folder;
    const std::string trace =
        folder.write("t.csv", trace_header + "good,64,64,64,1,f16,f32,dense,1\nbad,64,64,7,1,f16,f32,dense,1\n");
    const Outcome outcome = run_on_a100(simulator, {"--trace", trace});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.err, HasSubstr("t.csv: found GEMM \"bad\" (dense): k = 7, expected a multiple of 8"));
    EXPECT_THAT(simulator.simulated, IsEmpty());
}

TEST(Run, NamesTheLineOfABadTrace) {
    MadeUpSimulator simulator;
    const TemporaryFolder folder;
    const std::string trace =
        folder.write("t.csv", trace_header + "good,64,64,64,1,f16,f32,dense,1\nbad,64,64,x,1,f16,f32,dense,1\n");
    const Outcome outcome = run_on_a100(simulator, {"--trace", trace});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.err, HasSubstr("t.csv:3: "));
    EXPECT_THAT(simulator.simulated, IsEmpty());
}

TEST(Run, RefusesAWaveformOfSeveralGemms) {
    MadeUpSimulator simulator;
    const TemporaryFolder folder;
    const std::string trace =
        folder.write("t.csv", trace_header + "a,64,64,64,1,f16,f32,dense,1\nb,64,64,64,1,f16,f32,dense,1\n");
    const Outcome outcome = run_on_a100(simulator, {"--trace", trace, "--perfetto", folder.file("p.json")});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.err, HasSubstr("a trace of 2 GEMMs"));
}

TEST(Run, RefusesSparsityWithoutASparsePath) {
    MadeUpSimulator simulator;
    const Outcome compare = simulator.run({"run", "--gpu", "a100-dense-only", "--gemm", "64x64x64", "--compare"});
    EXPECT_EQ(compare.status, 2);
    EXPECT_THAT(compare.err, HasSubstr("--compare on a100-dense-only, whose tensor cores have no sparse path"));
    const Outcome sparse =
        simulator.run({"run", "--gpu", "a100-dense-only", "--gemm", "64x64x64", "--sparsity", "2:4"});
    EXPECT_EQ(sparse.status, 2);
    EXPECT_THAT(sparse.err, HasSubstr("mma.sp on a100-dense-only"));
    EXPECT_EQ(simulator.run({"run", "--gpu", "a100-dense-only", "--gemm", "64x64x64"}).status, 0);
}

TEST(Run, OverridesReachTheSimulationAndTheProvenance) {
    MadeUpSimulator simulator;
    const TemporaryFolder folder;
    ASSERT_EQ(run_on_a100(simulator, {"--gemm", "64x64x64", "--set", "sm_count=2", "--set", "memory.hbm.latency=9",
                                      "--out", folder.file("r.json")})
                  .status,
              0);
    EXPECT_EQ(simulator.last_gpu.parameters.sm_count, 2U);
    EXPECT_EQ(simulator.last_gpu.parameters.memory.hbm.latency, Cycle(9));
    const auto parameters = json_of(folder.file("r.json"))["provenance"]["gpu"]["parameters"];
    EXPECT_EQ(parameters["sm_count"]["value"], 2);
    EXPECT_EQ(parameters["memory"]["hbm"]["latency"]["provenance"], "overridden");
}

TEST(Run, WritesTheConfigurationInForceWhichReadsBack) {
    MadeUpSimulator simulator;
    const TemporaryFolder folder;
    const std::string file = folder.file("mine.toml");
    const Outcome outcome = run_on_a100(simulator, {"--set", "sm_count=2", "--write-config", file});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(simulator.simulated, IsEmpty());
    EXPECT_EQ(load_gpu_description(file).parameters.sm_count, 2U);
    ASSERT_EQ(simulator.run({"run", "--gpu", file, "--gemm", "64x64x64"}).status, 0);
    EXPECT_EQ(simulator.last_gpu.parameters.sm_count, 2U);
}

TEST(Run, HashesTheTraceIntoTheProvenance) {
    MadeUpSimulator simulator;
    const TemporaryFolder folder;
    const std::string text = trace_header + "a,64,64,64,1,f16,f32,dense,1\n";
    const std::string trace = folder.write("t.csv", text);
    ASSERT_EQ(run_on_a100(simulator, {"--trace", trace, "--out", folder.file("r.json")}).status, 0);
    const auto provenance = json_of(folder.file("r.json"))["provenance"];
    EXPECT_EQ(provenance["inputs"][0]["file"], trace);
    char expected[32];
    (void)std::snprintf(expected, sizeof expected, "fnv1a64:%016llx",
                        static_cast<unsigned long long>(content_hash(text)));
    EXPECT_EQ(provenance["inputs"][0]["hash"], expected);
    EXPECT_EQ(provenance["command_line"][1], "run");
}

TEST(Run, WritesEveryReportAskedForAndNothingElse) {
    MadeUpSimulator simulator;
    const TemporaryFolder folder;
    ASSERT_EQ(
        run_on_a100(simulator, {"--gemm", "64x64x64", "--out", folder.file("r.json"), "--out", folder.file("r.csv")})
            .status,
        0);
    EXPECT_THAT(folder.names(), testing::UnorderedElementsAre("r.json", "r.csv"));
    EXPECT_EQ(json_of(folder.file("r.json"))["results"].size(), 1U);
    EXPECT_THAT(text_of(folder.file("r.csv")), HasSubstr("\n64x64x64,64,64,64,1,f16,f32,dense,"));
}

TEST(Run, LeavesOldReportsAloneIfInputIsBad) {
    MadeUpSimulator simulator;
    const TemporaryFolder folder;
    const std::string file = folder.write("r.csv", "old");
    EXPECT_EQ(run_on_a100(simulator, {"--gemm", "64x64x7", "--out", file}).status, 2);
    EXPECT_EQ(text_of(file), "old");
    EXPECT_THAT(folder.names(), ElementsAre("r.csv"));
}

TEST(Run, VerificationDecidesTheExitStatusAndTheReportIsWrittenAllTheSame) {
    MadeUpSimulator simulator;
    const TemporaryFolder folder;
    const std::vector<std::string> options{"--gemm", "64x64x64", "--verify",           "--seed",
                                           "7",      "--out",    folder.file("r.json")};
    EXPECT_EQ(run_on_a100(simulator, options).status, 0);
    EXPECT_TRUE(simulator.last_options.verify);
    EXPECT_EQ(simulator.last_options.seed, 7U);
    simulator.mismatches = 3;
    const Outcome outcome = run_on_a100(simulator, options);
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.err, HasSubstr("verification failed"));
    EXPECT_THAT(outcome.out, HasSubstr("4093 of 4096 elements"));
    EXPECT_EQ(json_of(folder.file("r.json"))["results"][0]["mismatches"], 3);
}

TEST(Run, IsSilentOnStandardErrorWhenQuick) {
    MadeUpSimulator simulator;
    EXPECT_THAT(run_on_a100(simulator, {"--gemm", "64x64x64"}).err, IsEmpty());
}

/// Time that passes when a test says so.
struct MadeUpClock {
    std::chrono::steady_clock::time_point now{};
    Progress::Clock clock() {
        return [this] { return now; };
    }
};

TEST(ProgressReport, StaysQuietForTwoSecondsThenPrintsALinePerTenth) {
    using namespace std::chrono_literals;
    MadeUpClock time;
    std::ostringstream err;
    Progress progress(err, false, 2, time.clock());
    progress.report(0, "a", 0.5);
    EXPECT_EQ(err.str(), "");
    time.now += 3s;
    progress.report(0, "a", 0.5);
    progress.report(0, "a", 0.55);
    progress.report(1, "b", 0.0);
    EXPECT_EQ(err.str(), " 25 % (1 of 2: a)\n 50 % (2 of 2: b)\n");
}

TEST(ProgressReport, RewritesOneLineOnATerminalAndClearsIt) {
    using namespace std::chrono_literals;
    MadeUpClock time;
    std::ostringstream err;
    {
        Progress progress(err, true, 1, time.clock());
        time.now += 3s;
        progress.report(0, "a", 0.5);
        progress.report(0, "a", 0.51);  // too soon
        time.now += 1s;
        progress.report(0, "a", 2.0);  // clamped
    }
    EXPECT_EQ(err.str(), "\r\x1B[K 50 % (1 of 1: a)\r\x1B[K100 % (1 of 1: a)\r\x1B[K");
}

}  // namespace
}  // namespace stcsim
