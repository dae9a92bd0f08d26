#include "ptx/ptx_link.h"

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/message_text.h"

namespace stcsim {
namespace {

using Kind = PtxOperand::Kind;

bool is_call(const PtxInstruction& instruction) {
    return instruction.opcode == "call" && instruction.operands.size() >= 2;
}

bool calls_through_register(const PtxInstruction& instruction) {
    return is_call(instruction) && instruction.operands[1].kind == Kind::reg;
}

/// Functions with a body whose addresses a kernel or function takes.
void collect_addresses(const PtxModule& module, const PtxKernel& kernel, std::set<std::uint32_t>& taken) {
    for (const PtxInstruction& instruction : kernel.instructions) {
        if (is_call(instruction)) continue;
        for (const PtxOperand& operand : instruction.operands) {
            if (operand.kind == Kind::function) taken.insert(function_meant(module, operand.index));
        }
    }
}

/// Every function with a body whose address is taken somewhere in the module.
std::set<std::uint32_t> addresses_taken(const PtxModule& module) {
    std::set<std::uint32_t> taken;
    for (const auto& variable : module.variables) {
        for (const PtxInitialAddress& address : variable->addresses) {
            if (address.variable == nullptr) taken.insert(function_meant(module, address.function));
        }
    }
    for (const auto& kernel : module.kernels) collect_addresses(module, *kernel, taken);
    for (const PtxFunction& function : module.functions) {
        if (function.body) collect_addresses(module, *function.body, taken);
    }
    std::erase_if(taken, [&](std::uint32_t number) { return module.functions[number].body == nullptr; });
    return taken;
}

/// Puts the parts of a linked kernel one behind the other.
class Linker {
  public:
    Linker(const PtxModule& module, const PtxKernel& kernel, std::span<const std::string_view> provided)
        : module_(module), kernel_(kernel), provided_(provided) {}

    std::unique_ptr<PtxKernel> link() {
        find_callees(kernel_);
        for (std::size_t next = 0; next < order_.size(); ++next) find_callees(*module_.functions[order_[next]].body);
        report_unresolved();
        if (order_.empty() && !indirect_) return nullptr;
        result_ = std::make_unique<PtxKernel>();
        copy_kernel();
        for (const std::uint32_t number : order_) copy_function(number);
        find_reachable();
        return std::move(result_);
    }

  private:
    void find_callees(const PtxKernel& part) {
        for (const PtxInstruction& instruction : part.instructions) {
            if (!is_call(instruction)) continue;
            if (calls_through_register(instruction)) {
                take_addresses();
                continue;
            }
            const std::uint32_t number = function_meant(module_, instruction.operands[1].index);
            if (module_.functions[number].body != nullptr) {
                add(number);
            } else if (std::ranges::find(provided_, module_.functions[number].name) == provided_.end()) {
                unresolved_.emplace_back(instruction.where.line, number);
            }
        }
    }

    void take_addresses() {
        if (indirect_) return;
        indirect_ = true;
        taken_ = addresses_taken(module_);
        for (const std::uint32_t number : taken_) add(number);
    }

    void add(std::uint32_t number) {
        if (known_.insert(number).second) order_.push_back(number);
    }

    void report_unresolved() {
        if (unresolved_.empty()) return;
        std::ranges::sort(unresolved_);
        std::vector<std::string> calls;
        for (const auto& [line, number] : unresolved_) {
            calls.push_back(fmt::format("{} (line {})", quoted_for_message(module_.functions[number].name), line));
        }
        throw InputError(
            {module_.name, unresolved_.front().first},
            fmt::format("in kernel {} calls of functions without a body: {}", kernel_.name, fmt::join(calls, ", ")),
            fmt::format("functions that a module of the program defines, or {}", fmt::join(provided_, ", ")));
    }

    void copy_kernel() {
        result_->name = kernel_.name;
        result_->where = kernel_.where;
        result_->parameters = kernel_.parameters;
        result_->max_threads_per_cta = kernel_.max_threads_per_cta;
        result_->min_ctas_per_sm = kernel_.min_ctas_per_sm;
        result_->max_registers = kernel_.max_registers;
        variables_.clear();
        for (std::size_t i = 0; i < kernel_.parameters.size(); ++i) {
            variables_.emplace(&kernel_.parameters[i], &result_->parameters[i]);
        }
        copy_body(kernel_);
    }

