/// The program with a simulator that makes results up, for tests of everything around the simulation.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/command_line.h"
#include "report/made_up_result.h"

namespace stcsim {

/// What a command line did.
struct Outcome {
    int status;
    std::string out;
    std::string err;
};

/// Remembers what it was asked to simulate. Dense takes 1000 cycles, 2:4 takes 625.
class MadeUpSimulator {
  public:
    std::vector<GemmProblem> simulated;
    std::vector<GemmProblem> checked;
    SimulationOptions last_options;
    GpuDescription last_gpu;
    std::uint64_t mismatches = 0;  ///< found by every verification
    std::vector<MmaCase> executed;
    std::vector<std::uint32_t> measured_iterations;  ///< of each microbenchmark

    /// Runs "stcsim ARGUMENTS...".
    Outcome run(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "stcsim");
        std::ostringstream out;
        std::ostringstream err;
        const int status = run_command_line(arguments, simulator(), out, err);
        return {status, out.str(), err.str()};
    }

    Simulator simulator() {
        return {[this](const GpuDescription& gpu, const GemmProblem& problem, const SimulationOptions& options) {
                    simulated.push_back(problem);
                    last_options = options;
                    last_gpu = gpu;
                    SimulationResult result = made_up_result(problem);
                    if (options.verify) result.verification = Verification{problem.m * problem.n, mismatches, "D[0,0]"};
                    return result;
                },
                [this](const GpuDescription& gpu, const GemmProblem& problem, const SimulationOptions&) {
                    checked.push_back(problem);
                    if (problem.k % 8 != 0) {
                        throw InputError({}, "k = " + std::to_string(problem.k), "a multiple of 8");
                    }
                    if (problem.sparsity == Sparsity::two_four && !gpu.parameters.sm.tensor_core.sparse_path) {
                        throw InputError({}, "mma.sp on " + gpu.name, "a GPU with a sparse path");
                    }
                },
                [this](const GpuParameters&, const MmaInstruction&, std::span<const MmaCase> cases) {
                    executed.insert(executed.end(), cases.begin(), cases.end());
                    std::vector<BitMatrix> results;
                    for (const MmaCase& one : cases) results.push_back(one.c);
                    return results;
                },
                [this](const MicrobenchSubject& subject, const MicrobenchLoad& load, const GpuParameters&,
                       std::uint32_t iterations) {
                    measured_iterations.push_back(iterations);
                    MicrobenchResult result;
                    result.subject = subject;
                    result.load = load;
                    result.latency = 24;
                    result.throughput = 100;
                    result.peak = 1000;
                    return result;
                },
                [](const GpuParameters&) {
                    return std::vector<MemoryFigure>{{"near", "latency", 208.25, "cyc"}};
                },
                [](const MemoryWork&, const GpuParameters&) { return 250.0; }};
    }
};

}  // namespace stcsim
