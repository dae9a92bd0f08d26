#include "executor/modifiers.h"

#include <array>
#include <utility>

namespace stcsim {

std::optional<PtxType> ptx_type_named(std::string_view name) {
    using enum PtxType;
    static constexpr std::array<std::pair<std::string_view, PtxType>, 21> names{{
        {"pred", pred}, {"b8", b8},   {"b16", b16}, {"b32", b32},   {"b64", b64},     {"b128", b128},
        {"u8", u8},     {"u16", u16}, {"u32", u32}, {"u64", u64},   {"s8", s8},       {"s16", s16},
        {"s32", s32},   {"s64", s64}, {"f16", f16}, {"bf16", bf16}, {"f16x2", f16x2}, {"bf16x2", bf16x2},
        {"tf32", tf32}, {"f32", f32}, {"f64", f64},
    }};
    for (const auto& [candidate, type] : names) {
        if (candidate == name) return type;
    }
    return std::nullopt;
}

}  // namespace stcsim
