#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "check/check_dump.h"
#include "check/epilogue.h"
#include "check/ordered_product.h"
#include "made_up_dump.h"

namespace stcsim {
namespace {

using namespace testing;
using enum ElementType;
using ::testing::HasSubstr;

constexpr std::size_t m = 32;
constexpr std::size_t n = 24;
constexpr std::size_t k = 256;

/// The dump is bit-exact, and its order has this text in its name.
void expect_exact(const GemmDump& dump, const std::string& order) {
    const Verdict verdict = check_dump(dump, {});
    EXPECT_EQ(verdict.agreement, Agreement::bit_exact);
    EXPECT_EQ(verdict.mismatches.elements, dump.d.storage.size());
    EXPECT_FALSE(verdict.explanation.has_value());
    EXPECT_THAT(name_of(verdict.order), HasSubstr(order));
}

TEST(InferredOrder, IsTheWholeKOfEveryType) {
    const std::vector<std::pair<ElementType, ProductTypes>> types{
        {f16, {f32, f32}}, {f16, {f32, f16}}, {f16, {f16, f16}}, {bf16, {f32, bf16}}, {tf32, {f32, f32}},
        {f64, {f64, f64}}, {s8, {s32, s32}},  {u8, {s32, s8}},   {s4, {s32, s32}}};
    for (const auto& [input, product] : types) {
        GemmDump dump = operands(m, n, k, input, product);
        if (input == f64) {
            fill(dump, [&](std::size_t row, std::size_t column) {
                double sum = 0;
                for (std::size_t i = 0; i < k; ++i) {
                    sum = std::fma(std::bit_cast<double>(dump.a.at(row, i)),
                                   std::bit_cast<double>(dump.b.at(i, column)), sum);
                }
                return std::bit_cast<ElementBits>(sum);
            });
        } else {
            dump.d = product_of(dump);
        }
        SCOPED_TRACE(name_of(input));
        expect_exact(dump, "instruction=mma,");
    }
}

TEST(InferredOrder, IsTheWholeKOfSparseProducts) {
    for (const ElementType input : {f16, tf32, s8, u4}) {
        const ElementType sums = is_float(input) ? f32 : s32;
        GemmDump dump = sparse_operands(m, n, k, input, {sums, sums});
        dump.d = product_of(dump);
        SCOPED_TRACE(name_of(input));
        expect_exact(dump, "instruction=mma.sp,");
        // The same in dense form, from which the dense instruction would give other bits of floats.
        CompressedMatrix compressed{dump.a, dump.codes};
        dump.a = expand(compressed);
        dump.codes.clear();
        expect_exact(dump, is_float(input) ? "instruction=mma.sp," : "instruction=mma,");
    }
}

TEST(InferredOrder, IsTheDenseInstructionOnAnExpandedMatrix) {
    GemmDump dump = sparse_operands(m, n, k, f16, {f32, f32});
    GemmDump dense = dump;
    dense.a = expand({dump.a, dump.codes});
    dense.codes.clear();
    dump.d = product_of(dense);
    expect_exact(dump, "instruction=mma,");
}

TEST(InferredOrder, FindsSlicesThatAreAddedAtTheEnd) {
    for (const std::size_t slices : {2U, 3U, 6U, 16U}) {
        GemmDump dump = operands(m, n, k, bf16, {f32, f32});
        // Slices of whole 16s of k, the last one shorter.
        const std::size_t length = (k / 16 + slices - 1) / slices * 16;
        fill(dump, [&](std::size_t row, std::size_t column) {
            float sum = 0;
            for (std::size_t first = 0; first < k; first += length) {
                sum += f32_value(chain(dump, row, column, first, std::min(first + length, k), 0));
            }
            return f32_bits(sum);
        });
        expect_exact(dump, "split-k=" + std::to_string(slices));
    }
}

TEST(InferredOrder, FindsASerialReductionThroughD) {
    GemmDump dump = operands(m, n, k, f16, {f32, f16});
    fill(dump, [&](std::size_t row, std::size_t column) {
        ElementBits stored = 0;
        for (std::size_t first = 0; first < k; first += k / 4) {
            const float sum = f32_value(chain(dump, row, column, first, first + k / 4, 0));
            const auto before = static_cast<float>(to_double(f16, stored));
            stored = from_double(f16, first == 0 ? sum : sum + before);
        }
        return stored;
    });
    expect_exact(dump, "split-k=4,reduction=serial");
}

TEST(InferredOrder, FindsWarpsThatShareTheTiles) {
    GemmDump dump = operands(m, n, k, f16, {f32, f32});
    fill(dump, [&](std::size_t row, std::size_t column) {
        ElementBits sums[2] = {0, 0};
        for (std::size_t first = 0; first < k; first += 32) {
            sums[first / 32 % 2] = chain(dump, row, column, first, first + 32, sums[first / 32 % 2]);
        }
        return f32_bits(f32_value(sums[0]) + f32_value(sums[1]));
    });
    expect_exact(dump, "tile-k=64,sliced-k=2");
}

TEST(InferredOrder, FindsTotalsOfPartialSums) {
    GemmDump dump = operands(m, n, 320, f16, {f16, f16});
    fill(dump, [&](std::size_t row, std::size_t column) {
        // More of them than slices are plausible.
        double total = 0;
        for (std::size_t first = 0; first < 320; first += 16) {
            const double sum = to_double(f16, chain(dump, row, column, first, first + 16, 0));
            total = to_double(f16, from_double(f16, total + sum));
        }
        return ElementBits{from_double(f16, total)};
    });
    expect_exact(dump, "partial-k=16");
}

TEST(InferredOrder, FindsWhereCIsAdded) {
    GemmDump dump = operands(m, n, k, f16, {f32, f32, Overflow::wrap, 1, 1});
    dump.c = random_matrix(m, n, f32, 3);
    for (ElementBits& c : dump.c->storage) c = f32_bits(f32_value(c) * 100);
    fill(dump,
         [&](std::size_t row, std::size_t column) { return chain(dump, row, column, 0, k, dump.c->at(row, column)); });
    expect_exact(dump, "c=accumulator");
    fill(dump, [&](std::size_t row, std::size_t column) {
        return f32_bits(f32_value(chain(dump, row, column, 0, k, 0)) + f32_value(dump.c->at(row, column)));
    });
    const Verdict verdict = check_dump(dump, {});
    EXPECT_EQ(verdict.agreement, Agreement::bit_exact);
    EXPECT_EQ(verdict.order, plain_order(dump));
}

TEST(InferredOrder, FindsHowTheEpilogueRounds) {
    GemmDump dump = operands(m, n, k, f16, {f32, f32, Overflow::wrap, 0.7, -1.3});
    dump.c = random_matrix(m, n, f16, 3);
    const auto addend = [&](std::size_t row, std::size_t column) {
        return -1.3F * static_cast<float>(to_double(f16, dump.c->at(row, column)));
    };
    fill(dump, [&](std::size_t row, std::size_t column) {
        return f32_bits(std::fma(0.7F, f32_value(chain(dump, row, column, 0, k, 0)), addend(row, column)));
    });
    expect_exact(dump, "instruction-k=16");
    fill(dump, [&](std::size_t row, std::size_t column) {
        const double product = double{0.7F} * f32_value(chain(dump, row, column, 0, k, 0));
        return f32_bits(static_cast<float>(double{static_cast<float>(product)} + addend(row, column)));
    });
    expect_exact(dump, "epilogue=separate");
}

TEST(InferredOrder, FindsOperandsRoundedToTf32) {
    GemmDump dump = operands(m, n, k, tf32, {f32, f32});
    GemmDump rounded = dump;
    for (BitMatrix* matrix : {&rounded.a, &rounded.b}) {
        for (ElementBits& bits : matrix->storage) bits = (bits + 0x1000) & 0xFFFFE000;
    }
    dump.d = product_of(rounded);
    expect_exact(dump, "operands=rounded");
}

TEST(InferredOrder, FindsTheInstructionOfSaturatingSums) {
    GemmDump dump = operands(m, n, k, s8, {s32, s32, Overflow::saturate});
    // The accumulator starts close to the end of s32, so that it depends on k where sums stop there.
    dump.types.beta = 1;
    dump.c = BitMatrix(m, n, s32);
    for (ElementBits& c : dump.c->storage) c = 0x7FFFFFFF - 1000;
    fill(dump, [&](std::size_t row, std::size_t column) {
        std::int64_t sum = 0x7FFFFFFF - 1000;
        for (std::size_t first = 0; first < k; first += 16) {
            for (std::size_t i = first; i < first + 16; ++i) {
                sum += static_cast<std::int64_t>(value_of(s8, dump.a.at(row, i)) * value_of(s8, dump.b.at(i, column)));
            }
            sum = std::min<std::int64_t>(sum, 0x7FFFFFFF);
        }
        return static_cast<ElementBits>(static_cast<std::uint32_t>(sum));
    });
    expect_exact(dump, "instruction-k=16,c=accumulator");
}

TEST(GivenOrder, IsTheOnlyOneTried) {
    GemmDump dump = operands(m, n, k, f16, {f32, f32});
    dump.d = product_of(dump);
    CheckOptions options;
    options.order = parse_order("split-k=4", dump);
    EXPECT_EQ(check_dump(dump, options).agreement, Agreement::within_bound);
    options.order = parse_order("instruction-k=8,split-k=1", dump);
    EXPECT_EQ(check_dump(dump, options).agreement, Agreement::bit_exact);
    options.order = parse_order("instruction=mma.sp", dump);
    EXPECT_THROW(check_dump(dump, options), InputError);
}

TEST(OrderText, IsReadAsItIsWritten) {
    GemmDump dump = sparse_operands(16, 8, 1024, f16, {f32, f16, Overflow::wrap, 2, 1});
    dump.c = BitMatrix(16, 8, f16);
    for (const AccumulationOrder& order : plausible_orders(dump)) {
        EXPECT_EQ(parse_order(name_of(order), dump), order) << name_of(order);
    }
}

TEST(OrderText, MistakesAreRefused) {
    const GemmDump dump = operands(16, 8, 64, f16, {f32, f32});
    for (const char* text :
         {"x", "split-k", "split-k=", "split-k=0", "split-k=2000", "split-k=2,split-k=2", "tile-k=20", "sliced-k=2",
          "tile-k=16,sliced-k=4", "instruction=wmma", "instruction-k=32", "operands=rounded", "epilogue=f16",
          "c=accumulator", "slices=odd", ",split-k=2", "partial-k=12", "tile-k=32,sliced-k=2,partial-k=16"}) {
        EXPECT_THROW(parse_order(text, dump), InputError) << text;
    }
}

TEST(PlausibleOrders, DivideAllOfKOnce) {
    for (const std::size_t length : {1U, 7U, 100U, 1024U, 4099U}) {
        const GemmDump dump = operands(1, 1, length, f16, {f32, f32});
        for (const AccumulationOrder& order : plausible_orders(dump)) {
            std::vector<int> visits(length);
            for (const auto& slice : partition_of(order, f16, length)) {
                for (const PartialSum& sum : slice) {
                    for (const KRange& range : sum) {
                        ASSERT_LT(range.first, range.last);
                        for (std::size_t i = range.first; i < range.last; ++i) ++visits.at(i);
                    }
                }
            }
            EXPECT_EQ(visits, std::vector<int>(length, 1)) << name_of(order);
        }
    }
}

TEST(Epilogue, RoundsAndClampsScaledIntegers) {
    const Epilogue epilogue({s32, s8, Overflow::wrap, 0.5, 1}, EpilogueRounding::fused);
    EXPECT_EQ(epilogue.stored(5, s8, 0), 2U);  // 2.5, to even
    EXPECT_EQ(epilogue.stored(7, s8, 0), 4U);  // 3.5, to even
    EXPECT_EQ(epilogue.stored(1000, s8, 0), 127U);
    EXPECT_EQ(epilogue.stored(static_cast<std::uint32_t>(-1000), s8, 0), 0x80U);
    EXPECT_EQ(epilogue.stored(4, s8, 0xFF), 1U);  // 2 - 1
    const Epilogue whole({s32, s32, Overflow::wrap, 2, 3}, EpilogueRounding::fused);
    EXPECT_EQ(whole.stored(0x40000001, s32, 1), 0x80000005U);
}

}  // namespace
}  // namespace stcsim
