#include "validate/validation_table.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "report/text_table.h"
#include "validate/error_groups.h"
#include "validate/error_statistics.h"
#include "validate/reference_sets.h"

namespace stcsim {
namespace {

using Align = TextTable::Align;

double error_of(const ValidatedPoint& point) {
    return relative_error({point.point.measured, point.prediction.value.value()});
}

std::string groups_table(std::span<const ValidatedPoint> points) {
    TextTable table;
    table.add_column("type", Align::left);
    table.add_column("figure", Align::left);
    for (const char* const column : {"points", "median |error| %", "mean |error| %", "median error %", "rank corr."}) {
        table.add_column(column, Align::right);
    }
    for (const ErrorGroup& group : error_groups(points)) {
        const ErrorStatistics& s = group.statistics;
        std::vector<std::string> row{group.type, group.figure, fmt::format("{}", s.points)};
        if (s.points == 0) {
            row.insert(row.end(), 4, "-");
        } else {
            row.insert(row.end(),
                       {fmt::format("{:.1f}", 100 * s.median_absolute), fmt::format("{:.1f}", 100 * s.mean_absolute),
                        fmt::format("{:+.1f}", 100 * s.median_signed),
                        s.rank_correlation ? fmt::format("{:.4f}", *s.rank_correlation) : std::string("-")});
        }
        table.add_row(std::move(row));
    }
    return table.text();
}

/// The counting points of a group with the largest errors, the largest first; equal ones in their order.
std::vector<const ValidatedPoint*> worst_of(std::span<const ValidatedPoint> points, const ErrorGroup& group,
                                            std::size_t worst) {
    std::vector<const ValidatedPoint*> ranked;
    for (const ValidatedPoint& point : points) {
        if (point.counts() && group.holds(point.point)) ranked.push_back(&point);
    }
    std::stable_sort(ranked.begin(), ranked.end(), [](const ValidatedPoint* a, const ValidatedPoint* b) {
        return std::abs(error_of(*a)) > std::abs(error_of(*b));
    });
    ranked.resize(std::min(ranked.size(), worst));
    return ranked;
}

std::string worst_table(std::span<const ValidatedPoint> points, std::size_t worst) {
    TextTable table;
    for (const char* const column : {"type", "figure", "worst"}) table.add_column(column, Align::left);
    for (const char* const column : {"measured", "predicted"}) table.add_column(column, Align::right);
    table.add_column("unit", Align::left);
    table.add_column("error %", Align::right);
    table.add_column("kernel", Align::left);
    table.add_column("bound by", Align::left);
    bool any = false;
    for (const ErrorGroup& group : error_groups(points)) {
        for (const ValidatedPoint* validated : worst_of(points, group, worst)) {
            const ReferencePoint& point = validated->point;
            const Prediction& prediction = validated->prediction;
            table.add_row({point.type, point.figure, point.name, fmt::format("{:.2f}", point.measured),
                           fmt::format("{:.2f}", prediction.value.value()), point.unit,
                           fmt::format("{:+.1f}", 100 * error_of(*validated)), prediction.kernel, prediction.bound_by});
            any = true;
        }
    }
    return any ? fmt::format("\n{}", table.text()) : std::string();
}

/// A line per reason for which points do not count, with how many and the first.
std::string left_out(std::span<const ValidatedPoint> points) {
    std::vector<std::pair<std::string, std::size_t>> reasons;
    std::vector<std::string> first;
    for (const ValidatedPoint& validated : points) {
        if (validated.counts()) continue;
        const std::string& reason =
            validated.prediction.reason.empty() ? validated.point.caveat : validated.prediction.reason;
        const auto known = std::ranges::find(reasons, reason, &std::pair<std::string, std::size_t>::first);
        if (known != reasons.end()) {
            ++known->second;
            continue;
        }
        reasons.emplace_back(reason, 1);
        first.push_back(fmt::format("{} {} {}", validated.point.type, validated.point.figure, validated.point.name));
    }
    std::string text;
    for (std::size_t i = 0; i < reasons.size(); ++i) {
        const auto& [reason, count] = reasons[i];
        text += count == 1 ? fmt::format("Left out {}: {}\n", first[i], reason)
                           : fmt::format("Left out {} and {} more: {}\n", first[i], count - 1, reason);
    }
    return text.empty() ? text : fmt::format("\n{}", text);
}

/// The names of the GPUs of the points.
std::string gpus_of(std::span<const ValidatedPoint> points) {
    std::vector<std::string> names;
    for (const ValidatedPoint& point : points) {
        if (std::ranges::find(names, point.point.gpu) == names.end()) names.push_back(point.point.gpu);
    }
    std::string text;
    for (const std::string& name : names) text += fmt::format("{}{}", text.empty() ? "" : ", ", name);
    return text;
}

}  // namespace

std::string validation_table(std::span<const ValidatedPoint> points, std::size_t worst) {
    std::string text;
    for (auto first = points.begin(); first != points.end();) {
        const ReferenceSet set = first->point.set;
        const auto end = std::find_if(first, points.end(), [&](const ValidatedPoint& p) { return p.point.set != set; });
        const std::span<const ValidatedPoint> in_set(first, end);
        if (!text.empty()) text += "\n";
        text += fmt::format("{}: model {}\n", name_of(set), gpus_of(in_set));
        if (!caveat_of(set).empty()) text += fmt::format("{}\n", caveat_of(set));
        text += fmt::format("\n{}{}{}", groups_table(in_set), worst_table(in_set, worst), left_out(in_set));
        first = end;
    }
    return text;
}

}  // namespace stcsim
