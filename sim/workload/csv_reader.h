/// Comma-separated values, read strictly.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace stcsim {

/// One record of a CSV file.
struct CsvRecord {
    std::uint64_t line;  ///< 1-based line of the file
    std::vector<std::string> fields;
};

/// The records of a CSV file in order, the header among them: fields as in RFC 4180 (a field may be quoted, "" in it is
/// a quote), one record per line, lines end in LF or CRLF. Blank lines and lines that start with '#' are no records; a
/// leading byte order mark is skipped; blanks around unquoted fields are dropped; every other field is kept, empty ones
/// too.
/// Throws InputError for a file that is missing, a directory, unreadable or larger than 64 MiB; for text that is not
/// UTF-8 or has control characters; and for broken quotes.
std::vector<CsvRecord> read_csv(const std::filesystem::path& file);

}  // namespace stcsim
