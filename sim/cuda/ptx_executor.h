/// Kernels from PTX: parsed, decoded, and run by a function that times them or does not.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cuda/late_findings.h"
#include "cuda/launch_executor.h"
#include "cuda/ready_kernel.h"
#include "executor/allocation_table.h"
#include "executor/finding.h"

namespace stcsim {

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
