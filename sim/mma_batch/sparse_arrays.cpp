#include "mma_batch/sparse_arrays.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "isa/metadata_fragment.h"
#include "numerics/sparse_pattern.h"

namespace stcsim {
namespace {

constexpr std::array integer_types{NpyType::u1, NpyType::i1, NpyType::u2, NpyType::i2,
                                   NpyType::u4, NpyType::i4, NpyType::u8, NpyType::i8};
constexpr std::array word_types{NpyType::u4, NpyType::i4};

}  // namespace

PositionArray::PositionArray(std::string_view option, const std::filesystem::path& file,
                             const MmaInstruction& instruction)
    : instruction_(instruction), array_(option, file, integer_types) {
    const std::vector<std::size_t> shape{instruction.shape.m, instruction.stored_k()};
    (void)array_.match_shape({&shape, 1});
}

std::vector<std::uint8_t> PositionArray::codes(std::size_t of_case) const {
    const SparsePattern pattern = sparse_pattern_of(instruction_.a);
    const std::size_t stored = std::size_t{instruction_.shape.m} * instruction_.stored_k();
    std::vector<std::uint8_t> codes;
    codes.reserve(stored / pattern.unit);
    for (std::size_t i = 0; i < stored; i += pattern.unit) {
        codes.push_back(code(of_case, i));
        if (codes.size() % pattern.codes() == 0) {
            check_group(of_case, i + pattern.unit - pattern.kept, &codes[codes.size() - pattern.codes()]);
        }
    }
    return codes;
}

std::uint8_t PositionArray::code(std::size_t of_case, std::size_t position) const {
    const SparsePattern pattern = sparse_pattern_of(instruction_.a);
    for (std::size_t i = position; i < position + pattern.unit; ++i) {
        const std::int64_t value = array_.integer(of_case, i);
        if (value < 0 || value >= pattern.group) {
            array_.refuse(of_case, i, fmt::format("position {}", value),
                          fmt::format("0 to {} in a group of {}", pattern.group - 1, pattern.group));
        }
    }
    const std::int64_t first = array_.integer(of_case, position);
    if (pattern.unit == 2) {
        const std::int64_t second = array_.integer(of_case, position + 1);
        if (first % 2 != 0 || second != first + 1) {
            array_.refuse(of_case, position, fmt::format("positions {} and {} of a pair", first, second),
                          fmt::format("neighbours 2 p and 2 p + 1, which {} keeps together", name_of(instruction_.a)));
        }
    }
    return static_cast<std::uint8_t>(first / pattern.unit);
}

void PositionArray::check_group(std::size_t of_case, std::size_t position, const std::uint8_t* codes) const {
    const SparsePattern pattern = sparse_pattern_of(instruction_.a);
    if (pattern.codes() < 2) return;
    const std::uint32_t first = codes[0] * pattern.unit;
    const std::uint32_t second = codes[1] * pattern.unit;
    const char* const whose = pattern.unit == 2 ? "pairs" : "values";
    if (first == second) {
        array_.refuse(of_case, position, fmt::format("both {} of a group at position {}", whose, first),
                      "two different positions");
    }
    if (first > second && instruction_.metadata_order == CodeOrder::ascending) {
        array_.refuse(of_case, position, fmt::format("{} of a group at positions {}, {}", whose, first, second),
                      fmt::format("ascending positions, as {} wants them", instruction_.name()));
    }
}

MetadataArray::MetadataArray(std::string_view option, const std::filesystem::path& file,
                             const MmaInstruction& instruction, std::uint32_t selector)
    : instruction_(instruction), selector_(selector), array_(option, file, word_types) {
    const std::uint32_t selectors = sparsity_selectors(instruction);
    if (selector >= selectors) {
        throw InputError({}, fmt::format("sparsity selector {}", selector),
                         selectors == 1 ? fmt::format("0, the only one of {}", instruction.name())
                                        : fmt::format("0 to {} for {}", selectors - 1, instruction.name()));
    }
    const std::vector<std::size_t> shape{warp_lanes};
    (void)array_.match_shape({&shape, 1});
}

WarpRegister MetadataArray::words(std::size_t of_case) const {
    std::array<std::uint64_t, warp_lanes> bits{};
    array_.copy_bits(of_case, bits);
    WarpRegister words{};
    std::ranges::transform(bits, words.begin(), [](std::uint64_t word) { return static_cast<std::uint32_t>(word); });
    return words;
}

std::vector<std::uint8_t> MetadataArray::codes(std::size_t of_case) const {
    const WarpRegister e = words(of_case);
    const auto violation = find_metadata_violation(instruction_, e, selector_, instruction_.metadata_order);
    if (violation) {
        const bool ordered = instruction_.metadata_order == CodeOrder::ascending;
        array_.refuse(
            of_case, violation->lane.value(),
            fmt::format("the bits 0x{:X} for row {}, group {}", violation->nibble, violation->row, violation->group),
            instruction_.a == ElementType::tf32
                ? std::string("0x4 or 0xE")
                : fmt::format("two different{} 2-bit codes", ordered ? ", ascending" : ""));
    }
    return decode_metadata(instruction_, e, selector_);
}

}  // namespace stcsim
