#include "cli/exec_command.h"

#include <cstring>
#include <fstream>
#include <ostream>
#include <sstream>

#include <fmt/format.h>

#include "base/content_hash.h"
#include "base/error.h"
#include "cli/exec_options.h"
#include "cli/exec_report.h"
#include "cli/options.h"
#include "cli/version.h"
#include "cuda/kernel_arguments.h"
#include "cuda/program_file.h"
#include "cuda/program_run.h"
#include "files/atomic_file.h"

namespace stcsim {
namespace {

constexpr int status_failed = 1;
constexpr int status_bad_input = 2;
constexpr int status_of_signal = 128;

constexpr const char* usage =
    "stcsim exec [OPTIONS] -- ./program ARGUMENTS\n"
    "stcsim exec [OPTIONS] --ptx FILE.ptx --entry NAME --grid X[,Y,Z] --block X[,Y,Z] [--args LIST]\n\n";

constexpr const char* building =
    "\nPrograms are built with the PTX embedded and the CUDA runtime loaded:\n"
    "  nvcc -cudart shared -gencode arch=compute_80,code=compute_80 --no-compress ...\n"
    "(before toolkit 13: -Xfatbin -compress=false). What they print and their exit status stay theirs; 1: a finding\n"
    "ended the program, 2: something in it is not supported, 128 + N: signal N ended it.\n";

InputHash hash_of(const std::filesystem::path& file) {
    std::ostringstream bytes;
    bytes << std::ifstream(file, std::ios::binary).rdbuf();
    return {file.string(), content_hash(bytes.view())};
}

/// How the program ended, and what to say about it that it or the library did not say.
ExecEnd end_of(const std::string& program, const ProgramRun& run, std::ostream& err) {
    if (run.signal) {
        const std::string message = fmt::format("{} was ended by signal {} ({})", program, *run.signal,
                                                sigdescr_np(*run.signal) == nullptr ? "?" : sigdescr_np(*run.signal));
        err << "stcsim: " << message << '\n';
        return {status_of_signal + *run.signal, run.signal, message};
    }
    if (run.report.ended) return {run.report.ended->status, std::nullopt, run.report.ended->message};
    if (!run.report.started) {
        const std::string message = fmt::format(
            "{} never used the simulated CUDA runtime: it made no CUDA call, or loaded another "
            "libcudart.so (a run path in the executable goes before LD_LIBRARY_PATH)",
            program);
        err << "stcsim: " << message << '\n';
        return {run.status == 0 ? status_bad_input : run.status, std::nullopt, message};
    }
    return {run.status, std::nullopt, {}};
}

struct Execution {
    ExecEnd end;
    ExecReport report;
};

Execution execute_program(const ExecRequest& request, const GpuDescription& gpu, std::ostream& out, std::ostream& err) {
    out.flush();
    err.flush();
    ProgramRun run = run_program(request.program, gpu, request.settings);
    ExecEnd end = end_of(request.program.front(), run, err);
    return {std::move(end), std::move(run.report)};
}

Execution execute_kernel(const ExecRequest& request, const GpuDescription& gpu, const Simulator& simulator,
                         std::ostream& err) {
    const auto executor = simulator.make_executor(gpu, request.settings);
    LaunchOutcome outcome = run_ptx_launch(*request.ptx, gpu, *executor);
    Execution execution;
    execution.report.launches.push_back(std::move(outcome.report));
    if (outcome.failure) {
        err << "stcsim: " << *outcome.failure << '\n';
        execution.end = {status_failed, std::nullopt, *outcome.failure};
    }
    return execution;
}

}  // namespace

int exec_command(const std::vector<std::string>& arguments, const std::vector<std::string>& command_line,
                 const Simulator& simulator, std::ostream& out, std::ostream& err) {
    const auto request = parse_exec_request(arguments);
    if (!request) {
        out << usage << exec_options() << '\n' << kernel_argument_help << building;
        return 0;
    }
    const GpuDescription gpu = gpu_in_force(request->gpu, request->overrides);
    if (request->report) check_writable(*request->report);
    const Execution execution =
        request->ptx ? execute_kernel(*request, gpu, simulator, err) : execute_program(*request, gpu, out, err);
    err << launch_table(execution.report);
    if (request->report) {
        const std::filesystem::path input = request->ptx ? request->ptx->file : find_program(request->program.front());
        const RunProvenance provenance{version, command_line, gpu, {hash_of(input)}};
        write_whole_file(*request->report,
                         exec_report_json(provenance, request->settings, execution.end, execution.report));
    }
    return execution.end.status;
}

}  // namespace stcsim
