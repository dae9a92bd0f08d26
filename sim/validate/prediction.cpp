#include "validate/prediction.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/content_hash.h"
#include "base/error.h"
#include "report/result_row.h"
#include "workload/gemm_types.h"

namespace stcsim {
namespace {

using Json = nlohmann::ordered_json;

template <typename... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};

/// Everything of the work that a run of it depends on.
std::string text_of(const MicrobenchWork& work) {
    return fmt::format("microbench {} {} {} {} {}", work.subject.name, work.load.warps, work.load.ilp,
                       published_iterations, work.figure == MicrobenchWork::Figure::latency);
}

std::string text_of(const GemmWork& work) {
    const GemmProblem& p = work.problem;
    return fmt::format("gemm {} {} {} {} {} {} {} {} {}", p.m, p.n, p.k, p.batch, name_of(p.input),
                       name_of(p.accumulator), name_of(p.output), name_of(p.sparsity),
                       p.sparse_operand == SparseOperand::b);
}

std::string text_of(const MemoryWork& work) {
    return fmt::format("memory {} {}", static_cast<int>(work.kind), work.footprint.value());
}

std::string text_of(const NothingToRun& nothing) {
    return fmt::format("nothing {}", nothing.reason);
}

std::map<std::string, double, std::less<>> details_of(const SimulationResult& result) {
    std::map<std::string, double, std::less<>> details;
    for (const ResultField& field : fields_of({result, std::nullopt})) {
        if (!field.group.empty() || std::ranges::find(detail_names, field.name) == detail_names.end()) continue;
        if (const auto* number = std::get_if<double>(&field.value)) details.emplace(field.name, *number);
        if (const auto* count = std::get_if<std::uint64_t>(&field.value)) {
            details.emplace(field.name, static_cast<double>(*count));
        }
    }
    return details;
}

/// The object's members as details; nothing if it is no object of numbers.
std::optional<std::map<std::string, double, std::less<>>> details_in(const Json& json) {
    if (!json.is_object()) return std::nullopt;
    std::map<std::string, double, std::less<>> details;
    for (const auto& [name, value] : json.items()) {
        if (!value.is_number()) return std::nullopt;
        details.emplace(name, value.get<double>());
    }
    return details;
}

}  // namespace

Prediction predict(const ReferencePoint& point, const GpuDescription& gpu, const SimulationOptions& options,
                   const ValidatedModel& model) {
    const auto run_microbench = [&](const MicrobenchWork& work) {
        const MicrobenchResult result = model.measure(work.subject, work.load, gpu.parameters, published_iterations);
        Prediction prediction;
        prediction.value = work.figure == MicrobenchWork::Figure::latency ? result.latency : result.throughput;
        return prediction;
    };
    const auto run_gemm = [&](const GemmWork& work) {
        // Measured launches follow each other (25 for warm-up), on the same operands.
        SimulationOptions warm = options;
        warm.warm_l2 = options.scope == Scope::chip;
        const SimulationResult result = model.simulate(gpu, work.problem, warm);
        return Prediction{result.time_us, result.kernel, result.bound_by, {}, details_of(result)};
    };
    try {
        return std::visit(Overloaded{run_microbench, run_gemm,
                                     [&](const MemoryWork& work) {
                                         return Prediction{model.measure_memory(work, gpu.parameters), {}, {}, {}, {}};
                                     },
                                     [](const NothingToRun& nothing) {
                                         return Prediction{std::nullopt, {}, {}, nothing.reason, {}};
                                     }},
                          point.work);
    } catch (const InputError& error) {
        return Prediction{std::nullopt, {}, {}, error.what(), {}};
    }
}

std::string to_line(const Prediction& prediction) {
    Json line = Json::object();
    if (prediction.value) line["value"] = *prediction.value;
    for (const auto& [name, text] : {std::pair<const char*, const std::string&>{"kernel", prediction.kernel},
                                     {"bound_by", prediction.bound_by},
                                     {"reason", prediction.reason}}) {
        if (!text.empty()) line[name] = text;
    }
    if (!prediction.details.empty()) line["details"] = prediction.details;
    return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Prediction> prediction_in(std::string_view line) {
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    Prediction prediction;
    for (const auto& [name, value] : json.items()) {
        if (name == "value" && value.is_number()) {
            prediction.value = value.get<double>();
        } else if (name == "kernel" && value.is_string()) {
            prediction.kernel = value.get<std::string>();
        } else if (name == "bound_by" && value.is_string()) {
            prediction.bound_by = value.get<std::string>();
        } else if (name == "reason" && value.is_string()) {
            prediction.reason = value.get<std::string>();
        } else if (const auto details = details_in(value); name == "details" && details) {
            prediction.details = *details;
        } else {
            return std::nullopt;
        }
    }
    if (prediction.value.has_value() == !prediction.reason.empty()) return std::nullopt;
    return prediction;
}

std::string prediction_key(const ReferencePoint& point, std::string_view program, std::string_view gpu_toml,
                           const SimulationOptions& options) {
    const std::string all = fmt::format("{}\n{}\n{} {} {} {}\n{}", program, gpu_toml, name_of(options.scope),
                                        options.kernel, name_of(options.method), options.clock_hz.value_or(0),
                                        std::visit([](const auto& work) { return text_of(work); }, point.work));
    return fmt::format("{:016x}", content_hash(all));
}

}  // namespace stcsim
