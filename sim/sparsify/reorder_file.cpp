#include "sparsify/reorder_file.h"

#include <fmt/format.h>

#include "base/error.h"
#include "sparsify/output_files.h"
#include "sparsity/metadata_word.h"
#include "sparsity/structured_sparsity.h"

namespace stcsim {
namespace {

/// Kept elements that a row of the array describes.
std::size_t described_stored_k(const NpyRows& array, ElementType type, MetadataOrder order) {
    const SparsePattern pattern = sparse_pattern_of(type);
    if (order != MetadataOrder::codes) return array.columns() * groups_per_metadata_element(type) * pattern.kept;
    if (array.columns() % pattern.codes() == 0) return array.columns() * pattern.unit;
    throw InputError(array.where(), fmt::format("shape {}", shape_text(array.shape())),
                     fmt::format("a multiple of {} codes in a row", pattern.codes()));
}

MetadataSize size_of(const NpyRows& array, const ReorderRequest& request) {
    const MetadataOrder order = request.from.order;
    if (order == MetadataOrder::lanes && (!request.rows || !request.columns)) {
        throw InputError({}, "--from lanes without --rows or --k", "both: lanes do not say where padding begins");
    }
    MetadataSize size{request.type, request.rows.value_or(array.rows()), 0};
    if (request.columns) {
        const SparsePattern pattern = sparse_pattern_of(request.type);
        check_columns(*request.columns, pattern);
        size.stored_k = pattern.stored(*request.columns);
    } else {
        size.stored_k = described_stored_k(array, request.type, order);
    }
    return size;
}

}  // namespace

MetadataSize reorder_file(const ReorderRequest& request) {
    const NpyRows array(request.input, "--metadata");
    const MetadataSize size = size_of(array, request);
    const NpyArray reordered = metadata_array(request.to, size, read_metadata(array, request.from, size));
    OutputFiles files;
    files.open(request.output, "--out", reordered.type, reordered.shape).append(reordered);
    files.finish();
    return size;
}

}  // namespace stcsim
