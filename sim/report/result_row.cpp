#include "report/result_row.h"

#include <array>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "workload/gemm_types.h"

namespace stcsim {
namespace {

constexpr std::array<std::string_view, 3> scope_names{"core", "sm", "chip"};
constexpr std::array<std::string_view, 3> method_names{"automatic", "exact", "sampled"};

}  // namespace

std::string_view name_of(Scope scope) {
    return scope_names[static_cast<std::size_t>(scope)];
}

std::string_view name_of(Method method) {
    return method_names[static_cast<std::size_t>(method)];
}

std::optional<Scope> scope_named(std::string_view name) {
    for (std::size_t i = 0; i < scope_names.size(); ++i) {
        if (scope_names[i] == name) return static_cast<Scope>(i);
    }
    return std::nullopt;
}

std::vector<ResultRow> compared_rows(SimulationResult dense, SimulationResult sparse) {
    STCSIM_ASSERT(sparse.time_us > 0);
    const double speedup = dense.time_us / sparse.time_us;
    std::vector<ResultRow> rows;
    rows.push_back({std::move(dense), std::nullopt});
    rows.push_back({std::move(sparse), speedup});
    return rows;
}

std::vector<ResultField> fields_of(const ResultRow& row) {
    const SimulationResult& r = row.result;
    const GemmProblem& p = r.problem;
    const auto text = [](std::string_view t) { return FieldValue(std::string(t)); };
    std::vector<ResultField> fields{
        {"", "name", p.name},
        {"", "m", p.m},
        {"", "n", p.n},
        {"", "k", p.k},
        {"", "batch", p.batch},
        {"", "dtype", text(name_of(p.input))},
        {"", "acc", text(name_of(p.accumulator))},
        {"", "sparsity", text(name_of(p.sparsity))},
        {"", "gpu", r.gpu},
        {"", "kernel", r.kernel},
        {"", "cycles", r.cycles.value()},
        {"", "time_us", r.time_us},
        {"", "tflops", r.tflops},
        {"", "tensor_utilization", r.tensor_utilization},
        {"", "bound_by", r.bound_by},
        {"", "speedup", row.speedup ? FieldValue(*row.speedup) : FieldValue()},
        {"", "output", text(name_of(p.output))},
        {"", "scope", text(name_of(r.scope))},
        {"", "count", p.count},
        {"", "dense_peak_tflops", r.dense_peak_tflops},
        {"", "sparse_peak_tflops", r.sparse_peak_tflops},
        {"", "tensor_cores", r.tensor_cores},
    };
    for (std::size_t i = 0; i < tensor_core_states; ++i) {
        fields.push_back({"account", tensor_core_state_names[i], r.account.cycles[i].value()});
    }
    for (std::size_t i = 0; i < time_causes; ++i) {
        fields.push_back({"time_share", time_cause_names[i], r.time_account.shares[i]});
    }
    const bool chip = r.scope == Scope::chip;
    const auto of_chip = [chip](double value) { return chip ? FieldValue(value) : FieldValue(); };
    fields.push_back({"", "method", text(name_of(r.method))});
    fields.push_back({"", "clock_mhz", r.clock_hz / 1e6});
    fields.push_back({"", "launch_us", of_chip(r.launch_us)});
    fields.push_back({"", "energy_mj", of_chip(r.energy_mj)});
    fields.push_back({"", "average_power_w", of_chip(r.average_power_w)});
    fields.push_back({"", "l2_read_bytes", of_chip(r.l2_read_bytes)});
    fields.push_back({"", "hbm_read_bytes", of_chip(r.hbm_read_bytes)});
    fields.push_back({"", "hbm_written_bytes", of_chip(r.hbm_written_bytes)});
    const auto finite = [&](double value) { return std::isfinite(value) ? of_chip(value) : FieldValue(); };
    fields.push_back({"roofline", "operations_per_hbm_byte", finite(r.roofline.operations_per_hbm_byte)});
    fields.push_back({"roofline", "operations_per_l2_byte", finite(r.roofline.operations_per_l2_byte)});
    fields.push_back({"roofline", "attainable_tflops", of_chip(r.roofline.attainable_tflops)});
    fields.push_back({"roofline", "roof", chip ? text(r.roofline.roof) : FieldValue()});
    fields.push_back({"roofline", "share_of_attainable", of_chip(r.roofline.share_of_attainable)});
    fields.push_back({"", "simulated_ctas", r.simulated_ctas});
    fields.push_back({"", "total_ctas", r.total_ctas});
    fields.push_back({"", "skipped_cycles", r.skipped_cycles.value()});
    const auto& v = r.verification;
    fields.push_back({"", "verified_elements", v ? FieldValue(v->elements) : FieldValue()});
    fields.push_back({"", "mismatches", v ? FieldValue(v->mismatches) : FieldValue()});
    return fields;
}

}  // namespace stcsim
