#include "ptx/ptx_initialiser.h"

#include <bit>
#include <limits>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/message_text.h"

namespace stcsim {
namespace {

int hexadecimal_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// The bytes of a string's text: escapes as in C, of those \n \t \r \0 \\ \" \' and \xHH.
std::string unescaped(const PtxTokens& tokens, const PtxToken& token) {
    constexpr std::string_view letters = "ntr0\\\"'";
    constexpr std::string_view meanings("\n\t\r\0\\\"'", 7);
    std::string bytes;
    const std::string_view text = token.text;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            bytes += text[i];
            continue;
        }
        const char letter = ++i < text.size() ? text[i] : '\\';
        const int high = letter == 'x' && i + 1 < text.size() ? hexadecimal_digit(text[i + 1]) : -1;
        const int low = high >= 0 && i + 2 < text.size() ? hexadecimal_digit(text[i + 2]) : -1;
        const std::size_t known = letters.find(letter);
        if (low >= 0) {
            bytes += static_cast<char>(high << 4 | low);
            i += 2;
        } else if (known != std::string_view::npos) {
            bytes += meanings[known];
        } else {
            tokens.fail(token, "a string whose escapes are \\n \\t \\r \\0 \\\\ \\\" \\' or \\xHH");
        }
    }
    return bytes;
}

class InitialiserParser {
  public:
    InitialiserParser(PtxTokens& tokens, const PtxNames& names, const std::vector<std::uint64_t>& bounds,
                      PtxVariable& variable)
        : tokens_(tokens), names_(names), bounds_(bounds), variable_(variable), element_(bytes_of(variable.type)) {
        strides_.assign(bounds.size(), element_);
        for (std::size_t i = bounds.size(); i-- > 1;) strides_[i - 1] = strides_[i] * bounds[i];
    }

    void whole() {
        const bool open_ended = !bounds_.empty() && bounds_.front() == 0;
        limit_ = open_ended ? std::numeric_limits<std::uint64_t>::max() : variable_.bytes;
        if (bounds_.empty()) {
            scalar();
        } else if (tokens_.next().kind == PtxToken::Kind::string) {
            string();
        } else {
            row(0);
        }
        if (open_ended) variable_.bytes = (end() + strides_.front() - 1) / strides_.front() * strides_.front();
    }

  private:
    [[nodiscard]] std::uint64_t end() const { return variable_.initial.size(); }

    /// Values in braces that fill dimension `level`. Braces inside stand for a whole entry of it, values without them
    /// for the elements one after the other.
    void row(std::size_t level) {
        const std::uint64_t begin = end();
        const PtxToken opening = tokens_.next();
        tokens_.expect("{");
        while (!tokens_.take_if("}")) {
            if (tokens_.at("{")) {
                if (level + 1 == bounds_.size()) tokens_.fail("a value: there are no more dimensions");
                if ((end() - begin) % strides_[level] != 0) tokens_.fail("a value: the entry before is not complete");
                row(level + 1);
            } else if (tokens_.next().kind == PtxToken::Kind::string) {
                string();
            } else {
                scalar();
            }
            if (!tokens_.take_if(",") && !tokens_.at("}")) tokens_.fail("',' or '}'");
        }
        check_row(level, begin, opening);
    }

    /// Only the last row of all may be short, so that what is stored is no longer than what is written.
    void check_row(std::size_t level, std::uint64_t begin, const PtxToken& opening) const {
        if (level == 0) return;
        const std::uint64_t bytes = strides_[level - 1];
        const bool last = tokens_.at("}");
        if (end() - begin > bytes || (end() - begin < bytes && !last)) {
            tokens_.fail(opening.where, fmt::format("a row of {} bytes", end() - begin),
                         fmt::format("{} bytes, as the array's bounds say", bytes));
        }
    }

    void string() {
        const PtxToken token = tokens_.take();
        if (element_ != 1) tokens_.fail(token, "a number: only arrays of bytes are strings");
        const std::string bytes = unescaped(tokens_, token);
        if (bytes.size() > limit_ - end()) fail_size(token);
        for (const char c : bytes) variable_.initial.push_back(static_cast<std::byte>(c));
    }

