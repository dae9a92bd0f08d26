#include "workload/gemm_types.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace stcsim {
namespace {

/// What the instruction set offers for one input type.
struct TypeRule {
    ElementType input;
    bool sparse;  ///< mma.sp exists
    std::vector<ElementType> accumulators;
    std::vector<ElementType> outputs;  ///< the default first
};

const std::vector<TypeRule>& type_rules() {
    using enum ElementType;
    static const std::vector<TypeRule> rules{
        {f16, true, {f32, f16}, {f16, f32}},
        {bf16, true, {f32}, {bf16, f32}},
        {tf32, true, {f32}, {f32}},
        {f64, false, {f64}, {f64}},
        {s8, true, {s32}, {s8, s32, f16, bf16}},
        {u8, true, {s32}, {u8, s32, f16, bf16}},
        {s4, true, {s32}, {s4, s32}},
        {u4, true, {s32}, {u4, s32}},
        {b1, false, {s32}, {s32}},
    };
    return rules;
}

const TypeRule* rule_for(ElementType input) {
    const auto rule = std::ranges::find(type_rules(), input, &TypeRule::input);
    return rule == type_rules().end() ? nullptr : &*rule;
}

std::string names_of(const std::vector<ElementType>& types) {
    std::vector<std::string_view> names;
    for (const ElementType type : types) names.push_back(name_of(type));
    return fmt::format("{}", fmt::join(names, " or "));
}

}  // namespace

std::string_view name_of(Sparsity sparsity) {
    return sparsity == Sparsity::dense ? "dense" : "2:4";
}

std::optional<Sparsity> sparsity_named(std::string_view name) {
    for (const Sparsity sparsity : {Sparsity::dense, Sparsity::two_four}) {
        if (name == name_of(sparsity)) return sparsity;
    }
    return std::nullopt;
}

std::string_view name_of(SparseOperand operand) {
    return operand == SparseOperand::a ? "a" : "b";
}

std::optional<SparseOperand> sparse_operand_named(std::string_view name) {
    for (const SparseOperand operand : {SparseOperand::a, SparseOperand::b}) {
        if (name == name_of(operand)) return operand;
    }
    return std::nullopt;
}

ElementType default_output(ElementType input) {
    const TypeRule* rule = rule_for(input);
    return rule != nullptr ? rule->outputs.front() : input;
}

void check_types(const GemmProblem& problem, const InputLocation& where) {
    const TypeRule* rule = rule_for(problem.input);
    if (rule == nullptr) {
        std::vector<ElementType> inputs;
        for (const TypeRule& known : type_rules()) inputs.push_back(known.input);
        throw InputError(where, fmt::format("input type {}", name_of(problem.input)), names_of(inputs));
    }
    const auto has = [](const std::vector<ElementType>& types, ElementType type) {
        return std::ranges::find(types, type) != types.end();
    };
    if (!has(rule->accumulators, problem.accumulator)) {
        throw InputError(where, fmt::format("accumulator type {}", name_of(problem.accumulator)),
                         fmt::format("{} for {} operands", names_of(rule->accumulators), name_of(problem.input)));
    }
    if (!has(rule->outputs, problem.output)) {
        throw InputError(where, fmt::format("output type {}", name_of(problem.output)),
                         fmt::format("{} for {} operands", names_of(rule->outputs), name_of(problem.input)));
    }
    if (problem.sparsity != Sparsity::dense && !rule->sparse) {
        throw InputError(where, fmt::format("sparsity {}", name_of(problem.sparsity)),
                         fmt::format("dense for {} operands (mma.sp has no such type)", name_of(problem.input)));
    }
}

}  // namespace stcsim
