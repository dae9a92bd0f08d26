/// PTX text as a stream of tokens, one of which is looked at ahead.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ptx/ptx_module.h"

namespace stcsim {

struct PtxToken {
    enum class Kind : std::uint8_t {
        word,         ///< an identifier, or `_`
        dotted,       ///< `.word`, its text without the dot: directives, types, modifiers (`L2::128B`)
        integer,      ///< `bits`, `is_unsigned` by suffix U or by size
        real,         ///< `bits` of a float of `type`: f32 for `0f...`, f64 otherwise
        string,       ///< its text without the quotation marks, escapes as written
        punctuation,  ///< one character, or an operator of two
        end,          ///< of the text
    };

    Kind kind = Kind::end;
    std::string_view text;
    PtxLocation where;
    std::uint64_t bits = 0;
    bool is_unsigned = false;
    PtxType type = PtxType::f64;

    [[nodiscard]] bool is_word() const { return kind == Kind::word; }
    [[nodiscard]] bool is_dotted() const { return kind == Kind::dotted; }
    [[nodiscard]] bool is_end() const { return kind == Kind::end; }
    [[nodiscard]] bool is(std::string_view punctuation) const {
        return kind == Kind::punctuation && text == punctuation;
    }
};

/// Comments and white space separate tokens. Every function throws InputError, with module name and line and with the
/// column in what was found, for text that is no token: stray characters, malformed numbers, strings and comments
/// without an end.
class PtxTokens {
  public:
    /// Both are kept by reference. Throws InputError if the text has 4 GiB or more.
    PtxTokens(std::string_view text, const std::string& module_name);

    [[nodiscard]] const PtxToken& next() const { return next_; }
    PtxToken take();

    [[nodiscard]] bool at(std::string_view punctuation) const { return next_.is(punctuation); }
    bool take_if(std::string_view punctuation);
    /// Throws InputError if something else comes.
    void expect(std::string_view punctuation);
    PtxToken expect(PtxToken::Kind kind, std::string_view expected);
    /// An integer of at most `most`.
    std::uint64_t expect_integer(std::uint64_t most, std::string_view expected);
    /// Everything up to the punctuation, which is taken too.
    void skip_past(std::string_view punctuation);
    /// The bracket that comes, all that it encloses and the bracket that closes it.
    void skip_brackets(std::string_view open, std::string_view close);

    /// Found the next token.
    [[noreturn]] void fail(std::string_view expected) const;
    [[noreturn]] void fail(const PtxToken& found, std::string_view expected) const;
    [[noreturn]] void fail(PtxLocation where, std::string_view found, std::string_view expected) const;

  private:
    [[nodiscard]] char character(std::size_t ahead = 0) const {
        return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
    }
    [[nodiscard]] PtxLocation here() const;
    void advance();
    void skip_blanks();
    void skip_block_comment();
    void scan_word();
    void scan_dotted();
    void scan_string();
    void scan_punctuation();
    void scan_number();
    void scan_integer(unsigned base, std::size_t prefix);
    void scan_float_bits(std::size_t digits, PtxType type);
    void scan_decimal_real();
    void finish_number(std::size_t begin);

    std::string_view text_;
    const std::string& module_name_;
    std::size_t position_ = 0;
    std::uint32_t line_ = 1;
    std::size_t line_begin_ = 0;
    PtxToken next_;
};

}  // namespace stcsim
