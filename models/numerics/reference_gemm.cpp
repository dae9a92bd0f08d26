#include "numerics/reference_gemm.h"

#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"
#include "numerics/fused_dot_add.h"
#include "numerics/sparse_pattern.h"

namespace stcsim {
namespace {

/// Where the stored elements of a row of A find their partners in B.
struct StoredRow {
    std::vector<std::uint32_t> values;
    std::vector<std::size_t> b_rows;
};

BitMatrix chain(const BitMatrix& a, std::span<const std::uint8_t> codes, const BitMatrix& b, const BitMatrix& c,
                std::size_t padded_stored) {
    const std::size_t length = pass_length_of(a.type);
    const SparsePattern pattern = codes.empty() ? SparsePattern{1, 1} : sparse_pattern_of(a.type);
    BitMatrix d = c;
    std::vector<std::uint32_t> left(length);
    std::vector<std::uint32_t> right(length);
    for (std::size_t row = 0; row < d.rows; ++row) {
        for (std::size_t column = 0; column < d.columns; ++column) {
            for (std::size_t start = 0; start < padded_stored; start += length) {
                for (std::size_t i = 0; i < length; ++i) {
                    const std::size_t s = start + i;
                    const bool inside = s < a.columns;
                    const std::size_t code = codes.empty() || !inside ? 0 : codes[row * a.columns + s];
                    left[i] = inside ? a.at(row, s) : 0;
                    right[i] = inside ? b.at(s / pattern.kept * pattern.group + code, column) : 0;
                }
                d.at(row, column) = fused_dot_add(a.type, c.type, left, right, d.at(row, column));
            }
        }
    }
    return d;
}

}  // namespace

BitMatrix reference_gemm(const BitMatrix& a, const BitMatrix& b, const BitMatrix& c, std::size_t padded_k) {
    return chain(a, {}, b, c, padded_k == 0 ? round_up<std::size_t>(a.columns, pass_length_of(a.type)) : padded_k);
}

BitMatrix reference_sparse_gemm(const BitMatrix& a_values, std::span<const std::uint8_t> a_codes, const BitMatrix& b,
                                const BitMatrix& c, std::size_t padded_k) {
    return chain(a_values, a_codes, b, c,
                 padded_k == 0 ? round_up<std::size_t>(a_values.columns, pass_length_of(a_values.type)) : padded_k / 2);
}

}  // namespace stcsim
