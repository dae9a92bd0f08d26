#include "ptx/ptx_constant.h"

#include <array>
#include <limits>

#include "base/error.h"

namespace stcsim {
namespace {

constexpr int deepest_expression = 64;
constexpr std::uint64_t warp_size = 32;  // PTX ISA, "WARP_SZ"

/// Levels of the binary operators, weakest first, as in C.
struct Operator {
    std::string_view sign;
    int level;
};
constexpr std::array<Operator, 18> operators{{{"||", 0},
                                              {"&&", 1},
                                              {"|", 2},
                                              {"^", 3},
                                              {"&", 4},
                                              {"==", 5},
                                              {"!=", 5},
                                              {"<", 6},
                                              {">", 6},
                                              {"<=", 6},
                                              {">=", 6},
                                              {"<<", 7},
                                              {">>", 7},
                                              {"+", 8},
                                              {"-", 8},
                                              {"*", 9},
                                              {"/", 9},
                                              {"%", 9}}};

PtxConstant integer(std::uint64_t bits, bool is_unsigned = false) {
    return {bits, is_unsigned, std::nullopt};
}

std::int64_t as_signed(std::uint64_t bits) {
    return static_cast<std::int64_t>(bits);
}

bool less(const PtxConstant& a, const PtxConstant& b, bool is_unsigned) {
    return is_unsigned ? a.bits < b.bits : as_signed(a.bits) < as_signed(b.bits);
}

std::uint64_t shifted_right(const PtxConstant& a, std::uint64_t count) {
    if (a.is_unsigned) return count < 64 ? a.bits >> count : 0;
    return static_cast<std::uint64_t>(as_signed(a.bits) >> (count < 64 ? count : 63));
}

/// Quotient or remainder; the quotient of the least integer and -1 wraps.
std::uint64_t divided(std::uint64_t a, std::uint64_t b, bool is_unsigned, bool quotient) {
    if (is_unsigned) return quotient ? a / b : a % b;
    if (as_signed(b) == -1) return quotient ? std::uint64_t{0} - a : 0;
    return static_cast<std::uint64_t>(quotient ? as_signed(a) / as_signed(b) : as_signed(a) % as_signed(b));
}

PtxConstant combined(std::string_view sign, const PtxConstant& a, const PtxConstant& b) {
    const bool u = a.is_unsigned || b.is_unsigned;
    if (sign == "||") return integer(a.bits != 0 || b.bits != 0 ? 1 : 0);
    if (sign == "&&") return integer(a.bits != 0 && b.bits != 0 ? 1 : 0);
    if (sign == "|") return integer(a.bits | b.bits, u);
    if (sign == "^") return integer(a.bits ^ b.bits, u);
    if (sign == "&") return integer(a.bits & b.bits, u);
    if (sign == "==") return integer(a.bits == b.bits ? 1 : 0);
    if (sign == "!=") return integer(a.bits != b.bits ? 1 : 0);
    if (sign == "<") return integer(less(a, b, u) ? 1 : 0);
    if (sign == ">") return integer(less(b, a, u) ? 1 : 0);
    if (sign == "<=") return integer(less(b, a, u) ? 0 : 1);
    if (sign == ">=") return integer(less(a, b, u) ? 0 : 1);
    if (sign == "<<") return integer(b.bits < 64 ? a.bits << b.bits : 0, a.is_unsigned);
    if (sign == ">>") return integer(shifted_right(a, b.bits), a.is_unsigned);
    if (sign == "+") return integer(a.bits + b.bits, u);
    if (sign == "-") return integer(a.bits - b.bits, u);
    if (sign == "*") return integer(a.bits * b.bits, u);
    return integer(divided(a.bits, b.bits, u, sign == "/"), u);
}

/// Recursive descent for signs, parentheses and stronger operators; loops for the rest.
class ConstantParser {
  public:
    explicit ConstantParser(PtxTokens& tokens) : tokens_(tokens) {}

    PtxConstant conditional() {
        enter();
        PtxConstant value = chosen(binary(unary(), 0));
        --depth_;
        return value;
    }

    PtxConstant after_not() {
        const PtxConstant operand = unary();
        return chosen(binary(integer(integral(operand).bits == 0 ? 1 : 0), 0));
    }

  private:
    void enter() {
        if (++depth_ > deepest_expression) tokens_.fail("at most 64 levels of nesting");
    }

