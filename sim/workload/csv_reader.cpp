#include "workload/csv_reader.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"

namespace stcsim {
namespace {

constexpr std::size_t largest_file = std::size_t{64} << 20U;

/// The whole file. A NUL byte ends the reading at once: such a file is no text, and may be an endless device.
std::string read_text(const std::filesystem::path& file) {
    const std::string expected = "a readable text file";
    std::error_code failure;
    const auto status = std::filesystem::status(file, failure);
    if (status.type() == std::filesystem::file_type::not_found) {
        throw InputError({file.string()}, "no such file", expected);
    }
    if (!std::filesystem::exists(status)) throw InputError({file.string()}, failure.message(), expected);
    if (std::filesystem::is_directory(status)) throw InputError({file.string()}, "a directory", expected);
    std::ifstream stream(file, std::ios::binary);
    if (!stream) throw InputError({file.string()}, std::generic_category().message(errno), expected);

    std::string text;
    std::array<char, 65536> block{};
    while (stream) {
        stream.read(block.data(), block.size());
        const std::string_view got(block.data(), static_cast<std::size_t>(stream.gcount()));
        text += got;
        if (got.find('\0') != std::string_view::npos) {
            const auto before = text.begin() + static_cast<std::ptrdiff_t>(text.find('\0'));
            const auto line = static_cast<std::uint64_t>(std::count(text.begin(), before, '\n')) + 1;
            throw InputError({file.string(), line}, "a NUL byte", "text in UTF-8");
        }
        if (text.size() > largest_file) throw InputError({file.string()}, "more than 64 MiB", "a smaller file");
    }
    if (stream.bad()) throw InputError({file.string()}, "a read error", expected);
    return text;
}

/// Bytes of the UTF-8 sequence at the front of `text`, or 0 where there is no legal one (Unicode 15, table 3-7).
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
bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

std::string_view without_blanks(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

void check_encoding(std::string_view line, const InputLocation& where) {
    for (std::size_t i = 0; i < line.size();) {
        const std::size_t length = utf8_length(line.substr(i));
        const auto byte = static_cast<unsigned>(static_cast<unsigned char>(line[i]));
        if (length == 0) {
            throw InputError(where, fmt::format("byte 0x{:02X} in column {}", byte, i + 1), "text in UTF-8");
        }
        if (is_control(line[i]) && line[i] != '\t') {
            throw InputError(where, fmt::format("control character 0x{:02X} in column {}", byte, i + 1),
                             "printable text in lines that end in LF or CRLF");
        }
        i += length;
    }
}

/// Takes a quoted field off the front of `rest`, up to and without the comma that follows.
std::string take_quoted(std::string_view& rest, const InputLocation& where) {
    std::string field;
    rest.remove_prefix(1);
    while (true) {
        const std::size_t quote = rest.find('"');
        if (quote == std::string_view::npos) {
            throw InputError(where, "a quoted field without its closing quote", "a quote that closes on the same line");
        }
        field += rest.substr(0, quote);
        rest.remove_prefix(quote + 1);
        if (!rest.starts_with('"')) break;
        field += '"';
        rest.remove_prefix(1);
    }
    while (!rest.empty() && is_blank(rest.front())) rest.remove_prefix(1);
    if (!rest.empty() && rest.front() != ',') {
        throw InputError(where, fmt::format("{} after a quoted field", quoted_for_message(rest)),
                         "a comma or the end of the line");
    }
    return field;
}

/// Takes an unquoted field off the front of `rest`, up to and without the comma that follows.
std::string take_unquoted(std::string_view& rest, const InputLocation& where) {
    const std::string_view field = without_blanks(rest.substr(0, rest.find(',')));
    rest.remove_prefix(std::min(rest.find(','), rest.size()));
    if (field.find('"') != std::string_view::npos) {
        throw InputError(where, fmt::format("a quote inside {}", quoted_for_message(field)),
                         "the whole field in quotes, with \"\" for a quote");
    }
    return std::string(field);
}

std::vector<std::string> split_fields(std::string_view line, const InputLocation& where) {
    std::vector<std::string> fields;
    while (true) {
        while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
        fields.push_back(line.starts_with('"') ? take_quoted(line, where) : take_unquoted(line, where));
        if (line.empty()) return fields;
        line.remove_prefix(1);
    }
}

}  // namespace

std::vector<CsvRecord> read_csv(const std::filesystem::path& file) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    const std::string text = read_text(file);
    std::string_view rest = text;
    if (rest.starts_with(byte_order_mark)) rest.remove_prefix(byte_order_mark.size());

    std::vector<CsvRecord> records;
    for (InputLocation where{file.string(), 1}; !rest.empty(); ++where.line) {
        const std::size_t end = rest.find('\n');
        std::string_view line = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        check_encoding(line, where);
        if (line.starts_with('#') || without_blanks(line).empty()) continue;
        records.push_back({where.line, split_fields(line, where)});
    }
    return records;
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
