#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "files/temporary_folder.h"
#include "made_up_simulator.h"
#include "npy/npy_array.h"

namespace stcsim {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string dense = "mma.m16n8k8.f32.f16.f16.f32";
const std::string sparse = "mma.sp.m16n8k16.f32.f16.f16.f32";

/// A folder with arrays of one case for either instruction.
class MmaCommand : public testing::Test {
  protected:
    MmaCommand() {
        write_npy(folder_.file("a.npy"), NpyArray(NpyType::u2, {1, 16, 8}));
        write_npy(folder_.file("b.npy"), NpyArray(NpyType::u2, {1, 8, 8}));
        write_npy(folder_.file("b16.npy"), NpyArray(NpyType::u2, {1, 16, 8}));
        NpyArray words(NpyType::u4, {1, 32});
        for (std::size_t i = 0; i < 32; ++i) words.set_bits(i, {{0x44444444}});
        write_npy(folder_.file("e.npy"), words);
    }

    /// Runs "mma --instr NAME OPTIONS..."; values that end in .npy are in the folder.
    Outcome run(const std::string& instruction, const std::vector<std::string>& options) {
        std::vector<std::string> arguments{"mma", "--instr", instruction};
        for (const std::string& option : options) {
            arguments.push_back(option.ends_with(".npy") ? folder_.file(option) : option);
        }
        return simulator_.run(arguments);
    }

    void refuses(const std::string& instruction, const std::vector<std::string>& options, const std::string& message) {
        const Outcome outcome = run(instruction, options);
        EXPECT_EQ(outcome.status, 2) << message;
        EXPECT_THAT(outcome.err, HasSubstr(message));
        EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
        EXPECT_THAT(outcome.out, IsEmpty());
        EXPECT_FALSE(std::filesystem::exists(folder_.file("d.npy")));
    }

    TemporaryFolder folder_;
    MadeUpSimulator simulator_;
};

TEST_F(MmaCommand, SaysWhatItWrote) {
    const Outcome outcome = run(dense, {"--a", "a.npy", "--b", "b.npy", "--out", "d.npy"});
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_EQ(outcome.out, folder_.file("d.npy") + ": 1 case of " + dense + "\n");
    EXPECT_EQ(read_npy(folder_.file("d.npy")), NpyArray(NpyType::u4, {1, 16, 8}));
}

TEST_F(MmaCommand, SimulatesOnTheGpuThatIsAskedForOnlyUnderModelSystemc) {
    const std::vector<std::string> options{"--a",   "a.npy",      "--b", "b16.npy", "--meta",
                                           "e.npy", "--selector", "3",   "--out",   "d.npy"};
    EXPECT_EQ(run(sparse, options).status, 0);
    EXPECT_THAT(simulator_.executed, IsEmpty());
    std::vector<std::string> simulated = options;
    simulated.insert(simulated.end(), {"--model", "systemc", "--gpu", "a100-sxm4-80gb"});
    const Outcome outcome = run(sparse, simulated);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    ASSERT_EQ(simulator_.executed.size(), 1U);
    EXPECT_EQ(simulator_.executed.front().selector, 3U);
}

TEST_F(MmaCommand, RefusesOptionsThatAreMissingOrMeanNothing) {
    refuses(dense, {"--b", "b.npy", "--out", "d.npy"}, "found no --a, expected --instr, --a, --b and --out");
    refuses(dense, {"--a", "a.npy", "--out", "d.npy"}, "found no --b");
    refuses(dense, {"--a", "a.npy", "--b", "b.npy"}, "found no --out");
    refuses(dense, {"--a", "a.npy", "--b", "", "--out", "d.npy"}, "an empty value of --b");
    refuses(dense, {"--a", "a.npy", "--b", "b.npy", "--out", "d.npy", "--gpu", "a100-sxm4-40gb"},
            "--gpu without --model systemc");
    refuses(dense, {"--a", "a.npy", "--b", "b.npy", "--out", "d.npy", "--model", "rtl"},
            "--model \"rtl\", expected numerics or systemc");
    refuses(dense, {"--a", "a.npy", "--b", "b.npy", "--out", "d.npy", "--model", "systemc", "--gpu", "a100"},
            "a100-sxm4-40gb");
}

TEST_F(MmaCommand, RefusesPositionsThatDoNotGoWithTheInstruction) {
    const std::vector<std::string> files{"--a", "a.npy", "--b", "b16.npy", "--out", "d.npy"};
    const auto with = [&](std::vector<std::string> more) {
        more.insert(more.begin(), files.begin(), files.end());
        return more;
    };
    refuses(sparse, files, sparse + " with neither --index nor --meta, expected one of them");
    refuses(sparse, with({"--index", "a.npy", "--meta", "e.npy"}), "--index with --meta, expected one of them");
    refuses(sparse, with({"--index", "a.npy", "--selector", "0"}), "--selector without --meta");
    refuses(sparse, with({"--meta", "e.npy", "--selector", "4"}),
            "--selector \"4\", expected a decimal integer from 0 to 3");
    refuses(dense, with({"--index", "a.npy"}), "--index with " + dense + ", expected an mma.sp instruction");
    refuses(dense, with({"--meta", "e.npy"}), "--meta with " + dense);
    refuses(sparse, with({"--meta", "e.npy", "--model", "systemc", "--gpu", "a100-dense-only"}),
            sparse + " on a100-dense-only, expected a GPU whose tensor cores have a sparse path");
}

TEST_F(MmaCommand, NamesTheNearestInstructions) {
    refuses("mma.m16n8k8.f32.f16.f16.f16", {"--a", "a.npy", "--b", "b.npy", "--out", "d.npy"}, dense);
    refuses("", {"--a", "a.npy"}, "an empty value of --instr");
}

}  // namespace
}  // namespace stcsim
