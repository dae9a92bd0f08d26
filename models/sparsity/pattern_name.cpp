#include "sparsity/pattern_name.h"

#include <array>
#include <utility>

#include "base/error.h"

namespace stcsim {
namespace {

constexpr std::array<std::pair<std::string_view, SparsePattern>, 3> patterns{
    {{"2:4", two_of_four}, {"1:2", one_of_two}, {"4:8", four_of_eight_in_pairs}}};

}  // namespace

std::string_view name_of(const SparsePattern& pattern) {
    for (const auto& [name, named] : patterns) {
        if (named == pattern) return name;
    }
    STCSIM_ASSERT(!"a pattern of the hardware");
    return {};
}

std::optional<SparsePattern> sparse_pattern_named(std::string_view name) {
    for (const auto& [known, pattern] : patterns) {
        if (known == name) return pattern;
    }
    return std::nullopt;
}

bool has_sparse_instruction(ElementType type) {
    switch (type) {
        case ElementType::f16:
        case ElementType::bf16:
        case ElementType::tf32:
        case ElementType::s8:
        case ElementType::u8:
        case ElementType::s4:
        case ElementType::u4: return true;
        default: return false;
    }
}

}  // namespace stcsim
