/// Text of users' files as messages show it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace stcsim {

/// Bytes of the UTF-8 sequence at the front of `text`, or 0 where there is no legal one (Unicode 15, table 3-7).
std::size_t utf8_length(std::string_view text);

/// Whether the byte is an ASCII control character.
bool is_control(char c);

/// `text` in quotation marks as messages show it: control characters escaped, long text cut short.
std::string quoted_for_message(std::string_view text);

}  // namespace stcsim
