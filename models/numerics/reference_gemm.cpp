#include "numerics/reference_gemm.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"
#include "numerics/float_format.h"
#include "numerics/fused_dot_add.h"
#include "numerics/fused_dot_panel.h"
#include "numerics/sparse_pattern.h"

namespace stcsim {
namespace {

/// Stored elements of A worked through before the next panel of B is decoded: keeps a panel within the L2 cache.
constexpr std::size_t stored_block = 512;

/// One product D = A x B + C: a stored element of A, padding included, and its partner in B.
class Gemm {
  public:
    Gemm(const BitMatrix& a, std::span<const std::uint8_t> codes, const SparsePattern& pattern, const BitMatrix& b,
         const BitMatrix& c, std::size_t padded_stored)
        : a_(a),
          codes_(codes),
          pattern_(pattern),
          b_(b),
          c_(c),
          padded_stored_(padded_stored),
          pass_length_(pass_length_of(a.type)),
          special_row_(a.rows),
          d_(c.rows, c.columns, c.type) {
        for (std::size_t row = 0; row < a.rows; ++row) {
            for (std::size_t s = 0; s < a.columns; ++s) special_row_[row] |= is_special(a.type, a.at(row, s));
        }
    }

    BitMatrix compute() {
        if (padded_stored_ == 0) return c_;
        for (std::size_t column = 0; column < d_.columns; column += panel_columns) compute_panel(column);
        return std::move(d_);
    }

  private:
    /// The row of B that stored element s of this row of A is multiplied with.
    [[nodiscard]] std::size_t partner(std::size_t row, std::size_t s) const {
        return codes_.empty() ? s : s / pattern_.kept * pattern_.group + codes_[row * a_.columns + s];
    }

    void compute_panel(std::size_t first_column) {
        const std::size_t columns = std::min(panel_columns, d_.columns - first_column);
        std::vector<double> sums(d_.rows * panel_columns);
        for (std::size_t row = 0; row < d_.rows; ++row) {
            for (std::size_t j = 0; j < columns; ++j) {
                sums[row * panel_columns + j] = panel_number(c_.type, c_.at(row, first_column + j)).value;
            }
        }
        std::array<std::uint8_t, panel_columns> special_column{};
        for (std::size_t first = 0; first < padded_stored_; first += stored_block) {
            const std::size_t last = std::min(first + stored_block, padded_stored_);
            accumulate_block(first, last, first_column, sums, special_column);
        }
        for (std::size_t row = 0; row < d_.rows; ++row) {
            for (std::size_t j = 0; j < columns; ++j) {
                const std::size_t column = first_column + j;
                const double sum = sums[row * panel_columns + j];
                const bool special =
                    special_row_[row] != 0 || special_column[j] != 0 || is_special(c_.type, c_.at(row, column));
                d_.at(row, column) = special ? chain(row, column) : from_double(c_.type, sum);
            }
        }
    }

    /// Adds the stored elements [first, last) of every row to its sums, and notes the columns with infinities or NaNs.
    void accumulate_block(std::size_t first, std::size_t last, std::size_t first_column, std::vector<double>& sums,
                          std::array<std::uint8_t, panel_columns>& special_column) const {
        const std::size_t columns = std::min(panel_columns, d_.columns - first_column);
        const std::size_t first_b = first / pattern_.kept * pattern_.group;
        const std::size_t rows = (last - first) / pattern_.kept * pattern_.group;
        PanelOfB panel(rows);
        for (std::size_t k = 0; k < rows && first_b + k < b_.rows; ++k) {
            for (std::size_t j = 0; j < columns; ++j) {
                const ElementBits bits = b_.at(first_b + k, first_column + j);
                panel.set(k, j, panel_number(b_.type, bits));
                special_column[j] |= static_cast<std::uint8_t>(is_special(b_.type, bits));
            }
        }
        std::vector<PanelFactor> factors(last - first);  // beyond A's columns: zeros
        for (std::size_t row = 0; row < d_.rows; ++row) {
            for (std::size_t s = first; s < std::min(last, a_.columns); ++s) {
                factors[s - first] = {panel_number(a_.type, a_.at(row, s)), partner(row, s) - first_b};
            }
            accumulate_row(d_.type, pass_length_, factors, panel,
                           std::span<double, panel_columns>(sums.data() + row * panel_columns, panel_columns));
        }
    }

