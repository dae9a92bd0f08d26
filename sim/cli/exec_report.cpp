#include "cli/exec_report.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cuda/launch_json.h"
#include "report/provenance_json.h"
#include "report/text_table.h"

namespace stcsim {
namespace {

using Json = nlohmann::ordered_json;
using Align = TextTable::Align;

/// More launches than these share rows.
constexpr std::size_t most_rows = 50;
constexpr std::size_t name_width = 60;

/// Launches of the same kernel and shape.
struct Row {
    const LaunchReport* first;
    std::uint64_t launches = 0;
    std::uint64_t warp_instructions = 0;
    std::uint64_t cycles = 0;
    double time_us = 0;
    std::uint64_t findings = 0;
    std::uint64_t compared = 0;  ///< elements of D, by --verify
    std::uint64_t equal = 0;
};

const VerificationReport* verification_of(const LaunchReport& launch) {
    return launch.timed && launch.timed->verification ? &*launch.timed->verification : nullptr;
}

void add_to(Row& row, const LaunchReport& launch) {
    ++row.launches;
    row.warp_instructions += launch.warp_instructions;
    row.cycles += launch.timed ? launch.timed->cycles.value() : 0;
    row.time_us += launch.timed ? launch.timed->time_us : 0;
    for (const FindingReport& finding : launch.findings) row.findings += finding.count;
    if (const VerificationReport* const verification = verification_of(launch)) {
        row.compared += verification->elements;
        row.equal += verification->equal;
    }
}

std::vector<Row> rows_of(const std::vector<LaunchReport>& launches) {
    std::vector<Row> rows;
    std::map<std::tuple<std::string, std::array<std::uint32_t, 3>, std::array<std::uint32_t, 3>, Bytes>, std::size_t>
        shared;
    for (const LaunchReport& launch : launches) {
        std::size_t row = rows.size();
        if (launches.size() > most_rows) {
            row = shared.try_emplace({launch.symbol, launch.grid, launch.block, launch.dynamic_shared}, row)
                      .first->second;
        }
        if (row == rows.size()) rows.push_back({&launch});
        add_to(rows[row], launch);
    }
    return rows;
}

std::string shape_text(const std::array<std::uint32_t, 3>& shape) {
    if (shape[2] != 1) return fmt::format("{}x{}x{}", shape[0], shape[1], shape[2]);
    return shape[1] != 1 ? fmt::format("{}x{}", shape[0], shape[1]) : fmt::format("{}", shape[0]);
}

/// The name without its parameters, cut short.
std::string short_name(const std::string& kernel) {
    return kernel.size() <= name_width ? kernel : kernel.substr(0, name_width - 3) + "...";
}

std::string place_text(const CodePlace& place) {
    std::string text = fmt::format("PTX line {}, {}", place.ptx_line, place.instruction);
    if (place.source_line != 0) text += fmt::format(", {}:{}", place.source_file, place.source_line);
    return text;
}

std::string finding_line(const FindingReport& finding) {
    std::string line = fmt::format("{}: {}: {}", finding.error ? "error" : "warning", finding.kind, finding.sentence);
    if (finding.place.ptx_line != 0) {
        line += " [" + place_text(finding.place);
        line += fmt::format("; CTA {}, warp {}", finding.cta, finding.warp);
        if (finding.lane) line += fmt::format(", lane {}", *finding.lane);
        line += "]";
    }
    if (finding.count > 1) line += fmt::format(", {} times", finding.count);
    return line + "\n";
}

/// Findings of all launches, each place once.
std::string findings_text(const std::vector<LaunchReport>& launches) {
    std::vector<FindingReport> findings;
    std::map<std::tuple<std::string, std::string, std::uint32_t>, std::size_t> known;
    for (const LaunchReport& launch : launches) {
        for (const FindingReport& finding : launch.findings) {
            const auto [at, fresh] =
                known.try_emplace({launch.symbol, finding.kind, finding.place.ptx_line}, findings.size());
            if (fresh) {
                findings.push_back(finding);
            } else {
                findings[at->second].count += finding.count;
            }
        }
    }
    std::string text;
    for (const FindingReport& finding : findings) text += finding_line(finding);
    return text;
}

/// What --verify could not compare, in any launch, each place once.
std::string not_compared_text(const std::vector<LaunchReport>& launches) {
    std::map<std::tuple<std::string, std::uint32_t, std::string>, NotComparedReport> places;
    for (const LaunchReport& launch : launches) {
        const VerificationReport* const verification = verification_of(launch);
        if (verification == nullptr) continue;
        for (const NotComparedReport& one : verification->not_compared) {
            const auto [at, fresh] = places.try_emplace({launch.symbol, one.place.ptx_line, one.reason}, one);
            if (!fresh) at->second.count += one.count;
        }
    }
    std::string text;
    for (const auto& [place, one] : places) {
        text +=
            fmt::format("warning: not verified: {} mma with {} [{}]\n", one.count, one.reason, place_text(one.place));
    }
    return text;
}

/// What times of one SM stand for.
constexpr const char* one_sm_text =
    "scope sm: cycles and time are those of one SM that runs its share of the CTAs with its share of the bandwidth of "
    "L2 "
    "and HBM,\nand shares nothing that it reads; the other CTAs ran for their results, without time and unverified\n";

}  // namespace

std::string exec_report_json(const RunProvenance& provenance, const LaunchSettings& settings, const ExecEnd& end,
                             const ExecReport& report) {
    Json launches = Json::array();
    for (const LaunchReport& launch : report.launches) launches.push_back(json_of(launch));
    Json ended{{"status", end.status}};
    if (end.signal) ended["signal"] = *end.signal;
    if (!end.message.empty()) ended["message"] = end.message;
    const Json object{{"provenance", provenance_json(provenance)},
                      {"settings",
                       {{"timing", name_of(settings.timing)},
                        {"scope", name_of(settings.scope)},
                        {"order", name_of(settings.order)},
                        {"verify", settings.verify},
                        {"findings", !settings.find ? "off" : (settings.lenient ? "lenient" : "strict")},
                        {"max_cycles", settings.max_cycles}}},
                      {"end", std::move(ended)},
                      {"launches", std::move(launches)}};
    return object.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string launch_table(const ExecReport& report) {
    if (report.launches.empty()) return "no kernel was launched\n";
    const std::vector<Row> rows = rows_of(report.launches);
    TextTable table;
    table.add_column("kernel", Align::left);
    for (const char* const column : {"launches", "grid", "block", "registers", "shared bytes", "occupancy",
                                     "warp instructions", "cycles", "time us", "findings"}) {
        table.add_column(column, Align::right);
    }
    const bool verified =
        std::ranges::any_of(report.launches, [](const auto& launch) { return verification_of(launch) != nullptr; });
    if (verified) {
        table.add_column("D compared", Align::right);
        table.add_column("equal", Align::right);
    }
    for (const Row& row : rows) {
        const LaunchReport& launch = *row.first;
        const bool timed = launch.timed.has_value();
        std::vector<std::string> cells{short_name(launch.kernel),
                                       fmt::format("{}", row.launches),
                                       shape_text(launch.grid),
                                       shape_text(launch.block),
                                       launch.registers == 0 ? "-" : fmt::format("{}", launch.registers),
                                       fmt::format("{}", (launch.static_shared + launch.dynamic_shared).value()),
                                       fmt::format("{:.2f}", launch.occupancy),
                                       fmt::format("{}", row.warp_instructions),
                                       timed ? fmt::format("{}", row.cycles) : "-",
                                       timed ? fmt::format("{:.2f}", row.time_us) : "-",
                                       fmt::format("{}", row.findings)};
        if (verified) {
            cells.push_back(fmt::format("{}", row.compared));
            cells.push_back(fmt::format("{}", row.equal));
        }
        table.add_row(std::move(cells));
    }
    const bool one_sm = std::ranges::any_of(
        report.launches, [](const auto& launch) { return launch.timed && launch.timed->timed_ctas; });
    return table.text() + (one_sm ? one_sm_text : "") + findings_text(report.launches) +
           not_compared_text(report.launches);
}

}  // namespace stcsim
