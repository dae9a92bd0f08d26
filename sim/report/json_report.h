/// Results as JSON, with everything that is needed to repeat the run.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gpu/gpu_description.h"
#include "report/result_row.h"

namespace stcsim {

/// An input file and the content_hash of its bytes.
struct InputHash {
    std::string file;
    std::uint64_t hash;
};

/// What a run was made from.
struct RunProvenance {
    std::string version;
    std::vector<std::string> command_line;
    GpuDescription gpu;  ///< in force, overrides included
    std::vector<InputHash> inputs;
};

/// `{"provenance": {...}, "results": [row, ...]}`. A row has the fields of the CSV report, those of the account as the
/// object `account`, fields that do not apply left out, and `counters`: path to value and unit. Numbers read back
/// exactly; the same run gives the same bytes.
std::string json_report(const RunProvenance& provenance, std::span<const ResultRow> rows);

}  // namespace stcsim
