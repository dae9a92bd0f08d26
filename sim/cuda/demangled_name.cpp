#include "cuda/demangled_name.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cxxabi.h>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace stcsim {
namespace {

std::optional<std::string> standard_demangled(const std::string& symbol) {
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> name(
        abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), &std::free);
    if (status != 0 || name == nullptr) return std::nullopt;
    return std::string(name.get());
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// As few letters as there are: a, b, ... Z, ba, bb, ...
std::string stand_in(std::size_t number) {
    static constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    std::string name;
    do {
        name.insert(name.begin(), letters[number % letters.size()]);
        number /= letters.size();
    } while (number != 0);
    return name;
}

/// Identifiers that follow each other in a symbol, "7cutlass4gemm", with "::" between them; takes them off.
std::string take_names(std::string_view& symbol) {
    std::string name;
    while (!symbol.empty() && is_digit(symbol.front())) {
        std::size_t length = 0;
        while (!symbol.empty() && is_digit(symbol.front())) {
            length = std::min<std::size_t>(length * 10 + static_cast<std::size_t>(symbol.front() - '0'), 1U << 20U);
            symbol.remove_prefix(1);
        }
        name += fmt::format("{}{}", name.empty() ? "" : "::", symbol.substr(0, length));
        symbol.remove_prefix(std::min(length, symbol.size()));
    }
    return name;
}

bool take(std::string_view& symbol, std::string_view word) {
    if (!symbol.starts_with(word)) return false;
    symbol.remove_prefix(word.size());
    return true;
}

/// The outermost names of a symbol that is too long even then: of the template, and of its first argument, which tells
/// kernels of libraries apart. "cutlass::Kernel<cutlass::gemm::kernel::Gemm<...>, ...>"
std::string outer_name(const std::string& symbol) {
    std::string_view rest(symbol);
    take(rest, "_Z");
    take(rest, "N");
    const std::string name = take_names(rest);
    if (name.empty()) return symbol;
    if (!take(rest, "IN")) return name + "<...>";
    // The first thing that a symbol can refer back to is its outermost namespace.
    const std::string first = take(rest, "S_") ? name.substr(0, name.find(':')) + "::" : "";
    return fmt::format("{}<{}{}<...>, ...>", name, first, take_names(rest));
}

/// A symbol with short stand-ins for its identifiers: libstdc++ takes symbols of up to 1024 characters, and those of
/// kernels made of templates are longer. What a symbol refers back to is counted, not measured, and stays right.
///
/// Knows as much of the grammar as is needed to tell an identifier's length from other numbers (Itanium C++ ABI,
/// "Mangling").
class ShortSymbol {
  public:
    explicit ShortSymbol(std::string_view symbol) : rest_(symbol) {
        copy(2);  // _Z
        while (!rest_.empty()) take_next();
    }

    [[nodiscard]] const std::string& text() const { return text_; }

    /// A text in which the stand-ins are identifiers again.
    [[nodiscard]] std::string expanded(std::string_view name) const {
        std::string result;
        for (std::size_t i = 0; i < name.size();) {
            std::size_t end = i;
            while (end < name.size() &&
                   (std::isalnum(static_cast<unsigned char>(name[end])) != 0 || name[end] == '_')) {
                ++end;
            }
            const auto known = identifiers_.find(std::string(name.substr(i, end - i)));
            if (known != identifiers_.end()) {
                result += known->second;
            } else {
                result += name.substr(i, std::max<std::size_t>(end - i, 1));
            }
            i = std::max(end, i + 1);
        }
        return result;
    }

  private:
    [[nodiscard]] char at(std::size_t i) const { return i < rest_.size() ? rest_[i] : '\0'; }

    void copy(std::size_t characters) {
        characters = std::min(characters, rest_.size());
        text_ += rest_.substr(0, characters);
        rest_.remove_prefix(characters);
    }
    /// Up to and with this character.
    void copy_through(char last) {
        const std::size_t end = rest_.find(last);
        copy(end == std::string_view::npos ? rest_.size() : end + 1);
    }
    void copy_digits() {
        while (is_digit(at(0))) copy(1);
    }

    void take_identifier() {
        std::size_t length = 0;
        std::size_t digits = 0;
        while (is_digit(at(digits)) && length < rest_.size())
            length = length * 10 + static_cast<std::size_t>(at(digits++) - '0');
        const std::string identifier(rest_.substr(std::min(digits, rest_.size()), length));
        rest_.remove_prefix(std::min(digits + length, rest_.size()));
        // Names that the demangler knows stay.
        if (identifier.starts_with("_GLOBAL_")) {
            text_ += fmt::format("{}{}", identifier.size(), identifier);
            return;
        }
        std::string& short_name = short_names_[identifier];
        if (short_name.empty()) {
            short_name = stand_in(identifiers_.size());
            identifiers_[short_name] = identifier;
        }
        text_ += fmt::format("{}{}", short_name.size(), short_name);
    }

    void take_substitution() {
        if (at(1) == '_' || is_digit(at(1)) || (at(1) >= 'A' && at(1) <= 'Z')) {
            copy_through('_');
        } else {
            copy(2);  // St, Sa, ...
        }
    }

    /// L, a type, a value, E.
    void take_literal() {
        copy(1);
        if (at(0) == 'N') {
            open_.push_back('L');
            open_.push_back('N');
            copy(1);
            return;
        }
        if (at(0) == 'S') {
            take_substitution();
        } else if (is_digit(at(0))) {
            take_identifier();
        }
        copy_through('E');
    }

    void close() {
        copy(1);
        const char opened = open_.empty() ? '\0' : open_.back();
        if (!open_.empty()) open_.pop_back();
        if (opened == 'U') copy_through('_');  // the number of a lambda
        if (!open_.empty() && open_.back() == 'L') {
            open_.pop_back();
            copy_through('E');
        }
    }

    void take_next() {
        const char c = at(0);
        if (is_digit(c)) return take_identifier();
        if (c == 'L') return take_literal();
        if (c == 'S') return take_substitution();
        if (c == 'E') return close();
        if ((c == 'C' || c == 'D') && is_digit(at(1))) return copy(2);  // constructors and destructors
        if (c == 'T' || (c == 'U' && at(1) == 't') || (c == 'D' && at(1) == 'v') || c == 'A') return copy_through('_');
        if (c == '_') {
            copy(1);
            return copy_digits();
        }
        if (c == 'N' || c == 'I' || c == 'J' || c == 'X' || c == 'F' || c == 'Z') open_.push_back(c);
        if (c == 'U' && at(1) == 'l') {
            open_.push_back('U');
            return copy(2);
        }
        copy(1);
    }

    std::string_view rest_;
    std::string text_;
    std::vector<char> open_;  ///< what an E closes
    std::map<std::string, std::string> short_names_;
    std::map<std::string, std::string> identifiers_;  ///< by their stand-ins
};

}  // namespace

std::string demangled(const std::string& symbol) {
    if (const auto name = standard_demangled(symbol)) return *name;
    if (!symbol.starts_with("_Z")) return symbol;
    const ShortSymbol shortened(symbol);
    const auto name = standard_demangled(shortened.text());
    return name ? shortened.expanded(*name) : outer_name(symbol);
}

}  // namespace stcsim