    void require_integer(const PtxConstant& operand) const {
        if (operand.type) tokens_.fail("an integer before it: no arithmetic on floats");
    }

    [[nodiscard]] const PtxConstant& integral(const PtxConstant& operand) const {
        require_integer(operand);
        return operand;
    }

    /// The rest of `condition ? a : b`, if that is what comes.
    PtxConstant chosen(const PtxConstant& condition) {
        if (!tokens_.take_if("?")) return condition;
        const PtxConstant yes = conditional();
        tokens_.expect(":");
        const PtxConstant no = conditional();
        return integral(condition).bits != 0 ? yes : no;
    }

    [[nodiscard]] const Operator* next_operator() const {
        if (tokens_.next().kind != PtxToken::Kind::punctuation) return nullptr;
        for (const Operator& candidate : operators) {
            if (tokens_.next().text == candidate.sign) return &candidate;
        }
        return nullptr;
    }

    PtxConstant binary(PtxConstant left, int weakest) {
        for (const Operator* sign = next_operator(); sign != nullptr && sign->level >= weakest;
             sign = next_operator()) {
            require_integer(left);
            tokens_.take();
            const PtxToken operand = tokens_.next();
            PtxConstant right = unary();
            while (const Operator* stronger = next_operator()) {
                if (stronger->level <= sign->level) break;
                enter();
                right = binary(right, sign->level + 1);
                --depth_;
            }
            const bool divides = sign->sign == "/" || sign->sign == "%";
            if (divides && integral(right).bits == 0) tokens_.fail(operand, "a divisor other than zero");
            left = combined(sign->sign, left, integral(right));
        }
        return left;
    }

    PtxConstant unary() {
        enter();
        const PtxConstant value = signed_value();
        --depth_;
        return value;
    }

    PtxConstant signed_value() {
        if (tokens_.take_if("+")) return unary();
        if (tokens_.take_if("-")) return negated(unary());
        if (tokens_.take_if("~")) {
            const PtxConstant operand = unary();
            return integer(~integral(operand).bits, operand.is_unsigned);
        }
        if (tokens_.take_if("!")) return integer(integral(unary()).bits == 0 ? 1 : 0);
        if (tokens_.take_if("(")) return in_parentheses();
        return literal();
    }

    static PtxConstant negated(PtxConstant value) {
        if (!value.type) return integer(std::uint64_t{0} - value.bits, value.is_unsigned);
        value.bits ^= std::uint64_t{1} << (*value.type == PtxType::f32 ? 31U : 63U);
        return value;
    }

    /// `(expression)`, or a cast `(.s64) operand`.
    PtxConstant in_parentheses() {
        if (tokens_.next().is_dotted()) {
            const PtxToken type = tokens_.take();
            if (type.text != "s64" && type.text != "u64") tokens_.fail(type, "'.s64' or '.u64'");
            tokens_.expect(")");
            const PtxConstant operand = unary();
            return integer(integral(operand).bits, type.text == "u64");
        }
        const PtxConstant value = conditional();
        tokens_.expect(")");
        return value;
    }

    PtxConstant literal() {
        const PtxToken token = tokens_.next();
        if (token.is_word() && token.text == "WARP_SZ") {
            tokens_.take();
            return integer(warp_size);
        }
        if (token.kind == PtxToken::Kind::integer) {
            tokens_.take();
            return integer(token.bits, token.is_unsigned);
        }
        if (token.kind != PtxToken::Kind::real) tokens_.fail("a constant");
        tokens_.take();
        return {token.bits, false, token.type};
    }

    PtxTokens& tokens_;
    int depth_ = 0;
};

}  // namespace

bool at_constant(const PtxTokens& tokens) {
    const PtxToken& token = tokens.next();
    if (token.kind == PtxToken::Kind::integer || token.kind == PtxToken::Kind::real) return true;
    if (token.is_word()) return token.text == "WARP_SZ";
    return token.is("(") || token.is("-") || token.is("+") || token.is("~") || token.is("!");
}

PtxConstant parse_constant(PtxTokens& tokens) {
    return ConstantParser(tokens).conditional();
}

PtxConstant parse_constant_after_not(PtxTokens& tokens) {
    return ConstantParser(tokens).after_not();
}

}  // namespace stcsim
