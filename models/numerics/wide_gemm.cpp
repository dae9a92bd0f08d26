#include "numerics/wide_gemm.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/error.h"
#include "numerics/float_format.h"
#include "numerics/fused_dot_panel.h"
#include "numerics/plain_gemm.h"

namespace stcsim {
namespace {

/// Stored elements of A worked through before the next panel of B is decoded: keeps a panel within the L2 cache.
constexpr std::size_t stored_block = 512;

class WideGemm {
  public:
    explicit WideGemm(const GemmOperands& operands)
        : operands_(operands),
          a_(operands.a),
          b_(operands.b),
          c_(operands.c),
          special_row_(operands.a.rows),
          d_(operands.c.rows, operands.c.columns, operands.c.type) {
        for (std::size_t row = 0; row < a_.rows; ++row) {
            for (std::size_t s = 0; s < a_.columns; ++s) special_row_[row] |= is_special(a_.type, a_.at(row, s));
        }
    }

    BitMatrix compute() {
        if (operands_.padded_stored == 0) return c_;
        for (std::size_t column = 0; column < d_.columns; column += wide_panel_columns) compute_panel(column);
        return std::move(d_);
    }

  private:
    void compute_panel(std::size_t first_column) {
        const std::size_t columns = std::min(wide_panel_columns, d_.columns - first_column);
        std::vector<double> sums(d_.rows * wide_panel_columns);
        for (std::size_t row = 0; row < d_.rows; ++row) {
            for (std::size_t j = 0; j < columns; ++j) {
                sums[row * wide_panel_columns + j] = panel_number(c_.type, c_.at(row, first_column + j)).value;
            }
        }
        std::array<std::uint8_t, wide_panel_columns> special_column{};
        for (std::size_t first = 0; first < operands_.padded_stored; first += stored_block) {
            const std::size_t last = std::min(first + stored_block, operands_.padded_stored);
            accumulate_block(first, last, first_column, sums, special_column);
        }
        for (std::size_t row = 0; row < d_.rows; ++row) {
            for (std::size_t j = 0; j < columns; ++j) {
                const std::size_t column = first_column + j;
                const double sum = sums[row * wide_panel_columns + j];
                const bool special =
                    special_row_[row] != 0 || special_column[j] != 0 || is_special(c_.type, c_.at(row, column));
                d_.at(row, column) = special ? plain_element(operands_, row, column) : from_double(c_.type, sum);
            }
        }
    }

    /// Adds the stored elements [first, last) of every row to its sums, and notes the columns with infinities or NaNs.
    void accumulate_block(std::size_t first, std::size_t last, std::size_t first_column, std::vector<double>& sums,
                          std::array<std::uint8_t, wide_panel_columns>& special_column) const {
        const std::size_t columns = std::min(wide_panel_columns, d_.columns - first_column);
        const std::size_t first_b = first / operands_.pattern.kept * operands_.pattern.group;
        const std::size_t rows = (last - first) / operands_.pattern.kept * operands_.pattern.group;
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
                factors[s - first] = {panel_number(a_.type, a_.at(row, s)), operands_.partner(row, s) - first_b};
            }
            accumulate_row(
                d_.type, operands_.step, factors, panel,
                std::span<double, wide_panel_columns>(sums.data() + row * wide_panel_columns, wide_panel_columns));
        }
    }

    const GemmOperands& operands_;
    const BitMatrix& a_;
    const BitMatrix& b_;
    const BitMatrix& c_;
    std::vector<std::uint8_t> special_row_;
    BitMatrix d_;
};

}  // namespace

BitMatrix wide_gemm(const GemmOperands& operands) {
    STCSIM_ASSERT(is_float(operands.a.type));
    return WideGemm(operands).compute();
}

}  // namespace stcsim
