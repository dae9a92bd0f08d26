/// Kernels: parameters, directives, and the statements of the body.
#pragma once

#include <memory>

#include "ptx/ptx_module.h"
#include "ptx/ptx_names.h"
#include "ptx/ptx_operands.h"
#include "ptx/ptx_tokens.h"

namespace stcsim {

/// Takes one kernel: `name (parameters) directives { body }`.
class PtxKernelParser {
  public:
    PtxKernelParser(PtxTokens& tokens, PtxNames& names);

    /// What follows `.entry`; null if it is a declaration without a body.
    std::unique_ptr<PtxKernel> parse();

  private:
    void parse_parameters();
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
