/// Where mismatches are: the half of check/mismatches.h that looks for patterns.
#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/units.h"
#include "check/mismatches.h"

namespace stcsim {
namespace {

constexpr std::size_t most_ranges = 4;

/// Ascending indices as ranges: "0", "4-7".
std::vector<std::string> ranges_of(const std::vector<std::size_t>& indices) {
    std::vector<std::string> ranges;
    for (std::size_t i = 0; i < indices.size();) {
        std::size_t last = i;
        while (last + 1 < indices.size() && indices[last + 1] == indices[last] + 1) ++last;
        ranges.push_back(last == i ? fmt::format("{}", indices[i]) : fmt::format("{}-{}", indices[i], indices[last]));
        i = last + 1;
    }
    return ranges;
}

/// "row mod 16 = 8-15" if the indices are all those, and only those, with some remainders of a period of fragments,
/// instructions or tiles; with `whole` false, if they are only those. Else nothing.
std::string period_of(const std::vector<std::size_t>& indices, std::size_t size, std::string_view axis, bool whole) {
    for (const std::size_t period : {2U, 4U, 8U, 16U, 32U, 64U, 128U}) {
        std::set<std::size_t> residues;
        for (const std::size_t index : indices) residues.insert(index % period);
        if (2 * residues.size() > period || 2 * period > size) continue;
        std::size_t all = 0;
        for (std::size_t index = 0; index < size; ++index) all += residues.contains(index % period) ? 1 : 0;
        const std::vector<std::string> ranges = ranges_of({residues.begin(), residues.end()});
        if (ranges.size() > most_ranges || (whole && all != indices.size())) continue;
        return fmt::format("only in {0}s with {0} mod {1} = {2}", axis, period, fmt::join(ranges, ", "));
    }
    return {};
}

/// Describes indices of one axis, `axis` being "row" or "column".
void describe_axis(const std::vector<std::size_t>& indices, std::size_t size, std::string_view axis,
                   std::vector<std::string>& sentences) {
    if (indices.size() == size) return;
    const std::vector<std::string> ranges = ranges_of(indices);
    std::string sentence = ranges.size() > 1 ? period_of(indices, size, axis, true) : std::string{};
    if (sentence.empty() && ranges.size() <= most_ranges) {
        sentence = fmt::format("only in {}s {} of {}", axis, fmt::join(ranges, ", "), size);
    }
    if (sentence.empty()) sentence = period_of(indices, size, axis, false);
    if (sentence.empty()) sentence = fmt::format("in {} of {} {}s", indices.size(), size, axis);
    sentences.push_back(std::move(sentence));
}

/// Marks of a matrix counted in tiles.
struct TileCount {
    std::size_t tiles = 0;
    std::size_t marked = 0;  ///< tiles with a mark
    std::size_t elements = 0;
    std::vector<std::string> names;  ///< of the first marked ones
};

TileCount count_tiles(const Mismatches& mismatches, std::size_t columns, std::uint8_t least, std::size_t tile_rows,
                      std::size_t tile_columns) {
    const std::size_t rows = mismatches.marks.size() / columns;
    const std::size_t across = ceil_divide(columns, tile_columns);
    std::vector<std::size_t> counts(ceil_divide(rows, tile_rows) * across);
    for (std::size_t i = 0; i < mismatches.marks.size(); ++i) {
        if (mismatches.marks[i] < least) continue;
        ++counts[i / columns / tile_rows * across + i % columns / tile_columns];
    }
    TileCount result;
    result.tiles = counts.size();
    for (std::size_t tile = 0; tile < counts.size(); ++tile) {
        if (counts[tile] == 0) continue;
        ++result.marked;
        const std::size_t row = tile / across * tile_rows;
        const std::size_t column = tile % across * tile_columns;
        result.elements += std::min(tile_rows, rows - row) * std::min(tile_columns, columns - column);
        if (result.names.size() < most_ranges) result.names.push_back(fmt::format("[{},{}]", row, column));
    }
    return result;
}

/// The largest tiles that are mostly wrong in whole, if they leave others right.
void describe_tiles(const Mismatches& mismatches, std::size_t columns, std::uint8_t least, std::uint64_t marked,
                    std::vector<std::string>& sentences) {
    constexpr std::array<std::pair<std::size_t, std::size_t>, 5> sizes{
        {{256, 128}, {128, 128}, {64, 64}, {32, 32}, {16, 8}}};
    for (const auto& [tile_rows, tile_columns] : sizes) {
        const TileCount count = count_tiles(mismatches, columns, least, tile_rows, tile_columns);
        if (count.marked == count.tiles || 10 * marked < 9 * count.elements) continue;
        sentences.push_back(fmt::format("fills {} of {} tiles of {} x {}, the first at {}", count.marked, count.tiles,
                                        tile_rows, tile_columns, fmt::join(count.names, ", ")));
        return;
    }
}

}  // namespace

std::vector<std::string> describe_places(const Mismatches& mismatches, std::size_t columns, std::uint8_t least) {
    std::vector<std::uint8_t> column_marks(columns);
    std::vector<std::size_t> rows;
    std::uint64_t marked = 0;
    for (std::size_t row = 0; row * columns < mismatches.marks.size(); ++row) {
        bool any = false;
        for (std::size_t column = 0; column < columns; ++column) {
            if (mismatches.marks[row * columns + column] < least) continue;
            any = true;
            column_marks[column] = 1;
            ++marked;
        }
        if (any) rows.push_back(row);
    }
    std::vector<std::size_t> marked_columns;
    for (std::size_t column = 0; column < columns; ++column) {
        if (column_marks[column] != 0) marked_columns.push_back(column);
    }
    std::vector<std::string> sentences;
    if (marked == 0) return sentences;
    if (marked == mismatches.marks.size()) return {"every element"};
    describe_axis(rows, mismatches.marks.size() / columns, "row", sentences);
    describe_axis(marked_columns, columns, "column", sentences);
    describe_tiles(mismatches, columns, least, marked, sentences);
    if (sentences.empty()) sentences.emplace_back("all over D");
    return sentences;
}

}  // namespace stcsim
