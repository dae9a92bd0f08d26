#include "cuda/late_findings.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cuda/finding_reports.h"

namespace stcsim {

std::vector<LateFindings::Group> LateFindings::groups_of(const std::vector<GlobalSuspicions::Found>& found) const {
    std::vector<Group> groups;
    for (const GlobalSuspicions::Found& one : found) {
        const Origin& origin = origins_[one.origin - 1];
        const std::uint64_t launch = memory_->suspicions().origin(one.origin).launch;
        const auto same = std::ranges::find_if(groups, [&](const Group& group) {
            const FindingReport& first = origins_[group.origin - 1].report;
            return group.launch == launch && first.kind == origin.report.kind && first.place == origin.report.place;
        });
        if (same != groups.end()) {
            same->bytes += one.bytes;
        } else {
            groups.push_back({one.origin, launch, one.first, one.bytes});
        }
    }
    return groups;
}

void LateFindings::end_launch(std::uint64_t launch, const PtxModule& module, LaunchReport& report) {
    const GlobalSuspicions& suspicions = memory_->suspicions();
    while (origins_.size() < suspicions.origins()) {
        const Finding& finding = suspicions.origin(static_cast<std::uint32_t>(origins_.size() + 1)).finding;
        origins_.push_back({report_of(finding, 1, module), report.kernel, finding.message()});
    }
    for (const Group& group : groups_of(suspicions.unread(launch))) {
        FindingReport warning = origins_[group.origin - 1].report;
        warning.error = false;
        warning.sentence += fmt::format(
            "; {} bytes of global memory depend on it that the launch has left behind and not read, the first at {}",
            group.bytes, memory_->describe(group.first));
        report.findings.push_back(std::move(warning));
    }
}

HostReading LateFindings::read(std::uint64_t address, std::uint64_t bytes) {
    HostReading reading;
    if (memory_->suspicions().empty()) return reading;
    for (const Group& group : groups_of(memory_->suspicions().take(address, bytes))) {
        const Origin& origin = origins_[group.origin - 1];
        const std::string read = fmt::format("; the host reads {} bytes that depend on it, the first at {}",
                                             group.bytes, memory_->describe(group.first));
        if (mode_ == FindingMode::strict && !reading.failure) {
            reading.failure = fmt::format("kernel {}: {}{}", origin.kernel, origin.message, read);
        }
        FindingReport finding = origin.report;
        finding.sentence += read;
        reading.findings.push_back({group.launch, std::move(finding)});
    }
    return reading;
}

}  // namespace stcsim
