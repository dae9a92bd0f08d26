/// Suspicions about bytes of device memory (executor/global_suspicions.h) as findings of the launches that stored them.
///
/// The host reads such bytes: an error. A launch leaves some behind that neither a kernel nor the host has read: a
/// warning, of which the host's reading makes an error.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cuda/launch_executor.h"
#include "executor/allocation_table.h"
#include "executor/finding.h"
#include "ptx/ptx_module.h"

namespace stcsim {

class LateFindings {
  public:
    /// Of launches on this memory, which outlives it.
    LateFindings(AllocationTable& memory, FindingMode mode) : memory_(&memory), mode_(mode) {}

    /// A launch of a kernel of this module has ended: warnings go to its report.
    void end_launch(std::uint64_t launch, const PtxModule& module, LaunchReport& report);
    /// The host reads these bytes. What has become a finding once is defined from then on.
    HostReading read(std::uint64_t address, std::uint64_t bytes);

  private:
    struct Origin {
        FindingReport report;
        std::string kernel;
        std::string message;  ///< Finding::message()
    };
    /// Bytes about which the same is to be said.
    struct Group {
        std::uint32_t origin;
        std::uint64_t launch;
        std::uint64_t first;  ///< address
        std::uint64_t bytes;
    };
    [[nodiscard]] std::vector<Group> groups_of(const std::vector<GlobalSuspicions::Found>& found) const;

    AllocationTable* memory_;
    FindingMode mode_;
    std::vector<Origin> origins_;  ///< in the order of GlobalSuspicions
};

}  // namespace stcsim
