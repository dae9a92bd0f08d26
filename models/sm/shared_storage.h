/// The bytes of an SM's shared memory, when values are simulated, and the accesses of warps to them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/units.h"
#include "memory/global_values.h"
#include "sm/sm_messages.h"

namespace stcsim {

class SharedStorage {
  public:
    /// `bytes` of shared memory filled with a pattern that reads as NaN, so that data nobody wrote shows in results.
    explicit SharedStorage(Bytes bytes) : bytes_(bytes.value(), std::byte{0xFF}) {}

    /// ld.shared: each lane's bytes, packed into consecutive registers.
    [[nodiscard]] std::vector<LaneValues> load(const LaneAccess& access, std::uint32_t registers) const;
    /// st.shared.
    void store(const LaneAccess& access, const std::vector<LaneValues>& data);
    /// ldmatrix of `matrices` 8x8 matrices of 16-bit elements: lane 8i+j holds the address of row j of matrix i; lane l
    /// receives elements 2(l mod 4) and 2(l mod 4)+1 of row l/4 (transposed: of column l/4).
    /// Source: PTX ISA, "ldmatrix".
    [[nodiscard]] std::vector<LaneValues> load_matrices(const LaneAccess& access, std::uint32_t matrices,
                                                        bool transposed) const;
    /// cp.async: copies `source` lane by lane to `destination`; zeros for lanes not active in `source`.
    void fill(const LaneAccess& destination, const LaneAccess& source, const GlobalValues& memory);

  private:
    [[nodiscard]] std::uint32_t element(std::uint64_t address) const;

    std::vector<std::byte> bytes_;
};

/// The bytes of lane `lane` of register data, as stored to memory.
void copy_lane_bytes(const std::vector<LaneValues>& data, std::uint32_t lane, std::span<std::byte> to);
/// The opposite: bytes from memory to consecutive registers of a lane.
void copy_bytes_to_lane(std::span<const std::byte> from, std::uint32_t lane, std::vector<LaneValues>& data);

}  // namespace stcsim
