/// A file of measurements, read strictly: every mistake is an InputError with file, line, found and expected.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "workload/csv_reader.h"

namespace stcsim {

/// One row, its fields by the name of their column. Refers to the columns of its table.
class ReferenceRow {
  public:
    ReferenceRow(std::span<const std::string> columns, CsvRecord record, const std::string& file);

    [[nodiscard]] const InputLocation& where() const { return where_; }
    /// The field, which may be empty. The column must be one of the table's.
    [[nodiscard]] const std::string& text(std::string_view column) const;
    /// The field, which must not be empty.
    [[nodiscard]] const std::string& word(std::string_view column) const;
    /// A finite number above zero; nothing for an empty field.
    [[nodiscard]] std::optional<double> measurement(std::string_view column) const;
    /// A number above zero, or the middle of a range such as "393-419".
    [[nodiscard]] double middle(std::string_view column) const;
    /// A whole number above zero.
    [[nodiscard]] std::uint64_t count(std::string_view column) const;
    /// The error of a field that is not what it should be.
    [[nodiscard]] InputError refusal(std::string_view column, std::string expected) const;

  private:
    std::span<const std::string> columns_;
    CsvRecord record_;
    InputLocation where_;
};

/// A table whose header names each of `columns` once, in any order, and nothing else.
class ReferenceTable {
  public:
    ReferenceTable(const std::filesystem::path& file, std::span<const std::string_view> columns);
    ReferenceTable(const ReferenceTable&) = delete;  ///< its rows refer to it
    ReferenceTable& operator=(const ReferenceTable&) = delete;

    /// At least one.
    [[nodiscard]] const std::vector<ReferenceRow>& rows() const& { return rows_; }
    void rows() const&& = delete;

  private:
    std::vector<std::string> columns_;  ///< in the order of the file
    std::vector<ReferenceRow> rows_;
};

}  // namespace stcsim
