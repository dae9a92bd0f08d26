/// Findings of the executor as reports name them: by place in the PTX and in the source.
#pragma once

#include <cstdint>
#include <string>

#include "cuda/launch_report.h"
#include "executor/finding.h"

namespace stcsim {

/// A place in the module's PTX, with its source line where `.loc` says it.
CodePlace code_place(const PtxModule& module, PtxLocation where, PtxSourceLine source, std::string instruction);

/// A finding of a kernel of the module, which was made `count` times.
FindingReport report_of(const Finding& finding, std::uint64_t count, const PtxModule& module);

}  // namespace stcsim
