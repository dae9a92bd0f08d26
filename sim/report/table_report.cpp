#include "report/table_report.h"

#include <algorithm>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "gpu/parameter_table.h"
#include "report/text_table.h"
#include "workload/gemm_types.h"

namespace stcsim {
namespace {

using Align = TextTable::Align;

/// Names in tables are cut to this many bytes.
constexpr std::size_t longest_name = 40;

std::string short_name(const std::string& name) {
    if (name.size() <= longest_name) return name;
    std::size_t end = longest_name - 3;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80U) --end;  // do not split a character
    return fmt::format("{}...", name.substr(0, end));
}

/// The GPU, what the user changed in it, and both peaks for every type that occurs.
std::string heading(const GpuDescription& gpu, std::span<const ResultRow> rows) {
    std::string text = fmt::format("GPU {}: {}\n", gpu.name, gpu.summary);
    GpuParameters values = gpu.parameters;
    const std::vector<ParameterReference> table = parameter_table(values);
    for (std::size_t i = 0; i < gpu.sources.size(); ++i) {
        if (gpu.sources[i].provenance != Provenance::overridden) continue;
        text += fmt::format("  with {} = {}, {}\n", table[i].path(), literal(table[i].value()), gpu.sources[i].source);
    }
    std::set<ElementType> stated;
    for (const ResultRow& row : rows) {
        const SimulationResult& r = row.result;
        if (!stated.insert(r.problem.input).second) continue;
        text += fmt::format("Peak {}: {:.1f} TFLOPS dense, {}\n", name_of(r.problem.input), r.dense_peak_tflops,
                            r.sparse_peak_tflops > 0
                                ? fmt::format("{:.1f} TFLOPS 2:4 sparse (dense-equivalent)", r.sparse_peak_tflops)
                                : std::string("no sparse path"));
    }
    return text;
}

std::string results_table(std::span<const ResultRow> rows) {
    TextTable table;
    table.add_column("name", Align::left);
    for (const char* const column : {"m", "n", "k", "batch"}) table.add_column(column, Align::right);
    for (const char* const column : {"dtype", "acc", "sparsity", "kernel"}) table.add_column(column, Align::left);
    for (const char* const column : {"cycles", "us", "TFLOPS", "% of peak", "speedup"}) {
        table.add_column(column, Align::right);
    }
    table.add_column("bound by", Align::left);
    for (const ResultRow& row : rows) {
        const SimulationResult& r = row.result;
        const GemmProblem& p = r.problem;
        table.add_row({short_name(p.name), fmt::format("{}", p.m), fmt::format("{}", p.n), fmt::format("{}", p.k),
                       fmt::format("{}", p.batch), std::string(name_of(p.input)), std::string(name_of(p.accumulator)),
                       std::string(name_of(p.sparsity)), r.kernel, fmt::format("{}", r.cycles.value()),
                       fmt::format("{:.2f}", r.time_us), fmt::format("{:.2f}", r.tflops),
                       fmt::format("{:.1f} {}", 100 * r.tensor_utilization, name_of(p.sparsity)),
                       row.speedup ? fmt::format("{:.2f}", *row.speedup) : std::string(), r.bound_by});
    }
    return table.text();
}

/// Executions and time of all rows of one sparsity, each row as often as its count says.
struct Total {
    std::uint64_t executions = 0;
    double time_us = 0;
};

Total total_of(std::span<const ResultRow> rows, Sparsity sparsity) {
    Total total;
    for (const ResultRow& row : rows) {
        if (row.result.problem.sparsity != sparsity) continue;
        total.executions += row.result.problem.count;
        total.time_us += static_cast<double>(row.result.problem.count) * row.result.time_us;
    }
    return total;
}

std::string totals(std::span<const ResultRow> rows) {
    std::string text;
    for (const Sparsity sparsity : {Sparsity::dense, Sparsity::two_four}) {
        const Total total = total_of(rows, sparsity);
        if (total.executions == 0) continue;
        text += fmt::format("Total {}: {:.2f} us for {} GEMM{} (count x time)\n", name_of(sparsity), total.time_us,
                            total.executions, total.executions == 1 ? "" : "s");
    }
    const bool compared =
        std::any_of(rows.begin(), rows.end(), [](const ResultRow& r) { return r.speedup.has_value(); });
    if (compared) {
        text += fmt::format("Total speedup: {:.2f}\n",
                            total_of(rows, Sparsity::dense).time_us / total_of(rows, Sparsity::two_four).time_us);
    }
    return text;
}

std::string accounts_table(std::span<const ResultRow> rows) {
    TextTable table;
    table.add_column("name", Align::left);
    table.add_column("sparsity", Align::left);
    for (const std::string_view cause : time_cause_names) table.add_column(std::string(cause), Align::right);
    table.add_column("sum", Align::right);
    for (const ResultRow& row : rows) {
        std::vector<std::string> cells{short_name(row.result.problem.name),
                                       std::string(name_of(row.result.problem.sparsity))};
        const auto shares = shares_per_mille(row.result.time_account);
        for (const std::uint32_t share : shares) cells.push_back(fmt::format("{}.{}", share / 10, share % 10));
        const std::uint32_t sum = std::accumulate(shares.begin(), shares.end(), 0U);
        cells.push_back(fmt::format("{}.{}", sum / 10, sum % 10));
        table.add_row(std::move(cells));
    }
    return table.text();
}

std::string verifications(std::span<const ResultRow> rows) {
    std::string text;
    for (const ResultRow& row : rows) {
        if (!row.result.verification) continue;
        const Verification& v = *row.result.verification;
        text += fmt::format("Verified {} {}: {} of {} elements equal the reference bit for bit{}\n",
                            short_name(row.result.problem.name), name_of(row.result.problem.sparsity),
                            v.elements - v.mismatches, v.elements,
                            v.mismatches > 0 ? fmt::format("; first mismatch: {}", v.first_mismatch) : std::string());
    }
    return text;
}

}  // namespace

std::array<std::uint32_t, time_causes> shares_per_mille(const TimeAccount& account) {
    std::array<std::uint32_t, time_causes> shares{};
    const double total = std::accumulate(account.shares.begin(), account.shares.end(), 0.0);
    if (total == 0) return shares;
    std::array<double, time_causes> remainders{};
    std::uint32_t left = 1000;
    for (std::size_t i = 0; i < time_causes; ++i) {
        const double exact = 1000 * (account.shares[i] / total);
        shares[i] = std::min(static_cast<std::uint32_t>(exact), left);
        remainders[i] = exact - shares[i];
        left -= shares[i];
    }
    for (; left > 0; --left) {
        const auto largest = std::max_element(remainders.begin(), remainders.end());
        ++shares[static_cast<std::size_t>(largest - remainders.begin())];
        *largest -= 1;
    }
    return shares;
}

std::string table_report(const GpuDescription& gpu, std::span<const ResultRow> rows) {
    const std::string scope(rows.empty() ? "" : name_of(rows.front().result.scope));
    return fmt::format(
        "{}\n{}"
        "% of peak: of the dense peak for dense rows, of the 2:4 peak for 2:4 rows; scope {}\n\n"
        "{}\n"
        "Time by cause, in %\n{}{}",
        heading(gpu, rows), results_table(rows), scope, totals(rows), accounts_table(rows), verifications(rows));
}

}  // namespace stcsim
