/// Launch reports as JSON.
#pragma once

#include <nlohmann/json.hpp>

#include "cuda/launch_report.h"

namespace stcsim {

nlohmann::ordered_json json_of(const LaunchReport& launch);
/// The inverse; throws nlohmann's exceptions for anything else.
LaunchReport launch_report_of(const nlohmann::ordered_json& object);

nlohmann::ordered_json json_of(const FindingReport& finding);
FindingReport finding_of(const nlohmann::ordered_json& object);

}  // namespace stcsim
