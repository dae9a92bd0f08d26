/// The options of `stcsim run`.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <boost/program_options/options_description.hpp>

#include "run/simulate.h"
#include "workload/gemm_problem.h"

namespace stcsim {

/// What the user asked for, checked as far as that is possible without a GPU description.
struct RunRequest {
    std::string gpu;
    std::vector<std::string> overrides;  ///< of --set, in order
    std::optional<std::filesystem::path> trace;
    std::vector<GemmProblem> problems;  ///< from --gemm or the trace; empty if only --write-config was asked for
    bool compare = false;               ///< simulate each problem dense and 2:4
    SimulationOptions options;
    std::vector<std::filesystem::path> reports;
    std::optional<std::filesystem::path> configuration;  ///< of --write-config
};

/// The options, with their help.
boost::program_options::options_description run_options();

/// Throws InputError for options that are wrong, contradict each other or would have no effect, and for a bad trace.
/// Nothing if help was asked for.
std::optional<RunRequest> parse_run_request(const std::vector<std::string>& arguments);

}  // namespace stcsim
