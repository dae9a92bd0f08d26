/// Device memory: which addresses a kernel may touch.
///
/// Addresses of global and constant memory are host addresses: those of the program that is run, or of buffers of our
/// own. A 64-bit address outside every allocation is an error of the kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "executor/global_suspicions.h"

namespace stcsim {

/// The allocations, sorted by address. None is empty, and no two overlap.
class AllocationTable {
  public:
    struct Allocation {
        std::uint64_t address = 0;
        std::uint64_t bytes = 0;
        std::string name;                    ///< for messages
        std::unique_ptr<std::byte[]> owned;  ///< the memory, if it is ours
    };

    /// New memory of our own, zero, aligned as cudaMalloc's (256 bytes); returns its address. At least one byte is
    /// allocated. Throws InputError if there is not enough memory.
    std::uint64_t allocate(std::uint64_t bytes, std::string name);

    /// Makes memory that belongs to somebody else valid; it must stay alive until it is released. Overlap with another
    /// allocation is an InputError.
    void adopt(std::uint64_t address, std::uint64_t bytes, std::string name);

    /// Forgets the allocation that begins at this address, and frees it if it is ours. False if there is none.
    bool release(std::uint64_t address);

    /// The memory of [address, address + bytes), or null unless one allocation holds all of it.
    [[nodiscard]] std::byte* find(std::uint64_t address, std::uint64_t bytes) const {
        if (last_ < allocations_.size() && holds(allocations_[last_], address, bytes)) return memory_at(address);
        return search(address, bytes);
    }

    /// The address for people: "0x7f.. is byte 4096 of the 4096 bytes of `x`", "... 16 bytes past the end of `x`",
    /// or that nothing lies near it.
    [[nodiscard]] std::string describe(std::uint64_t address) const;

    /// The allocation that holds the address, or null.
    [[nodiscard]] const Allocation* containing(std::uint64_t address) const;

    [[nodiscard]] const std::vector<Allocation>& allocations() const { return allocations_; }

    /// What is suspected of bytes of this memory, for findings.
    [[nodiscard]] GlobalSuspicions& suspicions() { return suspicions_; }

  private:
    static bool holds(const Allocation& allocation, std::uint64_t address, std::uint64_t bytes) {
        const std::uint64_t offset = address - allocation.address;
        return offset < allocation.bytes && bytes <= allocation.bytes - offset;
    }
    static std::byte* memory_at(std::uint64_t address) {
        // Device addresses are the host's.
        // NOLINTNEXTLINE(performance-no-int-to-ptr)
        return reinterpret_cast<std::byte*>(static_cast<std::uintptr_t>(address));
    }
    [[nodiscard]] std::byte* search(std::uint64_t address, std::uint64_t bytes) const;
    /// Index of the first allocation that begins after the address.
    [[nodiscard]] std::size_t first_after(std::uint64_t address) const;
    void insert(Allocation allocation);

    std::vector<Allocation> allocations_;
    GlobalSuspicions suspicions_;
    mutable std::size_t last_ = 0;  ///< the allocation found last: most accesses hit it again
};

}  // namespace stcsim
