/// One simulation: a GEMM on a GPU description, through the SystemC model.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/counters.h"
#include "base/units.h"
#include "gpu/gpu_description.h"
#include "run/time_account.h"
#include "tensor_core/account.h"
#include "workload/gemm_problem.h"

namespace stcsim {

/// How much of the machine is simulated.
enum class Scope : std::uint8_t {
    core,  ///< the tensor cores of one SM, operands already in registers; the SM's share of the CTAs
    sm,    ///< one SM with its fair share of the memory system; the SM's share of the CTAs
    chip,  ///< all SMs
};

/// How all SMs are simulated.
enum class Method : std::uint8_t {
    automatic,  ///< exact for small problems, sampled for large ones
    exact,      ///< every instruction of every SM
    sampled,    ///< k-tile by k-tile, and only some of the waves of CTAs (sim/waves)
};

struct SimulationOptions {
    Scope scope = Scope::chip;
    Method method = Method::automatic;  ///< scope chip only; the others are exact
    bool warm_l2 = false;               ///< scope chip, no values: the same launch has just run
    std::optional<double> clock_hz;     ///< locked there; without it the clock is what the power limit allows
    std::string kernel = "auto";        ///< "auto", "best" or a name from the catalogue
    bool verify = false;                ///< move values and compare every element of D with the reference numerics
    std::uint64_t seed = 1;             ///< of the operands when verifying
    bool skip = true;                   ///< leave out cycles that repeat others; every result is the same
    std::uint64_t shuffle_seed = 0;     ///< not 0: order of module construction and activation, which must not matter
    std::uint32_t threads = 1;          ///< of exact runs of scope chip without values; every result is the same
    std::optional<std::filesystem::path> vcd;       ///< waveform of the first SM's tensor cores
    std::optional<std::filesystem::path> perfetto;  ///< timeline of the first SM's tensor cores (Chrome trace JSON)
    /// Called now and then with the share done, 0 to 1. May be empty.
    std::function<void(double)> progress;
};

/// The comparison of D with the reference.
struct Verification {
    std::uint64_t elements = 0;
    std::uint64_t mismatches = 0;
    std::string first_mismatch;  ///< coordinates, bits found and expected of the first wrong element; empty if none
};

struct SimulationResult {
    GemmProblem problem;
    std::string gpu;
    std::string kernel;
    Scope scope = Scope::chip;
    Method method = Method::exact;
    Cycle cycles{0};          ///< until the last CTA has finished
    Cycle skipped_cycles{0};  ///< of these: not simulated because they repeat others exactly
    double clock_hz = 0;      ///< of the SMs
    double launch_us = 0;     ///< what the launch adds to the kernel's time; 0 unless scope is chip
    double time_us = 0;       ///< launch_us + cycles / clock
    double tflops = 0;        ///< 2 m n k batch / time; scope core and sm: of the chip whose SMs all do as this one
    double dense_peak_tflops = 0;    ///< of the whole chip for this type
    double sparse_peak_tflops = 0;   ///< 0 without a sparse path
    double tensor_utilization = 0;   ///< tflops over the peak that applies to the row, 0 to 1
    std::string bound_by;            ///< the largest cause in the account, in words
    std::uint64_t tensor_cores = 0;  ///< simulated
    TensorCoreAccount account;       ///< summed over these tensor cores
    TimeAccount time_account;        ///< of `time_us`
    CounterReport counters;          ///< sampled: of the whole launch, by extrapolation
    double energy_mj = 0;            ///< of one launch, in millijoules; scope chip only, as what follows
    double average_power_w = 0;
    double l2_read_bytes = 0;  ///< by the SMs
    double hbm_read_bytes = 0;
    double hbm_written_bytes = 0;
    Roofline roofline;
    std::uint64_t simulated_ctas = 0;
    std::uint64_t total_ctas = 0;
    std::optional<Verification> verification;
};

/// Simulates one GEMM. Throws InputError for sizes, types, kernels or sparsity that the GPU or the instruction set does
/// not allow.
SimulationResult simulate_gemm(const GpuDescription& gpu, const GemmProblem& problem, const SimulationOptions& options);

/// Throws what simulate_gemm would throw for bad input, without simulating: called for a whole trace first.
void check_gemm(const GpuDescription& gpu, const GemmProblem& problem, const SimulationOptions& options);

}  // namespace stcsim
