#include "sparsity/structured_sparsity.h"

#include <array>
#include <bit>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "sparsity/magnitude.h"
#include "sparsity/pattern_name.h"

namespace stcsim {
namespace {

/// The key of a unit: larger keys stay. Orders by magnitude; below that, a unit with a bit set (-0) above +0.
template <const SparsePattern& pattern>
std::uint64_t unit_key(const Magnitudes& magnitudes, const ElementBits* unit) {
    if constexpr (pattern.unit == 1) {
        return magnitudes.order(unit[0]) << 1U | (unit[0] != 0 ? 1U : 0U);
    } else {
        // A non-negative double orders as its bits do, NaN above infinity.
        const double sum = std::fabs(magnitudes.value(unit[0]) + magnitudes.value(unit[1]));
        return std::bit_cast<std::uint64_t>(sum) << 1U | ((unit[0] | unit[1]) != 0 ? 1U : 0U);
    }
}

/// Bit u of the result is set if unit u of the group stays: fewer units than are kept come before it.
template <const SparsePattern& pattern>
std::uint32_t choose(const Magnitudes& magnitudes, const ElementBits* group) {
    std::array<std::uint64_t, pattern.positions()> keys;
    for (std::size_t u = 0; u < keys.size(); ++u) keys[u] = unit_key<pattern>(magnitudes, group + u * pattern.unit);
    std::uint32_t chosen = 0;
    for (std::uint32_t u = 0; u < keys.size(); ++u) {
        std::uint32_t before = 0;
        for (std::uint32_t other = 0; other < u; ++other) before += keys[other] >= keys[u] ? 1U : 0U;
        for (std::uint32_t other = u + 1; other < keys.size(); ++other) before += keys[other] > keys[u] ? 1U : 0U;
        chosen |= (before < pattern.codes() ? 1U : 0U) << u;
    }
    return chosen;
}

/// Calls visit(first element, units that stay) for each group of a matrix.
template <const SparsePattern& pattern, typename Visit>
void for_each_group(const BitMatrix& matrix, Visit visit) {
    const Magnitudes magnitudes(matrix.type);
    for (std::size_t first = 0; first < matrix.storage.size(); first += pattern.group) {
        visit(first, choose<pattern>(magnitudes, &matrix.storage[first]));
    }
}

/// The same for a pattern known at run time, each with a loop of its own: choosing is most of the work.
template <typename Visit>
void for_each_choice(const BitMatrix& matrix, const SparsePattern& pattern, Visit visit) {
    if (pattern == two_of_four) return for_each_group<two_of_four>(matrix, visit);
    if (pattern == one_of_two) return for_each_group<one_of_two>(matrix, visit);
    STCSIM_ASSERT(pattern == four_of_eight_in_pairs);
    for_each_group<four_of_eight_in_pairs>(matrix, visit);
}

std::size_t nonzero_units(const Magnitudes& magnitudes, const SparsePattern& pattern, const ElementBits* group) {
    std::size_t count = 0;
    for (std::uint32_t first = 0; first < pattern.group; first += pattern.unit) {
        const bool zero =
            magnitudes.is_zero(group[first]) && (pattern.unit == 1 || magnitudes.is_zero(group[first + 1]));
        if (!zero) ++count;
    }
    return count;
}

void check_executed(ElementType type) {
    if (has_sparse_instruction(type)) return;
    throw InputError({}, fmt::format("type {}, which no sparse instruction takes", name_of(type)),
                     "one of f16, bf16, tf32, s8, u8, s4, u4");
}

}  // namespace

std::string describe(const PatternViolation& violation, const SparsePattern& pattern) {
    return fmt::format("{} non-zero{} in row {}, group {}", violation.nonzeros, pattern.unit == 1 ? "s" : " pairs",
                       violation.row, violation.group);
}

std::string describe_limit(const SparsePattern& pattern) {
    if (pattern.unit == 1) return fmt::format("at most {} in each group of {} along k", pattern.kept, pattern.group);
    return fmt::format("at most {} of the {} pairs of neighbours in each group of {} along k", pattern.codes(),
                       pattern.positions(), pattern.group);
}

void check_columns(std::size_t columns, const SparsePattern& pattern) {
    if (columns % pattern.group == 0) return;
    throw InputError({}, fmt::format("k = {}", columns),
                     fmt::format("a multiple of {} for {} sparsity, such as {}", pattern.group, name_of(pattern),
                                 (columns / pattern.group + 1) * pattern.group));
}

BitMatrix prune(BitMatrix matrix, const SparsePattern& pattern) {
    check_columns(matrix.columns, pattern);
    for_each_choice(matrix, pattern, [&](std::size_t first, std::uint32_t chosen) {
        for (std::uint32_t i = 0; i < pattern.group; ++i) {
            // Without a branch, which could not be predicted.
            matrix.storage[first + i] &= ElementBits{0} - (chosen >> i / pattern.unit & 1U);
        }
    });
    return matrix;
}

BitMatrix prune(BitMatrix matrix) {
    const SparsePattern pattern = sparse_pattern_of(matrix.type);
    return prune(std::move(matrix), pattern);
}

std::vector<PatternViolation> pattern_violations(const BitMatrix& matrix, const SparsePattern& pattern) {
    check_columns(matrix.columns, pattern);
    const Magnitudes magnitudes(matrix.type);
    const std::size_t groups = matrix.columns / pattern.group;
    std::vector<PatternViolation> violations;
    for (std::size_t row = 0; row < matrix.rows; ++row) {
        for (std::size_t group = 0; group < groups; ++group) {
            const ElementBits* const elements = &matrix.storage[row * matrix.columns + group * pattern.group];
            const std::size_t nonzeros = nonzero_units(magnitudes, pattern, elements);
            if (nonzeros > pattern.codes()) violations.push_back({row, group, nonzeros});
        }
    }
    return violations;
}

std::vector<PatternViolation> pattern_violations(const BitMatrix& matrix) {
    return pattern_violations(matrix, sparse_pattern_of(matrix.type));
}

CompressedMatrix compress(const BitMatrix& matrix) {
    check_executed(matrix.type);
    const SparsePattern pattern = sparse_pattern_of(matrix.type);
    const auto violations = pattern_violations(matrix, pattern);
    if (!violations.empty()) throw InputError({}, describe(violations.front(), pattern), describe_limit(pattern));
    CompressedMatrix compressed{BitMatrix(matrix.rows, pattern.stored(matrix.columns), matrix.type), {}};
    compressed.codes.reserve(compressed.values.storage.size() / pattern.unit);
    std::size_t stored = 0;
    for_each_choice(matrix, pattern, [&](std::size_t first, std::uint32_t chosen) {
        for (std::size_t u = 0; u < pattern.positions(); ++u) {
            if ((chosen >> u & 1U) == 0) continue;
            compressed.codes.push_back(static_cast<std::uint8_t>(u));
            for (std::size_t i = 0; i < pattern.unit; ++i) {
                compressed.values.storage[stored++] = matrix.storage[first + u * pattern.unit + i];
            }
        }
    });
    return compressed;
}

std::optional<CodeViolation> find_code_violation(ElementType type, std::span<const std::uint8_t> codes,
                                                 std::size_t rows, std::size_t stored_k) {
    const SparsePattern pattern = sparse_pattern_of(type);
    STCSIM_ASSERT(stored_k % pattern.kept == 0 && codes.size() == rows * stored_k / pattern.unit);
    if (codes.empty()) return std::nullopt;
    const std::size_t codes_per_row = stored_k / pattern.unit;
    for (std::size_t c = 0; c < codes.size(); ++c) {
        const std::size_t in_row = c % codes_per_row;
        const bool taken = in_row % pattern.codes() != 0 && codes[c - 1] == codes[c];
        if (codes[c] >= pattern.positions() || taken) {
            return CodeViolation{c / codes_per_row, in_row / pattern.codes(), codes[c]};
        }
    }
    return std::nullopt;
}

BitMatrix expand(const CompressedMatrix& compressed) {
    const BitMatrix& values = compressed.values;
    check_executed(values.type);
    const SparsePattern pattern = sparse_pattern_of(values.type);
    const auto violation = find_code_violation(values.type, compressed.codes, values.rows, values.columns);
    if (violation) {
        throw InputError({},
                         fmt::format("code {} in row {}, group {}", violation->code, violation->row, violation->group),
                         fmt::format("distinct codes below {}", pattern.positions()));
    }
    BitMatrix matrix(values.rows, values.columns / pattern.kept * pattern.group, values.type);
    for (std::size_t c = 0; c < compressed.codes.size(); ++c) {
        const std::size_t first = c / pattern.codes() * pattern.group + std::size_t{compressed.codes[c]} * pattern.unit;
        for (std::uint32_t i = 0; i < pattern.unit; ++i) {
            matrix.storage[first + i] = values.storage[c * pattern.unit + i];
        }
    }
    return matrix;
}

KeptMagnitude& KeptMagnitude::operator+=(const KeptMagnitude& other) {
    kept += other.kept;
    all += other.all;
    not_finite += other.not_finite;
    return *this;
}

std::vector<KeptMagnitude> kept_magnitudes(const BitMatrix& matrix, const SparsePattern& pattern) {
    check_columns(matrix.columns, pattern);
    const Magnitudes magnitudes(matrix.type);
    std::vector<KeptMagnitude> rows(matrix.rows);
    for_each_choice(matrix, pattern, [&](std::size_t first, std::uint32_t chosen) {
        KeptMagnitude& row = rows[first / matrix.columns];
        for (std::uint32_t i = 0; i < pattern.group; ++i) {
            const double size = magnitudes.value(matrix.storage[first + i]);
            if (!std::isfinite(size)) {
                ++row.not_finite;
                continue;
            }
            row.all += size;
            row.kept += (chosen >> i / pattern.unit & 1U) != 0 ? size : 0;
        }
    });
    return rows;
}

}  // namespace stcsim
