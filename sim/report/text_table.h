/// Tables for people: aligned columns of text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stcsim {

/// Columns are as wide as their widest cell; text is aligned left, numbers right.
class TextTable {
  public:
    enum class Align : std::uint8_t { left, right };

    /// Adds a column; to be called before the first row.
    void add_column(std::string heading, Align align);
    /// Adds a row of as many cells as there are columns.
    void add_row(std::vector<std::string> cells);
    /// The heading, a rule and the rows, each line ended.
    [[nodiscard]] std::string text() const;

  private:
    [[nodiscard]] std::string line(const std::vector<std::string>& cells) const;

    std::vector<std::string> headings_;
    std::vector<Align> alignments_;
    std::vector<std::size_t> widths_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace stcsim
