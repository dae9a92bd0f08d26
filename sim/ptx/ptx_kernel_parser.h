/// Kernels and functions: parameters, directives, and the statements of the body.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "ptx/ptx_module.h"
#include "ptx/ptx_names.h"
#include "ptx/ptx_operands.h"
#include "ptx/ptx_tokens.h"

namespace stcsim {

/// Takes one kernel, `name (parameters) directives { body }`, or one function.
class PtxKernelParser {
  public:
    PtxKernelParser(PtxTokens& tokens, PtxNames& names);

    /// What follows `.entry`; null if it is a declaration without a body.
    std::unique_ptr<PtxKernel> parse();

    /// What follows `.func`: `directives (results) name (parameters) directives { body }`, or a semicolon. `declare` is
    /// called with the name, and whether there is a body, before the body, which may name the function.
    PtxFunction parse_function(const std::function<void(const PtxToken& name, bool defined)>& declare);

  private:
    /// A parameter or result that is not declared yet: that of a function is known in its body only.
    struct Formal {
        PtxToken name;
        bool is_register = false;
        PtxVariable variable;  ///< of a register: its type
    };

    void parse_parameters();
    std::vector<Formal> parse_formals();
    std::vector<PtxFormal> declare_formals(std::vector<Formal>&& formals);
    void skip_function_directives();
    void parse_directives();
    void parse_directive();
    void parse_body();
    void parse_statement();
    void parse_body_directive();
    void parse_registers();
    void declare_registers(PtxType type, std::uint64_t components);
    void parse_location();
    void parse_labelled_list(const PtxToken& label);
    void parse_instruction();
    void parse_instruction(const PtxToken& opcode, std::optional<PtxGuard> guard);
    void parse_label_operand(PtxInstruction& instruction);
    void open_scope();
    void close_scope();

    PtxTokens& tokens_;
    PtxNames& names_;
    std::unique_ptr<PtxKernel> kernel_;
    PtxRegisterNumbers registers_;
    PtxLabels labels_;
    PtxOperands operands_;
    std::uint32_t depth_ = 0;
    PtxSourceLine source_;
};

}  // namespace stcsim
