/// `stcsim sparsify compress` and `expand`: a matrix in a file to what mma.sp takes of it, and back.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>

#include "numerics/element_type.h"
#include "sparsify/metadata_order.h"

namespace stcsim {

struct CompressRequest {
    std::filesystem::path input;
    std::optional<ElementType> type;  ///< of the elements; else what the array's type means
    std::filesystem::path values;
    std::optional<std::filesystem::path> metadata;
    MetadataOrder order = MetadataOrder::row_major;  ///< of the metadata; not lanes
    std::optional<std::filesystem::path> index;      ///< the position of each kept element in its group, uint8
};

struct ExpandRequest {
    std::filesystem::path values;
    std::optional<ElementType> type;
    std::optional<std::filesystem::path> metadata;  ///< this, in `order`, or else the index
    MetadataOrder order = MetadataOrder::row_major;
    std::optional<std::filesystem::path> index;
    std::filesystem::path output;
};

/// A compressed matrix, as read or written.
struct CompressReport {
    ElementType type;
    std::size_t rows;
    std::size_t columns;  ///< k
    std::size_t stored_k;
};

/// Compresses a matrix that meets the pattern of its type (sparsity/structured_sparsity.h) in blocks of rows; metadata
/// in a reordered form is held at once, about half a byte for each element of 16 bits and less for the others. Throws
/// InputError for bad files, a type that no sparse instruction takes, and with row, group and index for the first group
/// that does not meet the pattern; leaves no partial file.
CompressReport compress_file(const CompressRequest& request);

/// The inverse, likewise in blocks. Throws InputError also for metadata that does not fit the values and for illegal
/// codes.
CompressReport expand_file(const ExpandRequest& request);

}  // namespace stcsim
