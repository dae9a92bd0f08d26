#include "sparsity/kept_positions.h"

#include <fmt/format.h>

#include "base/error.h"
#include "numerics/sparse_pattern.h"

namespace stcsim {

std::vector<std::uint8_t> positions_from_codes(ElementType type, std::span<const std::uint8_t> codes) {
    const std::uint32_t unit = sparse_pattern_of(type).unit;
    std::vector<std::uint8_t> positions;
    positions.reserve(codes.size() * unit);
    for (const std::uint8_t code : codes) {
        for (std::uint32_t i = 0; i < unit; ++i) positions.push_back(static_cast<std::uint8_t>(code * unit + i));
    }
    return positions;
}

std::vector<std::uint8_t> codes_from_positions(ElementType type, std::span<const std::uint8_t> positions,
                                               std::size_t stored_k) {
    const std::uint32_t unit = sparse_pattern_of(type).unit;
    STCSIM_ASSERT(stored_k % unit == 0 && (stored_k == 0 ? positions.empty() : positions.size() % stored_k == 0));
    std::vector<std::uint8_t> codes;
    codes.reserve(positions.size() / unit);
    for (std::size_t first = 0; first < positions.size(); first += unit) {
        const auto code = static_cast<std::uint8_t>(positions[first] / unit);
        for (std::uint32_t i = 0; i < unit; ++i) {
            if (positions[first + i] == code * unit + i) continue;
            throw InputError(
                {},
                fmt::format("position {} of stored element [{}, {}]", positions[first + i], (first + i) / stored_k,
                            (first + i) % stored_k),
                fmt::format("{} kept in pairs of neighbours 2p, 2p + 1: position {}", name_of(type), code * unit + i));
        }
        codes.push_back(code);
    }
    return codes;
}

}  // namespace stcsim
