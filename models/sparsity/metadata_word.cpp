#include "sparsity/metadata_word.h"

#include "base/error.h"

namespace stcsim {
namespace {

/// Packed metadata of a matrix, as positions of nibbles.
struct Packing {
    std::uint32_t groups_per_element;
    std::size_t groups;
    std::size_t elements_per_row;

    Packing(ElementType input, std::size_t stored_k)
        : groups_per_element(groups_per_metadata_element(input)),
          groups(stored_k / sparse_pattern_of(input).kept),
          elements_per_row(metadata_elements_per_row(input, stored_k)) {
        STCSIM_ASSERT(stored_k % sparse_pattern_of(input).kept == 0);
    }

    [[nodiscard]] std::size_t element(std::size_t row, std::size_t group) const {
        return row * elements_per_row + group / groups_per_element;
    }
    [[nodiscard]] std::uint32_t shift(std::size_t group) const {
        return 4 * static_cast<std::uint32_t>(group % groups_per_element);
    }
};

}  // namespace

std::string_view legal_nibbles(ElementType input, CodeOrder order) {
    if (input == ElementType::tf32) return "0x4 (the first of two) or 0xe (the second)";
    return order == CodeOrder::ascending ? "two different positions, the lower one in the low bits"
                                         : "two different positions";
}

std::vector<std::uint32_t> pack_metadata(ElementType input, std::span<const std::uint8_t> codes, std::size_t rows,
                                         std::size_t stored_k) {
    const Packing packing(input, stored_k);
    const std::uint32_t per_group = sparse_pattern_of(input).codes();
    STCSIM_ASSERT(codes.size() == rows * packing.groups * per_group);
    std::vector<std::uint32_t> elements(rows * packing.elements_per_row);
    const std::size_t padded_groups = packing.elements_per_row * packing.groups_per_element;
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t group = 0; group < padded_groups; ++group) {
            std::uint32_t nibble = padding_nibble;
            if (group < packing.groups) {
                const std::uint8_t* first = codes.data() + (row * packing.groups + group) * per_group;
                nibble = encode_nibble(input, {first[0], per_group == 2 ? first[1] : std::uint8_t{0}});
            }
            elements[packing.element(row, group)] |= nibble << packing.shift(group);
        }
    }
    return elements;
}

std::vector<std::uint8_t> unpack_metadata(ElementType input, std::span<const std::uint32_t> elements, std::size_t rows,
                                          std::size_t stored_k) {
    const Packing packing(input, stored_k);
    const std::uint32_t per_group = sparse_pattern_of(input).codes();
    STCSIM_ASSERT(elements.size() == rows * packing.elements_per_row);
    std::vector<std::uint8_t> codes;
    codes.reserve(rows * packing.groups * per_group);
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t group = 0; group < packing.groups; ++group) {
            const std::uint32_t element = elements[packing.element(row, group)];
            const GroupCodes decoded = decode_nibble(input, element >> packing.shift(group) & 0xFU);
            codes.insert(codes.end(), decoded.begin(), decoded.begin() + per_group);
        }
    }
    return codes;
}

std::optional<IllegalNibble> find_illegal_nibble(ElementType input, std::span<const std::uint32_t> elements,
                                                 std::size_t rows, std::size_t stored_k, CodeOrder order) {
    const Packing packing(input, stored_k);
    STCSIM_ASSERT(elements.size() == rows * packing.elements_per_row);
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t group = 0; group < packing.groups; ++group) {
            const std::uint32_t nibble = elements[packing.element(row, group)] >> packing.shift(group) & 0xFU;
            if (!is_legal_nibble(input, nibble, order)) return IllegalNibble{row, group, nibble};
        }
    }
    return std::nullopt;
}

}  // namespace stcsim
