#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "cli/check_command.h"
#include "npy/npy_array.h"
#include "numerics/float_format.h"
#include "numerics/reference_gemm.h"

namespace stcsim {
namespace {

using enum ElementType;
using ::testing::HasSubstr;

/// An f16 product with f32 sums in the files a.npy, b.npy and d.npy of a folder of its own.
class CheckCommand : public ::testing::Test {
  protected:
    CheckCommand()
        : folder_(std::filesystem::temp_directory_path() / ("stcsim_cli_check_" + std::to_string(getpid()))) {
        std::filesystem::create_directories(folder_);
        std::mt19937 random(1);
        BitMatrix a(16, 48, f16);
        BitMatrix b(48, 24, f16);
        for (BitMatrix* matrix : {&a, &b}) {
            for (ElementBits& element : matrix->storage) {
                element = from_double(f16, static_cast<double>(random()) / 0x1p31 - 1);
            }
        }
        d_ = reference_gemm(a, b, BitMatrix(16, 24, f32));
        save("a.npy", NpyType::f2, a);
        save("b.npy", NpyType::f2, b);
        save("d.npy", NpyType::f4, d_);
    }
    ~CheckCommand() override { std::filesystem::remove_all(folder_); }

    void save(const std::string& name, NpyType type, const BitMatrix& matrix) const {
        NpyArray array(type, {matrix.rows, matrix.columns});
        array.set_bits(0, matrix.storage);
        write_npy(folder_ / name, array);
    }

    /// The exit status with these options beside those of the three files.
    int check(std::vector<std::string> options = {}) {
        for (const char* name : {"a", "b", "d"}) {
            options.push_back(std::string("--") + name);
            options.push_back(folder_ / (std::string(name) + ".npy"));
        }
        std::ostringstream out;
        const int status = check_command(options, {"stcsim", "check"}, out);
        printed_ = out.str();
        return status;
    }

    std::filesystem::path folder_;
    BitMatrix d_;
    std::string printed_;
};

TEST_F(CheckCommand, SucceedsIfEveryBitIsRight) {
    EXPECT_EQ(check(), 0);
    EXPECT_THAT(printed_, HasSubstr("bit-exact: all 384 elements"));
    EXPECT_EQ(check({"--require", "bit-exact", "--order", "instruction-k=8", "--jobs", "2"}), 0);
}

TEST_F(CheckCommand, FailsIfAnElementIsWrong) {
    d_.at(3, 4) ^= 0x80000000U;
    save("d.npy", NpyType::f4, d_);
    EXPECT_EQ(check(), 1);
    EXPECT_THAT(printed_, HasSubstr("[3,4]"));
}

TEST_F(CheckCommand, TakesTheBoundUnlessBitsAreRequired) {
    d_.at(3, 4) ^= 1U;
    save("d.npy", NpyType::f4, d_);
    EXPECT_EQ(check(), 0);
    EXPECT_THAT(printed_, HasSubstr("within the bound"));
    EXPECT_EQ(check({"--require", "bit-exact"}), 1);
}

TEST_F(CheckCommand, WritesTheVerdictForScripts) {
    EXPECT_EQ(check({"--out", folder_ / "verdict.json"}), 0);
    std::ifstream file(folder_ / "verdict.json");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_THAT(text, HasSubstr("\"verdict\": \"bit-exact\""));
    EXPECT_THAT(text, HasSubstr("a.npy"));
}

TEST_F(CheckCommand, RefusesBadUsage) {
    const std::vector<std::vector<std::string>> mistakes{{"--dtype", "f12"},
                                                         {"--acc", "s8"},
                                                         {"--output", "tf32"},
                                                         {"--alpha", "one"},
                                                         {"--alpha", "inf"},
                                                         {"--beta", "1"},
                                                         {"--order", "split"},
                                                         {"--require", "luck"},
                                                         {"--jobs", "0"},
                                                         {"--metadata-order", "codes"},
                                                         {"--selector", "1"},
                                                         {"--c", "/nowhere.npy"},
                                                         {"--dump", "/nowhere.npz"},
                                                         {"--out", "/nowhere/x.json"},
                                                         {"--instr", "mma.sp.m16n8k32.f32.f16.f16.f32"}};
    for (const std::vector<std::string>& options : mistakes)
        EXPECT_THROW(check(options), InputError) << options.front();
}

TEST_F(CheckCommand, GarbageGivesAnErrorOrAVerdict) {
    std::mt19937 random(7);
    for (const char* name : {"a.npy", "b.npy", "d.npy"}) {
        const std::filesystem::path file = folder_ / name;
        std::ifstream stream(file, std::ios::binary);
        const std::string right{std::istreambuf_iterator<char>(stream), {}};
        for (int run = 0; run < 60; ++run) {
            std::string wrong = right;
            const std::size_t header = 128;
            for (int i = 0; i < 3; ++i)
                wrong[random() % (run % 2 == 0 ? header : wrong.size())] = static_cast<char>(random());
            if (run % 5 == 0) wrong.resize(random() % wrong.size());
            std::ofstream(file, std::ios::binary) << wrong;
            try {
                const int status = check({"--jobs", "1"});
                EXPECT_TRUE(status == 0 || status == 1);
            } catch (const InputError& error) {
                EXPECT_FALSE(error.found().empty());
            }
        }
        std::ofstream(file, std::ios::binary) << right;
    }
}

}  // namespace
}  // namespace stcsim
