/// Kernels from PTX: parsed, decoded, and run by a function that times them or does not.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cuda/exec_configuration.h"
#include "cuda/launch_executor.h"
#include "executor/allocation_table.h"
#include "executor/finding.h"
#include "executor/kernel_launch.h"

namespace stcsim {

/// Runs one launch and fills in the report's warp instructions, instruction mix and, if it is timed, `timed`. Throws
/// KernelFault if the kernel cannot go on.
using KernelRunner = std::function<void(const KernelLaunch& launch, FindingSink& findings, LaunchReport& report)>;

/// 32-bit registers that a thread of the kernel takes.
using RegisterCount = std::function<std::uint32_t(const DecodedKernel& kernel)>;

/// A place in the module's PTX, with its source line where `.loc` says it.
CodePlace code_place(const PtxModule& module, PtxLocation where, PtxSourceLine source, std::string instruction);

/// A launch without time.
KernelRunner functional_runner(std::uint64_t max_warp_instructions);

class PtxExecutor : public LaunchExecutor {
  public:
    struct Parts {
        std::uint32_t architecture = 80;  ///< compute capability of the GPU
        FindingMode findings = FindingMode::strict;
        KernelRunner run;
        RegisterCount registers;
    };
    explicit PtxExecutor(Parts parts) : parts_(std::move(parts)) {}

    std::unique_ptr<ExecutableModule> load(const std::string& ptx, const std::string& name) override;
    void add_memory(std::byte* address, Bytes bytes, const std::string& name) override;
    void remove_memory(std::byte* address) override;

  private:
    Parts parts_;
    AllocationTable memory_;
};

}  // namespace stcsim
