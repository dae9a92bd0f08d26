#include "ptx/ptx_merge.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "ptx/ptx_link.h"

namespace stcsim {
namespace {

bool is_for_all(const PtxFunction& function) {
    return function.visible && function.body != nullptr;
}

/// Where a part's lines, functions and files begin in the whole.
struct Offsets {
    std::uint32_t lines = 0;
    std::uint32_t functions = 0;
    std::uint32_t files = 0;
};

void shift(PtxOperand& operand, const Offsets& by) {
    operand.where.line += by.lines;
    if (operand.kind == PtxOperand::Kind::function) operand.index += by.functions;
    for (PtxOperand& element : operand.elements) shift(element, by);
}

void shift(PtxKernel& kernel, const Offsets& by) {
    kernel.where.line += by.lines;
    for (PtxInstruction& instruction : kernel.instructions) {
        instruction.where.line += by.lines;
        if (instruction.source.line != 0) instruction.source.file += by.files;
        for (PtxOperand& operand : instruction.operands) shift(operand, by);
    }
}

void shift(PtxModule& module, const Offsets& by) {
    for (const auto& variable : module.variables) {
        for (PtxInitialAddress& address : variable->addresses) {
            if (address.variable == nullptr) address.function += by.functions;
        }
    }
    for (const auto& kernel : module.kernels) shift(*kernel, by);
    for (PtxFunction& function : module.functions) {
        function.where.line += by.lines;
        if (function.alias_of != PtxOperand::none) function.alias_of += by.functions;
        if (function.body != nullptr) shift(*function.body, by);
    }
}

template <typename Element>
void append(std::vector<Element>& all, std::vector<Element>& more) {
    std::ranges::move(more, std::back_inserter(all));
}

/// What is only declared stands for what another part defines.
void connect_functions(PtxModule& whole) {
    std::map<std::string, std::uint32_t> defined;
    for (std::uint32_t i = 0; i < whole.functions.size(); ++i) {
        if (is_for_all(whole.functions[i])) defined.try_emplace(whole.functions[i].name, i);
    }
    for (PtxFunction& function : whole.functions) {
        if (function.defined) continue;
        if (const auto found = defined.find(function.name); found != defined.end()) function.alias_of = found->second;
    }
    for (const auto& variable : whole.variables) {
        for (PtxInitialAddress& address : variable->addresses) {
            if (address.variable == nullptr) address.function = function_meant(whole, address.function);
        }
    }
}

}  // namespace

bool needs_each_other(const PtxModule& a, const PtxModule& b) {
    const auto lacks = [](const PtxModule& one, const PtxModule& other) {
        return std::ranges::any_of(one.functions, [&](const PtxFunction& wanted) {
            return !wanted.defined && std::ranges::any_of(other.functions, [&](const PtxFunction& function) {
                return is_for_all(function) && function.name == wanted.name;
            });
        });
    };
    return lacks(a, b) || lacks(b, a);
}

PtxModule merge_modules(std::vector<PtxPart> parts) {
    STCSIM_ASSERT(!parts.empty());
    if (parts.size() == 1) return std::move(parts.front().module);
    PtxModule whole;
    Offsets next;
    for (PtxPart& part : parts) {
        PtxModule& module = part.module;
        shift(module, next);
        if (whole.target.empty()) {
            whole.version_major = module.version_major;
            whole.version_minor = module.version_minor;
            whole.target = module.target;
            whole.target_where = module.target_where;
        }
        whole.name += fmt::format("{}{} (lines {} to {})", whole.name.empty() ? "" : " with ", module.name,
                                  next.lines + 1, next.lines + part.lines);
        for (auto& [number, file] : module.files) whole.files.emplace(number + next.files, std::move(file));
        append(whole.variables, module.variables);
        append(whole.kernels, module.kernels);
        append(whole.functions, module.functions);
        next = {next.lines + part.lines, static_cast<std::uint32_t>(whole.functions.size()),
                whole.files.empty() ? 0 : whole.files.rbegin()->first + 1};
    }
    connect_functions(whole);
    return whole;
}

}  // namespace stcsim
