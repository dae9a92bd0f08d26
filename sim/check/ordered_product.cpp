#include "check/ordered_product.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "check/epilogue.h"
#include "numerics/float_format.h"
#include "numerics/reference_gemm.h"
#include "sparsity/structured_sparsity.h"

namespace stcsim {
namespace {

/// cvt.rna.tf32: the nearest tf32, ties away from zero. A carry out of the largest exponent gives infinity.
ElementBits nearest_tf32(ElementBits bits) {
    const bool finite = (bits & 0x7F800000U) != 0x7F800000U;
    return finite ? (bits + 0x1000U) & 0xFFFFE000U : bits;
}

BitMatrix rounded_operand(BitMatrix matrix) {
    for (ElementBits& element : matrix.storage) element = nearest_tf32(element);
    return matrix;
}

/// The f32 that a multiply-add outside the tensor core takes: tf32 operands in full.
float full_value(ElementType type, ElementBits bits) {
    if (type == ElementType::tf32) return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    return static_cast<float>(to_double(type, bits));
}

/// A chain of fused multiply-adds of f32 in ascending k.
BitMatrix multiply_add_chain(const BitMatrix& a, const BitMatrix& b, BitMatrix sums) {
    std::vector<float> factors(b.storage.size());
    std::ranges::transform(b.storage, factors.begin(), [&](ElementBits bits) { return full_value(b.type, bits); });
    std::vector<float> row_sums(b.columns);
    for (std::size_t row = 0; row < a.rows; ++row) {
        for (std::size_t j = 0; j < b.columns; ++j) {
            row_sums[j] = std::bit_cast<float>(static_cast<std::uint32_t>(sums.at(row, j)));
        }
        for (std::size_t k = 0; k < b.rows; ++k) {
            const float factor = full_value(a.type, a.at(row, k));
            const float* const b_row = &factors[k * b.columns];
            for (std::size_t j = 0; j < b.columns; ++j) row_sums[j] = std::fma(factor, b_row[j], row_sums[j]);
        }
        for (std::size_t j = 0; j < b.columns; ++j) sums.at(row, j) = std::bit_cast<std::uint32_t>(row_sums[j]);
    }
    return sums;
}

BitMatrix columns_of(const BitMatrix& matrix, const PartialSum& ranges, const SparsePattern& pattern) {
    std::size_t columns = 0;
    for (const KRange& range : ranges) columns += pattern.stored(range.last) - pattern.stored(range.first);
    BitMatrix part(matrix.rows, columns, matrix.type);
    for (std::size_t row = 0; row < matrix.rows; ++row) {
        ElementBits* to = part.storage.data() + row * columns;
        for (const KRange& range : ranges) {
            const ElementBits* const from = matrix.storage.data() + row * matrix.columns;
            to = std::copy(from + pattern.stored(range.first), from + pattern.stored(range.last), to);
        }
    }
    return part;
}

BitMatrix rows_of(const BitMatrix& matrix, const PartialSum& ranges) {
    std::size_t rows = 0;
    for (const KRange& range : ranges) rows += range.last - range.first;
    BitMatrix part(rows, matrix.columns, matrix.type);
    auto to = part.storage.begin();
    for (const KRange& range : ranges) {
        const auto at = [&](std::size_t row) {
            return matrix.storage.begin() + static_cast<std::ptrdiff_t>(row * matrix.columns);
        };
        to = std::copy(at(range.first), at(range.last), to);
    }
    return part;
}

/// A in the form that the order's unit takes, and the chains of passes over parts of k.
class Chains {
  public:
    Chains(const ProductOperands& operands, const ProductTypes& types, const AccumulationOrder& order)
        : types_(types), order_(order), a_(&operands.a), b_(&operands.b), codes_(operands.codes) {
        if (order.operands == OperandRounding::rounded) {
            own_a_ = rounded_operand(operands.a);
            own_b_ = rounded_operand(operands.b);
            a_ = &own_a_;
            b_ = &own_b_;
        }
        const bool sparse = order.unit == ProductUnit::mma_sp;
        if (sparse == !codes_.empty()) return;
        if (sparse) {
            CompressedMatrix compressed = compress(*a_);
            own_codes_ = std::move(compressed.codes);
            own_a_ = std::move(compressed.values);
            codes_ = own_codes_;
        } else {
            own_a_ = expanded();
            codes_ = {};
        }
        a_ = &own_a_;
    }

    /// The sums of these ranges, from what is in `addend` on.
    [[nodiscard]] BitMatrix sum(const PartialSum& ranges, const BitMatrix& addend) const {
        if (ranges.size() == 1 && ranges.front() == KRange{0, b_->rows}) return chain(*a_, codes_, *b_, addend);
        const SparsePattern pattern = codes_.empty() ? SparsePattern{1, 1, 1} : sparse_pattern_of(a_->type);
        std::vector<std::uint8_t> codes;
        for (std::size_t row = 0; !codes_.empty() && row < a_->rows; ++row) {
            const auto first = codes_.begin() + static_cast<std::ptrdiff_t>(row * a_->columns / pattern.unit);
            for (const KRange& range : ranges) {
                codes.insert(codes.end(),
                             first + static_cast<std::ptrdiff_t>(pattern.stored(range.first) / pattern.unit),
                             first + static_cast<std::ptrdiff_t>(pattern.stored(range.last) / pattern.unit));
            }
        }
        return chain(columns_of(*a_, ranges, pattern), codes, rows_of(*b_, ranges), addend);
    }

