#include "base/message_text.h"

#include <fmt/format.h>

namespace stcsim {

std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
    const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
    const unsigned first = byte(0);
    const unsigned second = byte(1);
    if (first < 0x80U) return 1;
    if (first >= 0xC2U && first <= 0xDFU) return continues(1) ? 2 : 0;
    if (first >= 0xE0U && first <= 0xEFU) {
        const bool overlong = first == 0xE0U && second < 0xA0U;
        const bool surrogate = first == 0xEDU && second > 0x9FU;
        return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (first >= 0xF0U && first <= 0xF4U) {
        const bool overlong = first == 0xF0U && second < 0x90U;
        const bool beyond = first == 0xF4U && second > 0x8FU;
        return continues(1) && continues(2) && continues(3) && !overlong && !beyond ? 4 : 0;
    }
    return 0;
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20U || c == '\x7F';
}

std::string quoted_for_message(std::string_view text) {
    constexpr std::size_t longest = 60;
    std::string shown = "'";
    for (std::size_t i = 0; i < text.size();) {
        if (i >= longest) return shown + "...'";
        const std::size_t length = utf8_length(text.substr(i));
        if (length == 0 || is_control(text[i])) {
            shown += fmt::format("\\x{:02X}", static_cast<unsigned>(static_cast<unsigned char>(text[i])));
            ++i;
        } else {
            shown += text.substr(i, length);
            i += length;
        }
    }
    return shown + "'";
}

}  // namespace stcsim
