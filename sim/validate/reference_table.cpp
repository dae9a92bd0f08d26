#include "validate/reference_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/message_text.h"
#include "base/near_names.h"

namespace stcsim {
namespace {

void check_header(std::span<const std::string> found, std::span<const std::string_view> known,
                  const InputLocation& where) {
    const std::vector<std::string> names(known.begin(), known.end());
    for (auto column = found.begin(); column != found.end(); ++column) {
        if (std::ranges::find(known, *column) == known.end()) {
            const std::vector<std::string> near = near_names(*column, names, 1);
            throw InputError(where, fmt::format("the unknown column {}", quoted_for_message(*column)),
                             fmt::format("the columns {}{}", fmt::join(known, ","),
                                         near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near.front())));
        }
        if (std::find(found.begin(), column, *column) != column) {
            throw InputError(where, fmt::format("column '{}' twice", *column), "each column once");
        }
    }
    for (const std::string_view column : known) {
        if (std::ranges::find(found, column) == found.end()) {
            throw InputError(where, fmt::format("no column '{}'", column),
                             fmt::format("the columns {}", fmt::join(known, ",")));
        }
    }
}

/// The number that the whole of `text` spells.
template <typename Number>
std::optional<Number> number_in(std::string_view text) {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return number;
}

/// The finite number above zero that the whole of `text` spells.
std::optional<double> positive_in(std::string_view text) {
    const auto number = number_in<double>(text);
    return number && std::isfinite(*number) && *number > 0 ? number : std::nullopt;
}

}  // namespace

ReferenceRow::ReferenceRow(std::span<const std::string> columns, CsvRecord record, const std::string& file)
    : columns_(columns), record_(std::move(record)), where_{file, record_.line} {
    if (record_.fields.size() != columns_.size()) {
        throw InputError(where_, fmt::format("{} fields", record_.fields.size()),
                         fmt::format("{}, as in the header", columns_.size()));
    }
}

const std::string& ReferenceRow::text(std::string_view column) const {
    const auto found = std::ranges::find(columns_, column);
    STCSIM_ASSERT(found != columns_.end());
    return record_.fields[static_cast<std::size_t>(found - columns_.begin())];
}

InputError ReferenceRow::refusal(std::string_view column, std::string expected) const {
    return {where_, fmt::format("{} in column '{}'", quoted_for_message(text(column)), column), std::move(expected)};
}

const std::string& ReferenceRow::word(std::string_view column) const {
    const std::string& field = text(column);
    if (field.empty()) throw refusal(column, "a name");
    return field;
}

std::optional<double> ReferenceRow::measurement(std::string_view column) const {
    const std::string& field = text(column);
    if (field.empty()) return std::nullopt;
    const auto number = positive_in(field);
    if (!number) {
        throw refusal(column, "a number above zero, or nothing where nothing was measured");
    }
    return number;
}

double ReferenceRow::middle(std::string_view column) const {
    const std::string_view field = text(column);
    const std::size_t dash = field.find('-');
    const auto least = positive_in(field.substr(0, dash));
    const auto most = dash == std::string_view::npos ? least : positive_in(field.substr(dash + 1));
    if (!least || !most || *most < *least) throw refusal(column, "a number above zero, or a range such as 393-419");
    return (*least + *most) / 2;
}

std::uint64_t ReferenceRow::count(std::string_view column) const {
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    const auto number = number_in<std::uint64_t>(text(column));
    if (!number || *number == 0 || *number > most) {
        throw refusal(column, fmt::format("a whole number from 1 to {}", most));
    }
    return *number;
}

ReferenceTable::ReferenceTable(const std::filesystem::path& file, std::span<const std::string_view> columns) {
    std::vector<CsvRecord> records = read_csv(file);
    if (records.empty()) {
        throw InputError({file.string()}, "nothing", fmt::format("the columns {}", fmt::join(columns, ",")));
    }
    columns_ = std::move(records.front().fields);
    check_header(columns_, columns, {file.string(), records.front().line});
    for (auto record = records.begin() + 1; record != records.end(); ++record) {
        rows_.emplace_back(columns_, std::move(*record), file.string());
    }
    if (rows_.empty()) throw InputError({file.string()}, "a header only", "at least one row");
}

}  // namespace stcsim
