#include "cli/validate_options.h"

#include <algorithm>
#include <thread>

#include <boost/program_options/value_semantic.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "cli/options.h"
#include "report/result_row.h"
#include "validate/reference_sets.h"

namespace stcsim {
namespace {

namespace po = boost::program_options;
using Texts = std::vector<std::string>;

constexpr std::uint64_t most_jobs = 256;
constexpr std::uint64_t most_worst = 100'000;

Texts texts_of(const po::variables_map& values, const char* option) {
    return values.count(option) != 0 ? values[option].as<Texts>() : Texts();
}

std::vector<ReferenceSet> sets_of(const po::variables_map& values) {
    if (values.count("set") == 0) return {reference_sets.begin(), reference_sets.end()};
    std::vector<ReferenceSet> sets;
    for (const std::string& name : texts_of(values, "set")) {
        const auto set = reference_set_named(name);
        if (!set) {
            Texts known;
            for (const ReferenceSet each : reference_sets) known.emplace_back(name_of(each));
            throw InputError({}, fmt::format("--set {}", name), expected_names(name, known));
        }
        sets.push_back(*set);
    }
    std::ranges::sort(sets);
    sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
    return sets;
}

Scope scope_of(const std::string& name) {
    if (const auto scope = scope_named(name)) return *scope;
    throw InputError({}, fmt::format("--scope {}", name), expected_names(name, {"core", "sm", "chip"}));
}

}  // namespace

po::options_description validate_options() {
    po::options_description options("Options of stcsim validate");
    const auto texts = [](const char* placeholder) { return po::value<Texts>()->value_name(placeholder); };
    auto add = options.add_options();
    add("help,h", "this help");
    add("set", texts("NAME"), "instructions, shared-memory, memory or gemm; repeatable (all of them)");
    add("quick", "a fixed subset of the points");
    add("only", text_value("TEXT"), "only points whose \"TYPE FIGURE NAME\" contains this, such as \"f16 2:4 1024x\"");
    add("gpu", text_value("NAME|FILE"), "GPU description (the one that each point was measured on)");
    add("override", texts("PATH=VALUE"), "override a parameter of the description; repeatable");
    add("scope", text_value("SCOPE")->default_value("chip"), "of the GEMMs: core, sm or chip");
    add("kernel", text_value("NAME")->default_value("auto"), "of the GEMMs: auto, best or a name of 'stcsim kernels'");
    add("reference", text_value("FOLDER"), "folder of the measurements (the ones that are shipped)");
    add("out", texts("FILE"), "write every point to FILE.json or FILE.csv; repeatable");
    add("state", text_value("FILE"),
        "keep predictions in FILE as they are made, and do not make those again that are in it (beside the first --out "
        "until that is written)");
    add("jobs,j", text_value("NUMBER"), "processes at a time (one per processor); the results do not depend on it");
    add("worst", text_value("NUMBER")->default_value("3"),
        "how many of the worst points of each type and figure to list");
    return options;
}

std::optional<ValidateRequest> parse_validate_request(const std::vector<std::string>& arguments) {
    const po::variables_map values = parse_options(validate_options(), arguments);
    if (values.count("help") != 0) return std::nullopt;
    ValidateRequest request;
    request.sets = sets_of(values);
    request.quick = values.count("quick") != 0;
    request.only = text_of(values, "only").value_or("");
    request.gpu = text_of(values, "gpu");
    request.overrides = texts_of(values, "override");
    request.options.scope = scope_of(values["scope"].as<std::string>());
    request.options.kernel = text_of(values, "kernel").value();
    const auto folder = text_of(values, "reference");
    request.references = folder ? std::filesystem::path(*folder) : shipped_references();
    for (const std::string& file : texts_of(values, "out")) request.reports.emplace_back(file);
    request.state = text_of(values, "state");
    const auto jobs = text_of(values, "jobs");
    request.jobs = jobs ? parse_integer(*jobs, "--jobs", 1, most_jobs)
                        : std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, most_jobs);
    request.worst = parse_integer(values["worst"].as<std::string>(), "--worst", 0, most_worst);
    return request;
}

}  // namespace stcsim
