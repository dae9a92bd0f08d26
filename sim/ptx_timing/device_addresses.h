/// Addresses as the device would see them: the same in every run, unlike those of the host's memory.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "base/units.h"
#include "executor/allocation_table.h"

namespace stcsim {

/// Gives every allocation a place of its own in the order in which a launch first touches them, and local memory one
/// behind all of them. L2 slices and DRAM rows follow from addresses, so that cycles would differ from run to run with
/// those of the host.
class DeviceAddresses {
  public:
    explicit DeviceAddresses(const AllocationTable& table) : table_(&table) {}

    /// The device address of a host address. Those outside every allocation, which a kernel may touch where findings
    /// are taken leniently, have a region of their own.
    [[nodiscard]] std::uint64_t of(std::uint64_t host);

    /// The address of a 32-bit word of a thread's local memory: the words of a warp's lanes lie side by side, as the
    /// hardware interleaves them.
    [[nodiscard]] static std::uint64_t of_local(std::uint64_t warp_in_grid, std::uint64_t local_bytes,
                                                std::uint64_t offset, std::uint32_t lane);

  private:
    const AllocationTable* table_;
    std::uint64_t last_begin_ = 0;
    std::uint64_t last_bytes_ = 0;
    std::uint64_t last_device_ = 0;
    std::unordered_map<std::uint64_t, std::uint64_t> places_;  ///< host address of an allocation -> device address
    std::uint64_t end_ = 0;
};

}  // namespace stcsim
