#include "mma_batch/mma_batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "array_files.h"
#include "isa/metadata_fragment.h"

namespace stcsim {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

const MmaInstruction& half() {
    return mma_instruction_named("mma.m16n8k8.f32.f16.f16.f32");
}

/// Files of a batch of zeros; A, B and C of as many cases as said.
MmaBatchFiles zeros(const TemporaryFolder& folder, std::size_t a, std::size_t b, std::size_t c) {
    MmaBatchFiles files;
    files.a = write(folder, "a.npy", NpyArray(NpyType::u2, {a, 16, 8}));
    files.b = write(folder, "b.npy", NpyArray(NpyType::u2, {b, 8, 8}));
    files.c = write(folder, "c.npy", NpyArray(NpyType::u4, {c, 16, 8}));
    files.d = folder.file("d.npy");
    return files;
}

/// D is C; notes the sizes of the blocks it is called with.
MmaExecutor copying_c(std::vector<std::size_t>& blocks) {
    return [&blocks](const MmaInstruction&, std::span<const MmaCase> cases) {
        blocks.push_back(cases.size());
        std::vector<BitMatrix> results;
        for (const MmaCase& one : cases) results.push_back(one.c);
        return results;
    };
}

TEST(RunMmaBatch, ComputesDFromTheFiles) {
    const TemporaryFolder folder;
    constexpr std::uint64_t one = 0x3C00;  // 1.0 in f16
    MmaBatchFiles files = zeros(folder, 2, 2, 2);
    NpyArray a(NpyType::u2, {2, 16, 8});
    NpyArray b(NpyType::u2, {2, 8, 8});
    NpyArray c(NpyType::f4, {2, 16, 8});
    a.set_bits(128 + 2 * 8 + 3, {{one}});
    b.set_bits(64 + 3 * 8 + 5, {{one}});
    c.set_bits(128 + 2 * 8 + 5, {{0x40000000}});  // 2.0
    files.a = write(folder, "a.npy", a);
    files.b = write(folder, "b.npy", b);
    files.c = write(folder, "c.npy", c);
    EXPECT_EQ(run_mma_batch(half(), files, execute_by_numerics, {}), 2U);
    NpyArray expected(NpyType::u4, {2, 16, 8});
    expected.set_bits(128 + 2 * 8 + 5, {{0x40400000}});  // 3.0
    EXPECT_EQ(read_npy(files.d), expected);
}

TEST(RunMmaBatch, TakesZerosForAMissingC) {
    const TemporaryFolder folder;
    MmaBatchFiles files = zeros(folder, 1, 1, 1);
    files.c.reset();
    std::vector<std::size_t> blocks;
    run_mma_batch(half(), files, copying_c(blocks), {});
    EXPECT_EQ(read_npy(files.d), NpyArray(NpyType::u4, {1, 16, 8}));
}

TEST(RunMmaBatch, WorksInBlocksAndKeepsTheOrderOfTheCases) {
    const TemporaryFolder folder;
    MmaBatchFiles files = zeros(folder, 2500, 2500, 2500);
    NpyArray c(NpyType::u4, {2500, 16, 8});
    for (std::size_t i = 0; i < c.elements(); ++i) c.set_bits(i, {{i}});
    files.c = write(folder, "c.npy", c);
    std::vector<std::size_t> blocks;
    std::vector<double> shares;
    run_mma_batch(half(), files, copying_c(blocks), [&](double share) { shares.push_back(share); });
    EXPECT_EQ(read_npy(files.d), c);
    EXPECT_THAT(blocks, ElementsAre(1024, 1024, 452));
    EXPECT_THAT(shares, ElementsAre(0.4096, 0.8192, 1));
}

TEST(RunMmaBatch, WritesEachAccumulatorInItsOwnType) {
    const TemporaryFolder folder;
    for (const MmaInstruction& instruction : mma_instructions()) {
        if (instruction.sparse) continue;
        // f16 arrays are no f64 ones: only what has 16-bit operands.
        if (bits_of(instruction.a) != 16) continue;
        MmaBatchFiles files;
        const std::size_t m = instruction.shape.m;
        const std::size_t k = instruction.shape.k;
        files.a = write(folder, "a.npy", NpyArray(NpyType::u2, {1, m, k}));
        files.b = write(folder, "b.npy", NpyArray(NpyType::u2, {1, k, 8}));
        files.d = folder.file("d.npy");
        run_mma_batch(instruction, files, execute_by_numerics, {});
        EXPECT_EQ(read_npy(files.d).type, instruction.d == ElementType::f16 ? NpyType::u2 : NpyType::u4);
    }
}

TEST(RunMmaBatch, GivesTheSameForPositionsAndForWordsOfE) {
    const TemporaryFolder folder;
    std::mt19937_64 random(7);
    const MmaInstruction& instruction = mma_instruction_named("mma.sp.m16n8k16.f32.f16.f16.f32");
    const std::vector<std::uint8_t> codes = random_codes(instruction, random);
    MmaBatchFiles files;
    files.a = write(folder, "a.npy", array_of(NpyType::u2, {1, 16, 8}, random_bits(128, 14, random)));
    files.b = write(folder, "b.npy", array_of(NpyType::u2, {1, 16, 8}, random_bits(128, 14, random)));
    files.d = folder.file("d.npy");
    files.index = write(folder, "i.npy", array_of(NpyType::u1, {1, 16, 8}, positions_of(instruction, codes)));
    run_mma_batch(instruction, files, execute_by_numerics, {});
    const NpyArray by_index = read_npy(files.d);
    EXPECT_NE(by_index, NpyArray(NpyType::u4, {1, 16, 8}));
    files.index.reset();
    for (std::uint32_t selector = 0; selector < 4; ++selector) {
        WarpRegister e{};
        encode_metadata(instruction, codes, selector, e);
        files.meta = write(folder, "e.npy", array_of(NpyType::u4, {1, 32}, {e.begin(), e.end()}));
        files.selector = selector;
        run_mma_batch(instruction, files, execute_by_numerics, {});
        EXPECT_EQ(read_npy(files.d), by_index) << selector;
    }
}

TEST(RunMmaBatch, RefusesBatchesThatDoNotMatchAndLeavesNoFile) {
    const TemporaryFolder folder;
    const auto running = [](const MmaBatchFiles& files) {
        return message_of([&] { run_mma_batch(half(), files, execute_by_numerics, {}); });
    };
    const std::string a = "--a " + folder.file("a.npy");
    EXPECT_EQ(running(zeros(folder, 2, 3, 2)),
              "--b " + folder.file("b.npy") + ": found 3 cases, expected 2, as " + a + " has");
    EXPECT_EQ(running(zeros(folder, 2, 2, 1)),
              "--c " + folder.file("c.npy") + ": found 1 cases, expected 2, as " + a + " has");
    EXPECT_EQ(running(zeros(folder, 0, 0, 0)), a + ": found a batch of 0 cases, expected at least one");
    MmaBatchFiles missing = zeros(folder, 1, 1, 1);
    missing.c = folder.file("none.npy");
    EXPECT_THAT(running(missing), HasSubstr("--c " + folder.file("none.npy") + ": found no such file"));
    MmaBatchFiles nowhere = zeros(folder, 1, 1, 1);
    nowhere.d = folder.file("none/d.npy");
    EXPECT_THAT(running(nowhere), HasSubstr("none/d.npy: found a path that cannot be written"));
    EXPECT_THAT(folder.names(), testing::UnorderedElementsAre("a.npy", "b.npy", "c.npy"));
}

TEST(RunMmaBatch, LeavesNoFileWhenALaterCaseIsIllegal) {
    const TemporaryFolder folder;
    const MmaInstruction& instruction = mma_instruction_named("mma.sp.m16n8k16.f32.f16.f16.f32");
    MmaBatchFiles files;
    files.a = write(folder, "a.npy", NpyArray(NpyType::u2, {2000, 16, 8}));
    files.b = write(folder, "b.npy", NpyArray(NpyType::u2, {2000, 16, 8}));
    files.d = folder.write("d.npy", "old");
    NpyArray positions(NpyType::u1, {2000, 16, 8});
    for (std::size_t i = 1; i < positions.elements(); i += 2) positions.set_bits(i, {{1}});
    positions.set_bits(positions.elements() - 1, {{9}});
    files.index = write(folder, "i.npy", positions);
    EXPECT_THAT(message_of([&] { run_mma_batch(instruction, files, execute_by_numerics, {}); }),
                EndsWith("found position 9 at [1999,15,7], expected 0 to 3 in a group of 4"));
    EXPECT_EQ(text_of(files.d), "old");
    EXPECT_EQ(folder.names().size(), 4U);
}

}  // namespace
}  // namespace stcsim
