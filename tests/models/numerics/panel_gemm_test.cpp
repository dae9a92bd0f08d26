/// The fast paths of matrix products against the plain one, for every type and every instruction set that the kernels
/// are compiled for and this machine has.

#include "numerics/panel_gemm.h"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "numerics/float_format.h"
#include "numerics/gemm_operands.h"
#include "numerics/plain_gemm.h"
#include "numerics/vector_fused_dot.h"
#include "numerics/vector_targets.h"
#include "numerics/wide_gemm.h"
#include "random_matrices.h"

namespace stcsim::testing {
namespace {

using enum ElementType;

constexpr Arithmetic saturating(ElementType a, ElementType b) {
    return {a, b, s32, Overflow::saturate};
}

const std::vector<Arithmetic> all_arithmetic{
    {f16, f16, f32},
    {f16, f16, f16},
    {bf16, bf16, f32},
    {tf32, tf32, f32},
    {f64, f64, f64},
    {s8, s8, s32},
    {s8, u8, s32},
    {u8, s8, s32},
    {u8, u8, s32},
    {s4, s4, s32},
    {s4, u4, s32},
    {u4, s4, s32},
    {u4, u4, s32},
    saturating(s8, s8),
    saturating(s8, u8),
    saturating(u8, u8),
    saturating(s4, s4),
    saturating(u4, s4),
    {b1, b1, s32, Overflow::wrap, BitOperation::xor_popc},
    {b1, b1, s32, Overflow::wrap, BitOperation::and_popc},
};

/// Matrices of one product, kept together with the options.
struct Product {
    BitMatrix a;
    std::vector<std::uint8_t> codes;
    BitMatrix b;
    BitMatrix c;
    GemmOptions options;
    bool sparse;

    [[nodiscard]] GemmOperands operands() const {
        return sparse ? sparse_operands(a, codes, b, c, options) : dense_operands(a, b, c, options);
    }
};

Product random_product(const Arithmetic& arithmetic, Numbers numbers, bool sparse, std::mt19937_64& random) {
    const SparsePattern pattern = sparse ? sparse_pattern_of(arithmetic.a) : SparsePattern{1, 1, 1};
    const auto between = [&random](std::size_t low, std::size_t high) { return low + random() % (high - low + 1); };
    const std::size_t rows = between(1, 4);
    const std::size_t columns = between(1, 70);
    const std::size_t groups = between(0, 300 / pattern.group);
    const std::size_t k = groups * pattern.group;
    Product product{random_matrix(rows, pattern.stored(k), arithmetic.a, numbers, random),
                    random_codes(rows, pattern.stored(k), pattern, random),
                    random_matrix(k, columns, arithmetic.b, numbers, random),
                    random_matrix(rows, columns, arithmetic.accumulator, numbers, random),
                    {0, arithmetic.overflow, arithmetic.bit_operation, 0},
                    sparse};
    if (arithmetic.accumulator == s32 && between(0, 1) == 1) product.c = sums_near_overflow(rows, columns, random);
    constexpr std::size_t instruction_k = 64;  // a multiple of what a pass of any type covers
    if (between(0, 1) == 1) product.options.padded_k = (k / instruction_k + between(1, 2)) * instruction_k;
    if (between(0, 1) == 1) product.options.instruction_k = instruction_k;
    return product;
}

/// Uses each instruction set in turn, and the best one afterwards.
class EveryVectorTarget : public ::testing::TestWithParam<std::string> {
  protected:
    void SetUp() override { use_vector_target(GetParam()); }
    void TearDown() override { use_best_vector_target(); }
};

TEST_P(EveryVectorTarget, EqualsThePlainProduct) {
    std::mt19937_64 random(1);
    for (const Arithmetic& arithmetic : all_arithmetic) {
        const bool has_sparse = arithmetic.a != f64 && arithmetic.a != b1;
        for (const Numbers numbers : all_numbers) {
            for (int turn = 0; turn < 8; ++turn) {
                const Product product = random_product(arithmetic, numbers, has_sparse && turn % 2 == 1, random);
                ASSERT_EQ(panel_gemm(product.operands()), plain_gemm(product.operands()))
                    << name_of(arithmetic.a) << " x " << name_of(arithmetic.b) << " + "
                    << name_of(arithmetic.accumulator) << ", numbers " << static_cast<int>(numbers) << ", turn "
                    << turn;
            }
        }
    }
}

TEST_P(EveryVectorTarget, ZerosTakeNoPartInTheAlignmentOfTheSmallestNumbers) {
    // The smallest moderate numbers with all their mantissa, and zeros that meet the largest ones. The first pass sums
    // to a last place, the second to a product, the others have nothing to add.
    const double smallest = std::ldexp(1.0 + 0x3FFp-10, -moderate_exponent);
    const double next = std::ldexp(1.0 + 0x3FEp-10, -moderate_exponent);
    const ElementBits largest = from_double(tf32, std::ldexp(1.0, moderate_exponent));
    BitMatrix a(3, 12, tf32);
    BitMatrix b(12, 1, tf32);
    for (ElementBits& bits : b.storage) bits = largest;
    b.at(0, 0) = b.at(1, 0) = b.at(4, 0) = from_double(tf32, smallest);
    a.at(0, 0) = a.at(1, 0) = a.at(1, 4) = from_double(tf32, smallest);
    a.at(0, 1) = a.at(1, 1) = from_double(tf32, -next);
    a.at(2, 4) = a.at(0, 0);
    const BitMatrix c(3, 1, f32);
    const GemmOperands operands = dense_operands(a, b, c, {});
    const BitMatrix d = panel_gemm(operands);
    EXPECT_EQ(d, plain_gemm(operands));
    EXPECT_EQ(to_double(f32, d.at(0, 0)), (smallest - next) * smallest);
    EXPECT_EQ(to_double(f32, d.at(2, 0)), smallest * smallest);
}

INSTANTIATE_TEST_SUITE_P(Targets, EveryVectorTarget, ::testing::ValuesIn(vector_targets()),
                         [](const auto& instance) { return instance.param; });

TEST(VectorTargets, IncludeAPortableOneAndTheMachinesBest) {
    const std::vector<std::string> targets = vector_targets();
    ASSERT_FALSE(targets.empty());
#if defined(__x86_64__)
    EXPECT_EQ(targets.back(), "SCALAR");
    const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
    EXPECT_TRUE(!avx2 || targets.front() == "AVX2");
#endif
}

RC_GTEST_PROP(PanelGemm, EqualsThePlainProduct, ()) {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const Arithmetic arithmetic = *rc::gen::elementOf(all_arithmetic);
    const Numbers numbers = *rc::gen::elementOf(all_numbers);
    const bool sparse = arithmetic.a != f64 && arithmetic.a != b1 && *rc::gen::arbitrary<bool>();
    const Product product = random_product(arithmetic, numbers, sparse, random);
    RC_ASSERT(panel_gemm(product.operands()) == plain_gemm(product.operands()));
}

RC_GTEST_PROP(WideGemm, EqualsThePlainProduct, ()) {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const ElementType input = *rc::gen::element(f16, bf16, tf32);
    const ElementType accumulator = input == f16 ? *rc::gen::element(f16, f32) : f32;
    const Numbers numbers = *rc::gen::elementOf(all_numbers);
    const bool sparse = *rc::gen::arbitrary<bool>();
    const Product product = random_product({input, input, accumulator}, numbers, sparse, random);
    RC_ASSERT(wide_gemm(product.operands()) == plain_gemm(product.operands()));
}

}  // namespace
}  // namespace stcsim::testing
