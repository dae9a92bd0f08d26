/// Options of a subcommand, parsed strictly: every mistake is an InputError.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <boost/program_options/variables_map.hpp>

#include "gpu/gpu_description.h"

namespace stcsim {

/// The options given in `arguments` (without program and subcommand). Throws InputError for an unknown option, with
/// near names; an option without its value or with one too many; an option given twice that takes one value; and any
/// argument that is not an option. Options may not be abbreviated.
boost::program_options::variables_map parse_options(const boost::program_options::options_description& options,
                                                    const std::vector<std::string>& arguments);

/// An option that takes one text; `placeholder` stands for it in the help.
boost::program_options::typed_value<std::string>* text_value(const char* placeholder);

/// The decimal integer from `least` to `most` that `text` spells; `what` names it in the InputError.
std::uint64_t parse_integer(std::string_view text, std::string_view what, std::uint64_t least, std::uint64_t most);

/// "expected ..." text that lists all names, the near ones first if there are any.
std::string expected_names(std::string_view wanted, const std::vector<std::string>& known);

/// The value of an option that takes text, or nothing if it was not given. Throws InputError if it is empty.
std::optional<std::string> text_of(const boost::program_options::variables_map& values, const char* option);

/// The description that --gpu names, with each "PATH=VALUE" of --set applied in order, and consistent. Throws
/// InputError.
GpuDescription gpu_in_force(const std::string& gpu, const std::vector<std::string>& overrides);

/// Throws InputError if both options were given; `why` says why only one can be.
void refuse_together(const boost::program_options::variables_map& values, const char* one, const char* other,
                     std::string_view why);

/// Throws InputError if `one` was given and `other`, without which it means nothing, was not.
void refuse_without(const boost::program_options::variables_map& values, const char* one, const char* other);

}  // namespace stcsim
