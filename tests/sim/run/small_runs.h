/// Simulations that take milliseconds, and what tests compare of them.
#pragma once

#include <filesystem>
#include <optional>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "gpu/gpu_description.h"
#include "run/simulate.h"

namespace stcsim {

/// For messages of failed tests.
inline void PrintTo(Cycle cycle, std::ostream* out) {
    *out << cycle.value() << " cycles";
}

}  // namespace stcsim

namespace stcsim::testing {

/// An A100 with four SMs: every mechanism of the chip at a fraction of the work.
inline GpuDescription small_a100() {
    GpuDescription gpu = load_gpu_description("a100-sxm4-40gb");
    apply_override(gpu, "sm_count=4");
    check_consistency(gpu);
    return gpu;
}

inline GemmProblem gemm(std::uint64_t m, std::uint64_t n, std::uint64_t k, Sparsity sparsity = Sparsity::dense) {
    return {.name = "test", .m = m, .n = n, .k = k, .sparsity = sparsity};
}

/// SimulationOptions of which a test names only what it is about.
struct Options {
    Scope scope = Scope::chip;
    std::string kernel = "auto";
    bool verify = false;
    std::uint64_t seed = 1;
    std::uint64_t shuffle_seed = 0;
    std::filesystem::path vcd = {};
    std::filesystem::path perfetto = {};
    Method method = Method::automatic;
    bool warm_l2 = false;
    std::optional<double> clock_hz = {};
    std::uint32_t threads = 1;

    // Conversion is the purpose of the type.
    operator SimulationOptions() const {  // NOLINT(google-explicit-constructor)
        SimulationOptions options;
        options.scope = scope;
        options.kernel = kernel;
        options.verify = verify;
        options.seed = seed;
        options.shuffle_seed = shuffle_seed;
        if (!vcd.empty()) options.vcd = vcd;
        if (!perfetto.empty()) options.perfetto = perfetto;
        options.method = method;
        options.warm_l2 = warm_l2;
        options.clock_hz = clock_hz;
        options.threads = threads;
        return options;
    }
};

inline SimulationResult simulate(const GemmProblem& problem, const Options& options = {}) {
    return simulate_gemm(small_a100(), problem, options);
}

/// Everything that a simulation says about the machine is the same.
inline void expect_same_machine(const SimulationResult& one, const SimulationResult& other, const std::string& what) {
    EXPECT_EQ(one.cycles, other.cycles) << what;
    EXPECT_EQ(one.account.cycles, other.account.cycles) << what;
    EXPECT_EQ(one.kernel, other.kernel) << what;
    ASSERT_EQ(one.counters.values().size(), other.counters.values().size()) << what;
    for (const CounterValue& counter : one.counters.values()) {
        EXPECT_EQ(counter.value, other.counters.at(counter.path)) << what << ": " << counter.path;
    }
}

inline constexpr Scope all_scopes[] = {Scope::core, Scope::sm, Scope::chip};
inline constexpr Sparsity both_sparsities[] = {Sparsity::dense, Sparsity::two_four};

inline std::string describe(const Options& options, const GemmProblem& problem) {
    const char* const scopes[] = {"core", "sm", "chip"};
    return std::string(scopes[static_cast<std::size_t>(options.scope)]) + " " +
           (problem.sparsity == Sparsity::dense ? "dense " : "2:4 ") + options.kernel;
}

/// Runs with values and expects every element of D to be compared and equal.
inline void expect_verified(const GemmProblem& problem, Options options) {
    options.verify = true;
    const SimulationResult result = simulate(problem, options);
    ASSERT_TRUE(result.verification.has_value());
    EXPECT_EQ(result.verification->elements, problem.m * problem.n * problem.batch) << describe(options, problem);
    EXPECT_EQ(result.verification->mismatches, 0U)
        << describe(options, problem) << ": " << result.verification->first_mismatch;
    EXPECT_EQ(result.verification->first_mismatch, "");
}

}  // namespace stcsim::testing
