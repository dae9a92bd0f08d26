#include "ptx/ptx_declaration.h"

#include <bit>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/message_text.h"
#include "ptx/ptx_initialiser.h"
#include "ptx/ptx_words.h"

namespace stcsim {
namespace {

constexpr std::uint64_t largest_alignment = std::uint64_t{1} << 16U;
constexpr std::uint64_t largest_variable = std::uint64_t{1} << 40U;
constexpr std::size_t most_dimensions = 8;

std::uint32_t parse_alignment(PtxTokens& tokens) {
    const PtxToken value = tokens.next();
    const std::uint64_t alignment = tokens.expect_integer(largest_alignment, "an alignment of at most 65536");
    if (!std::has_single_bit(alignment)) tokens.fail(value, "a power of two");
    return static_cast<std::uint32_t>(alignment);
}

/// `.ptr .global .align 16` says what a parameter points at; none of it matters here.
void skip_pointee(PtxTokens& tokens) {
    while (tokens.next().is_dotted() && (tokens.next().text == "align" || ptx_space_of(tokens.next().text))) {
        if (tokens.take().text == "align") parse_alignment(tokens);
    }
}

bool is_opaque(std::string_view word) {
    return word == "texref" || word == "samplerref" || word == "surfref";
}

/// Array bounds, the first of which may be missing: then 0.
std::vector<std::uint64_t> parse_bounds(PtxTokens& tokens) {
    std::vector<std::uint64_t> bounds;
    while (tokens.take_if("[")) {
        if (bounds.size() == most_dimensions) tokens.fail(fmt::format("at most {} dimensions", most_dimensions));
        if (bounds.empty() && tokens.take_if("]")) {
            bounds.push_back(0);
            continue;
        }
        const PtxToken at = tokens.next();
        const PtxConstant bound = parse_constant(tokens);
        if (bound.type || bound.bits == 0 || bound.bits > largest_variable) {
            tokens.fail(at, "an array size between 1 and 2^40");
        }
        bounds.push_back(bound.bits);
        tokens.expect("]");
    }
    return bounds;
}

struct Declarator {
    PtxToken name;
    PtxVariable variable;
    std::vector<std::uint64_t> bounds;
};

Declarator parse_name_and_bounds(PtxTokens& tokens, PtxSpace space, const PtxTypeClause& clause) {
    Declarator declared;
    declared.name = tokens.expect(PtxToken::Kind::word, "a name");
    declared.bounds = parse_bounds(tokens);
    std::uint64_t bytes = std::uint64_t{bytes_of(clause.type)} * clause.components;
    for (const std::uint64_t bound : declared.bounds) {
        if (bound != 0 && bytes > largest_variable / bound) tokens.fail(declared.name, "a variable below 2^40 bytes");
        bytes *= bound;
    }
    PtxVariable& variable = declared.variable;
    variable.name = declared.name.text;
    variable.space = space;
    variable.type = clause.type;
    variable.bytes = bytes;
    variable.alignment = clause.alignment;
    return declared;
}

/// Reads what follows `=`.
void parse_value(PtxTokens& tokens, const PtxNames& names, const PtxTypeClause& clause, Declarator& declared) {
    PtxVariable& variable = declared.variable;
    if (variable.space != PtxSpace::global && variable.space != PtxSpace::constant) {
        tokens.fail("';': only variables in global and constant space have initial values");
    }
    tokens.expect("=");
    if (clause.components > 1) declared.bounds.push_back(clause.components);
    parse_initialiser(tokens, names, declared.bounds, variable);
}

/// Makes the name mean the variable, in place of an external one of that name.
void declare(const PtxTokens& tokens, PtxNames& names, Declarator&& declared, const PtxVariableStore& store) {
    const PtxSymbol* const before = names.find_in_scope(declared.name.text);
    if (before != nullptr && before->kind == PtxSymbol::Kind::variable && before->variable->external &&
        before->variable->space == declared.variable.space) {
        *before->variable = std::move(declared.variable);
        return;
    }
    PtxVariable& kept = store(std::move(declared.variable));
    PtxSymbol symbol;
    symbol.kind = PtxSymbol::Kind::variable;
    symbol.variable = &kept;
    if (!names.declare(declared.name.text, symbol)) fail_twice(tokens, declared.name);
}

}  // namespace

PtxTypeClause parse_type_clause(PtxTokens& tokens) {
    PtxTypeClause clause;
    std::optional<PtxType> type;
    while (tokens.next().is_dotted()) {
        const PtxToken word = tokens.take();
        if (word.text == "align") {
            clause.alignment = parse_alignment(tokens);
        } else if (word.text == "v2" || word.text == "v4" || word.text == "v8") {
            clause.components = static_cast<std::uint32_t>(word.text[1] - '0');
        } else if (word.text == "attribute") {
            tokens.skip_brackets("(", ")");
        } else if (word.text == "ptr") {
            skip_pointee(tokens);
        } else if (is_opaque(word.text)) {
            tokens.fail(word, "a variable of numbers: textures, samplers and surfaces are not supported");
        } else {
            type = ptx_type_of(word.text);
            if (!type) tokens.fail(word, "a type such as '.b32'");
        }
    }
    if (!type) tokens.fail("a type such as '.b32'");
    clause.type = *type;
    if (clause.alignment == 0) clause.alignment = bytes_of(*type) * clause.components;
    return clause;
}

PtxVariable parse_declarator(PtxTokens& tokens, PtxSpace space, const PtxTypeClause& clause) {
    return parse_name_and_bounds(tokens, space, clause).variable;
}

void parse_variables(PtxTokens& tokens, PtxNames& names, PtxSpace space, bool external, const PtxVariableStore& store) {
    if (space == PtxSpace::constant && tokens.at("[")) tokens.skip_brackets("[", "]");  // a bank, before PTX 2.2
    const PtxTypeClause clause = parse_type_clause(tokens);
    do {
        Declarator declared = parse_name_and_bounds(tokens, space, clause);
        declared.variable.external = external;
        if (tokens.at("=")) {
            parse_value(tokens, names, clause, declared);
        } else if (declared.variable.bytes == 0 && !external) {
            tokens.fail(declared.name, "an array size, an initial value, or '.extern'");
        }
        declare(tokens, names, std::move(declared), store);
    } while (tokens.take_if(","));
    tokens.expect(";");
}

void fail_twice(const PtxTokens& tokens, const PtxToken& name) {
    tokens.fail(name.where, fmt::format("a second declaration of {}", quoted_for_message(name.text)),
                "each name once in a scope");
}

}  // namespace stcsim
