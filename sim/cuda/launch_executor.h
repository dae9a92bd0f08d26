/// What runs kernels, as the CUDA runtime's stand-in sees it: behind it are the PTX front end, the executor and, for
/// timed launches, the SystemC model.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "cuda/launch_report.h"

namespace stcsim {

/// Where a parameter lies in a kernel's parameter space.
struct ParameterPlace {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    std::string name;  ///< for messages
};

/// What a program can ask about a kernel, and what its launches must respect.
struct KernelFacts {
    std::vector<ParameterPlace> parameters;
    std::uint64_t parameter_bytes = 0;
    Bytes static_shared{0};
    Bytes local{0};                 ///< per thread
    std::uint32_t registers = 0;    ///< per thread
    std::uint32_t max_threads = 0;  ///< `.maxntid`: product; 0 if not given
    std::uint32_t ptx_version = 0;  ///< ten times the major number plus the minor one
};

/// A variable of a module in device memory.
struct DeviceVariable {
    std::byte* address = nullptr;
    Bytes bytes{0};
};

struct LaunchRequest {
    std::string kernel;  ///< its name in the PTX
    std::array<std::uint32_t, 3> grid{1, 1, 1};
    std::array<std::uint32_t, 3> block{1, 1, 1};
    Bytes dynamic_shared{0};
    bool cooperative = false;          ///< all CTAs run at the same time and may wait for each other
    std::vector<std::byte> arguments;  ///< the parameter space
    std::uint64_t number = 0;          ///< of the launch in its program, from 0 on
};

/// A launch that has ended.
struct LaunchOutcome {
    LaunchReport report;
    /// What ended it before its time: a finding that is not taken leniently, an mma whose values differ. Exit status 1.
    std::optional<std::string> failure;
};

/// What the host comes to know of values that a kernel should not have computed: findings, of earlier launches.
struct HostReading {
    struct LateFinding {
        std::uint64_t launch = 0;  ///< LaunchRequest::number
        FindingReport finding;
    };
    std::vector<LateFinding> findings;
    /// What ends the program: the first one, unless findings are taken leniently. Exit status 1.
    std::optional<std::string> failure;
};

/// A module that is ready to run. Its variables live as long as it does.
class ExecutableModule {
  public:
    virtual ~ExecutableModule() = default;
    ExecutableModule() = default;
    ExecutableModule(const ExecutableModule&) = delete;
    ExecutableModule& operator=(const ExecutableModule&) = delete;

    /// Throws InputError if there is no such kernel.
    [[nodiscard]] virtual KernelFacts facts(const std::string& kernel) const = 0;
    /// Nothing if there is no such variable.
    [[nodiscard]] virtual std::optional<DeviceVariable> variable(const std::string& name) const = 0;
    /// Runs a launch to its end. Throws InputError for what cannot be run: opcodes that are not supported, a launch
    /// that does not end.
    virtual LaunchOutcome run(const LaunchRequest& request) = 0;
};

class LaunchExecutor {
  public:
    virtual ~LaunchExecutor() = default;
    LaunchExecutor() = default;
    LaunchExecutor(const LaunchExecutor&) = delete;
    LaunchExecutor& operator=(const LaunchExecutor&) = delete;

    /// Takes PTX; `name` is for messages. Several texts are linked: one may use variables that another defines. Throws
    /// InputError for what is no PTX.
    virtual std::unique_ptr<ExecutableModule> load(std::vector<std::string> ptx, const std::string& name) = 0;

    /// From now on kernels may access this memory of the process; `name` is for messages.
    virtual void add_memory(std::byte* address, Bytes bytes, const std::string& name) = 0;
    /// From now on they may not.
    virtual void remove_memory(std::byte* address) = 0;

    /// The host reads memory that kernels may have written.
    virtual HostReading read_by_host(const std::byte* address, Bytes bytes) = 0;
    /// The host has written such memory.
    virtual void written_by_host(std::byte* address, Bytes bytes) = 0;
    /// Such memory has been copied to other such memory.
    virtual void copied(std::byte* to, const std::byte* from, Bytes bytes) = 0;
};

}  // namespace stcsim