    /// One element by the plain fused dot product: where infinities or NaNs take part.
    [[nodiscard]] ElementBits chain(std::size_t row, std::size_t column) const {
        ElementBits sum = c_.at(row, column);
        std::vector<ElementBits> left(pass_length_);
        std::vector<ElementBits> right(pass_length_);
        for (std::size_t start = 0; start < padded_stored_; start += pass_length_) {
            for (std::size_t i = 0; i < pass_length_; ++i) {
                const bool inside = start + i < a_.columns;
                left[i] = inside ? a_.at(row, start + i) : 0;
                right[i] = inside ? b_.at(partner(row, start + i), column) : 0;
            }
            sum = fused_dot_add(a_.type, c_.type, left, right, sum);
        }
        return sum;
    }

    const BitMatrix& a_;
    std::span<const std::uint8_t> codes_;
    SparsePattern pattern_;
    const BitMatrix& b_;
    const BitMatrix& c_;
    std::size_t padded_stored_;
    std::size_t pass_length_;
    std::vector<std::uint8_t> special_row_;
    BitMatrix d_;
};

void require(bool condition, const std::string& found, const std::string& expected) {
    if (!condition) throw InputError({}, found, expected);
}

/// Checks the operands, whose stored k is `k`, and computes the product.
BitMatrix compute(const BitMatrix& a, std::span<const std::uint8_t> codes, const SparsePattern& pattern,
                  const BitMatrix& b, const BitMatrix& c, std::size_t padded_k) {
    const bool tensor_core_types =
        (a.type == ElementType::f16 || a.type == ElementType::bf16 || a.type == ElementType::tf32) &&
        (c.type == ElementType::f32 || (c.type == ElementType::f16 && a.type == c.type));
    require(tensor_core_types && a.type == b.type,
            fmt::format("types A {}, B {}, C {}", name_of(a.type), name_of(b.type), name_of(c.type)),
            "f16, bf16 or tf32 operands with an f32 C, or f16 throughout");
    require(a.columns % pattern.kept == 0, fmt::format("{} stored columns of A", a.columns),
            fmt::format("a multiple of {}", pattern.kept));
    const std::size_t k = a.columns / pattern.kept * pattern.group;
    require(
        b.rows == k && c.rows == a.rows && c.columns == b.columns,
        fmt::format("A of {} x {} with B of {} x {} and C of {} x {}", a.rows, k, b.rows, b.columns, c.rows, c.columns),
        "A m x k, B k x n, C m x n");
    const std::size_t pass_k = std::size_t{pass_length_of(a.type)} / pattern.kept * pattern.group;
    if (padded_k == 0) padded_k = round_up(k, pass_k);
    require(padded_k >= k && padded_k % pass_k == 0, fmt::format("k = {} padded to {}", k, padded_k),
            fmt::format("a multiple of {} not below k", pass_k));
    return Gemm(a, codes, pattern, b, c, pattern.stored(padded_k)).compute();
}

}  // namespace

BitMatrix reference_gemm(const BitMatrix& a, const BitMatrix& b, const BitMatrix& c, std::size_t padded_k) {
    return compute(a, {}, {1, 1, 1}, b, c, padded_k);
}

BitMatrix reference_sparse_gemm(const BitMatrix& a_values, std::span<const std::uint8_t> a_codes, const BitMatrix& b,
                                const BitMatrix& c, std::size_t padded_k) {
    const SparsePattern pattern = sparse_pattern_of(a_values.type);
    require(a_codes.size() == a_values.storage.size(), fmt::format("{} codes", a_codes.size()),
            fmt::format("one for each of the {} kept values", a_values.storage.size()));
    require(std::ranges::all_of(a_codes, [&](std::uint8_t code) { return code < pattern.group; }),
            "a code outside its group", fmt::format("codes below {}", pattern.group));
    return compute(a_values, a_codes, pattern, b, c, padded_k);
}

}  // namespace stcsim
