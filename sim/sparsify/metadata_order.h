/// The orders of metadata (the codes of kept units) in .npy arrays.
///
/// | order             | array                                    | elements                                          |
/// |-------------------|------------------------------------------|---------------------------------------------------|
/// | codes             | uint8 [rows, codes of a row]             | one code each                                     |
/// | row-major         | uint16 or uint32 [rows, elements]        | packed metadata elements
/// (sparsity/metadata_word.h)| | reordered         | uint16 or uint32 [padded rows, elements] | in the memory order of
/// CUTLASS and PyTorch        | | reordered-along-k | the same                                 | blocks along k first,
/// as this model's kernels copy| | lanes             | uint32 [instructions, 32]                | E of each lane for
/// each instruction along the rows|
///
/// Metadata elements have 16 bits for f16, bf16 and tf32, 32 bits for 8- and 4-bit integers. The reordered forms and
/// lanes are those of isa/metadata_layout.h; their padding has the codes 0 and 1. Lanes are for one instruction and
/// selector: [16-row block, step along k] counted as the instructions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isa/mma_instruction.h"
#include "sparsify/npy_rows.h"

namespace stcsim {

enum class MetadataOrder : std::uint8_t { codes, row_major, reordered, reordered_along_k, lanes };

std::string_view name_of(MetadataOrder order);
std::optional<MetadataOrder> metadata_order_named(std::string_view name);
/// All names, for messages.
std::vector<std::string> metadata_order_names();

/// An order with what lanes need to know.
struct MetadataForm {
    MetadataOrder order = MetadataOrder::codes;
    const MmaInstruction* instruction = nullptr;  ///< for lanes
    std::uint32_t selector = 0;                   ///< for lanes
};

/// What metadata describes.
struct MetadataSize {
    ElementType type;
    std::size_t rows;
    std::size_t stored_k;  ///< kept elements of a row
};

/// The type of an array in this order.
NpyType array_type(MetadataOrder order, ElementType type);

/// The shape of an array in a reordered form, padding included.
std::vector<std::size_t> reordered_shape(const MetadataSize& size);

/// Packed metadata elements as an array in this order. Throws InputError for a selector that the instruction does not
/// have.
NpyArray metadata_array(const MetadataForm& form, const MetadataSize& size, std::span<const std::uint32_t> elements);

/// Packed metadata elements of rows first, first + 1 .. of an array in the order codes or row-major. Throws InputError
/// for a type or a number of columns that do not fit, and for illegal codes with their row and group; descending codes
/// are legal, as for plain mma.sp.
std::vector<std::uint32_t> read_metadata_rows(const NpyRows& array, MetadataOrder order, const MetadataSize& size,
                                              std::size_t first, std::size_t count);

/// Packed metadata elements of a whole array in any order; held at once. Throws InputError likewise.
std::vector<std::uint32_t> read_metadata(const NpyRows& array, const MetadataForm& form, const MetadataSize& size);

}  // namespace stcsim
