#include "sparsify/metadata_order.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "isa/metadata_fragment.h"
#include "isa/metadata_layout.h"
#include "sparsity/metadata_word.h"
#include "sparsity/structured_sparsity.h"

namespace stcsim {
namespace {

using enum MetadataOrder;

constexpr std::array<std::pair<std::string_view, MetadataOrder>, 5> orders{{{"codes", codes},
                                                                            {"row-major", row_major},
                                                                            {"reordered", reordered},
                                                                            {"reordered-along-k", reordered_along_k},
                                                                            {"lanes", lanes}}};

BlockOrder block_order(MetadataOrder order) {
    return order == reordered_along_k ? BlockOrder::along_k : BlockOrder::along_rows;
}

std::size_t codes_per_row(const MetadataSize& size) {
    return size.stored_k / sparse_pattern_of(size.type).unit;
}

NpyArray filled(NpyType type, std::vector<std::size_t> shape, std::span<const std::uint64_t> bits) {
    NpyArray array(type, std::move(shape));
    array.set_bits(0, bits);
    return array;
}

/// Columns of the matrix that a metadata element describes.
std::size_t columns_per_element(ElementType type) {
    return std::size_t{groups_per_metadata_element(type)} * sparse_pattern_of(type).group;
}

/// Words in memory order as the array of 16-bit or 32-bit elements that has the same bytes.
NpyArray memory_array(const MetadataSize& size, std::span<const std::uint32_t> words) {
    NpyArray array(array_type(reordered, size.type), reordered_shape(size));
    STCSIM_ASSERT(array.data.size() == words.size_bytes());
    std::ranges::copy(std::as_bytes(words), array.data.begin());
    return array;
}

/// Throws InputError unless the array is of integers of one of two widths.
void check_integers(const NpyRows& array, std::size_t width, std::size_t other_width, const char* expected) {
    const std::size_t found = width_of(array.type());
    if (is_integer(array.type()) && array.type() != NpyType::b1 && (found == width || found == other_width)) return;
    throw InputError(array.where(), fmt::format("an array of {}", numpy_name_of(array.type())), expected);
}

void check_columns(const NpyRows& array, std::size_t columns, const char* what) {
    if (array.columns() == columns) return;
    throw InputError(array.where(), fmt::format("shape {}", shape_text(array.shape())),
                     fmt::format("{} {} in a row", columns, what));
}

/// Throws InputError for the first illegal nibble; `first` is the row that the first element belongs to.
void check_nibbles(const NpyRows& array, const MetadataSize& size, std::span<const std::uint32_t> elements,
                   std::size_t first, std::size_t count) {
    const auto illegal = find_illegal_nibble(size.type, elements, count, size.stored_k, CodeOrder::any);
    if (!illegal) return;
    throw InputError(array.where(),
                     fmt::format("the illegal codes {:#x} of row {}, group {}", illegal->nibble, first + illegal->row,
                                 illegal->group),
                     std::string(legal_nibbles(size.type, CodeOrder::any)));
}

std::vector<std::uint32_t> pack_codes(const NpyRows& array, const MetadataSize& size, std::size_t first,
                                      std::size_t count) {
    const NpyArray block = array.read(first, count);
    const std::uint32_t positions = sparse_pattern_of(size.type).positions();
    std::vector<std::uint8_t> codes(block.elements());
    for (std::size_t i = 0; i < codes.size(); ++i) {
        const std::int64_t code = block.integer(i);
        if (code < 0 || code >= positions) {
            throw InputError(
                array.where(),
                fmt::format("code {} at {}", code, array.index_text(first + i / array.columns(), i % array.columns())),
                fmt::format("0 to {}", positions - 1));
        }
        codes[i] = static_cast<std::uint8_t>(code);
    }
    const auto twice = find_code_violation(size.type, codes, count, size.stored_k);
    if (twice) {
        throw InputError(
            array.where(),
            fmt::format("code {} twice in row {}, group {}", twice->code, first + twice->row, twice->group),
            "two different codes in each group");
    }
    return pack_metadata(size.type, codes, count, size.stored_k);
}

/// The elements of an array in memory order, as words of 32 bits.
std::vector<std::uint32_t> memory_words(const NpyRows& array, const MetadataSize& size) {
    const std::size_t bits = metadata_element_bits(size.type);
    check_integers(array, bits / 8, 4, bits == 16 ? "uint16, int16, or uint32 or int32 words" : "uint32 or int32");
    const MetadataLayout layout = metadata_layout(size.type, size.rows, size.stored_k);
    const NpyArray whole = array.read(0, array.rows());
    if (whole.data.size() != layout.words() * 4) {
        throw InputError(array.where(), fmt::format("shape {}", shape_text(array.shape())),
                         fmt::format("{} elements of {} bits for {} rows of {} kept elements",
                                     layout.words() * 32 / bits, bits, size.rows, size.stored_k));
    }
    const std::size_t parts = 4 / width_of(array.type());
    std::vector<std::uint32_t> words(layout.words());
    for (std::size_t i = 0; i < whole.elements(); ++i) {
        words[i / parts] |= static_cast<std::uint32_t>(whole.bits(i)) << 16U * (i % parts);
    }
    return words;
}

std::vector<WarpRegister> lane_registers(const NpyRows& array, const MetadataForm& form, const MetadataSize& size) {
    check_integers(array, 4, 4, "uint32 or int32");
    check_columns(array, warp_lanes, "lanes");
    const MmaInstruction& instruction = *form.instruction;
    const std::size_t steps = ceil_divide<std::size_t>(size.stored_k, instruction.stored_k());
    const std::size_t instructions = ceil_divide<std::size_t>(size.rows, instruction.shape.m) * steps;
    if (array.rows() != instructions) {
        throw InputError(
            array.where(), fmt::format("shape {}", shape_text(array.shape())),
            fmt::format("[{}, 32] for {} rows of {} kept elements", instructions, size.rows, size.stored_k));
    }
    const NpyArray whole = array.read(0, array.rows());
    std::vector<WarpRegister> registers(instructions);
    for (std::size_t i = 0; i < whole.elements(); ++i) {
        registers[i / warp_lanes][i % warp_lanes] = static_cast<std::uint32_t>(whole.bits(i));
    }
    for (std::size_t i = 0; i < instructions; ++i) {
        const auto illegal = find_metadata_violation(instruction, registers[i], form.selector, CodeOrder::any);
        if (!illegal) continue;
        throw InputError(
            array.where(),
            fmt::format("the illegal codes {:#x} in lane {} of instruction {}: row {}, group {} of the matrix",
                        illegal->nibble, illegal->lane.value(), i, i / steps * instruction.shape.m + illegal->row,
                        i % steps * (instruction.shape.k / sparse_pattern_of(size.type).group) + illegal->group),
            std::string(legal_nibbles(size.type, CodeOrder::any)));
    }
    return registers;
}

}  // namespace

std::string_view name_of(MetadataOrder order) {
    for (const auto& [name, known] : orders) {
        if (known == order) return name;
    }
    STCSIM_ASSERT(!"an order of metadata");
    return {};
}

std::optional<MetadataOrder> metadata_order_named(std::string_view name) {
    for (const auto& [known, order] : orders) {
        if (known == name) return order;
    }
    return std::nullopt;
}

std::vector<std::string> metadata_order_names() {
    std::vector<std::string> names;
    for (const auto& [name, order] : orders) names.emplace_back(name);
    return names;
}

NpyType array_type(MetadataOrder order, ElementType type) {
    if (order == codes) return NpyType::u1;
    return order == lanes || metadata_element_bits(type) == 32 ? NpyType::u4 : NpyType::u2;
}

std::vector<std::size_t> reordered_shape(const MetadataSize& size) {
    const MetadataLayout layout = metadata_layout(size.type, size.rows, size.stored_k);
    return {layout.row_blocks * metadata_block_rows(size.type),
            layout.k_blocks * metadata_block_columns(size.type) / columns_per_element(size.type)};
}

NpyArray metadata_array(const MetadataForm& form, const MetadataSize& size, std::span<const std::uint32_t> elements) {
    const NpyType type = array_type(form.order, size.type);
    if (form.order == row_major) {
        const std::vector<std::uint64_t> bits(elements.begin(), elements.end());
        return filled(type, {size.rows, metadata_elements_per_row(size.type, size.stored_k)}, bits);
    }
    if (form.order == reordered || form.order == reordered_along_k) {
        return memory_array(
            size, reorder_packed_metadata(size.type, elements, size.rows, size.stored_k, block_order(form.order)));
    }
    const std::vector<std::uint8_t> unpacked = unpack_metadata(size.type, elements, size.rows, size.stored_k);
    if (form.order == codes) {
        const std::vector<std::uint64_t> bits(unpacked.begin(), unpacked.end());
        return filled(type, {size.rows, codes_per_row(size)}, bits);
    }
    const auto registers = lane_metadata(*form.instruction, form.selector, unpacked, size.rows, size.stored_k);
    std::vector<std::uint64_t> bits;
    for (const WarpRegister& e : registers) bits.insert(bits.end(), e.begin(), e.end());
    return filled(type, {registers.size(), warp_lanes}, bits);
}

std::vector<std::uint32_t> read_metadata_rows(const NpyRows& array, MetadataOrder order, const MetadataSize& size,
                                              std::size_t first, std::size_t count) {
    if (order == codes) {
        if (!is_integer(array.type()) || array.type() == NpyType::b1)
            check_integers(array, 0, 0, "integers, such as uint8");
        check_columns(array, codes_per_row(size), "codes");
        return pack_codes(array, size, first, count);
    }
    STCSIM_ASSERT(order == row_major);
    const std::size_t bytes = metadata_element_bits(size.type) / 8;
    check_integers(array, bytes, bytes, bytes == 2 ? "uint16 or int16" : "uint32 or int32");
    check_columns(array, metadata_elements_per_row(size.type, size.stored_k), "metadata elements");
    const NpyArray block = array.read(first, count);
    std::vector<std::uint32_t> elements(block.elements());
    for (std::size_t i = 0; i < elements.size(); ++i) elements[i] = static_cast<std::uint32_t>(block.bits(i));
    check_nibbles(array, size, elements, first, count);
    return elements;
}

std::vector<std::uint32_t> read_metadata(const NpyRows& array, const MetadataForm& form, const MetadataSize& size) {
    if (form.order == codes || form.order == row_major) {
        if (array.rows() != size.rows) {
            throw InputError(array.where(), fmt::format("shape {}", shape_text(array.shape())),
                             fmt::format("{} rows", size.rows));
        }
        return read_metadata_rows(array, form.order, size, 0, size.rows);
    }
    if (form.order == lanes) {
        return pack_metadata(size.type,
                             codes_of_lane_metadata(*form.instruction, form.selector, lane_registers(array, form, size),
                                                    size.rows, size.stored_k),
                             size.rows, size.stored_k);
    }
    std::vector<std::uint32_t> elements = restore_packed_metadata(size.type, memory_words(array, size), size.rows,
                                                                  size.stored_k, block_order(form.order));
    check_nibbles(array, size, elements, 0, size.rows);
    return elements;
}

}  // namespace stcsim
