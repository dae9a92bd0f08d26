#include "cuda/launch_report.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "cuda/launch_json.h"

namespace stcsim {
namespace {

using Json = nlohmann::ordered_json;

/// Bytes that are not UTF-8 (a name of a file) are replaced: JSON may not hold them.
std::string line_of(const Json& object) {
    return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void add_event(ExecReport& report, const Json& object) {
    const std::string event = object.at("event");
    if (event == "started") {
        report.started = RuntimeStarted{object.at("version").get<std::uint32_t>()};
    } else if (event == "launch") {
        report.launches.push_back(launch_report_of(object.at("launch")));
    } else if (event == "finding") {
        add_late_finding(report.launches.at(object.at("launch").get<std::size_t>()), finding_of(object.at("finding")));
    } else {
        STCSIM_ASSERT(event == "ended");
        report.ended = RuntimeEnded{object.at("status").get<int>(), object.at("message")};
    }
}

}  // namespace

void add_late_finding(LaunchReport& launch, FindingReport finding) {
    const auto same = std::ranges::find_if(launch.findings, [&](const FindingReport& known) {
        return known.kind == finding.kind && known.place == finding.place;
    });
    if (same == launch.findings.end()) {
        launch.findings.push_back(std::move(finding));
    } else if (same->error) {
        same->count += finding.count;
    } else {
        *same = std::move(finding);
    }
}

std::optional<std::string> verification_failure(const LaunchReport& launch) {
    if (!launch.timed || !launch.timed->verification) return std::nullopt;
    const VerificationReport& verification = *launch.timed->verification;
    if (verification.equal == verification.elements) return std::nullopt;
    std::string text =
        fmt::format("kernel {}: {} of {} elements that mma wrote differ between the SystemC modules and the numerics",
                    launch.kernel, verification.elements - verification.equal, verification.elements);
    if (const auto& first = verification.first_difference) {
        text += fmt::format(
            ", first at PTX line {} ({}): CTA {}, warp {}, lane {}, D[{}, {}] is {:#x} in the modules and {:#x} in the "
            "numerics",
            first->place.ptx_line, first->place.instruction, first->cta, first->warp, first->lane, first->row,
            first->column, first->modules, first->numerics);
    }
    return text;
}

std::string report_line(const RuntimeStarted& event) {
    return line_of({{"event", "started"}, {"version", event.version}});
}

std::string report_line(const LaunchReport& event) {
    return line_of({{"event", "launch"}, {"launch", json_of(event)}});
}

std::string report_line(std::uint64_t launch, const FindingReport& event) {
    return line_of({{"event", "finding"}, {"launch", launch}, {"finding", json_of(event)}});
}

std::string report_line(const RuntimeEnded& event) {
    return line_of({{"event", "ended"}, {"status", event.status}, {"message", event.message}});
}

ExecReport parse_report_lines(std::string_view lines) {
    ExecReport report;
    for (std::size_t end = lines.find('\n'); end != std::string_view::npos; end = lines.find('\n')) {
        add_event(report, Json::parse(lines.substr(0, end)));
        lines.remove_prefix(end + 1);
    }
    return report;
}

}  // namespace stcsim
