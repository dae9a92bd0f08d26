/// The memory that a CUDA program allocates: host memory under its own address, so that the simulated device and the
/// program see the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "base/units.h"
#include "cuda/launch_executor.h"
#include "cuda/runtime_types.h"

namespace stcsim {

/// A block of memory that kernels may access.
struct MemoryBlock {
    std::byte* address = nullptr;
    Bytes bytes{0};
    MemoryType type = memory_unregistered;
    bool owned = false;  ///< allocated here, rather than registered
};

/// Whether it is memory of the device, rather than memory of the host that kernels may access.
inline bool on_device(MemoryType type) {
    return type == memory_device || type == memory_managed;
}

class DeviceMemory {
  public:
    /// `capacity`: of the device. Memory becomes known to `executor`.
    DeviceMemory(Bytes capacity, LaunchExecutor& executor) : capacity_(capacity), executor_(executor) {}
    DeviceMemory(const DeviceMemory&) = delete;
    DeviceMemory& operator=(const DeviceMemory&) = delete;
    ~DeviceMemory();

    /// A new block of zeros, aligned to 256 bytes, with a gap to every other one: what reads past the end of one does
    /// not end up in the next. Null if the device or the host has no room.
    std::byte* allocate(Bytes bytes, MemoryType type);
    /// Gives a block back; false if none of this type begins there.
    bool release(const std::byte* address, MemoryType type);
    /// Makes memory of the program known; false if a part of it is already.
    bool adopt(std::byte* address, Bytes bytes, MemoryType type);
    /// Notes memory that the executor knows by itself: a variable of a module.
    void note(std::byte* address, Bytes bytes);
    /// The inverse of adopt; false if no adopted block begins there.
    bool forget(const std::byte* address);

    /// The block that holds the byte at `address`; null if none does.
    [[nodiscard]] const MemoryBlock* block_at(const void* address) const;
    /// By address.
    [[nodiscard]] const std::map<const std::byte*, MemoryBlock>& blocks() const { return blocks_; }
    /// Whether all `bytes` from `address` on are device, managed or mapped memory of one block.
    [[nodiscard]] bool holds(const void* address, std::size_t bytes) const;

    [[nodiscard]] Bytes capacity() const { return capacity_; }
    [[nodiscard]] Bytes used() const { return used_; }

  private:
    Bytes capacity_;
    Bytes used_{0};  ///< of device and managed memory
    LaunchExecutor& executor_;
    std::map<const std::byte*, MemoryBlock> blocks_;
};

}  // namespace stcsim
