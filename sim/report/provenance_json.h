/// What a run was made from, as every JSON report begins.
#pragma once

#include <nlohmann/json.hpp>

#include "report/json_report.h"

namespace stcsim {

nlohmann::ordered_json provenance_json(const RunProvenance& provenance);

}  // namespace stcsim
