/// Arrays that start on a line of the host's cache.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace stcsim {

/// Allocates as std::allocator, at multiples of `host_cache_line` bytes: groups of that size that are used together
/// then share a line.
template <typename T>
struct AlignedAllocator {
    using value_type = T;
    static constexpr std::align_val_t host_cache_line{64};

    AlignedAllocator() = default;
    template <typename Other>
    explicit AlignedAllocator(const AlignedAllocator<Other>& /*other*/) {}

    T* allocate(std::size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), host_cache_line)); }
    void deallocate(T* memory, std::size_t /*count*/) { ::operator delete(memory, host_cache_line); }

    bool operator==(const AlignedAllocator& /*other*/) const { return true; }
};

template <typename T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

}  // namespace stcsim
