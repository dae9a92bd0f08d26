/// A module of PTX whose kernels can be launched.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "cuda/late_findings.h"
#include "cuda/launch_executor.h"
#include "cuda/ready_kernel.h"
#include "executor/allocation_table.h"
#include "executor/finding.h"
#include "executor/kernel_launch.h"

namespace stcsim {

/// What the modules of an executor share, and it keeps.
struct ModuleSurroundings {
    FindingMode findings;
    const KernelPreparation& prepare;
    AllocationTable& memory;
    LateFindings& late;
};

class PtxExecutableModule : public ExecutableModule {
  public:
    PtxExecutableModule(PtxModule module, const ModuleSurroundings& surroundings, ModuleMemory::FindExternal find);

    [[nodiscard]] KernelFacts facts(const std::string& name) const override { return ready(name).facts; }
    [[nodiscard]] std::optional<DeviceVariable> variable(const std::string& name) const override;
    LaunchOutcome run(const LaunchRequest& request) override;

    [[nodiscard]] bool has_kernel(const std::string& name) const;
    /// Finds the variables of other modules: before the first use.
    void link() { variables_.link(); }

  private:
    struct PreparedKernel {
        std::unique_ptr<ReadyKernel> kernel;
        KernelFacts facts;
    };

    /// Prepared on first use: a module may hold many kernels that are never launched.
    const PreparedKernel& ready(const std::string& name) const;
    [[nodiscard]] KernelFacts facts_of(const ReadyKernel& ready_kernel) const;
    [[nodiscard]] LaunchReport empty_report(const LaunchRequest& request, const KernelFacts& facts) const;

    PtxModule module_;
    ModuleSurroundings surroundings_;
    ModuleMemory variables_;
    mutable std::map<std::string, PreparedKernel> kernels_;
};

}  // namespace stcsim
