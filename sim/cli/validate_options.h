/// The options of `stcsim validate`.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <boost/program_options/options_description.hpp>

#include "run/simulate.h"
#include "validate/reference_point.h"

namespace stcsim {

struct ValidateRequest {
    std::vector<ReferenceSet> sets;  ///< in the order of reference_sets, each once
    bool quick = false;
    std::string only;                    ///< points whose name or type and figure contain it; empty: all
    std::optional<std::string> gpu;      ///< in place of the one each point was measured on
    std::vector<std::string> overrides;  ///< of --override, in order
    SimulationOptions options;           ///< of the GEMMs
    std::filesystem::path references;    ///< the folder
    std::vector<std::filesystem::path> reports;
    std::optional<std::filesystem::path> state;  ///< of --state
    std::size_t jobs = 1;
    std::size_t worst = 3;
};

/// The options, with their help.
boost::program_options::options_description validate_options();

/// Throws InputError for options that are wrong. Nothing if help was asked for.
std::optional<ValidateRequest> parse_validate_request(const std::vector<std::string>& arguments);

}  // namespace stcsim
