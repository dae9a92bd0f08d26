#include "cli/command_line.h"

#include <array>
#include <exception>
#include <functional>
#include <ostream>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "cli/check_command.h"
#include "cli/exec_command.h"
#include "cli/list_commands.h"
#include "cli/microbench_command.h"
#include "cli/mma_command.h"
#include "cli/options.h"
#include "cli/run_command.h"
#include "cli/sparsify_command.h"
#include "cli/validate_command.h"
#include "cli/version.h"

namespace stcsim {
namespace {

constexpr int success = 0;
constexpr int bad_input = 2;
constexpr int internal_error = 3;

/// What a subcommand works with.
struct Invocation {
    std::vector<std::string> arguments;  ///< after the subcommand
    const std::vector<std::string>& command_line;
    const Simulator& simulator;
    std::ostream& out;
    std::ostream& err;
};

struct Subcommand {
    std::string_view name;
    std::string_view summary;
    int (*run)(const Invocation&);
};

constexpr std::array subcommands{
    Subcommand{"run", "simulate a GEMM or a trace of GEMMs, dense and 2:4",
               [](const Invocation& i) { return run_command(i.arguments, i.command_line, i.simulator, i.out, i.err); }},
    Subcommand{"mma", "execute a batch of single mma or mma.sp instructions on .npy files",
               [](const Invocation& i) {
                   mma_command(i.arguments, i.simulator, i.out, i.err);
                   return success;
               }},
    Subcommand{
        "exec", "run a CUDA program, or a kernel of a PTX file, on the model",
        [](const Invocation& i) { return exec_command(i.arguments, i.command_line, i.simulator, i.out, i.err); }},
    Subcommand{"sparsify", "prune, compress, expand, reorder and check .npy matrices",
               [](const Invocation& i) { return sparsify_command(i.arguments, i.out); }},
    Subcommand{"check", "check the dump of a kernel: bit-exact, within the bound, or wrong and why",
               [](const Invocation& i) { return check_command(i.arguments, i.command_line, i.out); }},
    Subcommand{"microbench", "measure latency and throughput of single instructions",
               [](const Invocation& i) {
                   microbench_command(i.arguments, i.simulator, i.out, i.err);
                   return success;
               }},
    Subcommand{"validate", "compare the model with measurements of real GPUs",
               [](const Invocation& i) {
                   validate_command(i.arguments, i.simulator, i.out, i.err);
                   return success;
               }},
    Subcommand{"gpus", "list the GPU descriptions",
               [](const Invocation& i) {
                   gpus_command(i.arguments, i.out);
                   return success;
               }},
    Subcommand{"kernels", "list the GEMM kernels",
               [](const Invocation& i) {
                   kernels_command(i.arguments, i.out);
                   return success;
               }},
    Subcommand{"instructions", "list the mma and mma.sp instructions",
               [](const Invocation& i) {
                   instructions_command(i.arguments, i.out);
                   return success;
               }},
};

std::string help() {
    std::string text =
        "stcsim: a cycle-level simulator of the NVIDIA Ampere Sparse Tensor Core and the GPU around it\n\n"
        "stcsim SUBCOMMAND [OPTIONS]      stcsim SUBCOMMAND --help      stcsim --version\n\n";
    for (const Subcommand& s : subcommands) text += fmt::format("  {:<13} {}\n", s.name, s.summary);
    text +=
        "\nResults go to standard output and the files of --out, progress and messages to standard error.\n"
        "Exit status: 0 success, 1 a verification failed, 2 bad usage or bad input, 3 an internal error.\n";
    return text;
}

const Subcommand& subcommand_named(const std::string& name) {
    std::vector<std::string> known;
    for (const Subcommand& subcommand : subcommands) {
        if (subcommand.name == name) return subcommand;
        known.emplace_back(subcommand.name);
    }
    known.insert(known.end(), {"--help", "--version"});
    throw InputError({}, fmt::format("the unknown subcommand \"{}\"", name), expected_names(name, known));
}

int dispatch(const std::vector<std::string>& arguments, const Simulator& simulator, std::ostream& out,
             std::ostream& err) {
    if (arguments.size() < 2) throw InputError({}, "no subcommand", fmt::format("one; see stcsim --help"));
    const std::string& first = arguments[1];
    const std::vector<std::string> rest(arguments.begin() + 2, arguments.end());
    if (first == "--help" || first == "-h" || first == "--version") {
        if (!rest.empty()) throw InputError({}, fmt::format("\"{}\" after {}", rest.front(), first), "nothing");
        out << (first == "--version" ? fmt::format("stcsim {}\n", version) : help());
        return success;
    }
    return subcommand_named(first).run({rest, arguments, simulator, out, err});
}

}  // namespace

int run_command_line(const std::vector<std::string>& arguments, const Simulator& simulator, std::ostream& out,
                     std::ostream& err) noexcept {
    try {
        const int status = dispatch(arguments, simulator, out, err);
        if (!out.flush()) throw InputError({}, "a standard output that cannot be written", "room for the results");
        return status;
    } catch (const InputError& error) {
        err << "stcsim: " << error.what() << '\n';
        return bad_input;
    } catch (const std::exception& error) {
        err << "stcsim: internal error, please report it: " << error.what() << '\n';
        return internal_error;
    } catch (...) {
        err << "stcsim: internal error, please report it\n";
        return internal_error;
    }
}

}  // namespace stcsim
