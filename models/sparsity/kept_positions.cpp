#include "sparsity/kept_positions.h"

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

std::optional<std::size_t> find_split_pair(ElementType type, std::span<const std::uint8_t> positions) {
    const std::uint32_t unit = sparse_pattern_of(type).unit;
    STCSIM_ASSERT(positions.size() % unit == 0);
    for (std::size_t i = 0; i < positions.size(); ++i) {
        const std::uint32_t first = positions[i - i % unit] / unit * unit;
        if (positions[i] != first + i % unit) return i;
    }
    return std::nullopt;
}

std::vector<std::uint8_t> codes_from_positions(ElementType type, std::span<const std::uint8_t> positions) {
    STCSIM_ASSERT(!find_split_pair(type, positions));
    const std::uint32_t unit = sparse_pattern_of(type).unit;
    std::vector<std::uint8_t> codes;
    codes.reserve(positions.size() / unit);
    for (std::size_t first = 0; first < positions.size(); first += unit) {
        codes.push_back(static_cast<std::uint8_t>(positions[first] / unit));
    }
    return codes;
}

}  // namespace stcsim
