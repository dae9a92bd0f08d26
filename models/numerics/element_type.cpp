#include "numerics/element_type.h"

#include <array>
#include <utility>

namespace stcsim {
namespace {

constexpr std::array<std::pair<ElementType, std::string_view>, 11> names{{
    {ElementType::f16, "f16"},
    {ElementType::bf16, "bf16"},
    {ElementType::tf32, "tf32"},
    {ElementType::f32, "f32"},
    {ElementType::f64, "f64"},
    {ElementType::s8, "s8"},
    {ElementType::u8, "u8"},
    {ElementType::s4, "s4"},
    {ElementType::u4, "u4"},
    {ElementType::b1, "b1"},
    {ElementType::s32, "s32"},
}};

}  // namespace

std::string_view name_of(ElementType type) {
    for (const auto& [candidate, name] : names) {
        if (candidate == type) return name;
    }
    return "unknown";
}

std::optional<ElementType> element_type_named(std::string_view name) {
    for (const auto& [type, candidate] : names) {
        if (candidate == name) return type;
    }
    return std::nullopt;
}

}  // namespace stcsim
