/// What `stcsim exec` tells the stand-in library inside the program that it starts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stcsim {

/// Whether launches are timed.
enum class LaunchTiming : std::uint8_t { none, full };
/// What a timed launch is timed on.
enum class LaunchScope : std::uint8_t { sm, chip };

/// The order of a kernel's instructions within basic blocks.
enum class InstructionOrder : std::uint8_t {
    text,       ///< of the PTX
    scheduled,  ///< as an assembler would have them (ptx_timing/list_schedule.h)
};

std::string_view name_of(LaunchTiming timing);
std::string_view name_of(LaunchScope scope);
std::string_view name_of(InstructionOrder order);

/// How launches are simulated.
struct LaunchSettings {
    LaunchTiming timing = LaunchTiming::full;
    LaunchScope scope = LaunchScope::chip;
    InstructionOrder order = InstructionOrder::scheduled;
    bool verify = false;                            ///< mma values through the SystemC modules too, compared
    bool find = true;                               ///< look for findings
    bool lenient = false;                           ///< findings are warnings and do not end the program
    std::uint64_t max_cycles = default_max_cycles;  ///< per launch, of cycles or, untimed, warp instructions

    /// Hours of simulation: only an endless loop reaches it.
    static constexpr std::uint64_t default_max_cycles = 100'000'000'000;

    bool operator==(const LaunchSettings&) const = default;
};

struct ExecConfiguration {
    std::string gpu_file;     ///< a complete description, readable in the program
    int report_channel = -1;  ///< an open file that the program inherits: lines of launch_report.h
    LaunchSettings launch;

    bool operator==(const ExecConfiguration&) const = default;
};

/// The environment variable that carries it.
inline constexpr const char* exec_variable = "STCSIM_EXEC";

/// One line of JSON.
std::string text_of(const ExecConfiguration& configuration);

/// The inverse. Throws InputError for text that text_of does not write: `stcsim exec` and library of different
/// versions, or a variable set by hand.
ExecConfiguration parse_exec_configuration(std::string_view text);

}  // namespace stcsim
