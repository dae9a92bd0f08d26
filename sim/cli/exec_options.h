/// The options of `stcsim exec`.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <boost/program_options/options_description.hpp>

#include "cuda/exec_configuration.h"
#include "cuda/ptx_launch.h"

namespace stcsim {

/// What the user asked for: either a program with its arguments or one kernel of a PTX file.
struct ExecRequest {
    std::string gpu;
    std::vector<std::string> overrides;  ///< of --set, in order
    LaunchSettings settings;
    std::optional<std::filesystem::path> report;
    std::vector<std::string> program;
    std::optional<PtxLaunch> ptx;
};

boost::program_options::options_description exec_options();

/// Throws InputError for options that are wrong, contradict each other or would have no effect. Nothing if help was
/// asked for.
std::optional<ExecRequest> parse_exec_request(const std::vector<std::string>& arguments);

}  // namespace stcsim
