#include "isa/metadata_fragment.h"

#include <fmt/format.h>

#include "base/error.h"

namespace stcsim {
namespace {

constexpr std::uint32_t quad = 4;
constexpr std::uint32_t half_rows = 8;  ///< between the two rows of A whose metadata a quad holds
constexpr std::uint32_t register_bits = 32;

struct NibbleLocation {
    std::uint32_t lane;
    std::uint32_t shift;
};

/// Groups of a row of A.
std::uint32_t groups_per_row(const MmaInstruction& instruction) {
    return instruction.shape.k / sparse_pattern_of(instruction.a).group;
}

/// Threads of each quad that an instruction reads E from: those that the nibbles of two rows fill.
std::uint32_t threads_per_quad(const MmaInstruction& instruction) {
    return 2 * 4 * groups_per_row(instruction) / register_bits;
}

NibbleLocation nibble_location(const MmaInstruction& instruction, std::uint32_t selector, std::uint32_t row,
                               std::uint32_t group) {
    const std::uint32_t groups = groups_per_metadata_element(instruction.a);
    const std::uint32_t element = group / groups;
    const std::uint32_t half = row / half_rows;
    const bool shares = metadata_element_bits(instruction.a) < register_bits;  // both rows in one register
    const std::uint32_t thread = selector * threads_per_quad(instruction) + (shares ? element : 2 * element + half);
    return {quad * (row % half_rows) + thread, (shares ? 16 * half : 0) + 4 * (group % groups)};
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
    const std::uint32_t groups = groups_per_row(instruction);
    for (std::uint32_t row = 0; row < instruction.shape.m; ++row) {
        for (std::uint32_t group = 0; group < groups; ++group) {
            visit(row, group, nibble_location(instruction, selector, row, group));
        }
    }
}

}  // namespace

std::uint32_t sparsity_selectors(const MmaInstruction& instruction) {
    return instruction.sparse ? quad / threads_per_quad(instruction) : 0U;
}

bool supplies_metadata(const MmaInstruction& instruction, std::uint32_t selector, LaneIndex lane) {
    check_selector(instruction, selector);
    return lane.value() % quad / threads_per_quad(instruction) == selector;
}

std::vector<MetadataNibble> metadata_nibbles(const MmaInstruction& instruction, std::uint32_t selector) {
    std::vector<MetadataNibble> nibbles;
    nibbles.reserve(std::size_t{instruction.shape.m} * groups_per_row(instruction));
    for_each_nibble(instruction, selector, [&](std::uint32_t row, std::uint32_t group, NibbleLocation at) {
        nibbles.push_back({row, group, at.lane, at.shift});
    });
    return nibbles;
}

std::uint32_t metadata_codes(const MmaInstruction& instruction) {
    return 2 * instruction.shape.m * groups_per_row(instruction);
}

void encode_metadata(const MmaInstruction& instruction, std::span<const std::uint8_t> codes, std::uint32_t selector,
                     WarpRegister& e) {
    const SparsePattern pattern = sparse_pattern_of(instruction.a);
    STCSIM_ASSERT(codes.size() == std::size_t{instruction.shape.m} * instruction.stored_k() / pattern.unit);
    std::size_t next = 0;
    for_each_nibble(instruction, selector, [&](std::uint32_t, std::uint32_t, NibbleLocation at) {
        const std::uint32_t nibble =
            encode_nibble(instruction.a, {codes[next], pattern.codes() == 2 ? codes[next + 1] : std::uint8_t{0}});
        e[at.lane] = (e[at.lane] & ~(0xFU << at.shift)) | nibble << at.shift;
        next += pattern.codes();
    });
}

std::vector<std::uint8_t> decode_metadata(const MmaInstruction& instruction, const WarpRegister& e,
                                          std::uint32_t selector) {
    const SparsePattern pattern = sparse_pattern_of(instruction.a);
    std::vector<std::uint8_t> codes;
    codes.reserve(std::size_t{instruction.shape.m} * instruction.stored_k() / pattern.unit);
    for_each_nibble(instruction, selector, [&](std::uint32_t, std::uint32_t, NibbleLocation at) {
        const GroupCodes decoded = decode_nibble(instruction.a, e[at.lane] >> at.shift & 0xFU);
        codes.insert(codes.end(), decoded.begin(), decoded.begin() + pattern.codes());
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