    void copy_function(std::uint32_t number) {
        const PtxFunction& function = module_.functions[number];
        const auto size_of = [](const auto& all) { return static_cast<std::uint32_t>(all.size()); };
        PtxLinkedFunction linked;
        linked.function = number;
        linked.name = function.name;
        linked.first = size_of(result_->instructions);
        linked.first_register = size_of(result_->registers);
        linked.address_taken = taken_.contains(number);
        const std::size_t first_variable = result_->variables.size();
        variables_.clear();
        copy_body(*function.body);
        linked.end = size_of(result_->instructions);
        linked.end_register = size_of(result_->registers);
        for (std::size_t i = first_variable; i < result_->variables.size(); ++i) {
            const PtxVariable& variable = result_->variables[i];
            const bool of_frame = variable.space == PtxSpace::local || variable.space == PtxSpace::param;
            if (of_frame) linked.variables.push_back(&variable);
        }
        const auto copied = [&](const std::vector<PtxFormal>& formals) {
            std::vector<PtxFormal> result = formals;
            for (PtxFormal& formal : result) {
                if (formal.variable != nullptr) formal.variable = variables_.at(formal.variable);
                if (formal.reg != PtxOperand::none) formal.reg += linked.first_register;
            }
            return result;
        };
        linked.parameters = copied(function.parameters);
        linked.results = copied(function.results);
        result_->functions.push_back(std::move(linked));
    }

    void copy_body(const PtxKernel& part) {
        first_register_ = static_cast<std::uint32_t>(result_->registers.size());
        first_instruction_ = static_cast<std::uint32_t>(result_->instructions.size());
        first_targets_ = static_cast<std::uint32_t>(result_->branch_targets.size());
        result_->registers.insert(result_->registers.end(), part.registers.begin(), part.registers.end());
        for (const PtxVariable& variable : part.variables) {
            variables_.emplace(&variable, &result_->variables.emplace_back(variable));
        }
        for (std::vector<std::uint32_t> targets : part.branch_targets) {
            for (std::uint32_t& target : targets) target += first_instruction_;
            result_->branch_targets.push_back(std::move(targets));
        }
        for (const PtxInstruction& instruction : part.instructions) {
            PtxInstruction& copy = result_->instructions.emplace_back(instruction);
            if (copy.guard) copy.guard->reg += first_register_;
            for (PtxOperand& operand : copy.operands) renumber(operand);
        }
        // Where control that runs off the end, or a label there, arrives.
        PtxInstruction& end = result_->instructions.emplace_back();
        end.opcode = "ret";
        end.where = part.instructions.empty() ? part.where : part.instructions.back().where;
    }

    void renumber(PtxOperand& operand) const {
        switch (operand.kind) {
            case Kind::reg:
            case Kind::reg_pair:
            case Kind::memory:
                if (operand.index != PtxOperand::none) operand.index += first_register_;
                if (operand.second != PtxOperand::none) operand.second += first_register_;
                break;
            case Kind::label: operand.index += first_instruction_; break;
            case Kind::targets: operand.index += first_targets_; break;
            case Kind::function: operand.index = function_meant(module_, operand.index); break;
            default: break;
        }
        const auto variable = variables_.find(operand.variable);
        if (variable != variables_.end()) operand.variable = variable->second;
        for (PtxOperand& element : operand.elements) renumber(element);
    }

    /// Which functions may be active above which, and so which recurse.
    void find_reachable() {
        std::vector<std::set<std::uint32_t>> calls(result_->functions.size());
        for (std::uint32_t f = 0; f < calls.size(); ++f) {
            const PtxLinkedFunction& function = result_->functions[f];
            for (std::uint32_t i = function.first; i < function.end; ++i) {
                for (const std::uint32_t callee : result_->callees(result_->instructions[i])) calls[f].insert(callee);
            }
        }
        for (std::uint32_t f = 0; f < calls.size(); ++f) {
            std::set<std::uint32_t> reached;
            std::vector<std::uint32_t> work(calls[f].begin(), calls[f].end());
            while (!work.empty()) {
                const std::uint32_t next = work.back();
                work.pop_back();
                if (!reached.insert(next).second) continue;
                work.insert(work.end(), calls[next].begin(), calls[next].end());
            }
            result_->functions[f].recursive = reached.contains(f);
            result_->functions[f].reachable.assign(reached.begin(), reached.end());
        }
    }

    const PtxModule& module_;
    const PtxKernel& kernel_;
    std::span<const std::string_view> provided_;
    std::vector<std::uint32_t> order_;  ///< functions in the order in which they were found to be called
    std::set<std::uint32_t> known_;
    bool indirect_ = false;
    std::set<std::uint32_t> taken_;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> unresolved_;  ///< line, function
    std::unique_ptr<PtxKernel> result_;
    // Of the part that is being copied:
    std::uint32_t first_register_ = 0;
    std::uint32_t first_instruction_ = 0;
    std::uint32_t first_targets_ = 0;
    std::unordered_map<const PtxVariable*, const PtxVariable*> variables_;  ///< as written to as linked
};

}  // namespace

std::unique_ptr<PtxKernel> link_kernel(const PtxModule& module, const PtxKernel& kernel,
                                       std::span<const std::string_view> provided) {
    return Linker(module, kernel, provided).link();
}

std::uint32_t function_meant(const PtxModule& module, std::uint32_t function) {
    const std::uint32_t original = module.functions[function].alias_of;
    return original == PtxOperand::none ? function : original;
}

}  // namespace stcsim
