#include "sparsity/structured_sparsity.h"

#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "numerics/float_format.h"
#include "numerics/sparse_pattern.h"

namespace stcsim {
namespace {

/// Orders values by magnitude; 0 for zeros of either sign.
ElementBits magnitude(ElementType type, ElementBits bits) {
    if (is_float(type)) {
        const FloatFormat format = float_format_of(type);
        return (bits & (format.sign_bit() - 1U)) >> format.padding_bits;
    }
    const bool is_signed = type == ElementType::s4 || type == ElementType::s8 || type == ElementType::s32;
    const std::uint32_t sign = 1U << (bits_of(type) - 1U);
    // In two's complement the magnitude of a negative number is its negation within the type's bits.
    if (is_signed && (bits & sign) != 0) return (0U - bits) & (sign | (sign - 1U));
    return bits;
}

/// Chooses the `kept` positions of a group with the largest keys, of equal keys the lower position. Bit i of the result
/// is set if position i is chosen.
template <typename Key>
std::uint32_t choose(const SparsePattern& pattern, Key key) {
    std::uint32_t chosen = 0;
    for (std::uint32_t turn = 0; turn < pattern.kept; ++turn) {
        std::optional<std::uint32_t> best;
        for (std::uint32_t i = 0; i < pattern.group; ++i) {
            if ((chosen >> i & 1U) == 0 && (!best || key(i) > key(*best))) best = i;
        }
        chosen |= 1U << best.value();
    }
    return chosen;
}

SparsePattern pattern_for(const BitMatrix& matrix) {
    const SparsePattern pattern = sparse_pattern_of(matrix.type);
    if (matrix.columns % pattern.group != 0) {
        throw InputError(
            {}, fmt::format("k = {}", matrix.columns),
            fmt::format("a multiple of {} for {}:{} sparse {}, such as {}", pattern.group, pattern.kept, pattern.group,
                        name_of(matrix.type), (matrix.columns / pattern.group + 1) * pattern.group));
    }
    return pattern;
}

}  // namespace

BitMatrix prune(const BitMatrix& matrix) {
    const SparsePattern pattern = pattern_for(matrix);
    BitMatrix pruned = matrix;
    for (std::size_t first = 0; first < matrix.storage.size(); first += pattern.group) {
        const std::uint32_t chosen =
            choose(pattern, [&](std::size_t i) { return magnitude(matrix.type, matrix.storage[first + i]); });
        for (std::uint32_t i = 0; i < pattern.group; ++i) {
            if ((chosen >> i & 1U) == 0) pruned.storage[first + i] = 0;
        }
    }
    return pruned;
}

std::vector<PatternViolation> pattern_violations(const BitMatrix& matrix) {
    const SparsePattern pattern = pattern_for(matrix);
    std::vector<PatternViolation> violations;
    for (std::size_t row = 0; row < matrix.rows; ++row) {
        for (std::size_t group = 0; group < matrix.columns / pattern.group; ++group) {
            std::size_t nonzeros = 0;
            for (std::size_t i = 0; i < pattern.group; ++i) {
                if (magnitude(matrix.type, matrix.at(row, group * pattern.group + i)) != 0) ++nonzeros;
            }
            if (nonzeros > pattern.kept) violations.push_back({row, group, nonzeros});
        }
    }
    return violations;
}

CompressedMatrix compress(const BitMatrix& matrix) {
    const SparsePattern pattern = pattern_for(matrix);
    const auto violations = pattern_violations(matrix);
    if (!violations.empty()) {
        const PatternViolation& first = violations.front();
        throw InputError({}, fmt::format("{} non-zeros in row {}, group {}", first.nonzeros, first.row, first.group),
                         fmt::format("at most {} in each group of {} along k", pattern.kept, pattern.group));
    }
    CompressedMatrix compressed{BitMatrix(matrix.rows, pattern.stored(matrix.columns), matrix.type), {}};
    compressed.codes.resize(compressed.values.storage.size());
    std::size_t stored = 0;
    for (std::size_t first = 0; first < matrix.storage.size(); first += pattern.group) {
        // Non-zeros before -0 before +0.
        const std::uint32_t chosen = choose(pattern, [&](std::size_t i) {
            const ElementBits bits = matrix.storage[first + i];
            return magnitude(matrix.type, bits) != 0 ? 2 : bits != 0 ? 1 : 0;
        });
        for (std::uint32_t i = 0; i < pattern.group; ++i) {
            if ((chosen >> i & 1U) == 0) continue;
            compressed.values.storage[stored] = matrix.storage[first + i];
            compressed.codes[stored] = static_cast<std::uint8_t>(i);
            ++stored;
        }
    }
    return compressed;
}

BitMatrix expand(const CompressedMatrix& compressed) {
    const BitMatrix& values = compressed.values;
    const SparsePattern pattern = sparse_pattern_of(values.type);
    STCSIM_ASSERT(values.columns % pattern.kept == 0 && compressed.codes.size() == values.storage.size());
    BitMatrix matrix(values.rows, values.columns / pattern.kept * pattern.group, values.type);
    for (std::size_t row = 0; row < values.rows; ++row) {
        for (std::size_t s = 0; s < values.columns; ++s) {
            const std::size_t group = s / pattern.kept;
            const std::size_t code = compressed.codes[row * values.columns + s];
            const bool taken = s % pattern.kept != 0 && compressed.codes[row * values.columns + s - 1] == code;
            if (code >= pattern.group || taken) {
                throw InputError({}, fmt::format("position {} in row {}, group {}", code, row, group),
                                 fmt::format("distinct positions below {}", pattern.group));
            }
            matrix.at(row, group * pattern.group + code) = values.at(row, s);
        }
    }
    return matrix;
}

}  // namespace stcsim
