#include "validate/validation_report.h"

#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/content_hash.h"
#include "files/atomic_file.h"
#include "report/csv_field.h"
#include "report/report_format.h"
#include "validate/error_groups.h"
#include "validate/error_statistics.h"
#include "validate/reference_sets.h"

namespace stcsim {
namespace {

using Json = nlohmann::ordered_json;

/// Nothing where a field does not apply.
using Field = std::variant<std::monostate, std::string, std::uint64_t, double>;
using NamedField = std::pair<std::string_view, Field>;

Field text_or_nothing(std::string_view text) {
    return text.empty() ? Field() : Field(std::string(text));
}

/// The fields of a point in the order of the CSV; names and order are the same for every point.
std::vector<NamedField> fields_of(const ValidatedPoint& validated) {
    const ReferencePoint& point = validated.point;
    const Prediction& prediction = validated.prediction;
    const auto* gemm = std::get_if<GemmWork>(&point.work);
    const auto size = [&](std::uint64_t GemmProblem::*member) {
        return gemm != nullptr ? Field(gemm->problem.*member) : Field();
    };
    Field error;
    if (prediction.value) error = 100 * relative_error({point.measured, *prediction.value});
    std::vector<NamedField> fields{
        {"set", std::string(name_of(point.set))},
        {"type", point.type},
        {"figure", point.figure},
        {"name", point.name},
        {"m", size(&GemmProblem::m)},
        {"n", size(&GemmProblem::n)},
        {"k", size(&GemmProblem::k)},
        {"unit", point.unit},
        {"measured", point.measured},
        {"predicted", prediction.value ? Field(*prediction.value) : Field()},
        {"error_percent", error},
        {"kernel", text_or_nothing(prediction.kernel)},
        {"bound_by", text_or_nothing(prediction.bound_by)},
        {"gpu", point.gpu},
        {"note", text_or_nothing(prediction.reason.empty() ? point.caveat : prediction.reason)}};
    for (const std::string_view name : detail_names) {
        const auto detail = prediction.details.find(name);
        fields.emplace_back(name, detail == prediction.details.end() ? Field() : Field(detail->second));
    }
    return fields;
}

std::string csv_text(const Field& field) {
    if (const auto* text = std::get_if<std::string>(&field)) return csv_field(*text);
    if (const auto* count = std::get_if<std::uint64_t>(&field)) return fmt::format("{}", *count);
    if (const auto* number = std::get_if<double>(&field)) return fmt::format("{}", *number);
    return {};
}

Json json_of(const ValidatedPoint& point) {
    Json object = Json::object();
    for (const auto& [name, field] : fields_of(point)) {
        std::visit(
            [&, key = std::string(name)](const auto& value) {
                if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(value)>, std::monostate>) {
                    object[key] = value;
                }
            },
            field);
    }
    return object;
}

Json json_of(const ErrorGroup& group) {
    const ErrorStatistics& s = group.statistics;
    Json object{{"set", name_of(group.set)},
                {"type", group.type},
                {"figure", group.figure},
                {"points", s.points},
                {"left_out", group.left_out},
                {"median_absolute_percent", 100 * s.median_absolute},
                {"mean_absolute_percent", 100 * s.mean_absolute},
                {"median_percent", 100 * s.median_signed}};
    if (s.rank_correlation) object["rank_correlation"] = *s.rank_correlation;
    return object;
}

}  // namespace

std::string validation_csv(std::span<const ValidatedPoint> points) {
    std::string csv;
    for (const ValidatedPoint& point : points) {
        const std::vector<NamedField> fields = fields_of(point);
        std::vector<std::string> cells;
        if (csv.empty()) {
            for (const auto& [name, field] : fields) cells.emplace_back(name);
            csv += fmt::format("{}\n", fmt::join(cells, ","));
            cells.clear();
        }
        for (const auto& [name, field] : fields) cells.push_back(csv_text(field));
        csv += fmt::format("{}\n", fmt::join(cells, ","));
    }
    return csv;
}

std::string validation_json(std::span<const ValidatedPoint> points, const ValidationRequest& request,
                            std::string_view version) {
    Json gpus = Json::array();
    for (const auto& [name, gpu] : request.gpus) {
        gpus.push_back({{"name", name}, {"hash", fmt::format("fnv1a64:{:016x}", content_hash(to_toml(gpu)))}});
    }
    Json statistics = Json::array();
    for (const ErrorGroup& group : error_groups(points)) statistics.push_back(json_of(group));
    Json listed = Json::array();
    for (const ValidatedPoint& point : points) listed.push_back(json_of(point));
    const Json report{{"program", "stcsim"},
                      {"version", version},
                      {"gpus", std::move(gpus)},
                      {"statistics", std::move(statistics)},
                      {"points", std::move(listed)}};
    return report.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void check_validation_file(const std::filesystem::path& file) {
    (void)report_format_of(file);
    check_writable(file);
}

void write_validation_file(const std::filesystem::path& file, std::span<const ValidatedPoint> points,
                           const ValidationRequest& request, std::string_view version) {
    write_whole_file(file, report_format_of(file) == ReportFormat::json ? validation_json(points, request, version)
                                                                        : validation_csv(points));
}

}  // namespace stcsim
