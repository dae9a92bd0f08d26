#include "cli/sparsify_command.h"

#include <array>
#include <ostream>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "cli/options.h"
#include "cli/sparsify_options.h"
#include "sparsity/pattern_name.h"

namespace stcsim {
namespace {

using Arguments = std::vector<std::string>;

struct Action {
    std::string_view name;
    std::string_view summary;
    int (*run)(const Arguments&, std::ostream&);
};

std::string share_text(const KeptMagnitude& kept) {
    return fmt::format("{:.6f}", kept.share());
}

int prune_action(const Arguments& arguments, std::ostream& out) {
    const std::optional<PruneRequest> request = parse_prune_request(arguments);
    if (!request) {
        out << "stcsim sparsify prune --in W.npy --out P.npy [OPTIONS]\n\n" << prune_options();
        return 0;
    }
    const PruneReport report = prune_file(*request);
    out << fmt::format("{}: {} x {} {} pruned to {}\n", request->output.string(), report.rows, report.columns,
                       name_of(report.type), name_of(report.pattern));
    if (!request->permute) {
        out << fmt::format("kept share: {} of the sum of magnitudes\n", share_text(report.written));
    } else {
        out << fmt::format("kept share: {} of the sum of magnitudes with the columns as given\n",
                           share_text(report.as_given));
        out << fmt::format("kept share: {} with the columns permuted", share_text(report.written));
        if (report.sampled < report.rows) {
            out << fmt::format(" (searched on {} evenly spaced rows)", report.sampled);
        }
        out << '\n';
        if (!request->permutation) {
            out << "the permutation is not written (--permutation): the rows of B need it\n";
        }
    }
    if (report.written.not_finite != 0) {
        out << fmt::format("{} NaN or infinite elements count in no sum\n", report.written.not_finite);
    }
    return 0;
}

int check_action(const Arguments& arguments, std::ostream& out) {
    const std::optional<CheckRequest> request = parse_check_request(arguments);
    if (!request) {
        out << "stcsim sparsify check --in W.npy [OPTIONS]\n\n"
            << check_options() << "\nExit status: 0 if the matrix meets the pattern, 1 if not.\n";
        return 0;
    }
    const CheckReport report = check_file(*request);
    for (const std::string& violation : report.described) out << violation << '\n';
    if (report.violations > report.described.size() && !report.described.empty()) {
        out << fmt::format("... and {} more\n", report.violations - report.described.size());
    }
    const std::uint64_t groups = std::uint64_t{report.rows} * (report.columns / report.pattern.group);
    out << fmt::format("{}: {} x {} {} {} {}: {} of {} groups hold more than {}\n", request->input.string(),
                       report.rows, report.columns, name_of(report.type), report.violations == 0 ? "is" : "is not",
                       name_of(report.pattern), report.violations, groups,
                       report.pattern.unit == 1 ? fmt::format("{} non-zeros", report.pattern.kept)
                                                : fmt::format("{} non-zero pairs", report.pattern.codes()));
    return report.violations == 0 ? 0 : 1;
}

constexpr std::array actions{
    Action{"prune", "keep the elements of the largest magnitude of each group", prune_action},
    Action{"check", "list the groups that hold more non-zeros than a pattern keeps", check_action},
};

std::string help() {
    std::string text = "stcsim sparsify ACTION [OPTIONS]      stcsim sparsify ACTION --help\n\n";
    for (const Action& action : actions) text += fmt::format("  {:<9} {}\n", action.name, action.summary);
    text +=
        "\nFiles are .npy, of any size: they are read in blocks of rows. The last axis is k; an array [.., k] of more "
        "axes\n"
        "counts as the matrix of all its rows, [k] as one row. Patterns: 2:4 (executed for f16, bf16, s8, u8), 1:2 "
        "(tf32)\n"
        "and 4:8, in pairs of neighbours (s4, u4).\n";
    return text;
}

}  // namespace

int sparsify_command(const Arguments& arguments, std::ostream& out) {
    std::vector<std::string> known;
    for (const Action& action : actions) known.emplace_back(action.name);
    if (arguments.empty()) throw InputError({}, "no action", expected_names("", known));
    const std::string& name = arguments.front();
    if (name == "--help" || name == "-h") {
        out << help();
        return 0;
    }
    for (const Action& action : actions) {
        if (action.name == name) return action.run({arguments.begin() + 1, arguments.end()}, out);
    }
    throw InputError({}, fmt::format("the unknown action \"{}\"", name), expected_names(name, known));
}

}  // namespace stcsim
