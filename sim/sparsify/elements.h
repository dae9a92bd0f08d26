/// Matrix elements in .npy arrays: which types of numpy stand for which element types.
///
/// | element type | arrays                                     | without --dtype |
/// |--------------|--------------------------------------------|-----------------|
/// | f16          | float16; uint16, int16 as raw bits         | float16         |
/// | bf16         | uint16, int16 as raw bits                  |                 |
/// | tf32         | float32; uint32, int32 as raw bits         | float32         |
/// | f32          | float32; uint32, int32 as raw bits         |                 |
/// | f64          | float64; uint64, int64 as raw bits         | float64         |
/// | s8           | int8; uint8 as raw bits                    | int8            |
/// | u8           | uint8; int8 as raw bits                    | uint8           |
/// | s4           | int8, uint8 with values -8 to 7            |                 |
/// | u4           | int8, uint8 with values 0 to 15            |                 |
///
/// float32 alone means tf32 because that is the type of 32 bits that mma.sp takes.
#pragma once

#include <optional>
#include <string>

#include "numerics/bit_matrix.h"
#include "numerics/sparse_pattern.h"
#include "sparsify/npy_rows.h"
#include "sparsity/structured_sparsity.h"

namespace stcsim {

/// The element type of an array: `wanted`, or what its type alone means. Throws InputError if the array cannot hold it
/// or means nothing alone.
ElementType element_type_of(const NpyRows& array, std::optional<ElementType> wanted);

/// Throws InputError unless the array's columns are a multiple of the pattern's group.
void check_columns(const NpyRows& array, const SparsePattern& pattern);

/// The pattern asked for, or that of the type. Throws InputError if the type has none.
SparsePattern pattern_for(ElementType type, const std::optional<SparsePattern>& wanted);

/// "3 non-zeros in row 5, group 2 (from [1,2,8])".
std::string described_in(const NpyRows& array, const PatternViolation& violation, const SparsePattern& pattern);

/// Rows of an array as elements of a type that element_type_of gave. Throws InputError with the index of a value
/// outside a 4-bit type.
BitMatrix read_elements(const NpyRows& array, ElementType type, std::size_t first, std::size_t count);

/// Elements as an array of the type they are read from, whole rows.
NpyArray to_array(const BitMatrix& matrix, NpyType type);

}  // namespace stcsim
