/// The operands of instructions.
#pragma once

#include <vector>

#include "ptx/ptx_module.h"
#include "ptx/ptx_names.h"
#include "ptx/ptx_tokens.h"

namespace stcsim {

/// Takes operands; names are looked up where the parser stands.
class PtxOperands {
  public:
    PtxOperands(PtxTokens& tokens, const PtxNames& names, PtxRegisterNumbers& registers)
        : tokens_(tokens), names_(names), registers_(registers) {}

    /// Operands separated by commas, up to the semicolon, which is left.
    void parse(std::vector<PtxOperand>& operands);
    /// Those of `call`, as PtxInstruction says.
    void parse_call(std::vector<PtxOperand>& operands);
    PtxOperand operand();
    /// The register of a guard, a predicate.
    std::uint32_t guard_register();

  private:
    PtxOperand named();
    PtxOperand pair_of(PtxOperand first);
    PtxOperand register_operand(const PtxToken& name, const PtxNames::Meaning& meaning);
    PtxOperand vector_register(const PtxToken& name, const PtxSymbol& symbol);
    PtxOperand special(const PtxToken& name);
    PtxOperand negated();
    PtxOperand immediate();
    PtxOperand vector();
    PtxOperand memory();
    PtxOperand list_in_parentheses();
    void parse_offset(PtxOperand& operand);

    PtxTokens& tokens_;
    const PtxNames& names_;
    PtxRegisterNumbers& registers_;
};

}  // namespace stcsim
