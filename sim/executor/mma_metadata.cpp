#include "executor/mma_metadata.h"

#include <array>
#include <cstring>

#include "base/units.h"

namespace stcsim {
namespace {

/// The rows of B, in their group, that the two nibbles of a byte of metadata name; the second group is the next one.
using RowsOfByte = std::array<std::array<std::uint32_t, 4>, 256>;

constexpr RowsOfByte rows_of_bytes() {
    RowsOfByte rows{};
    for (std::uint32_t byte = 0; byte < rows.size(); ++byte) {
        for (std::uint32_t code = 0; code < 4; ++code) rows[byte][code] = (byte >> 2 * code & 3U) + (code < 2 ? 0 : 4);
    }
    return rows;
}

/// Nibbles by twos, as bytes, or nothing if they do not lie so.
std::vector<MetadataNibble> bytes_of(const std::vector<MetadataNibble>& nibbles) {
    std::vector<MetadataNibble> bytes;
    for (std::size_t i = 0; i + 1 < nibbles.size(); i += 2) {
        const MetadataNibble& low = nibbles[i];
        const MetadataNibble& high = nibbles[i + 1];
        if (low.row != high.row || low.lane != high.lane || low.group + 1 != high.group ||
            low.shift + 4 != high.shift) {
            return {};
        }
        bytes.push_back(low);
    }
    return bytes;
}

/// The lowest bit of each nibble of a word.
constexpr std::uint32_t low_bits = 0x11111111;

/// Of each nibble in its lowest bit: whether its two codes are different, the second is the greater one, or they name
/// the halves of one of two 32-bit elements.
constexpr std::uint32_t different_codes(std::uint32_t nibbles) {
    const std::uint32_t bits = nibbles ^ nibbles >> 2U;
    return (bits | bits >> 1U) & low_bits;
}
constexpr std::uint32_t ascending_codes(std::uint32_t nibbles) {
    const std::uint32_t greater = ~nibbles & nibbles >> 2U;  // bit by bit
    const std::uint32_t equal = ~(nibbles ^ nibbles >> 2U);
    return (greater >> 1U | (equal >> 1U & greater)) & low_bits;
}

constexpr std::uint32_t half_codes(std::uint32_t nibbles) {
    const std::uint32_t both_of_one = ~(nibbles >> 1U ^ nibbles >> 3U);
    return both_of_one & ~nibbles & nibbles >> 2U & low_bits;
}

/// A bit for each nibble of which this holds.
template <typename Holds>
constexpr std::uint32_t nibbles_where(Holds holds) {
    std::uint32_t set = 0;
    for (std::uint32_t nibble = 0; nibble < 16; ++nibble) set |= (holds(nibble) & 1U) << nibble;
    return set;
}
constexpr std::uint32_t different_pairs = nibbles_where(different_codes);
constexpr std::uint32_t ascending_pairs = nibbles_where(ascending_codes);
constexpr std::uint32_t word_halves = nibbles_where(half_codes);

/// The lanes that supply the nibbles, or nothing if some bits of theirs are not among them.
std::vector<std::uint32_t> whole_words_of(const std::vector<MetadataNibble>& nibbles) {
    std::array<std::uint32_t, warp_lanes> supplied{};
    for (const MetadataNibble& nibble : nibbles) supplied[nibble.lane] |= 0xFU << nibble.shift;
    std::vector<std::uint32_t> lanes;
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        if (supplied[lane] == ~0U) lanes.push_back(lane);
        if (supplied[lane] != 0 && supplied[lane] != ~0U) return {};
    }
    return lanes;
}

}  // namespace

MmaMetadata::MmaMetadata(const MmaInstruction& instruction) : type_(instruction.a) {
    for (std::uint32_t s = 0; s < sparsity_selectors(instruction); ++s) {
        nibbles_.push_back(metadata_nibbles(instruction, s));
        bytes_.push_back(bytes_of(nibbles_.back()));
        whole_words_.push_back(whole_words_of(nibbles_.back()));
    }
    for (std::uint32_t nibble = 0; nibble < 16; ++nibble) {
        if (is_legal_nibble(instruction.a, nibble, CodeOrder::any)) legal_any_ |= 1U << nibble;
        if (is_legal_nibble(instruction.a, nibble, CodeOrder::ascending)) legal_ascending_ |= 1U << nibble;
    }
}

bool MmaMetadata::all_words_legal(const std::uint32_t* e, std::uint32_t selector, std::uint32_t legal) const {
    const auto all = [&](auto holds) {
        std::uint32_t in_all = low_bits;
        for (const std::uint32_t lane : whole_words_[selector]) in_all &= holds(e[lane]);
        return in_all == low_bits;
    };
    if (whole_words_[selector].empty()) return false;
    if (legal == different_pairs) return all([](std::uint32_t word) { return different_codes(word); });
    if (legal == ascending_pairs) return all([](std::uint32_t word) { return ascending_codes(word); });
    return legal == word_halves && all([](std::uint32_t word) { return half_codes(word); });
}

const MetadataNibble* MmaMetadata::illegal_nibble(const std::uint32_t* e, std::uint32_t selector,
                                                  CodeOrder order) const {
    const std::uint32_t legal_nibbles = legal(order);
    if (all_words_legal(e, selector, legal_nibbles)) return nullptr;
    for (const MetadataNibble& nibble : nibbles_[selector]) {
        if ((legal_nibbles >> (e[nibble.lane] >> nibble.shift & 0xFU) & 1U) == 0) return &nibble;
    }
    return nullptr;
}

std::uint32_t MmaMetadata::illegal_rows(const std::uint32_t* e, std::uint32_t selector, CodeOrder order) const {
    const std::uint32_t legal_nibbles = legal(order);
    std::uint32_t rows = 0;
    for (const MetadataNibble& nibble : nibbles_[selector]) {
        if ((legal_nibbles >> (e[nibble.lane] >> nibble.shift & 0xFU) & 1U) == 0) rows |= 1U << nibble.row;
    }
    return rows;
}

std::uint32_t MmaMetadata::rows_of_lanes(std::uint32_t lanes, std::uint32_t selector) const {
    std::uint32_t rows = 0;
    for (const MetadataNibble& nibble : nibbles_[selector]) rows |= (lanes >> nibble.lane & 1U) << nibble.row;
    return rows;
}

void MmaMetadata::select_rows(const std::uint32_t* e, std::uint32_t selector, std::uint32_t* rows) const {
    // Nibbles come in the order of the stored elements.
    if (type_ == ElementType::tf32) {
        for (const MetadataNibble& nibble : nibbles_[selector]) {
            *rows++ = 2 * nibble.group + (e[nibble.lane] >> (nibble.shift + 1) & 1U);
        }
        return;
    }
    if (!bytes_[selector].empty()) {
        static constexpr RowsOfByte rows_of_byte = rows_of_bytes();
        for (const MetadataNibble& byte : bytes_[selector]) {
            auto four = rows_of_byte[e[byte.lane] >> byte.shift & 0xFFU];
            for (std::uint32_t& row : four) row += 4 * byte.group;
            std::memcpy(rows, four.data(), sizeof four);
            rows += four.size();
        }
        return;
    }
    for (const MetadataNibble& nibble : nibbles_[selector]) {
        const std::uint32_t codes = e[nibble.lane] >> nibble.shift;
        *rows++ = 4 * nibble.group + (codes & 3U);
        *rows++ = 4 * nibble.group + (codes >> 2U & 3U);
    }
}

}  // namespace stcsim
