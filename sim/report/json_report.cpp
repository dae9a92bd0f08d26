#include "report/json_report.h"

#include <string_view>
#include <type_traits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/content_hash.h"
#include "base/error.h"
#include "gpu/parameter_table.h"
#include "report/provenance_json.h"

namespace stcsim {
namespace {

using Json = nlohmann::ordered_json;

std::string hash_text(std::uint64_t hash) {
    return fmt::format("fnv1a64:{:016x}", hash);
}

/// The object in which the last part of a dotted path stands, and that part.
std::pair<Json*, std::string> place_of(Json& root, std::string_view path) {
    Json* object = &root;
    for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
        object = &(*object)[std::string(path.substr(0, dot))];
        path.remove_prefix(dot + 1);
    }
    return {object, std::string(path)};
}

Json json_of(const GpuDescription& gpu) {
    GpuParameters values = gpu.parameters;
    const std::vector<ParameterReference> table = parameter_table(values);
    STCSIM_ASSERT(table.size() == gpu.sources.size());
    Json parameters = Json::object();
    for (std::size_t i = 0; i < table.size(); ++i) {
        const auto [object, name] = place_of(parameters, table[i].path());
        Json& parameter = (*object)[name];
        std::visit([&](auto value) { parameter["value"] = value; }, table[i].value());
        parameter["provenance"] = name_of(gpu.sources[i].provenance);
        parameter["source"] = gpu.sources[i].source;
    }
    return {{"name", gpu.name},
            {"summary", gpu.summary},
            {"hash", hash_text(content_hash(to_toml(gpu)))},
            {"parameters", std::move(parameters)}};
}

Json json_of(const ResultRow& row) {
    Json object = Json::object();
    for (const ResultField& field : fields_of(row)) {
        Json& parent = field.group.empty() ? object : object[std::string(field.group)];
        std::visit(
            [&](const auto& value) {
                if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(value)>, std::monostate>) {
                    parent[std::string(field.name)] = value;
                }
            },
            field.value);
    }
    if (row.result.verification && row.result.verification->mismatches > 0) {
        object["first_mismatch"] = row.result.verification->first_mismatch;
    }
    Json& counters = object["counters"] = Json::object();
    for (const CounterValue& counter : row.result.counters.values()) {
        counters[counter.path] = {{"value", counter.value}, {"unit", counter.unit}};
    }
    return object;
}

}  // namespace

nlohmann::ordered_json provenance_json(const RunProvenance& provenance) {
    Json inputs = Json::array();
    for (const InputHash& input : provenance.inputs) {
        inputs.push_back({{"file", input.file}, {"hash", hash_text(input.hash)}});
    }
    return {{"program", "stcsim"},
            {"version", provenance.version},
            {"command_line", provenance.command_line},
            {"gpu", json_of(provenance.gpu)},
            {"inputs", std::move(inputs)}};
}

std::string json_report(const RunProvenance& provenance, std::span<const ResultRow> rows) {
    Json results = Json::array();
    for (const ResultRow& row : rows) results.push_back(json_of(row));
    const Json report{{"provenance", provenance_json(provenance)}, {"results", std::move(results)}};
    // A command line may hold bytes that are not UTF-8; JSON may not.
    return report.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace stcsim
