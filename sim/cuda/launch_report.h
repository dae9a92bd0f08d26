/// What is reported about the launches of a program.
///
/// The stand-in library writes one line of JSON per event (LaunchReport, a finding that came to light later, or how the
/// program ended) into a file that the program inherits; `stcsim exec` reads the lines when the program has ended, in
/// whatever way.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace stcsim {

struct NamedCount {
    std::string name;
    std::uint64_t count = 0;

    bool operator==(const NamedCount&) const = default;
};

/// A place in the PTX, and in the source it was compiled from where `.loc` says it.
struct CodePlace {
    std::uint32_t ptx_line = 0;  ///< 0: unknown
    std::string instruction;     ///< as written: "mad.lo.s32"
    std::string source_file;
    std::uint32_t source_line = 0;  ///< 0: unknown

    bool operator==(const CodePlace&) const = default;
};

/// Where most warp cycles were waited away.
struct HottestStall {
    CodePlace place;
    std::string cause;
    std::uint64_t warp_cycles = 0;

    bool operator==(const HottestStall&) const = default;
};

/// An element of an mma's D that the SystemC modules compute otherwise than the numerics.
struct DifferenceReport {
    CodePlace place;
    std::uint64_t cta = 0;
    std::uint32_t warp = 0;  ///< of the CTA
    std::uint32_t lane = 0;  ///< that holds the element
    std::uint32_t row = 0;   ///< of D
    std::uint32_t column = 0;
    std::uint64_t modules = 0;   ///< bits of the element
    std::uint64_t numerics = 0;  ///< bits of the element

    bool operator==(const DifferenceReport&) const = default;
};

/// Why some mma of a line were not compared, and how many.
struct NotComparedReport {
    CodePlace place;
    std::string reason;
    std::uint64_t count = 0;

    bool operator==(const NotComparedReport&) const = default;
};

/// What --verify found in a launch.
struct VerificationReport {
    std::uint64_t mma = 0;       ///< machine instructions whose values went through the SystemC modules
    std::uint64_t elements = 0;  ///< of their D
    std::uint64_t equal = 0;     ///< to what the numerics say
    std::optional<DifferenceReport> first_difference;
    std::vector<NotComparedReport> not_compared;

    bool operator==(const VerificationReport&) const = default;
};

/// What only a timed launch has.
struct TimedLaunch {
    Cycle cycles{0};
    double time_us = 0;                ///< of the kernel, without what the host adds
    std::vector<NamedCount> account;   ///< cause -> cycles; sums to cycles x tensor cores
    double achieved_occupancy = 0;     ///< resident warps over what an SM holds, while it has any; 0..1
    std::uint64_t bank_conflicts = 0;  ///< wavefronts of shared memory beyond the least
    std::vector<NamedCount> bytes;     ///< memory level -> bytes
    std::optional<HottestStall> hottest_stall;
    /// Where one SM stands for all: its CTAs. All of the above but `cycles` and `time_us` is of that SM only.
    std::optional<std::uint64_t> timed_ctas;
    std::optional<VerificationReport> verification;  ///< of --verify

    bool operator==(const TimedLaunch&) const = default;
};

/// A finding, or many alike: the first one in full, and how many.
struct FindingReport {
    std::string kind;
    bool error = false;  ///< ends the program unless findings are taken leniently
    std::string sentence;
    CodePlace place;
    std::uint64_t cta = 0;
    std::uint32_t warp = 0;
    std::optional<std::uint32_t> lane;
    std::uint64_t count = 1;

    bool operator==(const FindingReport&) const = default;
};

struct LaunchReport {
    std::string kernel;  ///< as in the source, with parameters: "add(float const*, float*)"
    std::string symbol;  ///< as in the PTX
    std::string module;  ///< the file that the PTX is from
    std::array<std::uint32_t, 3> grid{1, 1, 1};
    std::array<std::uint32_t, 3> block{1, 1, 1};
    Bytes static_shared{0};
    Bytes dynamic_shared{0};
    std::uint32_t registers = 0;    ///< per thread
    std::uint32_t ctas_per_sm = 0;  ///< that fit at once
    double occupancy = 0;           ///< of these, in warps; 0..1
    std::uint64_t warp_instructions = 0;
    std::vector<NamedCount> instruction_mix;  ///< opcode -> warp instructions, most first
    std::optional<TimedLaunch> timed;
    std::vector<FindingReport> findings;

    bool operator==(const LaunchReport&) const = default;
};

/// Adds a finding that came to light after the launch; it takes the place of a warning about the same.
void add_late_finding(LaunchReport& launch, FindingReport finding);

/// What a launch whose mma differ failed for; nothing if none differs, or none was compared.
std::optional<std::string> verification_failure(const LaunchReport& launch);

/// The library has been loaded and asked for something.
struct RuntimeStarted {
    std::uint32_t version = 0;  ///< of the runtime's interface: 12 or 13

    bool operator==(const RuntimeStarted&) const = default;
};
/// The library ended the program.
struct RuntimeEnded {
    int status = 0;
    std::string message;

    bool operator==(const RuntimeEnded&) const = default;
};

/// All that was reported, in order.
struct ExecReport {
    std::optional<RuntimeStarted> started;
    std::vector<LaunchReport> launches;
    std::optional<RuntimeEnded> ended;

    bool operator==(const ExecReport&) const = default;
};

/// One line of JSON, with its end.
std::string report_line(const RuntimeStarted& event);
std::string report_line(const LaunchReport& event);
/// A finding of the launch of this number that came to light after its report.
std::string report_line(std::uint64_t launch, const FindingReport& event);
std::string report_line(const RuntimeEnded& event);

/// What these lines say. A last line cut short is left out: the program was killed while it wrote. Other lines break
/// an invariant.
ExecReport parse_report_lines(std::string_view lines);

}  // namespace stcsim
