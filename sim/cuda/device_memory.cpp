#include "cuda/device_memory.h"

#include <cstdlib>
#include <string_view>
#include <sys/mman.h>

#include <fmt/format.h>

namespace stcsim {
namespace {

/// Alignment of device allocations (CUDA C++ Programming Guide, device memory accesses: at least 256 bytes).
constexpr std::uint64_t alignment = 256;
/// Beside each block: an access that is off by a few elements is caught rather than served from a neighbour.
constexpr std::uint64_t gap = 4096;

std::string_view name_of(MemoryType type) {
    switch (type) {
        case memory_unregistered: return "memory";
        case memory_host: return "host memory";
        case memory_device: return "device memory";
        case memory_managed: return "managed memory";
    }
    return "memory";
}

/// Pages of zeros that take memory only where they are used; null if there is no room.
std::byte* map_pages(std::uint64_t bytes) {
    void* const pages =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return pages == MAP_FAILED ? nullptr : static_cast<std::byte*>(pages);
}

std::uint64_t mapped_bytes(Bytes bytes) {
    return round_up(bytes.value(), alignment) + gap;
}

}  // namespace

DeviceMemory::~DeviceMemory() {
    for (const auto& [address, block] : blocks_) {
        if (block.owned) munmap(block.address, mapped_bytes(block.bytes));
    }
}

std::byte* DeviceMemory::allocate(Bytes bytes, MemoryType type) {
    if (bytes > capacity_ || (on_device(type) && bytes > capacity_ - used_)) return nullptr;
    std::byte* const address = map_pages(mapped_bytes(bytes));
    if (address == nullptr) return nullptr;
    blocks_[address] = {address, bytes, type, true};
    if (on_device(type)) used_ = used_ + bytes;
    executor_.add_memory(address, bytes, std::string(name_of(type)));
    return address;
}

bool DeviceMemory::release(const std::byte* address, MemoryType type) {
    const auto at = blocks_.find(address);
    if (at == blocks_.end() || !at->second.owned || on_device(at->second.type) != on_device(type)) return false;
    executor_.remove_memory(at->second.address);
    if (on_device(at->second.type)) used_ = used_ - at->second.bytes;
    munmap(at->second.address, mapped_bytes(at->second.bytes));
    blocks_.erase(at);
    return true;
}

bool DeviceMemory::adopt(std::byte* address, Bytes bytes, MemoryType type) {
    const auto after = blocks_.upper_bound(address + (bytes.value() - 1));
    if (bytes == Bytes(0)) return false;
    if (after != blocks_.begin()) {
        const MemoryBlock& before = std::prev(after)->second;
        if (before.address + before.bytes.value() > address) return false;
    }
    blocks_[address] = {address, bytes, type, false};
    executor_.add_memory(address, bytes, std::string(name_of(type)));
    return true;
}

void DeviceMemory::note(std::byte* address, Bytes bytes) {
    blocks_[address] = {address, bytes, memory_device, false};
}

bool DeviceMemory::forget(const std::byte* address) {
    const auto at = blocks_.find(address);
    if (at == blocks_.end() || at->second.owned) return false;
    executor_.remove_memory(at->second.address);
    blocks_.erase(at);
    return true;
}

const MemoryBlock* DeviceMemory::block_at(const void* address) const {
    const auto* const byte = static_cast<const std::byte*>(address);
    const auto after = blocks_.upper_bound(byte);
    if (after == blocks_.begin()) return nullptr;
    const MemoryBlock& block = std::prev(after)->second;
    return byte < block.address + block.bytes.value() ? &block : nullptr;
}

bool DeviceMemory::holds(const void* address, std::size_t bytes) const {
    const MemoryBlock* const block = block_at(address);
    if (block == nullptr) return false;
    const auto offset = static_cast<std::uint64_t>(static_cast<const std::byte*>(address) - block->address);
    return bytes <= block->bytes.value() - offset;
}

}  // namespace stcsim
