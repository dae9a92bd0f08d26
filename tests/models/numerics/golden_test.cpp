/// Every element of every reference vector, by the plain fused dot product, and by the reference GEMM on every
/// instruction set.

#include <gtest/gtest.h>

#include "golden_vectors.h"
#include "numerics/fused_dot_add.h"
#include "numerics/reference_gemm.h"
#include "numerics/sparse_pattern.h"
#include "numerics/vector_targets.h"

namespace stcsim::testing {
namespace {

/// D[row, column] as a chain of plain passes.
ElementBits chained(const GoldenVectors& vectors, const GoldenCase& one, std::size_t row, std::size_t column) {
    const SparsePattern pattern = sparse_pattern_of(vectors.input);
    const std::size_t length = pass_length_of(vectors.input);
    ElementBits sum = one.c.at(row, column);
    for (std::size_t start = 0; start < one.a.columns; start += length) {
        std::vector<ElementBits> a;
        std::vector<ElementBits> b;
        for (std::size_t s = start; s < start + length; ++s) {
            a.push_back(one.a.at(row, s));
            const std::size_t k =
                vectors.sparse ? s / pattern.kept * pattern.group + one.codes[row * one.a.columns + s] : s;
            b.push_back(one.b.at(k, column));
        }
        sum = fused_dot_add(vectors.input, vectors.accumulator, a, b, sum);
    }
    return sum;
}

class Golden : public ::testing::TestWithParam<std::string> {};

TEST_P(Golden, ChainedFusedDotProductsGiveEveryBit) {
    const GoldenVectors vectors = golden_vectors(GetParam());
    ASSERT_FALSE(vectors.cases.empty());
    for (std::size_t i = 0; i < vectors.cases.size(); ++i) {
        const GoldenCase& one = vectors.cases[i];
        for (std::size_t row = 0; row < one.d.rows; ++row) {
            for (std::size_t column = 0; column < one.d.columns; ++column) {
                EXPECT_EQ(chained(vectors, one, row, column), one.d.at(row, column))
                    << "case " << i << " row " << row << " column " << column;
            }
        }
    }
}

TEST_P(Golden, ReferenceGemmGivesEveryBit) {
    const GoldenVectors vectors = golden_vectors(GetParam());
    ASSERT_FALSE(vectors.cases.empty());
    for (const std::string& target : vector_targets()) {
        use_vector_target(target);
        for (std::size_t i = 0; i < vectors.cases.size(); ++i) {
            const GoldenCase& one = vectors.cases[i];
            const BitMatrix d = vectors.sparse ? reference_sparse_gemm(one.a, one.codes, one.b, one.c)
                                               : reference_gemm(one.a, one.b, one.c);
            EXPECT_TRUE(d == one.d) << "case " << i << " on " << target;
        }
    }
    use_best_vector_target();
}

INSTANTIATE_TEST_SUITE_P(Instructions, Golden, ::testing::ValuesIn(golden_names()), [](const auto& instance) {
    std::string name = instance.param;
    for (char& c : name) {
        if (c == '.') c = '_';
    }
    return name;
});

}  // namespace
}  // namespace stcsim::testing
