#include "sparsify/kept_index.h"

#include <fmt/format.h>

#include "base/error.h"
#include "sparsity/kept_positions.h"
#include "sparsity/structured_sparsity.h"

namespace stcsim {
namespace {

std::vector<std::uint8_t> read_positions(const NpyRows& array, const MetadataSize& size, std::size_t first,
                                         std::size_t count) {
    const std::uint32_t group = sparse_pattern_of(size.type).group;
    const NpyArray block = array.read(first, count);
    std::vector<std::uint8_t> positions(block.elements());
    for (std::size_t i = 0; i < positions.size(); ++i) {
        const std::int64_t position = block.integer(i);
        if (position < 0 || position >= group) {
            throw InputError(array.where(),
                             fmt::format("position {} at {}", position,
                                         array.index_text(first + i / size.stored_k, i % size.stored_k)),
                             fmt::format("0 to {}", group - 1));
        }
        positions[i] = static_cast<std::uint8_t>(position);
    }
    return positions;
}

}  // namespace

std::vector<std::uint8_t> read_index(const NpyRows& array, const MetadataSize& size, std::size_t first,
                                     std::size_t count) {
    if (!is_integer(array.type()) || array.type() == NpyType::b1) {
        throw InputError(array.where(), fmt::format("an array of {}", numpy_name_of(array.type())),
                         "integers, such as uint8");
    }
    if (array.columns() != size.stored_k) {
        throw InputError(array.where(), fmt::format("shape {}", shape_text(array.shape())),
                         fmt::format("{} positions in a row, as --values has elements", size.stored_k));
    }
    const std::vector<std::uint8_t> positions = read_positions(array, size, first, count);
    if (const auto split = find_split_pair(size.type, positions)) {
        throw InputError(array.where(),
                         fmt::format("position {} at {}", positions[*split],
                                     array.index_text(first + *split / size.stored_k, *split % size.stored_k)),
                         fmt::format("{} kept in pairs of neighbours 2p, 2p + 1", name_of(size.type)));
    }
    std::vector<std::uint8_t> codes = codes_from_positions(size.type, positions);
    if (const auto twice = find_code_violation(size.type, codes, count, size.stored_k)) {
        throw InputError(array.where(),
                         fmt::format("a position twice in row {}, group {}", first + twice->row, twice->group),
                         "different positions in each group");
    }
    return codes;
}

}  // namespace stcsim
