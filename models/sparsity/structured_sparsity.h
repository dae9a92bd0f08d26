/// Structured sparsity of operand A along k: pruning to a pattern, checking, compression and expansion.
///
/// The columns of a matrix are k and must be a multiple of the pattern's group, or InputError is thrown. Patterns and
/// their names are in sparsity/pattern_name.h. Pruning and checking take any pattern with any element type but b1;
/// compression and expansion are what the hardware reads, hence always in the pattern of the element type
/// (sparse_pattern_of) and only for types that mma.sp takes (has_sparse_instruction).
///
/// A pattern keeps units: single elements, or in 4:8 pairs of neighbours. Choices, the same everywhere:
///   - Zero means of value zero: -0 is a zero (and so is a tf32 of which only the 13 dropped bits are set).
///   - In each group the units of the largest magnitude stay; the magnitude of a pair is the sum of its elements'
///     magnitudes, which makes the sum of all that is kept as large as it can be. Of equal magnitudes the lower
///     position stays.
///   - A group with fewer non-zero units than are kept is filled up with zero units of its own, those with a -0 first
///   so
///     that it survives, then +0, lower positions first. A group of +0 keeps its first units.
///     (Other encoders fill up with other zeros, PyTorch's with later ones: their metadata differs, what it expands to
///     does not.)
///   - NaN counts as larger than infinity, so that it is not pruned away silently.
///   - Kept elements are never altered, and what is not kept becomes +0. So prune(x) == expand(compress(x)) for every x
///     that meets the pattern of its type, and both equal x except that a -0 without room becomes +0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "numerics/bit_matrix.h"
#include "numerics/sparse_pattern.h"

namespace stcsim {

/// What an mma.sp takes of an m x k matrix.
struct CompressedMatrix {
    BitMatrix values;                 ///< m x k/2, kept values, ascending positions within each group
    std::vector<std::uint8_t> codes;  ///< one for each unit of `values`, row-major: its position in the group

    bool operator==(const CompressedMatrix&) const = default;
};

/// A group with more non-zero units than the pattern keeps.
struct PatternViolation {
    std::size_t row;
    std::size_t group;     ///< counted along k
    std::size_t nonzeros;  ///< units that are not zero

    bool operator==(const PatternViolation&) const = default;
};

/// "3 non-zeros in row 2, group 1", or "3 non-zero pairs in ..." where the pattern keeps pairs.
std::string describe(const PatternViolation& violation, const SparsePattern& pattern);

/// "at most 2 of each group of 4 along k", or with pairs of neighbours.
std::string describe_limit(const SparsePattern& pattern);

/// Throws InputError unless `columns` is a multiple of the pattern's group; the message names the next one that is.
void check_columns(std::size_t columns, const SparsePattern& pattern);

/// Magnitude pruning.
BitMatrix prune(BitMatrix matrix, const SparsePattern& pattern);

/// Magnitude pruning to the pattern of the matrix's type.
BitMatrix prune(BitMatrix matrix);

/// Groups that hold more non-zero units than the pattern keeps, by row, then group.
std::vector<PatternViolation> pattern_violations(const BitMatrix& matrix, const SparsePattern& pattern);

/// Violations of the pattern of the matrix's type.
std::vector<PatternViolation> pattern_violations(const BitMatrix& matrix);

/// Values and codes of a matrix that meets the pattern of its type; InputError names row and group of the first
/// violation. Codes are distinct and ascending in each group.
CompressedMatrix compress(const BitMatrix& matrix);

/// A group whose codes do not say where its values belong.
struct CodeViolation {
    std::size_t row;
    std::size_t group;  ///< counted along k
    std::uint8_t code;  ///< outside the group, or taken twice

    bool operator==(const CodeViolation&) const = default;
};

/// The first group by row, then group, with a code outside the group or twice the same. Descending codes are legal:
/// plain mma.sp takes them. `codes` has as many entries as `rows` rows of `stored_k` values need, or an invariant
/// breaks.
std::optional<CodeViolation> find_code_violation(ElementType type, std::span<const std::uint8_t> codes,
                                                 std::size_t rows, std::size_t stored_k);

/// The m x k matrix with the values at their positions and +0 elsewhere. InputError names row and group of a code
/// violation.
BitMatrix expand(const CompressedMatrix& compressed);

/// The sum of all magnitudes of a matrix and of those that pruning keeps. NaN and infinities count in neither sum, and
/// are counted apart.
struct KeptMagnitude {
    double kept = 0;
    double all = 0;
    std::uint64_t not_finite = 0;

    /// kept / all; 1 for a matrix of zeros.
    [[nodiscard]] double share() const { return all == 0 ? 1 : kept / all; }

    KeptMagnitude& operator+=(const KeptMagnitude& other);
    bool operator==(const KeptMagnitude&) const = default;
};

/// What pruning keeps of each row, in row order, each row summed from left to right.
std::vector<KeptMagnitude> kept_magnitudes(const BitMatrix& matrix, const SparsePattern& pattern);

}  // namespace stcsim
