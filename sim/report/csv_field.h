/// Text as a field of CSV.
#pragma once

#include <string>
#include <string_view>

namespace stcsim {

/// The field as in RFC 4180, in quotes where it needs them: also where readers would drop blanks or take the line for a
/// comment.
std::string csv_field(std::string_view text);

}  // namespace stcsim
