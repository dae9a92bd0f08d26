#include "ptx_timing/device_addresses.h"

namespace stcsim {
namespace {

constexpr std::uint64_t alignment = 512;  ///< of allocations: no smaller than cudaMalloc's
// Behind any GPU's memory, and below the 2^39 bytes that lines of 128 bytes count with 32 bits.
constexpr std::uint64_t local_memory = std::uint64_t{4} << 36;
constexpr std::uint64_t local_memory_bytes = std::uint64_t{2} << 36;
constexpr std::uint64_t outside_memory = std::uint64_t{6} << 36;
constexpr std::uint64_t outside_memory_bytes = std::uint64_t{1} << 36;
constexpr std::uint64_t word = 4;

}  // namespace

std::uint64_t DeviceAddresses::of(std::uint64_t host) {
    if (host - last_begin_ >= last_bytes_) {
        const AllocationTable::Allocation* allocation = table_->containing(host);
        if (allocation == nullptr) return outside_memory + host % outside_memory_bytes;
        const auto [place, is_new] = places_.try_emplace(allocation->address, end_);
        if (is_new) end_ += round_up(allocation->bytes, alignment);
        last_begin_ = allocation->address;
        last_bytes_ = allocation->bytes;
        last_device_ = place->second;
    }
    return last_device_ + (host - last_begin_);
}

std::uint64_t DeviceAddresses::of_local(std::uint64_t warp_in_grid, std::uint64_t local_bytes, std::uint64_t offset,
                                        std::uint32_t lane) {
    const std::uint64_t words = ceil_divide(local_bytes, word);
    const std::uint64_t place = ((warp_in_grid * words + offset / word) * warp_lanes + lane) * word + offset % word;
    return local_memory + place % local_memory_bytes;
}

}  // namespace stcsim
