#include "workload/csv_reader.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"
#include "base/message_text.h"

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

}  // namespace stcsim
