/// The CUDA runtime of one simulated device: what the functions of the C interface do, without the interface.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "cuda/device_memory.h"
#include "cuda/device_properties.h"
#include "cuda/launch_executor.h"
#include "cuda/registered_program.h"
#include "cuda/runtime_types.h"
#include "cuda/stream_times.h"
#include "gpu/gpu_description.h"

namespace stcsim {

/// What a kernel did ends the program with exit status 1.
class ProgramFailure : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// The program asked for something that is not supported; ends it with exit status 2.
class UnsupportedCall : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Grid, block and dynamic shared memory of a launch.
struct LaunchShape {
    Dim3 grid;
    Dim3 block;
    std::size_t dynamic_shared = 0;
    bool cooperative = false;  ///< all CTAs are to be resident at the same time
};

/// Calls come one at a time. Errors that real programs get are returned; what has no equivalent there (PTX that cannot
/// be run, a finding) is thrown.
class CudaRuntime {
  public:
    struct Parts {
        std::string program;  ///< for messages
        GpuDescription gpu;
        std::unique_ptr<LaunchExecutor> executor;
        CodeReader read_code;
        std::function<void(const LaunchReport&)> report;  ///< called after each launch, a failed one too
        /// Called with the number of a launch that has been reported and a finding that has come to light since.
        std::function<void(std::uint64_t launch, const FindingReport&)> report_finding;
    };
    explicit CudaRuntime(Parts parts);

    [[nodiscard]] RegisteredProgram& program() { return program_; }
    [[nodiscard]] DeviceMemory& memory() { return memory_; }
    [[nodiscard]] StreamTimes& times() { return times_; }
    [[nodiscard]] const DeviceProperties12& properties() const { return properties_; }

    /// Runs a kernel to its end. `arguments`: a pointer to the value of each parameter, in order.
    CudaError launch(const void* function, const LaunchShape& shape, void** arguments);

    CudaError function_attributes(const void* function, FunctionAttributes& attributes);
    /// Where a parameter lies; an invalid value if the kernel has fewer.
    CudaError parameter(const void* function, std::size_t number, ParameterPlace& place);
    CudaError set_function_attribute(const void* function, std::uint32_t attribute, std::int32_t value);
    /// CTAs of this size that an SM holds at once; 0 if not even one fits.
    CudaError active_blocks(const void* function, std::int32_t block_size, std::size_t dynamic_shared,
                            std::int32_t& blocks);
    /// The dynamic shared memory each of `blocks` CTAs on an SM can have.
    CudaError available_shared(const void* function, std::int32_t blocks, std::int32_t block_size, std::size_t& bytes);

    /// The variable of a module behind the host's one of the same name.
    CudaError symbol(const void* host_variable, DeviceVariable& variable);

    /// Copies, after checking that what `kind` says to be on the device is memory of the program.
    CudaError copy(void* to, const void* from, std::size_t bytes, CopyKind kind);
    /// Rows of `width` bytes that begin `to_pitch` and `from_pitch` bytes apart.
    struct Rows {
        std::size_t width;
        std::size_t height;
        std::size_t to_pitch;
        std::size_t from_pitch;
    };
    CudaError copy_rows(void* to, const void* from, const Rows& rows, CopyKind kind);
    CudaError fill(void* at, std::int32_t value, std::size_t bytes);
    /// The host has waited for the device: what both see is read from now on.
    void synchronise();

  private:
    struct Kernel {
        RegisteredKernel* registered = nullptr;
        ExecutableModule* module = nullptr;
        KernelFacts facts;
    };
    void move_bytes(void* to, const void* from, std::size_t bytes);
    /// Reports what is wrong with what the host reads there.
    void read_by_host(const std::byte* address, Bytes bytes);
    /// False for what is no kernel of the program.
    bool find_kernel(const void* function, Kernel& kernel);
    [[nodiscard]] CudaError check_shape(const Kernel& kernel, const LaunchShape& shape) const;
    [[nodiscard]] std::uint32_t resident(const KernelFacts& facts, std::uint64_t threads, std::size_t shared) const;
    [[nodiscard]] Bytes dynamic_shared_limit(const Kernel& kernel) const;

    GpuDescription gpu_;
    DeviceProperties12 properties_;
    std::unique_ptr<LaunchExecutor> executor_;
    DeviceMemory memory_;
    RegisteredProgram program_;
    StreamTimes times_;
    std::uint64_t launches_ = 0;
    std::function<void(const LaunchReport&)> report_;
    std::function<void(std::uint64_t launch, const FindingReport&)> report_finding_;
};

}  // namespace stcsim
