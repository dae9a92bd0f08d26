#include "isa/metadata_fragment.h"

#include <fmt/format.h>

#include "base/error.h"

namespace stcsim {
namespace {

constexpr std::uint32_t quad = 4;
constexpr std::uint32_t half_rows = 8;  ///< rows between the low and the high half of E

struct NibbleLocation {
    std::uint32_t lane;
    std::uint32_t shift;
};

/// Metadata words of each row: f16 has 16 columns per word, tf32 8.
std::uint32_t words_per_row(const MmaInstruction& instruction) {
    return instruction.shape.k / (sparse_pattern_of(instruction.a).group * groups_per_metadata_word);
}

NibbleLocation nibble_location(const MmaInstruction& instruction, std::uint32_t selector, std::uint32_t row,
                               std::uint32_t group) {
    const std::uint32_t word = group / groups_per_metadata_word;
    const std::uint32_t thread = selector * words_per_row(instruction) + word;
    return {quad * (row % half_rows) + thread, 16 * (row / half_rows) + 4 * (group % groups_per_metadata_word)};
}

void check_selector(const MmaInstruction& instruction, std::uint32_t selector) {
    const std::uint32_t selectors = sparsity_selectors(instruction);
    if (selector < selectors) return;
    throw InputError({}, fmt::format("sparsity selector {} of {}", selector, instruction.name()),
                     selectors == 0 ? std::string("a sparse instruction (mma.sp)")
                                    : fmt::format("a selector from 0 to {}", selectors - 1));
}

/// Calls visit(row, group, nibble location) in row-major order.
template <typename Visit>
void for_each_nibble(const MmaInstruction& instruction, std::uint32_t selector, Visit visit) {
    check_selector(instruction, selector);
    const std::uint32_t groups = instruction.shape.k / sparse_pattern_of(instruction.a).group;
    for (std::uint32_t row = 0; row < instruction.shape.m; ++row) {
        for (std::uint32_t group = 0; group < groups; ++group) {
            visit(row, group, nibble_location(instruction, selector, row, group));
        }
    }
}

}  // namespace

std::uint32_t sparsity_selectors(const MmaInstruction& instruction) {
    return instruction.sparse ? quad / words_per_row(instruction) : 0U;
}

bool supplies_metadata(const MmaInstruction& instruction, std::uint32_t selector, LaneIndex lane) {
    check_selector(instruction, selector);
    return lane.value() % quad / words_per_row(instruction) == selector;
}

void encode_metadata(const MmaInstruction& instruction, std::span<const std::uint8_t> codes, std::uint32_t selector,
                     WarpRegister& e) {
    STCSIM_ASSERT(codes.size() == std::size_t{instruction.shape.m} * instruction.stored_k());
    const std::uint32_t kept = sparse_pattern_of(instruction.a).kept;
    std::size_t next = 0;
    for_each_nibble(instruction, selector, [&](std::uint32_t, std::uint32_t, NibbleLocation at) {
        const std::uint32_t nibble =
            encode_nibble(instruction.a, {codes[next], kept == 2 ? codes[next + 1] : std::uint8_t{0}});
        e[at.lane] = (e[at.lane] & ~(0xFU << at.shift)) | nibble << at.shift;
        next += kept;
    });
}

std::vector<std::uint8_t> decode_metadata(const MmaInstruction& instruction, const WarpRegister& e,
                                          std::uint32_t selector) {
    const std::uint32_t kept = sparse_pattern_of(instruction.a).kept;
    std::vector<std::uint8_t> codes(std::size_t{instruction.shape.m} * instruction.stored_k());
    std::size_t next = 0;
    for_each_nibble(instruction, selector, [&](std::uint32_t, std::uint32_t, NibbleLocation at) {
        const GroupCodes decoded = decode_nibble(instruction.a, e[at.lane] >> at.shift & 0xFU);
        for (std::uint32_t i = 0; i < kept; ++i) codes[next++] = decoded[i];
    });
    return codes;
}

std::optional<MetadataViolation> find_metadata_violation(const MmaInstruction& instruction, const WarpRegister& e,
                                                         std::uint32_t selector, CodeOrder order) {
    std::optional<MetadataViolation> first;
    for_each_nibble(instruction, selector, [&](std::uint32_t row, std::uint32_t group, NibbleLocation at) {
        const std::uint32_t nibble = e[at.lane] >> at.shift & 0xFU;
        if (!first && !is_legal_nibble(instruction.a, nibble, order)) {
            first = MetadataViolation{row, group, LaneIndex(at.lane), nibble};
        }
    });
    return first;
}

}  // namespace stcsim
