#include "cuda/finding_reports.h"

#include <utility>

namespace stcsim {

CodePlace code_place(const PtxModule& module, PtxLocation where, PtxSourceLine source, std::string instruction) {
    CodePlace place;
    place.ptx_line = where.line;
    place.instruction = std::move(instruction);
    if (const auto file = module.files.find(source.file); source.line != 0 && file != module.files.end()) {
        place.source_file = file->second;
        place.source_line = source.line;
    }
    return place;
}

FindingReport report_of(const Finding& finding, std::uint64_t count, const PtxModule& module) {
    FindingReport report;
    report.kind = name_of(finding.kind);
    report.error = is_error(finding.kind);
    report.sentence = finding.sentence;
    report.place = code_place(module, finding.where, finding.source, finding.instruction);
    report.cta = finding.cta.value();
    report.warp = finding.warp;
    report.lane = finding.lane;
    report.count = count;
    return report;
}

}  // namespace stcsim
