/// The example kernels compute what the numerics say, to the bit, and nothing is found wrong with them.
#include <array>
#include <functional>
#include <numeric>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "check/check_dump.h"
#include "isa/metadata_layout.h"
#include "kernel_operands.h"
#include "kernel_run.h"
#include "numerics/reference_gemm.h"
#include "sparsity/structured_sparsity.h"

namespace stcsim {
namespace {

using enum ElementType;
using testing::KernelRun;
using testing::random_matrix;
using testing::transposed;

/// Runs the kernel strictly: the first thing that is wrong with it ends the test. Warnings fail it too.
void run_cleanly(KernelRun& run, GridSize grid, GridSize block) {
    FindingSink findings(FindingMode::strict);
    run.run(grid, block, findings);
    for (const auto& [place, entry] : findings.entries()) ADD_FAILURE() << entry.first.message();
}

TEST(VectorAdd, AddsEveryElement) {
    constexpr std::size_t n = 1000;
    std::vector<float> x(n);
    std::vector<float> y(n);
    for (std::size_t i = 0; i < n; ++i) {
        x[i] = static_cast<float>(i) * 0.1F;
        y[i] = 1.0F / static_cast<float>(i + 1);
    }
    KernelRun run("vector_add.ptx", "vector_add");
    run.add_array(x, "x");
    run.add_array(y, "y");
    const std::uint64_t z = run.add_memory(n * sizeof(float), "z");
    run.add_argument(static_cast<std::uint32_t>(n));
    run_cleanly(run, {4}, {256});
    const auto found = run.array<float>(z, n);
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(found[i], x[i] + y[i]) << i;
}

TEST(Reduction, AddsInTheOrderOfItsShuffles) {
    constexpr std::size_t n = 5000;
    constexpr std::size_t blocks = 4;
    constexpr std::size_t threads = 256;
    std::mt19937 random(1);
    std::vector<float> numbers(n);
    for (float& number : numbers) number = static_cast<float>(random()) / 0x1p30F - 2.0F;
    KernelRun run("reduction.ptx", "reduction");
    run.add_array(numbers, "numbers");
    const std::uint64_t sums = run.add_memory(blocks * sizeof(float), "sums");
    run.add_argument(static_cast<std::uint32_t>(n));
    run_cleanly(run, {blocks}, {threads});

    const auto butterfly = [](std::vector<float> lanes) {
        for (std::size_t distance = 16; distance > 0; distance /= 2) {
            const std::vector<float> before = lanes;
            for (std::size_t lane = 0; lane < 32; ++lane) lanes[lane] = before[lane] + before[lane ^ distance];
        }
        return lanes.front();
    };
    const auto found = run.array<float>(sums, blocks);
    for (std::size_t block = 0; block < blocks; ++block) {
        std::vector<float> warps(32);
        for (std::size_t warp = 0; warp < threads / 32; ++warp) {
            std::vector<float> lanes(32);
            for (std::size_t lane = 0; lane < 32; ++lane) {
                for (std::size_t i = block * threads + warp * 32 + lane; i < n; i += blocks * threads) {
                    lanes[lane] += numbers[i];
                }
            }
            warps[warp] = butterfly(lanes);
        }
        EXPECT_EQ(found[block], butterfly(warps)) << block;
    }
}

/// What calls.cu computes for thread i, in its own words.
int fibonacci(int n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

void expect_calls(const std::string& kernel, const std::function<int(int)>& expected) {
    constexpr std::size_t threads = 64;
    KernelRun run("calls.ptx", kernel);
    const std::uint64_t out = run.add_memory(threads * 4, "out");
    run_cleanly(run, {1}, {threads});
    const auto found = run.array<int>(out, threads);
    for (int i = 0; i < static_cast<int>(threads); ++i) EXPECT_EQ(found[static_cast<std::size_t>(i)], expected(i)) << i;
}

TEST(Calls, RecurseWithEachLaneAtItsOwnDepth) {
    expect_calls("recursive", [](int i) { return i % 3 == 0 ? fibonacci(i % 12) : -fibonacci(i % 7); });
}

TEST(Calls, HandDownAddressesOfLocals) {
    // Every depth n adds n: what stands in the element that the call below was given.
    expect_calls("locals", [](int i) {
        const int n = i % 20;
        return i % 5 == 0 ? 0 : n * (n + 1) / 2;
    });
}

TEST(Calls, GoThroughPointersAndTablesOfVirtualFunctions) {
    expect_calls("pointers", [](int i) { return (i % 3 == 0 ? 2 * i : i % 3 == 1 ? i * i : -i) + 1; });
    expect_calls("virtual_functions", [](int i) { return i % 2 == 1 ? 7 * i : i + 9; });
}

TEST(Calls, PassStructuresByValue) {
    expect_calls("structures", [](int i) {
        const int by = i % 4;
        const std::array<int, 5> c{1, 2, 3, 4, i};
        const std::size_t last = static_cast<std::size_t>(4 + by) % 5;
        return i + by + static_cast<int>(3LL * i * 100000000000LL % 1000003) + 10 * c[static_cast<std::size_t>(by)] +
               c[last];
    });
}

TEST(GemmF16, IsBitExact) {
    constexpr std::size_t m = 128;
    constexpr std::size_t n = 64;
    constexpr std::size_t k = 96;
    GemmDump dump;
    dump.a = random_matrix(m, k, f16, 1);
    dump.b = random_matrix(k, n, f16, 2);
    KernelRun run("gemm_f16.ptx", "gemm_f16");
    run.add_matrix(dump.a, "a");
    run.add_matrix(dump.b, "b");
    const std::uint64_t d = run.add_memory(m * n * 4, "d");
    run.add_argument(static_cast<std::uint32_t>(n));
    run.add_argument(static_cast<std::uint32_t>(k));
    run_cleanly(run, {n / 64, m / 64}, {128});
    dump.d = run.matrix(d, m, n, f32);
    EXPECT_EQ(dump.d, reference_gemm(dump.a, dump.b, BitMatrix(m, n, f32)));
    EXPECT_EQ(check_dump(dump, {}).agreement, Agreement::bit_exact);
}

TEST(SplitK, IsBitExactInTheOrderOfItsSemaphore) {
    constexpr std::size_t m = 64;
    constexpr std::size_t n = 128;
    constexpr std::size_t k = 320;
    GemmDump dump;
    dump.a = random_matrix(m, k, f16, 3);
    dump.b = random_matrix(k, n, f16, 4);
    KernelRun run("split_k.ptx", "split_k");
    run.add_matrix(dump.a, "a");
    run.add_matrix(dump.b, "b");
    const std::uint64_t d = run.add_memory(m * n * 4, "d");
    run.add_argument(static_cast<std::uint32_t>(n));
    run.add_argument(static_cast<std::uint32_t>(k));
    run.add_memory(n / 64 * m / 64 * 4, "semaphores");
    run_cleanly(run, {n / 64, m / 64, 3}, {128});
    dump.d = run.matrix(d, m, n, f32);
    CheckOptions options;
    options.order = parse_order("tile-k=32,split-k=3", dump);
    EXPECT_EQ(check_dump(dump, options).agreement, Agreement::bit_exact);
    // Without being told, the check finds out that three slices were added.
    const Verdict verdict = check_dump(dump, {});
    EXPECT_EQ(verdict.agreement, Agreement::bit_exact);
    EXPECT_EQ(verdict.order.split_k, 3U);
}

/// The kernel of a type: its operands as the kernel wants them, and D against the numerics.
void expect_sparse_product(const std::string& kernel, ElementType type, ElementType sums) {
    constexpr std::size_t m = 128;
    constexpr std::size_t n = 64;
    constexpr std::size_t steps = 4;
    const std::size_t k = steps * 1024 / bits_of(type);
    const CompressedMatrix a = compress(prune(random_matrix(m, k, type, 5)));
    const BitMatrix b = random_matrix(k, n, type, 6);
    KernelRun run("sparse_gemm.ptx", kernel);
    run.add_matrix(a.values, "a");
    run.add_array(reorder_metadata(type, a.codes, m, k / 2), "e");
    run.add_matrix(transposed(b), "b");
    const std::uint64_t d = run.add_memory(m * n * 4, "d");
    run.add_argument(static_cast<std::uint32_t>(n));
    run.add_argument(static_cast<std::uint32_t>(steps));
    run_cleanly(run, {n / 64, m / 64}, {128});
    const GemmDump dump{a.values, a.codes, b, std::nullopt, run.matrix(d, m, n, sums), {sums, sums}};
    EXPECT_EQ(dump.d, reference_sparse_gemm(a.values, a.codes, b, BitMatrix(m, n, sums)));
    EXPECT_EQ(check_dump(dump, {}).agreement, Agreement::bit_exact);
}

TEST(SparseGemm, IsBitExactInF16) {
    expect_sparse_product("sparse_gemm_f16", f16, f32);
}

TEST(SparseGemm, IsBitExactInTf32) {
    expect_sparse_product("sparse_gemm_tf32", tf32, f32);
}

TEST(SparseGemm, IsBitExactInS8) {
    expect_sparse_product("sparse_gemm_s8", s8, s32);
}

}  // namespace
}  // namespace stcsim
