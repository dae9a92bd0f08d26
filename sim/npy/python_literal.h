/// The literals of Python that headers of .npy files are made of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace stcsim {

/// A literal: a string, True or False, None, a non-negative integer, a sequence or a dictionary with strings as keys.
struct PythonLiteral {
    struct None {};
    /// A tuple (in parentheses) or a list.
    struct Sequence {
        bool tuple;
        std::vector<PythonLiteral> items;
    };
    /// Distinct keys and their values, in the order written.
    struct Dictionary {
        std::vector<std::string> keys;
        std::vector<PythonLiteral> values;
    };

    std::variant<None, bool, std::uint64_t, std::string, Sequence, Dictionary> value;
};

/// The literal that `text` consists of, apart from white space around it. Nesting is limited to 8 levels. Throws
/// InputError with `where`, what was found and at which byte of the header.
PythonLiteral parse_python_literal(std::string_view text, const InputLocation& where);

}  // namespace stcsim
