/// Kernels from PTX: parsed, decoded, and run by a function that times them or does not.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cuda/exec_configuration.h"
#include "cuda/late_findings.h"
#include "cuda/launch_executor.h"
#include "executor/allocation_table.h"
#include "executor/finding.h"
#include "executor/kernel_launch.h"

namespace stcsim {

/// A kernel that is ready to be launched, again and again.
class ReadyKernel {
  public:
    virtual ~ReadyKernel() = default;
    ReadyKernel() = default;
    ReadyKernel(const ReadyKernel&) = delete;
    ReadyKernel& operator=(const ReadyKernel&) = delete;

    [[nodiscard]] virtual const DecodedKernel& decoded() const = 0;
    /// 32-bit registers that a thread takes.
    [[nodiscard]] virtual std::uint32_t registers() const = 0;
    /// Runs one launch of decoded() and fills in the report's warp instructions, instruction mix and, if it is timed,
    /// what it says of time. Throws KernelFault if the kernel cannot go on.
    virtual void run(const KernelLaunch& launch, FindingSink& findings, LaunchReport& report) = 0;
};

/// Makes a kernel of a module ready; both outlive it. The order of the kernel's instructions may change.
using KernelPreparation = std::function<std::unique_ptr<ReadyKernel>(const PtxModule& module, PtxKernel& kernel)>;

/// 32-bit registers that a thread of the kernel takes, which is linked with the functions it calls.
using RegisterCount = std::function<std::uint32_t(const PtxKernel& kernel)>;

/// Launches without time.
KernelPreparation functional_preparation(std::uint64_t max_warp_instructions, RegisterCount registers);

class PtxExecutor : public LaunchExecutor {
  public:
    struct Parts {
        std::uint32_t architecture = 80;  ///< compute capability of the GPU
        FindingMode findings = FindingMode::strict;
        KernelPreparation prepare;
    };
    explicit PtxExecutor(Parts parts) : parts_(std::move(parts)), late_(memory_, parts_.findings) {}

    std::unique_ptr<ExecutableModule> load(std::vector<std::string> ptx, const std::string& name) override;
    void add_memory(std::byte* address, Bytes bytes, const std::string& name) override;
    void remove_memory(std::byte* address) override;
    HostReading read_by_host(const std::byte* address, Bytes bytes) override;
    void written_by_host(std::byte* address, Bytes bytes) override;
    void copied(std::byte* to, const std::byte* from, Bytes bytes) override;

  private:
    Parts parts_;
    AllocationTable memory_;
    LateFindings late_;
};

}  // namespace stcsim
