#include "ptx/ptx_operands.h"

#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/message_text.h"
#include "ptx/ptx_constant.h"
#include "ptx/ptx_words.h"

namespace stcsim {
namespace {

PtxOperand made(PtxOperand::Kind kind, PtxLocation where) {
    PtxOperand operand;
    operand.kind = kind;
    operand.where = where;
    return operand;
}

PtxOperand made_immediate(const PtxConstant& value, PtxLocation where) {
    PtxOperand operand = made(PtxOperand::Kind::immediate, where);
    operand.bits = value.bits;
    operand.immediate_type = value.type;
    return operand;
}

/// Which component of a vector register `.x`, `.y`, `.z`, `.w` or `.r`, `.g`, `.b`, `.a` is.
std::size_t component_number(std::string_view word) {
    constexpr std::string_view geometric = "xyzw";
    constexpr std::string_view colours = "rgba";
    if (word.size() != 1) return std::string_view::npos;
    const std::size_t number = geometric.find(word.front());
    return number != std::string_view::npos ? number : colours.find(word.front());
}

}  // namespace

void PtxOperands::parse(std::vector<PtxOperand>& operands) {
    const PtxToken& first = tokens_.next();
    if (first.is(";")) return;
    if (!first.is_word() && !first.is("[") && !first.is("{") && !at_constant(tokens_))
        tokens_.fail("an operand or ';'");
    operands.reserve(4);
    do {
        operands.push_back(operand());
    } while (tokens_.take_if(","));
}

PtxOperand PtxOperands::operand() {
    const PtxToken& token = tokens_.next();
    if (token.is_word() && token.text != "WARP_SZ") return named();
    if (token.is("[")) return memory();
    if (token.is("{")) return vector();
    if (token.is("!")) return negated();
    if (at_constant(tokens_)) return immediate();
    tokens_.fail("an operand");
}

PtxOperand PtxOperands::immediate() {
    const PtxLocation where = tokens_.next().where;
    return made_immediate(parse_constant(tokens_), where);
}

PtxOperand PtxOperands::negated() {
    const PtxLocation where = tokens_.take().where;
    if (!tokens_.next().is_word() || tokens_.next().text == "WARP_SZ") {
        return made_immediate(parse_constant_after_not(tokens_), where);
    }
    const PtxToken name = tokens_.next();
    PtxOperand operand = named();
    if (operand.kind != PtxOperand::Kind::reg) tokens_.fail(name, "a predicate register behind '!'");
    operand.negated = true;
    operand.where = where;
    return operand;
}

PtxOperand PtxOperands::named() {
    const PtxToken name = tokens_.take();
    if (name.text == "_") return pair_of(made(PtxOperand::Kind::sink, name.where));
    const PtxNames::Meaning meaning = names_.find(name.text);
    if (meaning.symbol == nullptr) return special(name);
    const PtxSymbol& symbol = *meaning.symbol;
    switch (symbol.kind) {
        case PtxSymbol::Kind::reg:
        case PtxSymbol::Kind::range: return pair_of(register_operand(name, meaning));
        case PtxSymbol::Kind::variable: {
            PtxOperand operand = made(PtxOperand::Kind::variable, name.where);
            operand.variable = symbol.variable;
            parse_offset(operand);
            return operand;
        }
        case PtxSymbol::Kind::targets: {
            PtxOperand operand = made(PtxOperand::Kind::targets, name.where);
            operand.index = symbol.declaration;
            return operand;
        }
        case PtxSymbol::Kind::function: {
            PtxOperand operand = made(PtxOperand::Kind::function, name.where);
            operand.index = symbol.declaration;
            operand.text = name.text;
            return operand;
        }
        case PtxSymbol::Kind::prototype: {
            PtxOperand operand = made(PtxOperand::Kind::prototype, name.where);
            operand.text = name.text;
            return operand;
        }
    }
    STCSIM_ASSERT(false);
}

/// `first|second`, if that is what comes.
PtxOperand PtxOperands::pair_of(PtxOperand first) {
    if (!tokens_.take_if("|")) return first;
    const PtxToken name = tokens_.expect(PtxToken::Kind::word, "a register or '_'");
    PtxOperand operand = made(PtxOperand::Kind::reg_pair, first.where);
    operand.index = first.index;
    if (name.text != "_") {
        const PtxNames::Meaning meaning = names_.find(name.text);
        const PtxOperand second = meaning.symbol == nullptr ? special(name) : register_operand(name, meaning);
        operand.second = second.index;
    }
    return operand;
}

PtxOperand PtxOperands::register_operand(const PtxToken& name, const PtxNames::Meaning& meaning) {
    const PtxSymbol& symbol = *meaning.symbol;
    if (symbol.kind != PtxSymbol::Kind::reg && symbol.kind != PtxSymbol::Kind::range) {
        tokens_.fail(name, "a register");
    }
    if (symbol.kind == PtxSymbol::Kind::reg && symbol.count > 0) return vector_register(name, symbol);
    PtxOperand operand = made(PtxOperand::Kind::reg, name.where);
    operand.index = registers_.index_of(symbol, meaning.number, name.text);
    return operand;
}

/// One component of a vector register, or all of them.
PtxOperand PtxOperands::vector_register(const PtxToken& name, const PtxSymbol& symbol) {
    const auto component = [&](std::uint32_t number) {
        PtxOperand operand = made(PtxOperand::Kind::reg, name.where);
        operand.index = registers_.index_of(symbol, number, fmt::format("{}.{}", name.text, "xyzw"[number]));
        return operand;
    };
    if (tokens_.next().is_dotted()) {
        const std::size_t number = component_number(tokens_.next().text);
        if (number >= symbol.count) tokens_.fail("a component of the vector register");
        tokens_.take();
        return component(static_cast<std::uint32_t>(number));
    }
    PtxOperand operand = made(PtxOperand::Kind::vector, name.where);
    for (std::uint32_t number = 0; number < symbol.count; ++number) operand.elements.push_back(component(number));
    return operand;
}

PtxOperand PtxOperands::special(const PtxToken& name) {
    const std::string_view component = tokens_.next().is_dotted() ? tokens_.next().text : std::string_view();
    const std::optional<PtxSpecialRegister> reg = special_register_of(name.text, component);
    if (!reg) {
        tokens_.fail(name.where, fmt::format("the undeclared name {}", quoted_for_message(name.text)),
                     "a register, variable or function declared before, or a special register");
    }
    if (!component.empty()) tokens_.take();
    PtxOperand operand = made(PtxOperand::Kind::special, name.where);
    operand.special = *reg;
    if (*reg == PtxSpecialRegister::unsupported) {
        operand.text = component.empty() ? std::string(name.text) : fmt::format("{}.{}", name.text, component);
    }
    return operand;
}

PtxOperand PtxOperands::vector() {
    PtxOperand operand = made(PtxOperand::Kind::vector, tokens_.next().where);
    tokens_.expect("{");
    operand.elements.reserve(4);
    do {
        const PtxToken& token = tokens_.next();
        if (token.is("{") || token.is("[")) tokens_.fail("a register, a constant or '_'");
        operand.elements.push_back(this->operand());
    } while (tokens_.take_if(","));
    tokens_.expect("}");
    return operand;
}

PtxOperand PtxOperands::memory() {
    PtxOperand operand = made(PtxOperand::Kind::memory, tokens_.next().where);
    tokens_.expect("[");
    const PtxToken base = tokens_.next();
    if (base.is_word() && base.text != "WARP_SZ") {
        const PtxOperand named_base = named();
        const bool is_register = named_base.kind == PtxOperand::Kind::reg;
        if (!is_register && named_base.kind != PtxOperand::Kind::variable) {
            tokens_.fail(base, "the address of a variable, or a register");
        }
        operand.index = named_base.index;
        operand.variable = named_base.variable;
        operand.offset = named_base.offset;
    } else if (!at_constant(tokens_)) {
        tokens_.fail("an address");
    }
    if (!tokens_.at("]") && !tokens_.at(",")) parse_offset(operand);
    while (tokens_.take_if(",")) {
        if (tokens_.at("[")) tokens_.fail("coordinates");
        operand.elements.push_back(this->operand());
    }
    tokens_.expect("]");
    return operand;
}

/// `+16`, `-16`, `+-16` behind a base, or a whole address without one.
void PtxOperands::parse_offset(PtxOperand& operand) {
    const bool has_base = operand.index != PtxOperand::none || operand.variable != nullptr;
    if (has_base && !tokens_.at("+") && !tokens_.at("-")) return;
    const PtxToken begin = tokens_.next();
    const PtxConstant offset = parse_constant(tokens_);
    if (offset.type) tokens_.fail(begin, "an offset that is an integer");
    operand.offset = static_cast<std::int64_t>(offset.bits);
}

PtxOperand PtxOperands::list_in_parentheses() {
    PtxOperand operand = made(PtxOperand::Kind::vector, tokens_.next().where);
    tokens_.expect("(");
    while (!tokens_.take_if(")")) {
        if (tokens_.at("{") || tokens_.at("[")) tokens_.fail("a parameter, a register or a constant");
        operand.elements.push_back(this->operand());
        if (!tokens_.at(")")) tokens_.expect(",");
    }
    return operand;
}

void PtxOperands::parse_call(std::vector<PtxOperand>& operands) {
    operands.reserve(4);
    if (tokens_.at("(")) {
        operands.push_back(list_in_parentheses());
        tokens_.expect(",");
    } else {
        operands.push_back(made(PtxOperand::Kind::vector, tokens_.next().where));
    }
    const PtxToken callee = tokens_.next();
    if (!callee.is_word()) tokens_.fail("the name of a function, or a register");
    operands.push_back(named());
    const PtxOperand::Kind kind = operands.back().kind;
    if (kind != PtxOperand::Kind::function && kind != PtxOperand::Kind::reg) {
        tokens_.fail(callee, "the name of a function, or a register");
    }
    if (tokens_.take_if(",")) {
        operands.push_back(list_in_parentheses());
    } else {
        operands.push_back(made(PtxOperand::Kind::vector, tokens_.next().where));
    }
    while (tokens_.take_if(",")) operands.push_back(operand());
}

std::uint32_t PtxOperands::guard_register() {
    const PtxToken name = tokens_.expect(PtxToken::Kind::word, "a predicate register");
    const PtxNames::Meaning meaning = names_.find(name.text);
    if (meaning.symbol == nullptr) {
        tokens_.fail(name.where, fmt::format("the undeclared name {}", quoted_for_message(name.text)),
                     "a predicate register");
    }
    const PtxOperand operand = register_operand(name, meaning);
    if (operand.kind != PtxOperand::Kind::reg || meaning.symbol->type != PtxType::pred) {
        tokens_.fail(name, "a predicate register");
    }
    return operand.index;
}

}  // namespace stcsim
