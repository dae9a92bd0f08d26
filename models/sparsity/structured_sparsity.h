/// Structured sparsity of operand A along k: pruning to the pattern, compression, expansion and checking.
///
/// Everything here works on the pattern of the matrix's element type (numerics/sparse_pattern.h): 2:4, for tf32 1:2.
/// The columns of the matrix are k and must be a multiple of the group, or InputError is thrown.
///
/// Zero means of value zero: -0 is a zero, and its sign is kept where a zero can be stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "numerics/bit_matrix.h"

namespace stcsim {

/// What an mma.sp takes of an m x k matrix.
struct CompressedMatrix {
    BitMatrix values;                 ///< m x k/2, kept values, ascending positions within each group
    std::vector<std::uint8_t> codes;  ///< m x k/2, their positions in the group

    bool operator==(const CompressedMatrix&) const = default;
};

/// A group with more non-zeros than the pattern keeps.
struct PatternViolation {
    std::size_t row;
    std::size_t group;  ///< counted along k
    std::size_t nonzeros;

    bool operator==(const PatternViolation&) const = default;
};

/// Magnitude pruning: in each group the values of the largest magnitude stay, the others become +0. Of equal magnitudes
/// the lower position stays. NaN counts as larger than infinity, so that a NaN is not pruned away silently.
BitMatrix prune(const BitMatrix& matrix);

/// Groups that hold more non-zeros than the pattern keeps, by row, then group.
std::vector<PatternViolation> pattern_violations(const BitMatrix& matrix);

/// Values and codes of a matrix that meets the pattern; InputError names row and group of the first violation. A group
/// with fewer non-zeros than are kept is filled up with zeros of its own: first -0, so that it survives, then +0, lower
/// positions first. Codes are thus always distinct and ascending; a group of +0 gets positions 0 and 1.
CompressedMatrix compress(const BitMatrix& matrix);

/// The m x k matrix with the values at their positions and +0 elsewhere. InputError names row and group if a position
/// is outside the group or taken twice. expand(compress(x)) equals x except that a -0 without room becomes +0.
BitMatrix expand(const CompressedMatrix& compressed);

}  // namespace stcsim
