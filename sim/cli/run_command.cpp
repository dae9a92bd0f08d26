#include "cli/run_command.h"

#include <algorithm>
#include <fstream>
#include <ostream>
#include <sstream>
#include <unistd.h>

#include <fmt/format.h>

#include "base/content_hash.h"
#include "base/error.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/run_options.h"
#include "cli/version.h"
#include "files/atomic_file.h"
#include "report/report_file.h"
#include "report/table_report.h"
#include "workload/gemm_types.h"

namespace stcsim {
namespace {

GpuDescription description_in_force(const RunRequest& request) {
    GpuDescription gpu = gpu_in_force(request.gpu, request.overrides);
    if (request.compare && !gpu.parameters.sm.tensor_core.sparse_path) {
        throw InputError({}, fmt::format("--compare on {}, whose tensor cores have no sparse path", gpu.name),
                         "a GPU with sm.tensor_core.sparse_path = true");
    }
    return gpu;
}

/// One entry per simulation; with --compare every problem twice, dense and then 2:4.
std::vector<GemmProblem> simulations_of(const RunRequest& request) {
    if (!request.compare) return request.problems;
    std::vector<GemmProblem> simulations;
    for (GemmProblem problem : request.problems) {
        for (const Sparsity sparsity : {Sparsity::dense, Sparsity::two_four}) {
            problem.sparsity = sparsity;
            simulations.push_back(problem);
        }
    }
    return simulations;
}

/// Everything that can be wrong is found here, before hours of simulation.
void check_all(const RunRequest& request, const GpuDescription& gpu, const std::vector<GemmProblem>& simulations,
               const Simulator& simulator) {
    for (const GemmProblem& problem : simulations) {
        try {
            simulator.check(gpu, problem, request.options);
        } catch (const InputError& error) {
            if (!request.trace) throw;
            throw InputError(
                {request.trace->string()},
                fmt::format("GEMM \"{}\" ({}): {}", problem.name, name_of(problem.sparsity), error.found()),
                error.expected());
        }
    }
    for (const std::filesystem::path& file : request.reports) check_report_file(file);
    for (const auto& file : {request.configuration, request.options.vcd, request.options.perfetto}) {
        if (file) check_writable(*file);
    }
}

std::vector<InputHash> input_hashes(const RunRequest& request) {
    if (!request.trace) return {};
    std::ostringstream text;
    text << std::ifstream(*request.trace, std::ios::binary).rdbuf();
    return {{request.trace->string(), content_hash(text.view())}};
}

std::vector<ResultRow> simulate_all(const RunRequest& request, const GpuDescription& gpu,
                                    const std::vector<GemmProblem>& simulations, const Simulator& simulator,
                                    std::ostream& err) {
    Progress progress(err, isatty(STDERR_FILENO) != 0, simulations.size());
    std::vector<SimulationResult> results;
    for (std::size_t i = 0; i < simulations.size(); ++i) {
        SimulationOptions options = request.options;
        options.progress = [&](double share) { progress.report(i, simulations[i].name, share); };
        results.push_back(simulator.simulate(gpu, simulations[i], options));
        progress.report(i, simulations[i].name, 1);
    }
    std::vector<ResultRow> rows;
    if (request.compare) {
        for (std::size_t i = 0; i + 1 < results.size(); i += 2) {
            for (ResultRow& row : compared_rows(std::move(results[i]), std::move(results[i + 1]))) {
                rows.push_back(std::move(row));
            }
        }
    } else {
        for (SimulationResult& result : results) rows.push_back({std::move(result), std::nullopt});
    }
    return rows;
}

bool verified(const ResultRow& row) {
    return !row.result.verification || row.result.verification->mismatches == 0;
}

}  // namespace

int run_command(const std::vector<std::string>& arguments, const std::vector<std::string>& command_line,
                const Simulator& simulator, std::ostream& out, std::ostream& err) {
    const std::optional<RunRequest> request = parse_run_request(arguments);
    if (!request) {
        out << "stcsim run --gpu NAME (--gemm MxNxK | --trace FILE.csv) [OPTIONS]\n\n" << run_options();
        return 0;
    }
    RunProvenance provenance{version, command_line, description_in_force(*request), input_hashes(*request)};
    const GpuDescription& gpu = provenance.gpu;
    const std::vector<GemmProblem> simulations = simulations_of(*request);
    check_all(*request, gpu, simulations, simulator);
    if (request->configuration) write_whole_file(*request->configuration, to_toml(gpu));
    if (simulations.empty()) return 0;

    const std::vector<ResultRow> rows = simulate_all(*request, gpu, simulations, simulator, err);
    for (const std::filesystem::path& file : request->reports) write_report_file(file, provenance, rows);
    out << table_report(gpu, rows);
    if (std::all_of(rows.begin(), rows.end(), verified)) return 0;
    err << "stcsim: the verification failed: elements of D differ from the reference\n";
    return 1;
}

}  // namespace stcsim
