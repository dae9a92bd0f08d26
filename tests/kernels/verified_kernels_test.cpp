/// The example kernels on the machine, with the values of their mma through the tensor core's modules: bit-exact.
#include <algorithm>
#include <ostream>

#include <gtest/gtest.h>

#include "a100.h"
#include "isa/metadata_layout.h"
#include "kernel_operands.h"
#include "kernel_run.h"
#include "ptx_timing/timed_launch.h"
#include "sparsity/structured_sparsity.h"

namespace stcsim {
namespace {

using enum ElementType;
using testing::KernelRun;
using testing::random_matrix;
using testing::transposed;

struct Size {
    std::size_t m, n, k;
};

/// Runs the launch on a small GPU, verified, and compares: every mma was, and m n elements for each of its 16x8 tiles
/// of D and `instruction_k` of k are equal.
void expect_bit_exact(const KernelLaunch& launch, const Size& size, std::size_t instruction_k) {
    GpuParameters gpu = testing::a100();
    gpu.sm_count = 2;
    const MachineProgram program(*launch.kernel);
    FindingSink findings(FindingMode::strict);
    TimedOptions options;
    options.verify = true;
    const TimedResult result = run_timed(gpu, program, launch, findings, options);
    const MmaVerification& verification = *result.verification;
    EXPECT_EQ(verification.elements(), size.m * size.n * size.k / instruction_k);
    EXPECT_EQ(verification.equal(), verification.elements());
    EXPECT_EQ(verification.instructions(), result.counters.at("sm.tensor_core.dot_product_array.instructions"));
    EXPECT_TRUE(verification.not_compared().empty());
}

/// The arguments that the dense kernels begin with: A, B, D, n, k.
void add_dense_product(KernelRun& run, const Size& size, std::uint32_t seed) {
    run.add_matrix(random_matrix(size.m, size.k, f16, seed), "a");
    run.add_matrix(random_matrix(size.k, size.n, f16, seed + 1), "b");
    run.add_memory(size.m * size.n * 4, "d");
    run.add_argument(static_cast<std::uint32_t>(size.n));
    run.add_argument(static_cast<std::uint32_t>(size.k));
}

TEST(VerifiedKernels, GemmF16IsBitExact) {
    const Size size{64, 64, 64};
    KernelRun run("gemm_f16.ptx", "gemm_f16");
    add_dense_product(run, size, 1);
    expect_bit_exact(run.launch({1, 1}, {128}), size, 16);
}

TEST(VerifiedKernels, SplitKIsBitExactWhereItsCtasWaitForEachOther) {
    const Size size{64, 64, 96};
    KernelRun run("split_k.ptx", "split_k");
    add_dense_product(run, size, 3);
    run.add_memory(4, "semaphores");
    expect_bit_exact(run.launch({1, 1, 3}, {128}), size, 16);
}

struct SparseKernel {
    std::string name;
    ElementType type;
    ElementType sums;
};

void PrintTo(const SparseKernel& kernel, std::ostream* out) {
    *out << kernel.name;
}

class VerifiedSparseKernels : public ::testing::TestWithParam<SparseKernel> {};

TEST_P(VerifiedSparseKernels, AreBitExact) {
    const SparseKernel& kernel = GetParam();
    constexpr std::size_t steps = 3;
    const Size size{64, 64, steps * 1024 / bits_of(kernel.type)};
    const CompressedMatrix a = compress(prune(random_matrix(size.m, size.k, kernel.type, 5)));
    KernelRun run("sparse_gemm.ptx", kernel.name);
    run.add_matrix(a.values, "a");
    run.add_array(reorder_metadata(kernel.type, a.codes, size.m, size.k / 2), "e");
    run.add_matrix(transposed(random_matrix(size.k, size.n, kernel.type, 6)), "b");
    run.add_memory(size.m * size.n * 4, "d");
    run.add_argument(static_cast<std::uint32_t>(size.n));
    run.add_argument(static_cast<std::uint32_t>(steps));
    expect_bit_exact(run.launch({1, 1}, {128}), size, 512 / bits_of(kernel.type));
}

INSTANTIATE_TEST_SUITE_P(Of, VerifiedSparseKernels,
                         ::testing::Values(SparseKernel{"sparse_gemm_f16", f16, f32},
                                           SparseKernel{"sparse_gemm_tf32", tf32, f32},
                                           SparseKernel{"sparse_gemm_s8", s8, s32}),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace stcsim
