#include "microbench/microbench_report.h"

#include <algorithm>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "report/text_table.h"

namespace stcsim {
namespace {

using Align = TextTable::Align;

/// Throughput that one more independent instruction must add for the next load to count.
constexpr double worthwhile_gain = 1.05;

/// The results of one instruction with this many warps, in order of ILP.
std::vector<const MicrobenchResult*> series(std::span<const MicrobenchResult> results, const std::string& name,
                                            std::uint32_t warps) {
    std::vector<const MicrobenchResult*> found;
    for (const MicrobenchResult& result : results) {
        if (result.subject.name == name && result.load.warps == warps) found.push_back(&result);
    }
    return found;
}

/// The first load of the series from which the next adds less than a worthwhile gain; null for an empty series.
const MicrobenchResult* saturating(const std::vector<const MicrobenchResult*>& series) {
    for (std::size_t i = 0; i + 1 < series.size(); ++i) {
        if (series[i + 1]->throughput < worthwhile_gain * series[i]->throughput) return series[i];
    }
    return series.empty() ? nullptr : series.back();
}

}  // namespace

std::string microbench_csv(std::span<const MicrobenchResult> results) {
    std::string csv = "instr,warps,ilp,latency_cyc,throughput,peak,unit\n";
    for (const MicrobenchResult& r : results) {
        csv += fmt::format("{},{},{},{:.3f},{:.2f},{:.0f},{}\n", r.subject.name, r.load.warps, r.load.ilp, r.latency,
                           r.throughput, r.peak, r.subject.unit());
    }
    return csv;
}

std::string microbench_table(std::span<const MicrobenchResult> results) {
    std::set<std::uint32_t> warps;
    std::vector<std::string> names;
    for (const MicrobenchResult& result : results) {
        warps.insert(result.load.warps);
        if (names.empty() || names.back() != result.subject.name) names.push_back(result.subject.name);
    }
    TextTable table;
    table.add_column("instruction", Align::left);
    table.add_column("latency", Align::right);
    for (const std::uint32_t count : warps) {
        table.add_column(fmt::format("{} warp{}: ILP", count, count == 1 ? "" : "s"), Align::right);
        for (const char* const heading : {"cycles", "per clk", "% of peak"}) table.add_column(heading, Align::right);
    }
    table.add_column("peak", Align::right);
    table.add_column("unit", Align::left);
    for (const std::string& name : names) {
        const auto alone = series(results, name, 1);
        const bool has_latency = !alone.empty() && alone.front()->load.ilp == 1;
        std::vector<std::string> row{name, has_latency ? fmt::format("{:.1f}", alone.front()->latency) : "-"};
        const MicrobenchResult* any = nullptr;
        for (const std::uint32_t count : warps) {
            const MicrobenchResult* loaded = saturating(series(results, name, count));
            if (loaded == nullptr) {
                row.insert(row.end(), 4, "-");
                continue;
            }
            any = loaded;
            row.insert(row.end(), {fmt::format("{}", loaded->load.ilp), fmt::format("{:.1f}", loaded->latency),
                                   fmt::format("{:.1f}", loaded->throughput),
                                   fmt::format("{:.1f}", 100 * loaded->throughput / loaded->peak)});
        }
        row.push_back(fmt::format("{:.0f}", any->peak));
        row.emplace_back(any->subject.unit());
        table.add_row(std::move(row));
    }
    return table.text();
}

}  // namespace stcsim
