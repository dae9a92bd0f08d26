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

constexpr const char* order_help =
    "\nOrders of metadata (elements have 16 bits for f16, bf16 and tf32, 32 for 8- and 4-bit integers):\n"
    "  codes              uint8 [rows, codes of a row], one code of two bits each\n"
    "  row-major          [rows, elements of a row], codes packed into elements\n"
    "  reordered          [padded rows, padded elements], in the memory order of CUTLASS and PyTorch\n"
    "  reordered-along-k  the same blocks with those of the same rows next to each other\n"
    "  lanes              uint32 [instructions, 32], the E registers of mma.sp (only reorder)\n";

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

int compress_action(const Arguments& arguments, std::ostream& out) {
    const std::optional<CompressRequest> request = parse_compress_request(arguments);
    if (!request) {
        out << "stcsim sparsify compress --in P.npy --values V.npy (--metadata E.npy | --index I.npy) [OPTIONS]\n\n"
            << compress_options() << order_help;
        return 0;
    }
    const CompressReport report = compress_file(*request);
    out << fmt::format("{}: {} x {} of {} x {} {}\n", request->values.string(), report.rows, report.stored_k,
                       report.rows, report.columns, name_of(report.type));
    return 0;
}

int expand_action(const Arguments& arguments, std::ostream& out) {
    const std::optional<ExpandRequest> request = parse_expand_request(arguments);
    if (!request) {
        out << "stcsim sparsify expand --values V.npy (--metadata E.npy | --index I.npy) --out P.npy [OPTIONS]\n\n"
            << expand_options() << order_help;
        return 0;
    }
    const CompressReport report = expand_file(*request);
    out << fmt::format("{}: {} x {} {} from {} x {}\n", request->output.string(), report.rows, report.columns,
                       name_of(report.type), report.rows, report.stored_k);
    return 0;
}

int reorder_action(const Arguments& arguments, std::ostream& out) {
    const std::optional<ReorderRequest> request = parse_reorder_request(arguments);
    if (!request) {
        out << "stcsim sparsify reorder --metadata E.npy --dtype TYPE --from ORDER --to ORDER --out F.npy [OPTIONS]\n\n"
            << reorder_options() << order_help;
        return 0;
    }
    const MetadataSize size = reorder_file(*request);
    const SparsePattern pattern = sparse_pattern_of(size.type);
    out << fmt::format("{}: metadata of {} x {} {}, {}\n", request->output.string(), size.rows,
                       size.stored_k / pattern.kept * pattern.group, name_of(size.type), name_of(request->to.order));
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
    Action{"compress", "store the kept elements and which they are", compress_action},
    Action{"expand", "the inverse of compress", expand_action},
    Action{"reorder", "convert metadata between the orders in which it is kept", reorder_action},
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
