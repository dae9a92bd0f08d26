#include "sparsity/metadata_word.h"

#include "base/error.h"
#include "base/units.h"

namespace stcsim {

std::vector<std::uint16_t> pack_metadata(ElementType input, std::span<const std::uint8_t> codes, std::size_t rows,
                                         std::size_t stored_k) {
    const std::size_t kept = sparse_pattern_of(input).kept;
    STCSIM_ASSERT(stored_k % kept == 0 && codes.size() == rows * stored_k);
    const std::size_t groups = stored_k / kept;
    const std::size_t words_per_row = ceil_divide<std::size_t>(groups, groups_per_metadata_word);
    std::vector<std::uint16_t> words(rows * words_per_row);
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t group = 0; group < words_per_row * groups_per_metadata_word; ++group) {
            std::uint32_t nibble = padding_nibble;
            if (group < groups) {
                const std::uint8_t* first = codes.data() + row * stored_k + group * kept;
                nibble = encode_nibble(input, {first[0], kept == 2 ? first[1] : std::uint8_t{0}});
            }
            std::uint16_t& word = words[row * words_per_row + group / groups_per_metadata_word];
            word = static_cast<std::uint16_t>(word | nibble << 4 * (group % groups_per_metadata_word));
        }
    }
    return words;
}

std::vector<std::uint8_t> unpack_metadata(ElementType input, std::span<const std::uint16_t> words, std::size_t rows,
                                          std::size_t stored_k) {
    const std::size_t kept = sparse_pattern_of(input).kept;
    const std::size_t groups = stored_k / kept;
    const std::size_t words_per_row = ceil_divide<std::size_t>(groups, groups_per_metadata_word);
    STCSIM_ASSERT(stored_k % kept == 0 && words.size() == rows * words_per_row);
    std::vector<std::uint8_t> codes(rows * stored_k);
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t group = 0; group < groups; ++group) {
            const std::uint32_t word = words[row * words_per_row + group / groups_per_metadata_word];
            const GroupCodes decoded = decode_nibble(input, word >> 4 * (group % groups_per_metadata_word) & 0xFU);
            for (std::size_t i = 0; i < kept; ++i) codes[row * stored_k + group * kept + i] = decoded[i];
        }
    }
    return codes;
}

}  // namespace stcsim
