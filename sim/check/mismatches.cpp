#include "check/mismatches.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <limits>

#include "base/units.h"
#include "check/epilogue.h"
#include "check/error_bound.h"
#include "check/ordered_product.h"

namespace stcsim {
namespace {

/// Rows [first, last) of the dump's product.
BitMatrix product_rows(const GemmDump& dump, const AccumulationOrder& order, std::size_t first, std::size_t last) {
    const auto rows_of = [&](const BitMatrix& matrix) {
        BitMatrix rows(last - first, matrix.columns, matrix.type);
        std::copy_n(matrix.storage.begin() + static_cast<std::ptrdiff_t>(first * matrix.columns), rows.storage.size(),
                    rows.storage.begin());
        return rows;
    };
    const BitMatrix a = rows_of(dump.a);
    BitMatrix c;
    if (dump.c) c = rows_of(*dump.c);
    const std::size_t units = dump.a.columns / dump.pattern().unit;
    const std::span<const std::uint8_t> codes =
        dump.sparse() ? std::span(dump.codes).subspan(first * units, (last - first) * units)
                      : std::span<const std::uint8_t>{};
    return ordered_product({a, codes, dump.b, dump.c ? &c : nullptr}, dump.types, order);
}

/// All of D. The numerics work on blocks of rows that fit the caches; threads share the rows.
BitMatrix whole_product(const GemmDump& dump, const AccumulationOrder& order, unsigned threads) {
    constexpr std::size_t least_rows = 16;
    const std::size_t share = std::max(least_rows, ceil_divide<std::size_t>(dump.m(), std::max(1U, threads)));
    std::vector<std::future<BitMatrix>> parts;
    for (std::size_t first = 0; first < dump.m(); first += share) {
        parts.push_back(
            std::async(std::launch::async, [&dump, &order, first, last = std::min(first + share, dump.m())] {
                return product_rows(dump, order, first, last);
            }));
    }
    BitMatrix whole(dump.m(), dump.n(), dump.d.type);
    auto to = whole.storage.begin();
    for (std::future<BitMatrix>& part : parts) {
        const BitMatrix rows = part.get();
        to = std::copy(rows.storage.begin(), rows.storage.end(), to);
    }
    return whole;
}

/// The sums of |a| |b| of single elements, from magnitudes laid out for them once.
class MagnitudeSums {
  public:
    explicit MagnitudeSums(const GemmDump& dump)
        : dump_(dump),
          k_(dump.k()),
          a_(dump.m() * k_),
          b_(dump.n() * k_),
          row_norms_(dump.m()),
          column_norms_(dump.n()) {
        const SparsePattern pattern = dump.pattern();
        for (std::size_t row = 0; row < dump.m(); ++row) {
            for (std::size_t s = 0; s < dump.a.columns; ++s) {
                const std::size_t code = dump.sparse() ? dump.codes[(row * dump.a.columns + s) / pattern.unit] : 0;
                const std::size_t k = s / pattern.kept * pattern.group + code * pattern.unit + s % pattern.unit;
                a_[row * k_ + k] = rounded_up(bounding_magnitude(dump.a.type, dump.a.at(row, s)));
            }
            row_norms_[row] = norm(&a_[row * k_]);
        }
        for (std::size_t k = 0; k < k_; ++k) {
            for (std::size_t column = 0; column < dump.n(); ++column) {
                b_[column * k_ + k] = rounded_up(bounding_magnitude(dump.b.type, dump.b.at(k, column)));
            }
        }
        for (std::size_t column = 0; column < dump.n(); ++column) column_norms_[column] = norm(&b_[column * k_]);
    }

    /// By the inequality of Cauchy and Schwarz, no less than the sum.
    [[nodiscard]] double most(std::size_t row, std::size_t column) const {
        return row_norms_[row] * column_norms_[column];
    }
    [[nodiscard]] double sum(std::size_t row, std::size_t column) const {
        const float* const a = &a_[row * k_];
        const float* const b = &b_[column * k_];
        // Several sums at once, which the compiler keeps in vectors.
        constexpr std::size_t lanes = 8;
        float sums[lanes] = {};
        std::size_t k = 0;
        for (; k + lanes <= k_; k += lanes) {
            for (std::size_t lane = 0; lane < lanes; ++lane) sums[lane] += a[k + lane] * b[k + lane];
        }
        double total = 0;
        for (const float lane : sums) total += lane;
        for (; k < k_; ++k) total += double{a[k]} * b[k];
        // What the f32 sums may have lost.
        return total * (1 + static_cast<double>(k_) * 0x1p-24);
    }

