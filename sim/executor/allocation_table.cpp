#include "executor/allocation_table.h"

#include <algorithm>
#include <new>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/host_memory.h"
#include "base/units.h"

namespace stcsim {
namespace {

constexpr std::uint64_t allocation_alignment = 256;  ///< what cudaMalloc guarantees (CUDA C++ Programming Guide)
constexpr std::uint64_t near_bytes = std::uint64_t{1} << 20U;  ///< how far from an allocation an address is "near" it

}  // namespace

std::size_t AllocationTable::first_after(std::uint64_t address) const {
    const auto after = std::upper_bound(
        allocations_.begin(), allocations_.end(), address,
        [](std::uint64_t wanted, const Allocation& allocation) { return wanted < allocation.address; });
    return static_cast<std::size_t>(after - allocations_.begin());
}

void AllocationTable::insert(Allocation allocation) {
    const std::size_t at = first_after(allocation.address);
    const bool before = at > 0 && allocation.address - allocations_[at - 1].address < allocations_[at - 1].bytes;
    const bool behind = at < allocations_.size() && allocations_[at].address - allocation.address < allocation.bytes;
    if (before || behind) {
        throw InputError({},
                         fmt::format("{} bytes of device memory at {:#x} for {}", allocation.bytes, allocation.address,
                                     allocation.name),
                         fmt::format("memory that does not overlap {}", allocations_[before ? at - 1 : at].name));
    }
    allocations_.insert(allocations_.begin() + static_cast<std::ptrdiff_t>(at), std::move(allocation));
}

std::uint64_t AllocationTable::allocate(std::uint64_t bytes, std::string name) {
    const std::uint64_t size = std::max<std::uint64_t>(bytes, 1);
    Allocation allocation;
    if (size < host_memory_bytes()) {
        allocation.owned.reset(new (std::nothrow) std::byte[size + allocation_alignment]());
    }
    if (!allocation.owned) {
        throw InputError({}, fmt::format("{} bytes of device memory for {}", bytes, name),
                         "a size that this machine's memory holds");
    }
    const auto raw = reinterpret_cast<std::uintptr_t>(allocation.owned.get());
    allocation.address = round_up<std::uint64_t>(raw, allocation_alignment);
    allocation.bytes = size;
    allocation.name = std::move(name);
    const std::uint64_t address = allocation.address;
    insert(std::move(allocation));
    return address;
}

void AllocationTable::adopt(std::uint64_t address, std::uint64_t bytes, std::string name) {
    if (bytes == 0) throw InputError({}, fmt::format("0 bytes of device memory for {}", name), "at least one");
    insert({address, bytes, std::move(name), nullptr});
}

bool AllocationTable::release(std::uint64_t address) {
    const std::size_t after = first_after(address);
    if (after == 0 || allocations_[after - 1].address != address) return false;
    suspicions_.clear(address, allocations_[after - 1].bytes);
    allocations_.erase(allocations_.begin() + static_cast<std::ptrdiff_t>(after - 1));
    return true;
}

std::byte* AllocationTable::search(std::uint64_t address, std::uint64_t bytes) const {
    const std::size_t after = first_after(address);
    if (after == 0 || !holds(allocations_[after - 1], address, bytes)) return nullptr;
    last_ = after - 1;
    return memory_at(address);
}

const AllocationTable::Allocation* AllocationTable::containing(std::uint64_t address) const {
    const std::size_t after = first_after(address);
    if (after == 0 || !holds(allocations_[after - 1], address, 1)) return nullptr;
    return &allocations_[after - 1];
}

std::string AllocationTable::describe(std::uint64_t address) const {
    const std::size_t after = first_after(address);
    if (after > 0) {
        const Allocation& before = allocations_[after - 1];
        const std::uint64_t offset = address - before.address;
        if (offset < before.bytes) {
            return fmt::format("{:#x}, byte {} of the {} of {}", address, offset, before.bytes, before.name);
        }
        if (offset - before.bytes < near_bytes) {
            return fmt::format("{:#x}, {} bytes past the end of {}, which has {}", address, offset - before.bytes,
                               before.name, before.bytes);
        }
    }
    if (after < allocations_.size() && allocations_[after].address - address <= near_bytes) {
        return fmt::format("{:#x}, {} bytes before the beginning of {}", address, allocations_[after].address - address,
                           allocations_[after].name);
    }
    return fmt::format("{:#x}, near no allocation", address);
}

}  // namespace stcsim
