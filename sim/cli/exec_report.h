/// What `stcsim exec` says about the launches of a program.
#pragma once

#include <optional>
#include <string>

#include "cli/exec_options.h"
#include "cuda/launch_report.h"
#include "report/json_report.h"

namespace stcsim {

/// How the program, or the kernel of --ptx, ended.
struct ExecEnd {
    int status = 0;
    std::optional<int> signal;
    std::string message;  ///< why, if not by itself
};

/// `{"provenance": {...}, "settings": {...}, "end": {...}, "launches": [...]}`.
std::string exec_report_json(const RunProvenance& provenance, const LaunchSettings& settings, const ExecEnd& end,
                             const ExecReport& report);

/// A row per launch and a line per finding. Of many launches, those of the same kernel and shape share a row.
std::string launch_table(const ExecReport& report);

}  // namespace stcsim
