/// For each usual mistake a dump made with it, by changing operands or results rather than through the code under test,
/// is found wrong and the mistake is named.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "check/check_dump.h"
#include "check/misreading.h"
#include "isa/metadata_fragment.h"
#include "isa/metadata_layout.h"
#include "made_up_dump.h"
#include "numerics/integer_format.h"

namespace stcsim {
namespace {

using namespace testing;
using enum ElementType;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr std::size_t m = 48;
constexpr std::size_t n = 40;
constexpr std::size_t k = 128;

const ProductTypes f32_types{f32, f32};

/// The verdict names this mistake as the one that gives the bits.
void expect_named(const GemmDump& dump, const std::string& name, const std::string& sentence = {}) {
    const Verdict verdict = check_dump(dump, {});
    EXPECT_NE(verdict.agreement, Agreement::bit_exact);
    ASSERT_TRUE(verdict.explanation.has_value()) << name;
    EXPECT_EQ(verdict.explanation->name, name) << verdict.explanation->sentence;
    EXPECT_THAT(verdict.explanation->sentence, HasSubstr(sentence));
    EXPECT_TRUE(verdict.explanation->exact);
}

BitMatrix reread_transposed(const BitMatrix& matrix) {
    BitMatrix other(matrix.rows, matrix.columns, matrix.type);
    for (std::size_t row = 0; row < matrix.rows; ++row) {
        for (std::size_t column = 0; column < matrix.columns; ++column) {
            other.at(row, column) = matrix.storage[column * matrix.rows + row];
        }
    }
    return other;
}

/// A matrix whose row i is row `from(i)` of another, or zero.
template <typename From>
BitMatrix with_rows(const BitMatrix& matrix, From from) {
    BitMatrix other(matrix.rows, matrix.columns, matrix.type);
    for (std::size_t row = 0; row < matrix.rows; ++row) {
        const std::size_t source = from(row);
        for (std::size_t column = 0; source < matrix.rows && column < matrix.columns; ++column) {
            other.at(row, column) = matrix.at(source, column);
        }
    }
    return other;
}

template <typename From>
BitMatrix with_columns(const BitMatrix& matrix, From from) {
    BitMatrix other(matrix.rows, matrix.columns, matrix.type);
    for (std::size_t row = 0; row < matrix.rows; ++row) {
        for (std::size_t column = 0; column < matrix.columns; ++column) {
            other.at(row, column) = matrix.at(row, from(column));
        }
    }
    return other;
}

const auto by_eight = [](std::size_t row) { return row ^ 8U; };

TEST(Mistake, TransposedOperandsAreNamed) {
    const GemmDump right = operands(m, n, k, f16, f32_types);
    GemmDump wrong = right;
    wrong.a = reread_transposed(right.a);
    GemmDump dump = right;
    dump.d = product_of(wrong);
    expect_named(dump, "a-transposed");
    wrong = right;
    wrong.b = reread_transposed(right.b);
    dump.d = product_of(wrong);
    expect_named(dump, "b-transposed");
    // Column by column of the right product, as it lies in the buffer.
    const BitMatrix product = product_of(right);
    for (std::size_t i = 0; i < product.storage.size(); ++i) dump.d.storage[i] = product.at(i % m, i / m);
    expect_named(dump, "d-transposed");
}

TEST(Mistake, ExchangedHalvesAreNamed) {
    const GemmDump right = operands(m, n, k, f16, f32_types);
    GemmDump dump = right;
    GemmDump wrong = right;
    wrong.a = with_columns(right.a, [](std::size_t column) { return column ^ 1U; });
    dump.d = product_of(wrong);
    expect_named(dump, "a-halves-exchanged");
    wrong.a = with_columns(right.a, [](std::size_t column) { return column ^ 8U; });
    dump.d = product_of(wrong);
    expect_named(dump, "a-k-halves-exchanged");
    wrong = right;
    wrong.b = with_rows(right.b, [](std::size_t row) { return row ^ 1U; });
    dump.d = product_of(wrong);
    const Verdict verdict = check_dump(dump, {});
    ASSERT_TRUE(verdict.explanation.has_value());
    EXPECT_THAT(verdict.explanation->name, AnyOf("b-halves-exchanged", "a-halves-exchanged"));
    dump.d = with_columns(product_of(right), [](std::size_t column) { return column ^ 1U; });
    expect_named(dump, "d-halves-exchanged");
}

TEST(Mistake, RowsThatAreOffByEightAreNamed) {
    const GemmDump right = operands(m, n, k, f16, f32_types);
    const BitMatrix product = product_of(right);
    GemmDump dump = right;
    dump.d = with_rows(product, by_eight);
    Verdict verdict = check_dump(dump, {});
    ASSERT_TRUE(verdict.explanation.has_value());
    EXPECT_THAT(verdict.explanation->sentence, HasSubstr("rows g and g + 8"));
    EXPECT_THAT(verdict.explanation->others, Contains(HasSubstr("rows g and g + 8 of D")));
    dump.d = with_rows(product, [](std::size_t row) { return row - 8; });
    expect_named(dump, "d-rows-shifted-down");
    dump.d = with_rows(product, [](std::size_t row) { return row + 8; });
    expect_named(dump, "d-rows-shifted-up");
    const GemmDump sparse = sparse_operands(m, n, k, f16, f32_types);
    GemmDump wrong = sparse;
    wrong.a = with_rows(sparse.a, by_eight);
    dump = sparse;
    dump.d = product_of(wrong);
    expect_named(dump, "a-rows-exchanged", "not their metadata");
}

TEST(Mistake, Tf32ThatIsNotTruncatedIsNamed) {
    GemmDump dump = operands(m, n, k, tf32, f32_types);
    fill(dump, [&](std::size_t row, std::size_t column) {
        float sum = 0;
        for (std::size_t i = 0; i < k; ++i)
            sum = std::fma(f32_value(dump.a.at(row, i)), f32_value(dump.b.at(i, column)), sum);
        return f32_bits(sum);
    });
    expect_named(dump, "tf32-not-truncated");
}

TEST(Mistake, ADroppedTailOfKIsNamed) {
    for (const std::size_t left : {k - 32, k - 16, std::size_t{64}}) {
        const GemmDump right = operands(m, n, k, f16, f32_types);
        GemmDump dump = right;
        fill(dump, [&](std::size_t row, std::size_t column) { return chain(right, row, column, 0, left, 0); });
        expect_named(dump, "k-tail-dropped", "the last " + std::to_string(k - left) + " of k = 128");
    }
    // An incomplete tile.
    GemmDump dump = operands(m, n, 100, bf16, f32_types);
    fill(dump, [&](std::size_t row, std::size_t column) { return chain(dump, row, column, 0, 96, 0); });
    expect_named(dump, "k-tail-dropped", "the last 4 of k = 100");
}

TEST(Mistake, AForgottenEpilogueIsNamed) {
    GemmDump dump = operands(m, n, k, f16, {f32, f32, Overflow::wrap, 1, 1});
    dump.c = random_matrix(m, n, f32, 3);
    dump.d = product_of(dump);
    expect_named(dump, "c-not-added");
    dump.types.alpha = 0.25;
    dump.types.beta = 0;
    dump.c.reset();
    expect_named(dump, "alpha-not-applied");
}

TEST(Mistake, OtherSumsAreNamed) {
    GemmDump dump = operands(m, n, k, f16, {f32, f16});
    dump.types.accumulator = f16;
    dump.d = product_of(dump);
    dump.types.accumulator = f32;
    expect_named(dump, "sums-in-f16");
    GemmDump integers = operands(m, n, k, s8, {s32, s32});
    GemmDump wrong = integers;
    wrong.a.type = u8;
    integers.d = product_of(wrong);
    expect_named(integers, "a-sign");
    GemmDump alone = operands(m, n, k, bf16, f32_types);
    fill(alone, [&](std::size_t row, std::size_t column) {
        float sum = 0;
        for (std::size_t i = 0; i < k; ++i) {
            sum = std::fma(static_cast<float>(to_double(bf16, alone.a.at(row, i))),
                           static_cast<float>(to_double(bf16, alone.b.at(i, column))), sum);
        }
        return f32_bits(sum);
    });
    expect_named(alone, "no-tensor-core");
}

/// The dump that a kernel wrote which took these codes for the right ones.
GemmDump dump_with_codes(const GemmDump& right, std::vector<std::uint8_t> codes) {
    GemmDump wrong = right;
    wrong.codes = std::move(codes);
    GemmDump dump = right;
    dump.d = product_of(wrong);
    return dump;
}

TEST(MetadataMistake, ExchangedCodesAreNamed) {
    for (const ElementType type : {f16, s8, s4}) {
        const GemmDump right = sparse_operands(m, n, k, type, is_float(type) ? f32_types : ProductTypes{s32, s32});
        std::vector<std::uint8_t> codes = right.codes;
        for (std::size_t i = 0; i < codes.size(); i += 2) std::swap(codes[i], codes[i + 1]);
        expect_named(dump_with_codes(right, codes), "metadata-codes-exchanged");
    }
}

TEST(MetadataMistake, AnotherMemoryOrderIsNamed) {
    for (const ElementType type : {f16, tf32, u8}) {
        const GemmDump right = sparse_operands(64, n, k, type, is_float(type) ? f32_types : ProductTypes{s32, s32});
        const std::size_t stored = right.a.columns;
        const auto words = reorder_metadata(type, right.codes, 64, stored, BlockOrder::along_rows);
        const auto read = restore_metadata(type, words, 64, stored, BlockOrder::along_k);
        if (read == right.codes) continue;
        expect_named(dump_with_codes(right, read), "metadata-order",
                     "is reordered and was read as if it were reordered-along-k");
    }
}

TEST(MetadataMistake, ExchangedHalvesOfWordsAreNamed) {
    const GemmDump right = sparse_operands(m, n, k, f16, f32_types);
    const std::size_t units = right.a.columns;
    std::vector<std::uint8_t> codes = right.codes;
    for (std::size_t row = 0; row < m; ++row) {
        for (std::size_t unit = 0; unit < units; ++unit)
            codes[row * units + unit] = right.codes[(row ^ 8U) * units + unit];
    }
    expect_named(dump_with_codes(right, codes), "metadata-halves-exchanged");
}

TEST(MetadataMistake, AWrongSelectorIsNamed) {
    const GemmDump right = sparse_operands(64, n, k, f16, f32_types);
    const MmaInstruction& instruction = mma_instruction_named("mma.sp.m16n8k32.f32.f16.f16.f32");
    const std::vector<std::uint32_t> words = reorder_metadata(f16, right.codes, 64, k / 2);
    const MetadataLayout layout = metadata_layout(f16, 64, k / 2);
    // What four 16-row steps read that all use selector 0, where odd steps should use 1.
    std::vector<std::uint8_t> codes(right.codes.size());
    for (std::size_t step = 0; step < 4; ++step) {
        for (std::size_t j = 0; j < k / 32; ++j) {
            WarpRegister e{};
            for (std::size_t lane = 0; lane < 32; ++lane) e[lane] = words[layout.first_word(step / 2, j) + lane];
            const std::vector<std::uint8_t> read = decode_metadata(instruction, e, 0);
            for (std::size_t i = 0; i < read.size(); ++i) {
                codes[(step * 16 + i / 16) * (k / 2) + j * 16 + i % 16] = read[i];
            }
        }
    }
    const GemmDump dump = dump_with_codes(right, codes);
    expect_named(dump, "wrong-selector", "m16n8k32 was always 0");
    // The rows of odd steps are wrong, and nothing else.
    EXPECT_THAT(check_dump(dump, {}).places, Contains(HasSubstr("rows with row mod 32 = 16-31")));
}

TEST(MetadataMistake, IsNamedWhereAIsGivenDense) {
    const GemmDump right = sparse_operands(m, n, k, f16, f32_types);
    std::vector<std::uint8_t> codes(right.codes.size());
    for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::uint8_t>(i % 2);
    GemmDump dump = dump_with_codes(right, codes);
    dump.a = expand({right.a, right.codes});
    dump.codes.clear();
    expect_named(dump, "metadata-ignored");
}

TEST(Verdict, SaysWhereATileIsWrong) {
    GemmDump dump = operands(128, 96, 64, f16, f32_types);
    dump.d = product_of(dump);
    for (std::size_t row = 64; row < 96; ++row) {
        for (std::size_t column = 32; column < 64; ++column) dump.d.at(row, column) = f32_bits(1000.0F);
    }
    const Verdict verdict = check_dump(dump, {});
    EXPECT_EQ(verdict.agreement, Agreement::wrong);
    EXPECT_EQ(verdict.mismatches.outside, 32U * 32U);
    EXPECT_THAT(verdict.places, ::testing::ElementsAre("only in rows 64-95 of 128", "only in columns 32-63 of 96",
                                                       "fills 1 of 12 tiles of 32 x 32, the first at [64,32]"));
    ASSERT_EQ(verdict.mismatches.first.size(), described_differences);
    EXPECT_EQ(verdict.mismatches.first.front().row, 64U);
    EXPECT_EQ(verdict.mismatches.first.front().column, 32U);
    EXPECT_EQ(verdict.mismatches.first.front().found, f32_bits(1000.0F));
    EXPECT_FALSE(verdict.explanation.has_value());
}

TEST(Verdict, IsWithinTheBoundForSumsInAnyOrder) {
    for (const ElementType output : {f32, f16}) {
        GemmDump dump = operands(m, n, k, f16, {f32, output});
        // Backwards, in double: no order that a kernel has.
        fill(dump, [&](std::size_t row, std::size_t column) {
            double sum = 0;
            for (std::size_t i = k; i-- > 0;)
                sum += to_double(f16, dump.a.at(row, i)) * to_double(f16, dump.b.at(i, column));
            return ElementBits{from_double(output, sum)};
        });
        const Verdict verdict = check_dump(dump, {});
        EXPECT_EQ(verdict.agreement, Agreement::within_bound);
        EXPECT_GT(verdict.mismatches.different, 0U);
        EXPECT_EQ(verdict.mismatches.outside, 0U);
        // An error of a thousandth of the magnitudes is more than any order makes.
        dump.d.at(3, 5) = from_double(output, to_double(output, dump.d.at(3, 5)) + 1);
        const Verdict off = check_dump(dump, {});
        EXPECT_EQ(off.agreement, Agreement::wrong);
        EXPECT_EQ(off.mismatches.outside, 1U);
        EXPECT_EQ(off.mismatches.first.front().row, 3U);
    }
}

TEST(Verdict, ForgivesIntegersNothing) {
    GemmDump dump = operands(m, n, k, s8, {s32, s32});
    dump.d = product_of(dump);
    dump.d.at(7, 9) ^= 1U;
    const Verdict verdict = check_dump(dump, {});
    EXPECT_EQ(verdict.agreement, Agreement::wrong);
    EXPECT_EQ(verdict.mismatches.outside, 1U);
}

TEST(Verdict, TakesInfinitiesAndNansSeriously) {
    GemmDump dump = operands(m, n, k, f16, f32_types);
    dump.a.at(2, 3) = 0x7C00;
    dump.d = product_of(dump);
    EXPECT_EQ(check_dump(dump, {}).agreement, Agreement::bit_exact);
    dump.d.at(5, 5) = 0x7FFFFFFF;
    const Verdict verdict = check_dump(dump, {});
    EXPECT_EQ(verdict.agreement, Agreement::wrong);
    EXPECT_EQ(verdict.mismatches.outside, 1U);
}

TEST(Verdict, IsTheSameOnAnyNumberOfThreads) {
    GemmDump dump = operands(100, n, k, f16, f32_types);
    dump.d = product_of(dump);
    dump.d.at(70, 1) ^= 0x400000;
    const Verdict one = check_dump(dump, {.order = {}, .threads = 1});
    const Verdict four = check_dump(dump, {.order = {}, .threads = 4});
    EXPECT_EQ(one.mismatches.marks, four.mismatches.marks);
    EXPECT_EQ(one.mismatches.outside, 1U);
}

TEST(UsualMistakes, HaveDistinctSentences) {
    GemmDump dump = sparse_operands(16, 8, 300, u8, {s32, s8, Overflow::wrap, 2, 3});
    dump.c = BitMatrix(16, 8, s8);
    std::set<std::string> sentences;
    for (const Misreading& mistake : usual_mistakes(dump)) {
        EXPECT_TRUE(sentences.insert(mistake.sentence).second) << mistake.sentence;
    }
}

}  // namespace
}  // namespace stcsim
