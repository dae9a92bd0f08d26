#include "report/text_table.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace stcsim {
namespace {

/// Characters of UTF-8 text: bytes that do not continue one.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

void TextTable::add_column(std::string heading, Align align) {
    STCSIM_ASSERT(rows_.empty());
    widths_.push_back(width_of(heading));
    headings_.push_back(std::move(heading));
    alignments_.push_back(align);
}

void TextTable::add_row(std::vector<std::string> cells) {
    STCSIM_ASSERT(cells.size() == headings_.size());
    for (std::size_t i = 0; i < cells.size(); ++i) widths_[i] = std::max(widths_[i], width_of(cells[i]));
    rows_.push_back(std::move(cells));
}

std::string TextTable::line(const std::vector<std::string>& cells) const {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::string padding(widths_[i] - width_of(cells[i]), ' ');
        if (i > 0) text += "  ";
        if (alignments_[i] == Align::right) text += padding;
        text += cells[i];
        if (alignments_[i] == Align::left) text += padding;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
    return text;
}

std::string TextTable::text() const {
    std::string text = line(headings_);
    std::vector<std::string> rule;
    for (const std::size_t width : widths_) rule.emplace_back(width, '-');
    text += line(rule);
    for (const std::vector<std::string>& row : rows_) text += line(row);
    return text;
}

}  // namespace stcsim
