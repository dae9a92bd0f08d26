#include "ptx/ptx_tokens.h"

#include <array>
#include <bit>
#include <charconv>
#include <limits>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"
#include "base/message_text.h"

namespace stcsim {
namespace {

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// What a character may be part of.
constexpr std::uint8_t follows_in_word = 1;  ///< the second and later ones of an identifier
constexpr std::uint8_t begins_word = 2;
constexpr std::uint8_t punctuation_mark = 4;

constexpr std::array<std::uint8_t, 256> make_classes() {
    std::array<std::uint8_t, 256> classes{};
    for (int c = 'a'; c <= 'z'; ++c) classes[c] = follows_in_word | begins_word;
    for (int c = 'A'; c <= 'Z'; ++c) classes[c] = follows_in_word | begins_word;
    for (int c = '0'; c <= '9'; ++c) classes[c] = follows_in_word;
    classes['_'] = classes['$'] = follows_in_word | begins_word;
    for (const char c : std::string_view("{}()[],;:@!|+-*/%<>=&^~?")) {
        classes[static_cast<unsigned char>(c)] = punctuation_mark;
    }
    return classes;
}

constexpr std::array<std::uint8_t, 256> classes = make_classes();

constexpr bool is(char c, std::uint8_t wanted) {
    return (classes[static_cast<unsigned char>(c)] & wanted) != 0;
}

std::size_t word_end(std::string_view text, std::size_t position) {
    while (position < text.size() && is(text[position], follows_in_word)) ++position;
    return position;
}

std::string description(const PtxToken& token) {
    switch (token.kind) {
        case PtxToken::Kind::end: return "the end of the text";
        case PtxToken::Kind::dotted: return quoted_for_message(fmt::format(".{}", token.text.substr(0, 80)));
        case PtxToken::Kind::string: return fmt::format("the string {}", quoted_for_message(token.text));
        default: return quoted_for_message(token.text);
    }
}

}  // namespace

PtxTokens::PtxTokens(std::string_view text, const std::string& module_name) : text_(text), module_name_(module_name) {
    if (text.size() >= std::numeric_limits<std::uint32_t>::max()) {
        throw InputError({module_name}, fmt::format("{} bytes of PTX", text.size()), "less than 4 GiB");
    }
    advance();
}

PtxToken PtxTokens::take() {
    const PtxToken token = next_;
    advance();
    return token;
}

bool PtxTokens::take_if(std::string_view punctuation) {
    if (!at(punctuation)) return false;
    advance();
    return true;
}

void PtxTokens::expect(std::string_view punctuation) {
    if (!take_if(punctuation)) fail(fmt::format("'{}'", punctuation));
}

PtxToken PtxTokens::expect(PtxToken::Kind kind, std::string_view expected) {
    if (next_.kind != kind) fail(expected);
    return take();
}

std::uint64_t PtxTokens::expect_integer(std::uint64_t most, std::string_view expected) {
    if (next_.kind != PtxToken::Kind::integer || next_.bits > most) fail(expected);
    return take().bits;
}

void PtxTokens::skip_past(std::string_view punctuation) {
    while (!at(punctuation)) {
        if (next_.is_end()) fail(fmt::format("'{}'", punctuation));
        advance();
    }
    advance();
}

void PtxTokens::skip_brackets(std::string_view open, std::string_view close) {
    const PtxLocation begin = next_.where;
    expect(open);
    for (std::uint32_t depth = 1; depth > 0; advance()) {
        if (next_.is_end()) fail(fmt::format("'{}' for the '{}' of line {}", close, open, begin.line));
        if (at(open)) ++depth;
        if (at(close)) --depth;
    }
}

void PtxTokens::fail(std::string_view expected) const {
    fail(next_, expected);
}

void PtxTokens::fail(const PtxToken& found, std::string_view expected) const {
    fail(found.where, description(found), expected);
}

void PtxTokens::fail(PtxLocation where, std::string_view found, std::string_view expected) const {
    throw InputError({module_name_, where.line}, fmt::format("{} in column {}", found, where.column),
                     std::string(expected));
}

PtxLocation PtxTokens::here() const {
    return {line_, static_cast<std::uint32_t>(position_ - line_begin_ + 1)};
}

void PtxTokens::advance() {
    skip_blanks();
    next_.where = here();
    if (position_ >= text_.size()) {
        next_.kind = PtxToken::Kind::end;
        next_.text = {};
        return;
    }
    const char c = character();
    if (is(c, begins_word) || (c == '%' && is(character(1), follows_in_word))) return scan_word();
    if (is(c, punctuation_mark)) return scan_punctuation();
    if (c == '.') return scan_dotted();
    if (is_digit(c)) return scan_number();
    if (c == '"') return scan_string();
    fail(next_.where, quoted_for_message(text_.substr(position_, 1)), "PTX");
}

void PtxTokens::skip_blanks() {
    while (position_ < text_.size()) {
        const char c = text_[position_];
        if (c == '\n') {
            ++line_;
            line_begin_ = ++position_;
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v') {
            ++position_;
        } else if (c == '/' && character(1) == '/') {
            position_ = std::min(text_.find('\n', position_), text_.size());
        } else if (c == '/' && character(1) == '*') {
            skip_block_comment();
        } else {
            return;
        }
    }
}

void PtxTokens::skip_block_comment() {
    const PtxLocation begin = here();
    const std::size_t end = text_.find("*/", position_ + 2);
    if (end == std::string_view::npos) fail(begin, "a comment without an end", "'*/'");
    for (; position_ < end + 2; ++position_) {
        if (text_[position_] != '\n') continue;
        ++line_;
        line_begin_ = position_ + 1;
    }
}

void PtxTokens::scan_word() {
    const std::size_t end = word_end(text_, position_ + 1);
    next_.kind = PtxToken::Kind::word;
    next_.text = text_.substr(position_, end - position_);
    position_ = end;
}

void PtxTokens::scan_dotted() {
    const std::size_t begin = position_ + 1;
    std::size_t end = word_end(text_, begin);
    while (end > begin && text_.substr(end, 2) == "::") end = word_end(text_, end + 2);
    if (end == begin) fail(next_.where, "'.'", "PTX");
    next_.kind = PtxToken::Kind::dotted;
    next_.text = text_.substr(begin, end - begin);
    position_ = end;
}

void PtxTokens::scan_string() {
    std::size_t end = position_ + 1;
    while (end < text_.size() && text_[end] != '"' && text_[end] != '\n') end += text_[end] == '\\' ? 2 : 1;
    if (end >= text_.size() || text_[end] != '"') fail(next_.where, "a string without an end", "'\"' in the same line");
    next_.kind = PtxToken::Kind::string;
    next_.text = text_.substr(position_ + 1, end - position_ - 1);
    position_ = end + 1;
}

void PtxTokens::scan_punctuation() {
    constexpr std::array<std::string_view, 8> doubled{"<<", ">>", "<=", ">=", "==", "!=", "&&", "||"};
    std::size_t length = 1;
    for (const std::string_view sign : doubled) {
        if (text_.substr(position_, 2) == sign) length = 2;
    }
    next_.kind = PtxToken::Kind::punctuation;
    next_.text = text_.substr(position_, length);
    position_ += length;
}

void PtxTokens::scan_number() {
    const char mark = character() == '0' ? character(1) : '\0';
    if (mark == 'x' || mark == 'X') return scan_integer(16, 2);
    if (mark == 'b' || mark == 'B') return scan_integer(2, 2);
    if (mark == 'f' || mark == 'F') return scan_float_bits(8, PtxType::f32);
    if (mark == 'd' || mark == 'D') return scan_float_bits(16, PtxType::f64);
    std::size_t end = position_;
    while (end < text_.size() && is_digit(text_[end])) ++end;
    const char after = end < text_.size() ? text_[end] : '\0';
    const bool fraction = after == '.' && !(end + 1 < text_.size() && is(text_[end + 1], begins_word));
    if (fraction || after == 'e' || after == 'E') return scan_decimal_real();
    scan_integer(mark != '\0' && is_digit(mark) ? 8 : 10, 0);
}

void PtxTokens::scan_integer(unsigned base, std::size_t prefix) {
    const std::size_t begin = position_;
    const char* const end = text_.data() + text_.size();
    const auto [stop, error] = std::from_chars(text_.data() + begin + prefix, end, next_.bits, static_cast<int>(base));
    if (error == std::errc::result_out_of_range) {
        fail(next_.where, quoted_for_message(text_.substr(begin, word_end(text_, begin) - begin)),
             "an integer below 2^64");
    }
    if (error == std::errc()) position_ = static_cast<std::size_t>(stop - text_.data());
    next_.kind = PtxToken::Kind::integer;
    next_.is_unsigned = next_.bits > std::uint64_t{std::numeric_limits<std::int64_t>::max()};
    if (error == std::errc() && (character() == 'U' || character() == 'u')) {
        next_.is_unsigned = true;
        ++position_;
    }
    finish_number(begin);
}

void PtxTokens::scan_float_bits(std::size_t digits, PtxType type) {
    const std::size_t begin = position_;
    const std::string_view spelling = text_.substr(begin + 2, digits);
    const auto [stop, error] = std::from_chars(spelling.data(), spelling.data() + spelling.size(), next_.bits, 16);
    if (error == std::errc() && stop == spelling.data() + digits) position_ = begin + 2 + digits;
    next_.kind = PtxToken::Kind::real;
    next_.type = type;
    finish_number(begin);
}

void PtxTokens::scan_decimal_real() {
    const std::size_t begin = position_;
    double value = 0;
    const auto [stop, error] = std::from_chars(text_.data() + begin, text_.data() + text_.size(), value);
    if (error == std::errc()) position_ = static_cast<std::size_t>(stop - text_.data());
    next_.kind = PtxToken::Kind::real;
    next_.type = PtxType::f64;
    next_.bits = std::bit_cast<std::uint64_t>(value);
    finish_number(begin);
}

/// A number that was read ends where its word ends.
void PtxTokens::finish_number(std::size_t begin) {
    if (position_ == begin || is(character(), follows_in_word)) {
        const std::size_t end = word_end(text_, std::max(position_, begin + 1));
        fail(next_.where, quoted_for_message(text_.substr(begin, end - begin)), "a number");
    }
    next_.text = text_.substr(begin, position_ - begin);
}

}  // namespace stcsim
