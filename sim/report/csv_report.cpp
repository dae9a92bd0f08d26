#include "report/csv_report.h"

#include <string_view>
#include <type_traits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "report/csv_field.h"

namespace stcsim {
namespace {

std::string csv_text(const FieldValue& value) {
    return std::visit(
        [](const auto& v) -> std::string {
            using T = std::remove_cvref_t<decltype(v)>;
            if constexpr (std::is_same_v<T, std::monostate>) {
                return {};
            } else if constexpr (std::is_same_v<T, std::string>) {
                return csv_field(v);
            } else {
                return fmt::format("{}", v);
            }
        },
        value);
}

void add_line(std::string& report, std::span<const std::string> cells) {
    report += fmt::format("{}\n", fmt::join(cells, ","));
}

}  // namespace

std::string csv_report(std::span<const ResultRow> rows) {
    std::string report;
    std::vector<std::string> cells;
    for (const ResultField& field : fields_of(ResultRow{})) {
        cells.push_back(field.group.empty() ? std::string(field.name) : fmt::format("{}_{}", field.group, field.name));
    }
    add_line(report, cells);
    for (const ResultRow& row : rows) {
        cells.clear();
        for (const ResultField& field : fields_of(row)) cells.push_back(csv_text(field.value));
        add_line(report, cells);
    }
    return report;
}

}  // namespace stcsim
