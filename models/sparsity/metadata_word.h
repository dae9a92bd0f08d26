/// The 2-bit position codes of kept values, packed as the hardware reads them.
///
/// Each group of A along k has one nibble, whatever the type: the code of its first kept unit in bits 1:0, of its
/// second in bits 3:2. A code is the position of a unit in its group (numerics/sparse_pattern.h):
///  - f16, bf16, s8, u8 (2:4): the position of a value among four;
///  - s4, u4 (4:8 in pairs): the position of a pair among the four pairs of eight values;
///  - tf32 (1:2): one code, 0 or 1. The nibble describes the value as the two 16-bit halves it consists of: 0x4 keeps
///    the first value, 0xE the second.
/// Nibbles make metadata elements, lowest group in the lowest bits: 16 bits of four groups for f16, bf16 and tf32, 32
/// bits of eight groups for 8- and 4-bit integers. Either describes 128 bits of kept values.
/// Source: PTX ISA, "Sparse matrix storage" and "Matrix fragments for sparse mma".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "numerics/element_type.h"
#include "numerics/sparse_pattern.h"

namespace stcsim {

/// Which orders of a group's two codes are legal: mma.sp::ordered_metadata wants them ascending, mma.sp takes both.
enum class CodeOrder : std::uint8_t { ascending, any };

/// The nibble of positions 0 and 1 (tf32: of position 0), used where a matrix is padded.
inline constexpr std::uint32_t padding_nibble = 0x4;
/// A word of padding nibbles.
inline constexpr std::uint32_t padding_metadata = 0x11111111 * padding_nibble;

/// Codes of one group, as many as the pattern has; the rest is 0.
using GroupCodes = std::array<std::uint8_t, 2>;

/// Bits of a metadata element: 16 for 16-bit types and tf32, 32 for 8- and 4-bit integers.
constexpr std::uint32_t metadata_element_bits(ElementType input) {
    return bits_of(input) < 16 ? 32 : 16;
}
/// Groups of one row of A that a metadata element describes.
constexpr std::uint32_t groups_per_metadata_element(ElementType input) {
    return metadata_element_bits(input) / 4;
}
/// Metadata elements of a row of `stored_k` kept values, an incomplete one counted whole.
constexpr std::size_t metadata_elements_per_row(ElementType input, std::size_t stored_k) {
    const std::size_t stored = std::size_t{groups_per_metadata_element(input)} * sparse_pattern_of(input).kept;
    return (stored_k + stored - 1) / stored;
}

/// The nibble of a group's codes.
constexpr std::uint32_t encode_nibble(ElementType input, const GroupCodes& codes) {
    if (input == ElementType::tf32) return codes[0] == 0 ? 0x4U : 0xEU;
    return (codes[0] & 3U) | (codes[1] & 3U) << 2U;
}

/// The codes in a nibble, legal or not. For tf32 the half that the low code names decides.
constexpr GroupCodes decode_nibble(ElementType input, std::uint32_t nibble) {
    const auto low = static_cast<std::uint8_t>(nibble & 3U);
    if (input == ElementType::tf32) return {static_cast<std::uint8_t>(low >> 1U), 0};
    return {low, static_cast<std::uint8_t>(nibble >> 2U & 3U)};
}

/// Whether the hardware defines what the nibble does: distinct codes, in the order asked for; for tf32 0x4 or 0xE.
constexpr bool is_legal_nibble(ElementType input, std::uint32_t nibble, CodeOrder order) {
    if (input == ElementType::tf32) return nibble == 0x4 || nibble == 0xE;
    const std::uint32_t first = nibble & 3U;
    const std::uint32_t second = nibble >> 2U & 3U;
    return order == CodeOrder::ascending ? first < second : first != second;
}

/// What makes a nibble legal, for messages.
std::string_view legal_nibbles(ElementType input, CodeOrder order);

/// Codes, row-major rows x stored_k / unit, as metadata elements in the low bits of each word, row-major rows x
/// metadata_elements_per_row(). A row's last element is filled up with padding nibbles. `stored_k` is a multiple of
/// what a group keeps and `codes` has as many elements as said, or an invariant breaks.
std::vector<std::uint32_t> pack_metadata(ElementType input, std::span<const std::uint8_t> codes, std::size_t rows,
                                         std::size_t stored_k);

/// The inverse of pack_metadata, for legal nibbles and for illegal ones of the 2:4 and 4:8 types.
std::vector<std::uint8_t> unpack_metadata(ElementType input, std::span<const std::uint32_t> elements, std::size_t rows,
                                          std::size_t stored_k);

/// A nibble with codes the hardware does not define.
struct IllegalNibble {
    std::size_t row;    ///< of A
    std::size_t group;  ///< along k
    std::uint32_t nibble;

    bool operator==(const IllegalNibble&) const = default;
};

/// The first illegal nibble of packed metadata by row, then group; padding is not looked at.
std::optional<IllegalNibble> find_illegal_nibble(ElementType input, std::span<const std::uint32_t> elements,
                                                 std::size_t rows, std::size_t stored_k, CodeOrder order);

}  // namespace stcsim
