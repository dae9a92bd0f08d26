#include "report/csv_field.h"

namespace stcsim {

std::string csv_field(std::string_view text) {
    const bool has_outer_blank = !text.empty() && (text.front() == ' ' || text.back() == ' ' || text.front() == '#');
    if (!has_outer_blank && text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    quoted += '"';
    return quoted;
}

}  // namespace stcsim