  private:
    static float rounded_up(double magnitude) { return static_cast<float>(magnitude) * (1 + 0x1p-22F); }
    [[nodiscard]] double norm(const float* values) const {
        double squares = 0;
        for (std::size_t k = 0; k < k_; ++k) squares += double{values[k]} * values[k];
        return std::sqrt(squares);
    }

    const GemmDump& dump_;
    std::size_t k_;
    std::vector<float> a_;  ///< [row][k]
    std::vector<float> b_;  ///< [column][k]
    std::vector<double> row_norms_;
    std::vector<double> column_norms_;
};

/// Decides for each different element whether it is within the bound, by as little arithmetic as that takes.
class DifferenceJudge {
  public:
    DifferenceJudge(const GemmDump& dump, const AccumulationOrder& order)
        : dump_(dump), bound_(dump, order), sums_(dump) {}

    [[nodiscard]] bool is_within(std::size_t row, std::size_t column, ElementBits found, ElementBits expected) const {
        const ElementType type = dump_.d.type;
        const double source = source_of(row, column);
        if (!within(bound_, type, found, expected, sums_.most(row, column), source)) return false;
        // |D| is a sum of terms of either sign: the magnitudes sum to at least as much.
        const double least = dump_.types.alpha == 1 ? std::abs(value_of(type, expected)) - source : 0;
        if (least > 0 && std::isfinite(least) && within(bound_, type, found, expected, least / 2, source)) return true;
        return within(bound_, type, found, expected, sums_.sum(row, column), source);
    }
    [[nodiscard]] double allowed(std::size_t row, std::size_t column, double largest) const {
        return bound_.of(sums_.sum(row, column), source_of(row, column), largest);
    }

  private:
    [[nodiscard]] double source_of(std::size_t row, std::size_t column) const {
        return dump_.c ? std::abs(value_of(dump_.c->type, dump_.c->at(row, column))) : 0;
    }

    const GemmDump& dump_;
    ErrorBound bound_;
    MagnitudeSums sums_;
};

double distance(ElementType type, ElementBits one, ElementBits other) {
    const double error = std::abs(value_of(type, one) - value_of(type, other));
    return std::isfinite(error) ? error : std::numeric_limits<double>::infinity();
}

}  // namespace

Mismatches compare_all(const GemmDump& dump, const AccumulationOrder& order, unsigned threads) {
    const BitMatrix expected = whole_product(dump, order, threads);
    const std::size_t size = expected.storage.size();
    Mismatches mismatches;
    mismatches.elements = size;
    mismatches.marks.resize(size);
    for (std::size_t i = 0; i < size; ++i) {
        mismatches.marks[i] = dump.d.storage[i] != expected.storage[i] ? 1 : 0;
        mismatches.different += mismatches.marks[i];
    }
    if (mismatches.different == 0) return mismatches;

    const DifferenceJudge judge(dump, order);
    const ElementType type = dump.d.type;
    double largest = -1;
    std::size_t largest_at = 0;
    for (std::size_t i = 0; i < size; ++i) {
        if (mismatches.marks[i] == 0) continue;
        const ElementBits found = dump.d.storage[i];
        if (!judge.is_within(i / dump.n(), i % dump.n(), found, expected.storage[i])) {
            mismatches.marks[i] = 2;
            ++mismatches.outside;
        }
        const double error = distance(type, found, expected.storage[i]);
        if (error > largest) {
            largest = error;
            largest_at = i;
        }
    }
    const auto difference = [&](std::size_t i) {
        const std::size_t row = i / dump.n();
        const std::size_t column = i % dump.n();
        const ElementBits found = dump.d.storage[i];
        const double magnitude =
            std::max(std::abs(value_of(type, found)), std::abs(value_of(type, expected.storage[i])));
        return ElementDifference{row,
                                 column,
                                 found,
                                 expected.storage[i],
                                 distance(type, found, expected.storage[i]),
                                 judge.allowed(row, column, std::isfinite(magnitude) ? magnitude : 0)};
    };
    mismatches.largest = difference(largest_at);
    const std::uint8_t least = mismatches.outside > 0 ? 2 : 1;
    for (std::size_t i = 0; i < size && mismatches.first.size() < described_differences; ++i) {
        if (mismatches.marks[i] >= least) mismatches.first.push_back(difference(i));
    }
    return mismatches;
}

}  // namespace stcsim
