/// A kernel that is ready to be launched, again and again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "cuda/launch_report.h"
#include "executor/decoded_kernel.h"
#include "executor/finding.h"
#include "executor/kernel_launch.h"

namespace stcsim {

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

}  // namespace stcsim
