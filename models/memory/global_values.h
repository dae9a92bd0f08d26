/// The contents of global memory, when values are simulated: disjoint allocations in one address space.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace stcsim {

class GlobalValues {
  public:
    /// Places `bytes` at `address`. Allocations must not overlap.
    void allocate(std::uint64_t address, std::vector<std::byte> bytes);
    /// The allocation that starts at `address`.
    [[nodiscard]] std::span<const std::byte> allocation(std::uint64_t address) const;

    /// Copies from memory; outside of every allocation breaks an invariant.
    void read(std::uint64_t address, std::span<std::byte> to) const;
    void write(std::uint64_t address, std::span<const std::byte> from);

  private:
    [[nodiscard]] std::span<std::byte> find(std::uint64_t address, std::size_t bytes);

    std::map<std::uint64_t, std::vector<std::byte>> allocations_;
};

}  // namespace stcsim
