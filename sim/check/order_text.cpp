/// Orders as text: the half of check/accumulation_order.h that reads and writes them.
#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "check/accumulation_order.h"
#include "isa/mma_instruction.h"

namespace stcsim {
namespace {

template <typename Value>
using Names = std::vector<std::pair<std::string_view, Value>>;

const Names<ProductUnit> units{{"mma", ProductUnit::mma}, {"mma.sp", ProductUnit::mma_sp}, {"fma", ProductUnit::fma}};
const Names<SliceLengths> lengths{{"ceiling", SliceLengths::ceiling}, {"even", SliceLengths::even}};
const Names<SliceReduction> reductions{{"parallel", SliceReduction::parallel}, {"serial", SliceReduction::serial}};
const Names<AddendPlace> places{{"epilogue", AddendPlace::epilogue}, {"accumulator", AddendPlace::accumulator}};
const Names<EpilogueRounding> epilogues{
    {"fused", EpilogueRounding::fused}, {"separate", EpilogueRounding::separate}, {"f16", EpilogueRounding::f16}};
const Names<OperandRounding> roundings{{"truncated", OperandRounding::truncated},
                                       {"rounded", OperandRounding::rounded}};

template <typename Value>
std::string_view name_in(const Names<Value>& names, Value value) {
    return std::ranges::find(names, value, &std::pair<std::string_view, Value>::second)->first;
}

template <typename Value>
Value value_in(const Names<Value>& names, std::string_view key, std::string_view text) {
    const auto found = std::ranges::find(names, text, &std::pair<std::string_view, Value>::first);
    if (found != names.end()) return found->second;
    std::vector<std::string_view> known;
    for (const auto& [name, value] : names) known.push_back(name);
    throw InputError({}, fmt::format("--order with {}={}", key, text),
                     fmt::format("one of {}", fmt::join(known, ", ")));
}

std::uint32_t number_in(std::string_view key, std::string_view text, std::uint32_t most) {
    std::uint32_t number = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || stop != text.data() + text.size() || number == 0 || number > most) {
        throw InputError({}, fmt::format("--order with {}={}", key, text), fmt::format("1 to {}", most));
    }
    return number;
}

constexpr std::array<std::string_view, 11> keys{"instruction", "instruction-k", "tile-k",   "split-k",
                                                "slices",      "reduction",     "sliced-k", "partial-k",
                                                "c",           "epilogue",      "operands"};
constexpr std::uint32_t longest_tile = 65536;

void set(AccumulationOrder& order, std::string_view key, std::string_view value) {
    if (key == "instruction") order.unit = value_in(units, key, value);
    if (key == "instruction-k") order.instruction_k = number_in(key, value, longest_tile);
    if (key == "tile-k") order.tile_k = number_in(key, value, longest_tile);
    if (key == "split-k") order.split_k = number_in(key, value, 1024);
    if (key == "slices") order.slices = value_in(lengths, key, value);
    if (key == "reduction") order.reduction = value_in(reductions, key, value);
    if (key == "sliced-k") order.sliced_k = number_in(key, value, 16);
    if (key == "partial-k") order.partial_k = number_in(key, value, longest_tile);
    if (key == "c") order.addend = value_in(places, key, value);
    if (key == "epilogue") order.epilogue = value_in(epilogues, key, value);
    if (key == "operands") order.operands = value_in(roundings, key, value);
}

void refuse(bool wrong, const std::string& found, const std::string& expected) {
    if (wrong) throw InputError({}, fmt::format("--order with {}", found), expected);
}

void check_division(const AccumulationOrder& order, ElementType input) {
    const std::size_t least = pass_k(input, order.unit);
    refuse(order.tile_k % least != 0, fmt::format("tile-k={}", order.tile_k), fmt::format("a multiple of {}", least));
    refuse(order.partial_k % least != 0, fmt::format("partial-k={}", order.partial_k),
           fmt::format("a multiple of {}", least));
    refuse(order.sliced_k > 1 && (order.tile_k == 0 || order.tile_k % (order.sliced_k * least) != 0),
           fmt::format("sliced-k={}", order.sliced_k),
           fmt::format("tile-k beside it, a multiple of {}", order.sliced_k * least));
    refuse(order.sliced_k > 1 && order.partial_k != 0, "sliced-k and partial-k", "one of them");
}

void check_types(const AccumulationOrder& order, const GemmDump& dump) {
    const ElementType input = dump.a.type;
    const ElementType sums = dump.types.accumulator;
    const bool small_float = input == ElementType::f16 || input == ElementType::bf16 || input == ElementType::tf32;
    if (order.unit == ProductUnit::fma) {
        refuse(!small_float || sums != ElementType::f32, "instruction=fma", "f16, bf16 or tf32 operands and f32 sums");
    } else {
        std::set<std::uint32_t> known;
        for (const MmaInstruction& instruction : mma_instructions()) {
            if (instruction.a == input && instruction.sparse == (order.unit == ProductUnit::mma_sp)) {
                known.insert(instruction.shape.k);
            }
        }
        refuse(known.empty(), "instruction=mma.sp", fmt::format("mma: {} has no mma.sp", name_of(input)));
        refuse(!known.contains(order.instruction_k), fmt::format("instruction-k={}", order.instruction_k),
               fmt::format("one of {}", fmt::join(known, ", ")));
    }
    refuse(order.operands == OperandRounding::rounded && input != ElementType::tf32, "operands=rounded",
           "tf32 operands");
    refuse(order.epilogue == EpilogueRounding::f16 && sums != ElementType::f16, "epilogue=f16", "f16 sums");
    refuse(order.addend == AddendPlace::accumulator &&
               (!dump.c || dump.types.alpha != 1 || dump.types.beta != 1 || dump.c->type != sums),
           "c=accumulator", "a C of the accumulator's type, with alpha and beta 1");
}

}  // namespace

