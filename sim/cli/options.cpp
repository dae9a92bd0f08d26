#include "cli/options.h"

#include <charconv>

#include <boost/program_options/errors.hpp>
#include <boost/program_options/parsers.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/near_names.h"

namespace stcsim {

namespace po = boost::program_options;

po::variables_map parse_options(const po::options_description& options, const std::vector<std::string>& arguments) {
    namespace style = po::command_line_style;
    try {
        const po::parsed_options parsed =
            po::command_line_parser(arguments).options(options).style(style::unix_style & ~style::allow_guessing).run();
        for (const po::option& option : parsed.options) {
            if (option.position_key >= 0) {
                throw InputError({}, fmt::format("the argument \"{}\"", fmt::join(option.original_tokens, " ")),
                                 "options only (see --help)");
            }
        }
        po::variables_map values;
        po::store(parsed, values);
        po::notify(values);
        return values;
    } catch (const po::unknown_option& error) {
        std::vector<std::string> known;
        for (const auto& option : options.options()) known.push_back(fmt::format("--{}", option->long_name()));
        throw InputError({}, fmt::format("the unknown option {}", error.get_option_name()),
                         expected_names(error.get_option_name(), known));
    } catch (const po::error& error) {
        throw InputError({}, fmt::format("options that cannot be understood ({})", error.what()),
                         "options as --help describes them");
    }
}

po::typed_value<std::string>* text_value(const char* placeholder) {
    return po::value<std::string>()->value_name(placeholder);
}

std::uint64_t parse_integer(std::string_view text, std::string_view what, std::uint64_t least, std::uint64_t most) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stop != end || number < least || number > most) {
        throw InputError({}, fmt::format("{} \"{}\"", what, text),
                         fmt::format("a decimal integer from {} to {}", least, most));
    }
    return number;
}

std::string expected_names(std::string_view wanted, const std::vector<std::string>& known) {
    const std::vector<std::string> near = near_names(wanted, known);
    if (near.empty()) return fmt::format("one of {}", fmt::join(known, ", "));
    return fmt::format("one of {} (did you mean {}?)", fmt::join(known, ", "), fmt::join(near, " or "));
}

std::optional<std::string> text_of(const po::variables_map& values, const char* option) {
    if (values.count(option) == 0) return std::nullopt;
    const auto& text = values[option].as<std::string>();
    if (text.empty()) throw InputError({}, fmt::format("an empty value of --{}", option), "a value (see --help)");
    return text;
}

GpuDescription gpu_in_force(const std::string& gpu, const std::vector<std::string>& overrides) {
    GpuDescription description = load_gpu_description(gpu);
    for (const std::string& assignment : overrides) apply_override(description, assignment);
    check_consistency(description);
    return description;
}

void refuse_together(const po::variables_map& values, const char* one, const char* other, std::string_view why) {
    if (values.count(one) == 0 || values.count(other) == 0) return;
    throw InputError({}, fmt::format("--{} with --{}", one, other), fmt::format("one of them: {}", why));
}

void refuse_without(const po::variables_map& values, const char* one, const char* other) {
    if (values.count(one) == 0 || values.count(other) != 0) return;
    throw InputError({}, fmt::format("--{} without --{}", one, other), "both, or neither");
}

}  // namespace stcsim
