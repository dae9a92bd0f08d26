#include "npy/python_literal.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/message_text.h"

namespace stcsim {
namespace {

constexpr int deepest_nesting = 8;

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Recursive descent over the text; each function takes what it names off the front.
class Parser {
  public:
    Parser(std::string_view text, const InputLocation& where) : text_(text), where_(where) {}

    PythonLiteral whole() {
        PythonLiteral literal = value(0);
        skip_blanks();
        if (position_ != text_.size()) fail("the end of the header");
        return literal;
    }

  private:
    [[noreturn]] void fail(std::string_view expected) const {
        const std::string_view rest = text_.substr(position_, 20);
        throw InputError(where_,
                         position_ >= text_.size()
                             ? std::string("the end of the header")
                             : fmt::format("{} at byte {} of the header", quoted_for_message(rest), position_),
                         std::string(expected));
    }

    void skip_blanks() {
        while (position_ < text_.size() &&
               std::string_view(" \t\n\r\f").find(text_[position_]) != std::string_view::npos) {
            ++position_;
        }
    }

    /// The next character that is not blank, or NUL at the end.
    char next() {
        skip_blanks();
        return position_ < text_.size() ? text_[position_] : '\0';
    }

    bool take(char c) {
        if (next() != c || position_ >= text_.size()) return false;
        ++position_;
        return true;
    }

    PythonLiteral value(int depth) {
        if (depth > deepest_nesting) fail(fmt::format("at most {} levels of brackets", deepest_nesting));
        const char first = next();
        if (first == '\'' || first == '"') return {string()};
        if (first == '{') return {dictionary(depth)};
        if (first == '(' || first == '[') return {sequence(depth)};
        if (is_digit(first)) return {integer()};
        if (is_letter(first)) return word();
        fail("a value: a string, a number, True, False, None or brackets");
    }

    std::string string() {
        const char quote = text_[position_];
        const std::size_t end = text_.find(quote, position_ + 1);
        if (end == std::string_view::npos) fail("a string that ends with its quotation mark");
        const std::string_view content = text_.substr(position_ + 1, end - position_ - 1);
        if (content.find('\\') != std::string_view::npos || std::ranges::any_of(content, is_control)) {
            fail("a string without escapes and control characters");
        }
        position_ = end + 1;
        return std::string(content);
    }

    std::uint64_t integer() {
        std::uint64_t number = 0;
        const char* const end = text_.data() + text_.size();
        const auto [stop, error] = std::from_chars(text_.data() + position_, end, number);
        if (error == std::errc::result_out_of_range) fail("a number below 2^64");
        if (stop != end && (is_letter(*stop) || is_digit(*stop) || *stop == '.')) fail("a whole decimal number");
        position_ = static_cast<std::size_t>(stop - text_.data());
        return number;
    }

    PythonLiteral word() {
        std::size_t end = position_;
        while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]))) ++end;
        const std::string_view found = text_.substr(position_, end - position_);
        if (found != "True" && found != "False" && found != "None") fail("True, False or None");
        position_ = end;
        if (found == "None") return {PythonLiteral::None{}};
        return {found == "True"};
    }

    PythonLiteral::Dictionary dictionary(int depth) {
        PythonLiteral::Dictionary entries;
        take('{');
        while (!take('}')) {
            const char quote = next();
            if (quote != '\'' && quote != '"') fail("a key in quotation marks, or '}'");
            const std::size_t start = position_;
            std::string key = string();
            if (std::ranges::find(entries.keys, key) != entries.keys.end()) {
                position_ = start;
                fail("each key once");
            }
            if (!take(':')) fail("':' after a key");
            entries.keys.push_back(std::move(key));
            entries.values.push_back(value(depth + 1));
            if (!take(',') && next() != '}') fail("',' or '}'");
        }
        return entries;
    }

    /// In parentheses, a single value without a comma is no tuple; .npy headers have no use for that.
    PythonLiteral::Sequence sequence(int depth) {
        const bool tuple = text_[position_] == '(';
        const char closing = tuple ? ')' : ']';
        PythonLiteral::Sequence sequence{tuple, {}};
        ++position_;
        bool comma = false;
        while (!take(closing)) {
            sequence.items.push_back(value(depth + 1));
            comma = take(',');
            if (!comma && next() != closing) fail(fmt::format("',' or '{}'", closing));
        }
        if (tuple && sequence.items.size() == 1 && !comma) {
            --position_;
            fail("',' after the only value of a tuple");
        }
        return sequence;
    }

    std::string_view text_;
    const InputLocation& where_;
    std::size_t position_ = 0;
};

}  // namespace

PythonLiteral parse_python_literal(std::string_view text, const InputLocation& where) {
    return Parser(text, where).whole();
}

}  // namespace stcsim
