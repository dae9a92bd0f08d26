#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "files/temporary_folder.h"
#include "made_up_simulator.h"

namespace stcsim {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

/// Options after "validate" that are refused, and a part of the message.
struct BadValidate {
    std::string name;
    std::vector<std::string> options;
    std::string message;

    friend void PrintTo(const BadValidate& b, std::ostream* out) { *out << testing::PrintToString(b.options); }
};

class ValidateRefuses : public testing::TestWithParam<BadValidate> {};

TEST_P(ValidateRefuses, WithOneMessage) {
    std::vector<std::string> arguments{"validate"};
    arguments.insert(arguments.end(), GetParam().options.begin(), GetParam().options.end());
    MadeUpSimulator simulator;
    const Outcome outcome = simulator.run(arguments);
    EXPECT_EQ(outcome.status, 2) << outcome.out;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr(GetParam().message), HasSubstr("expected")));
    EXPECT_EQ(outcome.out, "");
}

INSTANTIATE_TEST_SUITE_P(
    Each, ValidateRefuses,
    testing::Values(BadValidate{"UnknownSet", {"--set", "gem"}, "did you mean gemm"},
                    BadValidate{"UnknownScope", {"--scope", "sn"}, "--scope sn"},
                    BadValidate{"NoJobs", {"-j", "0"}, "--jobs"},
                    BadValidate{"NoSuchFolder", {"--reference", "/no/such"}, "no such file"},
                    BadValidate{"NoSuchPoint", {"--only", "1x2x3"}, "no point"},
                    BadValidate{"UnknownGpu", {"--gpu", "a100"}, "GPU \"a100\""},
                    BadValidate{"UnknownParameter", {"--override", "sm.warps=1"}, "sm.warps"},
                    BadValidate{"InconsistentDescription", {"--override", "memory.l2.slices=0"}, "memory.l2.slices"},
                    BadValidate{"OtherFormat", {"--out", "a.txt"}, ".json or .csv"},
                    BadValidate{"UnwritableFile", {"--out", "/no/such/a.csv"}, "/no/such/a.csv"},
                    BadValidate{"UnwritableState", {"--state", "/no/such/state"}, "/no/such/state"}),
    [](const auto& instance) { return instance.param.name; });

TEST(Validate, PrintsTheErrorsOfEachSetAndWritesThePoints) {
    const TemporaryFolder folder;
    MadeUpSimulator simulator;
    const Outcome outcome = simulator.run(
        {"validate", "--quick", "-j2", "--out", folder.file("v.csv"), "--out", folder.file("v.json"), "--worst", "1"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    for (const char* const set : {"instructions: model a100-sxm4-40gb", "shared-memory: model",
                                  "memory: model a100-sxm4-40gb, a100-sxm4-80gb", "gemm: model a100-pcie-80gb"}) {
        EXPECT_THAT(outcome.out, HasSubstr(set));
    }
    const std::string csv = text_of(folder.file("v.csv"));
    EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 1 + 30 + 10 + 27 + 40 + 20);
    EXPECT_THAT(text_of(folder.file("v.json")), HasSubstr("\"statistics\""));
    // The state beside the first file has done its work.
    EXPECT_THAT(folder.names(), testing::UnorderedElementsAre("v.csv", "v.json"));
}

TEST(Validate, UsesTheGpuAndOptionsThatItIsGiven) {
    MadeUpSimulator simulator;
    const Outcome outcome = simulator.run({"validate", "--set", "shared-memory", "--gpu", "a100-dense-only"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(outcome.out, AllOf(HasSubstr("shared-memory: model a100-dense-only"), Not(HasSubstr("gemm:"))));
}

TEST(Validate, KeepsTheStateOfAFailedRunBesideItsOutputAndGoesOnFromIt) {
    const TemporaryFolder folder;
    const std::string log = folder.file("log");
    const std::vector<std::string> command{"validate",       "--set", "gemm",  "--only",
                                           "f16 dense 64x2", "-j1",   "--out", folder.file("v.csv")};
    const auto run = [&](bool fails) {
        Simulator simulator = MadeUpSimulator().simulator();
        simulator.simulate = [&, fails](const GpuDescription&, const GemmProblem& problem, const SimulationOptions&) {
            std::ofstream(log, std::ios::app) << problem.name << '\n';
            if (fails && problem.name == "64x2560x6912") (void)raise(SIGKILL);
            return made_up_result(problem);
        };
        std::vector<std::string> arguments{"stcsim"};
        arguments.insert(arguments.end(), command.begin(), command.end());
        std::ostringstream out;
        std::ostringstream err;
        const int status = run_command_line(arguments, simulator, out, err);
        return Outcome{status, out.str(), err.str()};
    };
    const Outcome failed = run(true);
    EXPECT_EQ(failed.status, 3);
    EXPECT_THAT(failed.err, AllOf(HasSubstr("f16 dense 64x2560x6912"), HasSubstr("signal 9")));
    EXPECT_TRUE(std::filesystem::exists(folder.file("v.csv.state")));
    EXPECT_FALSE(std::filesystem::exists(folder.file("v.csv")));
    EXPECT_EQ(run(false).status, 0);
    EXPECT_EQ(text_of(log), "64x2048x8192\n64x2560x6912\n64x2560x6912\n64x27648x5120\n");
    EXPECT_FALSE(std::filesystem::exists(folder.file("v.csv.state")));
}

}  // namespace
}  // namespace stcsim
