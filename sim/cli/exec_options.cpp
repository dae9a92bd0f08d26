#include "cli/exec_options.h"

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <boost/program_options/value_semantic.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "cli/options.h"

namespace stcsim {
namespace {

namespace po = boost::program_options;
using Values = po::variables_map;

constexpr std::array kernel_options{"entry", "grid", "block", "shared", "args"};

/// The one of `choices` that the option names, or `otherwise` if it was not given.
template <typename Choice>
Choice choice_of(const Values& values, const char* option, Choice otherwise, std::initializer_list<Choice> choices) {
    const auto given = text_of(values, option);
    if (!given) return otherwise;
    std::vector<std::string> names;
    for (const Choice choice : choices) {
        if (name_of(choice) == *given) return choice;
        names.emplace_back(name_of(choice));
    }
    throw InputError({}, fmt::format("--{} \"{}\"", option, *given), expected_names(*given, names));
}

LaunchSettings settings_of(const Values& values) {
    refuse_together(values, "lenient", "no-findings", "without findings there is nothing to take leniently");
    LaunchSettings settings;
    settings.timing = choice_of(values, "timing", settings.timing, {LaunchTiming::none, LaunchTiming::full});
    settings.scope = choice_of(values, "scope", settings.scope, {LaunchScope::sm, LaunchScope::chip});
    settings.order = choice_of(values, "order", settings.order, {InstructionOrder::text, InstructionOrder::scheduled});
    settings.verify = values.count("verify") != 0;
    settings.find = values.count("no-findings") == 0;
    settings.lenient = values.count("lenient") != 0;
    if (const auto most = text_of(values, "max-cycles")) {
        settings.max_cycles = parse_integer(*most, "--max-cycles", 1, std::numeric_limits<std::uint64_t>::max());
    }
    if (settings.timing == LaunchTiming::none) {
        for (const char* const option : {"scope", "order", "verify"}) {
            if (values.count(option) == 0) continue;
            throw InputError({}, fmt::format("--{} with --timing none", option),
                             "--timing full: only then the SystemC modules run; or no such option");
        }
    }
    return settings;
}

std::array<std::uint32_t, 3> size_of(const Values& values, const char* option) {
    std::array<std::uint32_t, 3> size{1, 1, 1};
    const auto text = text_of(values, option);
    if (!text) throw InputError({}, fmt::format("--ptx without --{}", option), "its size: X, X,Y or X,Y,Z");
    std::string_view rest = *text;
    for (std::size_t i = 0;; ++i) {
        const std::size_t comma = rest.find(',');
        if (i == size.size()) throw InputError({}, fmt::format("--{} \"{}\"", option, *text), "X, X,Y or X,Y,Z");
        size.at(i) = static_cast<std::uint32_t>(parse_integer(rest.substr(0, comma),
                                                              fmt::format("in --{} {} the size", option, *text), 1,
                                                              std::numeric_limits<std::int32_t>::max()));
        if (comma == std::string_view::npos) return size;
        rest.remove_prefix(comma + 1);
    }
}

PtxLaunch ptx_launch_of(const Values& values) {
    PtxLaunch launch;
    launch.file = *text_of(values, "ptx");
    const auto kernel = text_of(values, "entry");
    if (!kernel) throw InputError({}, "--ptx without --entry", "the kernel's name in the PTX");
    launch.kernel = *kernel;
    launch.grid = size_of(values, "grid");
    launch.block = size_of(values, "block");
    if (const auto bytes = text_of(values, "shared")) {
        launch.dynamic_shared = Bytes(parse_integer(*bytes, "--shared", 0, std::numeric_limits<std::uint32_t>::max()));
    }
    if (const auto arguments = text_of(values, "args")) launch.arguments = *arguments;
    return launch;
}

}  // namespace

po::options_description exec_options() {
    po::options_description options("Options of stcsim exec");
    const std::string timing =
        fmt::format("full: cycles of the model; none: values only, fast ({})", name_of(LaunchSettings{}.timing));
    auto add = options.add_options();
    add("help,h", "this help");
    add("gpu", text_value("NAME|FILE")->default_value("a100-sxm4-40gb"), "GPU description");
    add("set", po::value<std::vector<std::string>>()->value_name("PATH=VALUE")->composing(),
        "override a parameter of the description; repeatable");
    add("timing", text_value("full|none"), timing.c_str());
    add("scope", text_value("sm|chip"), "timed launches: the whole chip, or one SM with its share of the grid (chip)");
    add("order", text_value("text|scheduled"),
        "timed launches: instructions within basic blocks as in the PTX, or as an assembler would have them "
        "(scheduled)");
    add("verify", "compute every mma in the SystemC modules too; an element of D that differs is exit status 1");
    add("report", text_value("FILE.json"), "write what every launch did");
    add("lenient", "findings are warnings: they do not end the program");
    add("no-findings", "do not look for findings: faster");
    add("max-cycles", text_value("N"), "end a launch after so many cycles (untimed: warp instructions; 10^11)");
    add("ptx", text_value("FILE.ptx"), "launch one kernel of this file instead of a program");
    add("entry", text_value("NAME"), "the kernel of --ptx");
    add("grid", text_value("X[,Y,Z]"), "CTAs of --ptx");
    add("block", text_value("X[,Y,Z]"), "threads per CTA of --ptx");
    add("shared", text_value("BYTES"), "dynamic shared memory of --ptx (0)");
    add("args", text_value("LIST"), "arguments of the kernel of --ptx");
    return options;
}

std::optional<ExecRequest> parse_exec_request(const std::vector<std::string>& arguments) {
    const auto separator = std::ranges::find(arguments, "--");
    const Values values = parse_options(exec_options(), {arguments.begin(), separator});
    if (values.count("help") != 0) return std::nullopt;
    ExecRequest request;
    request.gpu = *text_of(values, "gpu");
    if (values.count("set") != 0) request.overrides = values["set"].as<std::vector<std::string>>();
    request.settings = settings_of(values);
    if (const auto report = text_of(values, "report")) request.report = *report;
    if (separator != arguments.end()) request.program.assign(separator + 1, arguments.end());
    if (values.count("ptx") != 0) {
        if (separator != arguments.end()) throw InputError({}, "--ptx with a program after --", "one of them");
        request.ptx = ptx_launch_of(values);
        return request;
    }
    for (const char* const option : kernel_options) refuse_without(values, option, "ptx");
    if (request.program.empty() || request.program.front().empty()) {
        throw InputError({}, "neither a program nor --ptx", "stcsim exec [OPTIONS] -- ./program ARGUMENTS");
    }
    return request;
}

}  // namespace stcsim
