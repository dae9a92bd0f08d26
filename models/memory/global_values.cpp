#include "memory/global_values.h"

#include <algorithm>

#include "base/error.h"

namespace stcsim {

void GlobalValues::allocate(std::uint64_t address, std::vector<std::byte> bytes) {
    const auto next = allocations_.lower_bound(address);
    STCSIM_ASSERT(next == allocations_.end() || address + bytes.size() <= next->first);
    STCSIM_ASSERT(next == allocations_.begin() || std::prev(next)->first + std::prev(next)->second.size() <= address);
    allocations_.emplace(address, std::move(bytes));
}

std::span<const std::byte> GlobalValues::allocation(std::uint64_t address) const {
    const auto found = allocations_.find(address);
    STCSIM_ASSERT(found != allocations_.end());
    return found->second;
}

std::span<std::byte> GlobalValues::find(std::uint64_t address, std::size_t bytes) {
    auto after = allocations_.upper_bound(address);
    STCSIM_ASSERT(after != allocations_.begin());
    --after;
    const std::uint64_t offset = address - after->first;
    STCSIM_ASSERT(offset + bytes <= after->second.size());
    return std::span(after->second).subspan(offset, bytes);
}

void GlobalValues::read(std::uint64_t address, std::span<std::byte> to) const {
    const auto from = const_cast<GlobalValues*>(this)->find(address, to.size());
    std::ranges::copy(from, to.begin());
}

void GlobalValues::write(std::uint64_t address, std::span<const std::byte> from) {
    std::ranges::copy(from, find(address, from.size()).begin());
}

}  // namespace stcsim
