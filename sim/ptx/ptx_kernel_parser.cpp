#include "ptx/ptx_kernel_parser.h"

#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/message_text.h"
#include "ptx/ptx_declaration.h"
#include "ptx/ptx_words.h"

namespace stcsim {
namespace {

constexpr std::uint32_t deepest_scope = 256;
constexpr std::uint64_t largest_number = std::numeric_limits<std::uint32_t>::max();
/// PTX ISA, "Kernel Function Parameters": 32764 bytes from PTX 8.1 on.
constexpr std::uint64_t most_parameter_bytes = 32764;

}  // namespace

PtxKernelParser::PtxKernelParser(PtxTokens& tokens, PtxNames& names)
    : tokens_(tokens),
      names_(names),
      kernel_(std::make_unique<PtxKernel>()),
      registers_(*kernel_),
      labels_(*kernel_),
      operands_(tokens, names, registers_) {}

std::unique_ptr<PtxKernel> PtxKernelParser::parse() {
    const PtxToken name = tokens_.expect(PtxToken::Kind::word, "the name of a kernel");
    kernel_->name = name.text;
    kernel_->where = name.where;
    names_.open_scope();
    if (tokens_.at("(")) parse_parameters();
    parse_directives();
    const bool has_body = !tokens_.take_if(";");
    if (has_body) parse_body();
    names_.close_scope();
    if (!has_body) return nullptr;
    return std::move(kernel_);
}

PtxFunction PtxKernelParser::parse_function(const std::function<void(const PtxToken& name, bool defined)>& declare) {
    std::vector<Formal> results;
    std::vector<Formal> parameters;
    skip_function_directives();
    if (tokens_.at("(")) results = parse_formals();
    const PtxToken name = tokens_.expect(PtxToken::Kind::word, "the name of a function");
    if (tokens_.at("(")) parameters = parse_formals();
    skip_function_directives();
    PtxFunction function;
    function.name = kernel_->name = name.text;
    function.where = kernel_->where = name.where;
    function.defined = tokens_.at("{");
    if (!function.defined && !tokens_.take_if(";")) tokens_.fail("'{' or ';'");
    declare(name, function.defined);
    if (!function.defined) return function;
    names_.open_scope();
    function.results = declare_formals(std::move(results));
    function.parameters = declare_formals(std::move(parameters));
    parse_body();
    names_.close_scope();
    function.body = std::move(kernel_);
    return function;
}

void PtxKernelParser::skip_function_directives() {
    while (tokens_.next().is_dotted()) {
        const PtxToken word = tokens_.take();
        if (word.text == "attribute") {
            tokens_.skip_brackets("(", ")");
        } else if (word.text == "pragma") {
            tokens_.skip_past(";");
        } else {
            while (tokens_.next().kind == PtxToken::Kind::integer || tokens_.at(",")) tokens_.take();
        }
    }
}

/// `(.param .b32 a, .reg .b64 b)`
std::vector<PtxKernelParser::Formal> PtxKernelParser::parse_formals() {
    std::vector<Formal> formals;
    tokens_.expect("(");
    std::uint64_t bytes = 0;
    while (!tokens_.take_if(")")) {
        const PtxToken space = tokens_.expect(PtxToken::Kind::dotted, "'.param' or '.reg'");
        if (space.text != "param" && space.text != "reg") tokens_.fail(space, "'.param' or '.reg'");
        Formal& formal = formals.emplace_back();
        formal.is_register = space.text == "reg";
        const PtxTypeClause clause = parse_type_clause(tokens_);
        formal.name = tokens_.next();
        formal.variable = parse_declarator(tokens_, PtxSpace::param, clause);
        bytes += formal.variable.bytes;
        if (bytes > most_parameter_bytes) {
            tokens_.fail(formal.name, fmt::format("at most {} bytes of parameters", most_parameter_bytes));
        }
        if (!tokens_.at(")")) tokens_.expect(",");
    }
    return formals;
}

std::vector<PtxFormal> PtxKernelParser::declare_formals(std::vector<Formal>&& formals) {
    std::vector<PtxFormal> declared;
    for (Formal& formal : formals) {
        PtxFormal result;
        result.bytes = formal.variable.bytes;
        PtxSymbol symbol;
        if (formal.is_register) {
            symbol.kind = PtxSymbol::Kind::reg;
            symbol.type = formal.variable.type;
            symbol.declaration = registers_.new_declaration();
            result.reg = registers_.index_of(symbol, 0, formal.name.text);
        } else {
            symbol.kind = PtxSymbol::Kind::variable;
            symbol.variable = &kernel_->variables.emplace_back(std::move(formal.variable));
            result.variable = symbol.variable;
        }
        if (!names_.declare(formal.name.text, symbol)) fail_twice(tokens_, formal.name);
        declared.push_back(result);
    }
    return declared;
}

void PtxKernelParser::parse_parameters() {
    std::vector<PtxToken> tokens_of_names;
    tokens_.expect("(");
    std::uint64_t bytes = 0;
    while (!tokens_.take_if(")")) {
        const PtxToken space = tokens_.expect(PtxToken::Kind::dotted, "'.param'");
        if (space.text != "param") tokens_.fail(space, "'.param'");
        const PtxTypeClause clause = parse_type_clause(tokens_);
        tokens_of_names.push_back(tokens_.next());
        kernel_->parameters.push_back(parse_declarator(tokens_, PtxSpace::param, clause));
        bytes += kernel_->parameters.back().bytes;
        if (bytes > most_parameter_bytes) {
            tokens_.fail(tokens_of_names.back(), fmt::format("at most {} bytes of parameters", most_parameter_bytes));
        }
        if (!tokens_.at(")")) tokens_.expect(",");
    }
    for (std::size_t i = 0; i < kernel_->parameters.size(); ++i) {
        PtxSymbol symbol;
        symbol.kind = PtxSymbol::Kind::variable;
        symbol.variable = &kernel_->parameters[i];
        if (!names_.declare(tokens_of_names[i].text, symbol)) fail_twice(tokens_, tokens_of_names[i]);
    }
}

void PtxKernelParser::parse_directives() {
    while (tokens_.next().is_dotted()) parse_directive();
}

void PtxKernelParser::parse_directive() {
    const PtxToken word = tokens_.take();
    const auto number = [&] {
        return static_cast<std::uint32_t>(tokens_.expect_integer(largest_number, "a number below 2^32"));
    };
    if (word.text == "maxntid" || word.text == "reqntid") {
        std::uint64_t product = number();
        while (tokens_.take_if(",")) product = std::min(product * number(), largest_number);
        kernel_->max_threads_per_cta = static_cast<std::uint32_t>(product);
    } else if (word.text == "minnctapersm") {
        kernel_->min_ctas_per_sm = number();
    } else if (word.text == "maxnreg") {
        kernel_->max_registers = number();
    } else if (word.text == "maxnctapersm" || word.text == "maxclusterrank") {
        number();
    } else if (word.text == "reqnctapercluster") {
        do number();
        while (tokens_.take_if(","));
    } else if (word.text == "pragma") {
        tokens_.skip_past(";");
    } else if (word.text == "attribute") {
        tokens_.skip_brackets("(", ")");
    } else if (word.text != "noreturn" && word.text != "explicitcluster" && word.text != "blocksareclusters" &&
               word.text != "abi_preserve" && word.text != "abi_preserve_control") {
        tokens_.fail(word, "a directive of a kernel, such as '.maxntid', or '{'");
    }
}

void PtxKernelParser::open_scope() {
    if (depth_ == deepest_scope) tokens_.fail(fmt::format("at most {} levels of braces", deepest_scope));
    ++depth_;
    tokens_.expect("{");
    names_.open_scope();
    labels_.open_scope();
}

void PtxKernelParser::close_scope() {
    --depth_;
    names_.close_scope();
    labels_.close_scope(tokens_);
}

void PtxKernelParser::parse_body() {
    const PtxLocation begin = tokens_.next().where;
    open_scope();
    while (depth_ > 0) {
        if (tokens_.next().is_end()) tokens_.fail(fmt::format("'}}' for the '{{' of line {}", begin.line));
        if (tokens_.at("}")) {
            close_scope();
            tokens_.take();
        } else if (tokens_.at("{")) {
            open_scope();
        } else {
            parse_statement();
        }
    }
}

void PtxKernelParser::parse_statement() {
    const PtxToken& token = tokens_.next();
    if (token.is("@")) return parse_instruction();
    if (token.is_dotted()) return parse_body_directive();
    if (tokens_.take_if(";")) return;
    if (!token.is_word()) tokens_.fail("an instruction, a label, a directive or '}'");
    const PtxToken word = tokens_.take();
    if (!tokens_.take_if(":")) return parse_instruction(word, std::nullopt);
    const PtxToken& next = tokens_.next();
    if (next.is_dotted() &&
        (next.text == "branchtargets" || next.text == "calltargets" || next.text == "callprototype")) {
        return parse_labelled_list(word);
    }
    if (!labels_.declare(word.text, static_cast<std::uint32_t>(kernel_->instructions.size()))) {
        fail_twice(tokens_, word);
    }
}

void PtxKernelParser::parse_body_directive() {
    const PtxToken word = tokens_.take();
    const std::optional<PtxSpace> space = ptx_space_of(word.text);
    if (word.text == "loc") {
        parse_location();
    } else if (word.text == "reg") {
        parse_registers();
    } else if (word.text == "pragma") {
        tokens_.skip_past(";");
    } else if (word.text == "extern" && tokens_.next().is_dotted() && tokens_.next().text == "shared") {
        tokens_.take();
        parse_variables(tokens_, names_, PtxSpace::shared, true, [&](PtxVariable&& variable) -> PtxVariable& {
            return kernel_->variables.emplace_back(std::move(variable));
        });
    } else if (space && *space != PtxSpace::global && *space != PtxSpace::constant) {
        parse_variables(tokens_, names_, *space, false, [&](PtxVariable&& variable) -> PtxVariable& {
            return kernel_->variables.emplace_back(std::move(variable));
        });
    } else {
        tokens_.fail(word, "'.reg', '.local', '.shared', '.param', '.loc' or '.pragma'");
    }
}

void PtxKernelParser::parse_registers() {
    std::uint64_t components = 0;
    PtxToken word = tokens_.expect(PtxToken::Kind::dotted, "the type of a register");
    if (word.text == "v2" || word.text == "v4") {
        components = word.text == "v2" ? 2 : 4;
        word = tokens_.expect(PtxToken::Kind::dotted, "the type of a register");
    }
    const std::optional<PtxType> type = ptx_type_of(word.text);
    if (!type) tokens_.fail(word, "the type of a register, such as '.b32'");
    do declare_registers(*type, components);
    while (tokens_.take_if(","));
    tokens_.expect(";");
}

void PtxKernelParser::declare_registers(PtxType type, std::uint64_t components) {
    const PtxToken name = tokens_.expect(PtxToken::Kind::word, "the name of a register");
    PtxSymbol symbol;
    symbol.kind = PtxSymbol::Kind::reg;
    symbol.type = type;
    symbol.count = components;
    symbol.declaration = registers_.new_declaration();
    bool is_new = false;
    if (tokens_.take_if("<")) {
        if (components > 0) tokens_.fail(name, "single vector registers: no range of them");
        symbol.kind = PtxSymbol::Kind::range;
        symbol.count = tokens_.expect_integer(largest_number, "how many registers, below 2^32");
        tokens_.expect(">");
        is_new = names_.declare_range(name.text, symbol);
    } else {
        is_new = names_.declare(name.text, symbol);
    }
    if (!is_new) fail_twice(tokens_, name);
}

/// `.loc 1 25 5`, and where that was inlined: `, function_name LABEL + 3, inlined_at 1 30 7`.
void PtxKernelParser::parse_location() {
    const auto number = [&] {
        return static_cast<std::uint32_t>(tokens_.expect_integer(largest_number, "a number below 2^32"));
    };
    source_.file = number();
    source_.line = number();
    number();
    while (tokens_.take_if(",")) {
        const PtxToken word = tokens_.expect(PtxToken::Kind::word, "'function_name' or 'inlined_at'");
        if (word.text == "function_name") {
            tokens_.expect(PtxToken::Kind::word, "a label");
            if (tokens_.take_if("+")) number();
        } else if (word.text == "inlined_at") {
            for (int i = 0; i < 3; ++i) number();
        } else {
            tokens_.fail(word, "'function_name' or 'inlined_at'");
        }
    }
}

/// `label: .branchtargets a, b;`, or what may be called through a register, which is only a name here.
void PtxKernelParser::parse_labelled_list(const PtxToken& label) {
    PtxSymbol symbol;
    symbol.kind = PtxSymbol::Kind::prototype;
    if (tokens_.take().text == "branchtargets") {
        symbol.kind = PtxSymbol::Kind::targets;
        symbol.declaration = static_cast<std::uint32_t>(kernel_->branch_targets.size());
        std::vector<std::uint32_t>& targets = kernel_->branch_targets.emplace_back();
        do {
            const PtxToken name = tokens_.expect(PtxToken::Kind::word, "a label");
            labels_.use({name.text, name.where, true, symbol.declaration, static_cast<std::uint32_t>(targets.size())});
            targets.push_back(PtxOperand::none);
        } while (tokens_.take_if(","));
        tokens_.expect(";");
    } else {
        tokens_.skip_past(";");
    }
    if (!names_.declare(label.text, symbol)) fail_twice(tokens_, label);
}

void PtxKernelParser::parse_instruction() {
    tokens_.expect("@");
    PtxGuard guard;
    guard.negated = tokens_.take_if("!");
    guard.reg = operands_.guard_register();
    const PtxToken opcode = tokens_.expect(PtxToken::Kind::word, "an instruction");
    parse_instruction(opcode, guard);
}

void PtxKernelParser::parse_instruction(const PtxToken& opcode, std::optional<PtxGuard> guard) {
    if (opcode.text.front() == '%' || opcode.text == "_") tokens_.fail(opcode, "an instruction");
    PtxInstruction& instruction = kernel_->instructions.emplace_back();
    instruction.opcode = opcode.text;
    instruction.where = opcode.where;
    instruction.guard = guard;
    instruction.source = source_;
    while (tokens_.next().is_dotted()) instruction.modifiers.emplace_back(tokens_.take().text);
    if (opcode.text == "bra") {
        parse_label_operand(instruction);
    } else if (opcode.text == "call") {
        operands_.parse_call(instruction.operands);
    } else {
        operands_.parse(instruction.operands);
    }
    tokens_.expect(";");
}

void PtxKernelParser::parse_label_operand(PtxInstruction& instruction) {
    const PtxToken name = tokens_.expect(PtxToken::Kind::word, "a label");
    PtxOperand& operand = instruction.operands.emplace_back();
    operand.kind = PtxOperand::Kind::label;
    operand.where = name.where;
    operand.text = name.text;
    labels_.use({name.text, name.where, false, static_cast<std::uint32_t>(kernel_->instructions.size() - 1), 0});
}

}  // namespace stcsim