    void scalar() {
        const PtxToken token = tokens_.next();
        if (element_ > limit_ - end()) fail_size(token);
        if (token.is_word() && token.text != "WARP_SZ") return address(std::numeric_limits<std::uint64_t>::max());
        const PtxConstant value = parse_constant(tokens_);
        if (tokens_.at("(") && !value.type) {
            tokens_.take();
            address(value.bits);
            tokens_.expect(")");
            return;
        }
        append(converted(token, value));
    }

    [[noreturn]] void fail_size(const PtxToken& token) const {
        tokens_.fail(
            token, fmt::format("no more than the {} bytes of {}", variable_.bytes, quoted_for_message(variable_.name)));
    }

    void append(std::uint64_t bits) {
        for (std::uint32_t i = 0; i < element_; ++i) {
            variable_.initial.push_back(static_cast<std::byte>(i < 8 ? bits >> (8 * i) & 0xFFU : 0));
        }
    }

    /// The bits that the value has as an element.
    [[nodiscard]] std::uint64_t converted(const PtxToken& token, const PtxConstant& value) const {
        const bool to_f32 = variable_.type == PtxType::f32;
        if (!to_f32 && variable_.type != PtxType::f64) {
            if (value.type) tokens_.fail(token, "an integer");
            return value.bits;
        }
        if (value.type == variable_.type) return value.bits;
        double number = value.is_unsigned ? static_cast<double>(value.bits)
                                          : static_cast<double>(static_cast<std::int64_t>(value.bits));
        if (value.type == PtxType::f32) number = std::bit_cast<float>(static_cast<std::uint32_t>(value.bits));
        if (value.type == PtxType::f64) number = std::bit_cast<double>(value.bits);
        if (to_f32) return std::bit_cast<std::uint32_t>(static_cast<float>(number));
        return std::bit_cast<std::uint64_t>(number);
    }

    /// `name`, `generic(name)`, each with an offset behind it.
    void address(std::uint64_t mask) {
        PtxInitialAddress initial;
        initial.at = end();
        initial.bytes = element_;
        initial.mask = mask;
        PtxToken name = tokens_.expect(PtxToken::Kind::word, "the name of a variable");
        if (name.text == "generic" && tokens_.take_if("(")) {
            initial.generic = true;
            name = tokens_.expect(PtxToken::Kind::word, "the name of a variable");
            tokens_.expect(")");
        }
        if (tokens_.at("+") || tokens_.at("-")) {
            const PtxConstant addend = parse_constant(tokens_);
            if (addend.type) tokens_.fail(name, "an offset that is an integer");
            initial.addend = static_cast<std::int64_t>(addend.bits);
        }
        const PtxSymbol* const symbol = names_.find(name.text).symbol;
        const bool is_variable = symbol != nullptr && symbol->kind == PtxSymbol::Kind::variable;
        if (!is_variable && (symbol == nullptr || symbol->kind != PtxSymbol::Kind::function)) {
            tokens_.fail(name, "a number, or the name of a variable or function declared before");
        }
        append(0);
        if (is_variable) {
            initial.variable = symbol->variable;
        } else {
            initial.function = symbol->declaration;
        }
        variable_.addresses.push_back(initial);
    }

    PtxTokens& tokens_;
    const PtxNames& names_;
    const std::vector<std::uint64_t>& bounds_;
    PtxVariable& variable_;
    std::uint32_t element_;
    std::vector<std::uint64_t> strides_;  ///< bytes from one entry to the next, by dimension
    std::uint64_t limit_ = 0;             ///< bytes there is room for
};

}  // namespace

void parse_initialiser(PtxTokens& tokens, const PtxNames& names, const std::vector<std::uint64_t>& bounds,
                       PtxVariable& variable) {
    InitialiserParser(tokens, names, bounds, variable).whole();
}

}  // namespace stcsim
