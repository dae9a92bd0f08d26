/// The 2-bit position codes of kept values, packed as the hardware reads them.
///
/// Each group of A along k has one nibble: the code of its first kept value in bits 1:0, of its second in bits 3:2.
/// tf32 keeps one value of two and describes it as the two 16-bit halves it consists of: 0x4 is the first, 0xE the
/// second. Four nibbles make a 16-bit word, lowest group in the lowest bits, so a word covers 16 columns of 16-bit
/// elements and 8 of tf32. Source: PTX ISA, "Sparse matrix storage" and "Matrix fragments for sparse mma".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "numerics/element_type.h"
#include "numerics/sparse_pattern.h"

namespace stcsim {

/// Which orders of a group's two codes are legal: mma.sp::ordered_metadata wants them ascending, mma.sp takes both.
enum class CodeOrder : std::uint8_t { ascending, any };

inline constexpr std::uint32_t groups_per_metadata_word = 4;

/// The nibble of positions 0 and 1 (tf32: of position 0), used where a matrix is padded.
inline constexpr std::uint32_t padding_nibble = 0x4;

/// Codes of one group, as many as the pattern keeps; the rest is 0.
using GroupCodes = std::array<std::uint8_t, 2>;

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

/// Codes, row-major rows x stored_k, as 16-bit words, row-major rows x ceil(groups / 4). A row's last word is filled up
/// with padding nibbles. `stored_k` is a multiple of what a group keeps and `codes` has rows * stored_k elements, or an
/// invariant breaks.
std::vector<std::uint16_t> pack_metadata(ElementType input, std::span<const std::uint8_t> codes, std::size_t rows,
                                         std::size_t stored_k);

/// The inverse of pack_metadata.
std::vector<std::uint8_t> unpack_metadata(ElementType input, std::span<const std::uint16_t> words, std::size_t rows,
                                          std::size_t stored_k);

}  // namespace stcsim