AccumulationOrder parse_order(std::string_view text, const GemmDump& dump) {
    AccumulationOrder order = plain_order(dump);
    order.instruction_k = 0;
    std::vector<std::string_view> seen;
    while (!text.empty()) {
        const std::string_view item = text.substr(0, text.find(','));
        text.remove_prefix(std::min(item.size() + 1, text.size()));
        const std::size_t equals = item.find('=');
        const std::string_view key = item.substr(0, equals);
        refuse(equals == std::string_view::npos || std::ranges::find(keys, key) == keys.end(),
               fmt::format("\"{}\"", item), fmt::format("KEY=VALUE with one of {}", fmt::join(keys, ", ")));
        refuse(std::ranges::find(seen, key) != seen.end(), fmt::format("{} twice", key), "it once");
        seen.push_back(key);
        set(order, key, item.substr(equals + 1));
    }
    if (order.instruction_k == 0) {
        for (const MmaInstruction& instruction : mma_instructions()) {
            if (instruction.a != dump.a.type || instruction.sparse != (order.unit == ProductUnit::mma_sp)) continue;
            order.instruction_k = std::max(order.instruction_k, instruction.shape.k);
        }
    }
    check_types(order, dump);
    check_division(order, dump.a.type);
    return order;
}

std::string name_of(const AccumulationOrder& order) {
    const AccumulationOrder usual;
    std::string text = fmt::format("instruction={}", name_in(units, order.unit));
    if (order.unit != ProductUnit::fma) text += fmt::format(",instruction-k={}", order.instruction_k);
    const auto add = [&text](bool differs, std::string_view key, auto value) {
        if (differs) text += fmt::format(",{}={}", key, value);
    };
    add(order.tile_k != 0, "tile-k", order.tile_k);
    add(order.split_k != 1, "split-k", order.split_k);
    add(order.slices != usual.slices, "slices", name_in(lengths, order.slices));
    add(order.reduction != usual.reduction, "reduction", name_in(reductions, order.reduction));
    add(order.sliced_k != 1, "sliced-k", order.sliced_k);
    add(order.partial_k != 0, "partial-k", order.partial_k);
    add(order.addend != usual.addend, "c", name_in(places, order.addend));
    add(order.epilogue != usual.epilogue, "epilogue", name_in(epilogues, order.epilogue));
    add(order.operands != usual.operands, "operands", name_in(roundings, order.operands));
    return text;
}

}  // namespace stcsim
