/// The options of `stcsim sparsify` as requests.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/program_options/options_description.hpp>

#include "sparsify/check_file.h"
#include "sparsify/compress_file.h"
#include "sparsify/prune_file.h"
#include "sparsify/reorder_file.h"

namespace stcsim {

boost::program_options::options_description prune_options();
boost::program_options::options_description compress_options();
boost::program_options::options_description expand_options();
boost::program_options::options_description reorder_options();
boost::program_options::options_description check_options();

/// The request that the arguments after the action's name spell, or nothing if they ask for help. Throw InputError for
/// bad usage.
std::optional<PruneRequest> parse_prune_request(const std::vector<std::string>& arguments);
std::optional<CompressRequest> parse_compress_request(const std::vector<std::string>& arguments);
std::optional<ExpandRequest> parse_expand_request(const std::vector<std::string>& arguments);
std::optional<ReorderRequest> parse_reorder_request(const std::vector<std::string>& arguments);
std::optional<CheckRequest> parse_check_request(const std::vector<std::string>& arguments);

}  // namespace stcsim
