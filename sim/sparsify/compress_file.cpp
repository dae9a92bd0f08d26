#include "sparsify/compress_file.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "sparsify/elements.h"
#include "sparsify/kept_index.h"
#include "sparsify/output_files.h"
#include "sparsity/kept_positions.h"
#include "sparsity/metadata_word.h"
#include "sparsity/pattern_name.h"

namespace stcsim {
namespace {

/// The metadata of a matrix going to a file: at once in the orders that follow the rows, at the end in the others.
class MetadataOutput {
  public:
    MetadataOutput(OutputFiles& files, const std::filesystem::path& file, MetadataOrder order, MetadataSize size,
                   const NpyRows& matrix)
        : order_(order), size_(size), writer_(&open(files, file, matrix)) {}

    void append(std::span<const std::uint8_t> codes, std::size_t rows) {
        const std::vector<std::uint32_t> elements = pack_metadata(size_.type, codes, rows, size_.stored_k);
        if (follows_rows()) {
            writer_->append(metadata_array({order_}, {size_.type, rows, size_.stored_k}, elements));
        } else {
            held_.insert(held_.end(), elements.begin(), elements.end());
        }
    }

    void finish() {
        if (!follows_rows()) writer_->append(metadata_array({order_}, size_, held_));
    }

  private:
    [[nodiscard]] bool follows_rows() const {
        return order_ == MetadataOrder::codes || order_ == MetadataOrder::row_major;
    }
    [[nodiscard]] NpyWriter& open(OutputFiles& files, const std::filesystem::path& file, const NpyRows& matrix) const {
        const std::size_t columns = order_ == MetadataOrder::codes
                                        ? size_.stored_k / sparse_pattern_of(size_.type).unit
                                        : metadata_elements_per_row(size_.type, size_.stored_k);
        const auto shape = follows_rows() ? matrix.shape_with_columns(columns) : reordered_shape(size_);
        return files.open(file, "--metadata", array_type(order_, size_.type), shape);
    }

    MetadataOrder order_;
    MetadataSize size_;
    NpyWriter* writer_;
    std::vector<std::uint32_t> held_;
};

NpyArray as_bytes(std::span<const std::uint8_t> bytes) {
    NpyArray array(NpyType::u1, {bytes.size()});
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<std::uint8_t*>(array.data.data()));
    return array;
}

/// Compresses rows from `first` on; a violation is reported with its row in the whole matrix.
CompressedMatrix compress_block(const NpyRows& array, const BitMatrix& block, std::size_t first) {
    const SparsePattern pattern = sparse_pattern_of(block.type);
    for (PatternViolation violation : pattern_violations(block)) {
        violation.row += first;
        throw InputError(array.where(), described_in(array, violation, pattern), describe_limit(pattern));
    }
    return compress(block);
}

void check_executed(const NpyRows& array, ElementType type) {
    if (has_sparse_instruction(type)) return;
    throw InputError(array.where(), fmt::format("type {}, which no sparse instruction takes", name_of(type)),
                     "f16, bf16, tf32, s8, u8, s4 or u4");
}

/// The codes of a compressed matrix from its metadata or its index.
class CodeSource {
  public:
    CodeSource(const ExpandRequest& request, const NpyRows& values, ElementType type)
        : array_(request.metadata ? *request.metadata : *request.index, request.metadata ? "--metadata" : "--index"),
          size_{type, values.rows(), values.columns()},
          order_(request.order),
          is_index_(!request.metadata) {
        const bool rows_follow = is_index_ || order_ == MetadataOrder::codes || order_ == MetadataOrder::row_major;
        if (!rows_follow) {
            held_ = read_metadata(array_, {order_}, size_);
        } else if (array_.rows() != size_.rows) {
            throw InputError(array_.where(), fmt::format("shape {}", shape_text(array_.shape())),
                             fmt::format("{} rows, as --values has", size_.rows));
        }
    }

    [[nodiscard]] std::vector<std::uint8_t> read(std::size_t first, std::size_t count) const {
        if (is_index_) return read_index(array_, size_, first, count);
        const std::size_t per_row = metadata_elements_per_row(size_.type, size_.stored_k);
        const std::vector<std::uint32_t> elements =
            held_.empty()
                ? read_metadata_rows(array_, order_, size_, first, count)
                : std::vector<std::uint32_t>(held_.begin() + static_cast<std::ptrdiff_t>(first * per_row),
                                             held_.begin() + static_cast<std::ptrdiff_t>((first + count) * per_row));
        return unpack_metadata(size_.type, elements, count, size_.stored_k);
    }

  private:
    NpyRows array_;
    MetadataSize size_;
    MetadataOrder order_;
    bool is_index_;
    std::vector<std::uint32_t> held_;  ///< packed elements of an order that does not follow the rows
};

}  // namespace

CompressReport compress_file(const CompressRequest& request) {
    const NpyRows array(request.input, "--in");
    const ElementType type = element_type_of(array, request.type);
    check_executed(array, type);
    const SparsePattern pattern = sparse_pattern_of(type);
    check_columns(array, pattern);
    const MetadataSize size{type, array.rows(), pattern.stored(array.columns())};
    OutputFiles files;
    const auto stored_shape = array.shape_with_columns(size.stored_k);
    NpyWriter& values = files.open(request.values, "--values", array.type(), stored_shape);
    std::optional<MetadataOutput> metadata;
    if (request.metadata) metadata.emplace(files, *request.metadata, request.order, size, array);
    NpyWriter* const index =
        request.index ? &files.open(*request.index, "--index", NpyType::u1, stored_shape) : nullptr;
    for_each_block(array.rows(), array.columns(), [&](std::size_t first, std::size_t count) {
        const CompressedMatrix block = compress_block(array, read_elements(array, type, first, count), first);
        values.append(to_array(block.values, array.type()));
        if (metadata) metadata->append(block.codes, count);
        if (index != nullptr) index->append(as_bytes(positions_from_codes(type, block.codes)));
    });
    if (metadata) metadata->finish();
    files.finish();
    return {type, size.rows, array.columns(), size.stored_k};
}

CompressReport expand_file(const ExpandRequest& request) {
    STCSIM_ASSERT(request.metadata.has_value() != request.index.has_value());
    const NpyRows array(request.values, "--values");
    const ElementType type = element_type_of(array, request.type);
    check_executed(array, type);
    const SparsePattern pattern = sparse_pattern_of(type);
    if (array.columns() % pattern.kept != 0) {
        throw InputError(array.where(), fmt::format("shape {}", shape_text(array.shape())),
                         fmt::format("a multiple of {} kept elements in a row", pattern.kept));
    }
    const std::size_t columns = array.columns() / pattern.kept * pattern.group;
    const CodeSource codes(request, array, type);
    OutputFiles files;
    NpyWriter& output = files.open(request.output, "--out", array.type(), array.shape_with_columns(columns));
    for_each_block(array.rows(), columns, [&](std::size_t first, std::size_t count) {
        const CompressedMatrix block{read_elements(array, type, first, count), codes.read(first, count)};
        output.append(to_array(expand(block), array.type()));
    });
    files.finish();
    return {type, array.rows(), columns, array.columns()};
}

}  // namespace stcsim