  private:
    /// The dense matrix; of codes that name a position twice, as wrong metadata may, the later value stays.
    [[nodiscard]] BitMatrix expanded() const {
        const SparsePattern pattern = sparse_pattern_of(a_->type);
        BitMatrix dense(a_->rows, a_->columns / pattern.kept * pattern.group, a_->type);
        for (std::size_t row = 0; row < a_->rows; ++row) {
            for (std::size_t s = 0; s < a_->columns; ++s) {
                const std::size_t code = codes_[(row * a_->columns + s) / pattern.unit];
                dense.at(row, s / pattern.kept * pattern.group + code * pattern.unit + s % pattern.unit) =
                    a_->at(row, s);
            }
        }
        return dense;
    }

    [[nodiscard]] BitMatrix chain(const BitMatrix& a, std::span<const std::uint8_t> codes, const BitMatrix& b,
                                  const BitMatrix& addend) const {
        if (order_.unit == ProductUnit::fma) return multiply_add_chain(a, b, addend);
        GemmOptions options;
        options.overflow = types_.overflow;
        if (types_.overflow == Overflow::saturate) options.instruction_k = order_.instruction_k;
        return order_.unit == ProductUnit::mma_sp ? reference_sparse_gemm(a, codes, b, addend, options)
                                                  : reference_gemm(a, b, addend, options);
    }

    const ProductTypes& types_;
    const AccumulationOrder& order_;
    const BitMatrix* a_;
    const BitMatrix* b_;
    std::span<const std::uint8_t> codes_;
    BitMatrix own_a_;
    BitMatrix own_b_;
    std::vector<std::uint8_t> own_codes_;
};

void add_to(BitMatrix& sums, const BitMatrix& addend) {
    for (std::size_t i = 0; i < sums.storage.size(); ++i) {
        sums.storage[i] = add_accumulators(sums.type, sums.storage[i], addend.storage[i]);
    }
}

BitMatrix stored_matrix(const BitMatrix& sums, const BitMatrix* source, const ProductTypes& types,
                        EpilogueRounding rounding) {
    const Epilogue epilogue(types, rounding);
    BitMatrix d(sums.rows, sums.columns, types.output);
    for (std::size_t i = 0; i < sums.storage.size(); ++i) {
        d.storage[i] = source == nullptr ? epilogue.stored(sums.storage[i], types.output, std::nullopt)
                                         : epilogue.stored(sums.storage[i], source->type, source->storage[i]);
    }
    return d;
}

}  // namespace

bool is_computable(const ProductOperands& operands, const AccumulationOrder& order) {
    if (order.unit != ProductUnit::mma_sp || !operands.codes.empty()) return true;
    const SparsePattern pattern = sparse_pattern_of(operands.a.type);
    return operands.a.columns % pattern.group == 0 && pattern_violations(operands.a).empty();
}

BitMatrix ordered_product(const ProductOperands& operands, const ProductTypes& types, const AccumulationOrder& order) {
    const Chains chains(operands, types, order);
    const BitMatrix zero(operands.a.rows, operands.b.columns, types.accumulator);
    const bool in_accumulator = order.addend == AddendPlace::accumulator && operands.c != nullptr;
    const BitMatrix* source = in_accumulator ? nullptr : operands.c;
    std::optional<BitMatrix> total;  // of the slices, for a parallel reduction
    std::optional<BitMatrix> d;      // as stored so far, for a serial one
    for (const std::vector<PartialSum>& slice : partition_of(order, operands.a.type, operands.b.rows)) {
        std::optional<BitMatrix> sums;
        for (const PartialSum& partial : slice) {
            const bool first = in_accumulator && !sums && !total && !d;
            BitMatrix next = chains.sum(partial, first ? *operands.c : zero);
            if (sums) {
                add_to(*sums, next);
            } else {
                sums = std::move(next);
            }
        }
        STCSIM_ASSERT(sums.has_value());
        if (order.reduction == SliceReduction::serial) {
            // Each CTA after the first reads D as its C, with a factor of one.
            ProductTypes step = types;
            if (d) step.beta = 1;
            d = stored_matrix(*sums, d ? &*d : source, step, order.epilogue);
        } else if (total) {
            add_to(*total, *sums);
        } else {
            total = std::move(sums);
        }
    }
    if (d) return *std::move(d);
    STCSIM_ASSERT(total.has_value());
    ProductTypes epilogue = types;
    if (in_accumulator) epilogue.beta = 0;
    return stored_matrix(*total, source, epilogue, order.epilogue);
}

}  // namespace stcsim
