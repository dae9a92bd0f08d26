#include "ptx/ptx_words.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"

namespace stcsim {
namespace {

template <typename Value>
using Word = std::pair<std::string_view, Value>;

constexpr std::array<Word<PtxType>, 21> types{{
    {"pred", PtxType::pred}, {"b8", PtxType::b8},         {"b16", PtxType::b16},   {"b32", PtxType::b32},
    {"b64", PtxType::b64},   {"b128", PtxType::b128},     {"u8", PtxType::u8},     {"u16", PtxType::u16},
    {"u32", PtxType::u32},   {"u64", PtxType::u64},       {"s8", PtxType::s8},     {"s16", PtxType::s16},
    {"s32", PtxType::s32},   {"s64", PtxType::s64},       {"f16", PtxType::f16},   {"f16x2", PtxType::f16x2},
    {"bf16", PtxType::bf16}, {"bf16x2", PtxType::bf16x2}, {"tf32", PtxType::tf32}, {"f32", PtxType::f32},
    {"f64", PtxType::f64},
}};

constexpr std::array<Word<PtxSpace>, 5> spaces{{
    {"const", PtxSpace::constant},
    {"global", PtxSpace::global},
    {"local", PtxSpace::local},
    {"param", PtxSpace::param},
    {"shared", PtxSpace::shared},
}};

using enum PtxSpecialRegister;
constexpr std::array<Word<PtxSpecialRegister>, 33> special_registers{{
    {"%tid.x", tid_x},
    {"%tid.y", tid_y},
    {"%tid.z", tid_z},
    {"%ntid.x", ntid_x},
    {"%ntid.y", ntid_y},
    {"%ntid.z", ntid_z},
    {"%ctaid.x", ctaid_x},
    {"%ctaid.y", ctaid_y},
    {"%ctaid.z", ctaid_z},
    {"%nctaid.x", nctaid_x},
    {"%nctaid.y", nctaid_y},
    {"%nctaid.z", nctaid_z},
    {"%laneid", laneid},
    {"%warpid", warpid},
    {"%nwarpid", nwarpid},
    {"%smid", smid},
    {"%nsmid", nsmid},
    {"%gridid", gridid},
    {"%lanemask_eq", lanemask_eq},
    {"%lanemask_le", lanemask_le},
    {"%lanemask_lt", lanemask_lt},
    {"%lanemask_ge", lanemask_ge},
    {"%lanemask_gt", lanemask_gt},
    {"%clock", PtxSpecialRegister::clock},
    {"%clock_hi", clock_hi},
    {"%clock64", clock64},
    {"%globaltimer", globaltimer},
    {"%globaltimer_lo", globaltimer_lo},
    {"%globaltimer_hi", globaltimer_hi},
    {"%total_smem_size", total_smem_size},
    {"%dynamic_smem_size", dynamic_smem_size},
    {"%envreg1", envreg1},
    {"%envreg2", envreg2},
}};

/// How the names of the other special registers begin (PTX ISA 9.0, "Special Registers").
constexpr std::array<std::string_view, 8> unsupported_registers{
    "%aggr_smem_size", "%cluster",    "%current_graph_exec",    "%envreg",
    "%is_explicit",    "%nclusterid", "%reserved_smem_offset_", "%pm",
};

template <typename Words>
auto value_of(const Words& words, std::string_view word) -> std::optional<typename Words::value_type::second_type> {
    const auto found = std::ranges::find(words, word, [](const auto& entry) { return entry.first; });
    if (found == words.end()) return std::nullopt;
    return found->second;
}

template <typename Words, typename Value>
std::string_view word_of(const Words& words, Value value) {
    const auto found = std::ranges::find(words, value, [](const auto& entry) { return entry.second; });
    STCSIM_ASSERT(found != words.end());
    return found->first;
}

}  // namespace

std::optional<PtxType> ptx_type_of(std::string_view word) {
    return value_of(types, word);
}

std::string_view name_of(PtxType type) {
    return word_of(types, type);
}

std::optional<PtxSpace> ptx_space_of(std::string_view word) {
    return value_of(spaces, word);
}

std::optional<PtxSpecialRegister> special_register_of(std::string_view word, std::string_view component) {
    if (component.empty()) {
        if (const auto known = value_of(special_registers, word)) return known;
    }
    const auto begins_word = [&](std::string_view prefix) { return word.starts_with(prefix); };
    if (std::ranges::any_of(unsupported_registers, begins_word)) return unsupported;
    if (component.empty()) return std::nullopt;
    const auto found = std::ranges::find_if(special_registers, [&](const auto& entry) {
        const std::string_view name = entry.first;
        return name.size() == word.size() + 1 + component.size() && name.starts_with(word) &&
               name[word.size()] == '.' && name.ends_with(component);
    });
    if (found == special_registers.end()) return std::nullopt;
    return found->second;
}

std::string_view name_of(PtxSpecialRegister reg) {
    if (reg == unsupported) return "unsupported";
    return word_of(special_registers, reg);
}

}  // namespace stcsim
