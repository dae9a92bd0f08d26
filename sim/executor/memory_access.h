/// The memory behind the lanes of an access, checked. Internal to the executor.
#pragma once

#include <cstddef>
#include <cstdint>

#include "executor/shared_shadow.h"
#include "executor/warp_state.h"

namespace stcsim {

/// The bytes that a lane of the access touches, or null if there are none: that is a finding, of which this takes care.
std::byte* lane_memory(WarpState& warp, const StepAccess& access, std::uint32_t lane);

/// The PTX name of the space that a lane of the access touches.
PtxSpace lane_space(const StepAccess& access, std::uint32_t lane);

/// Notes what lanes read or write in shared memory, if findings are watched; reports what is wrong with it.
class SharedWatch {
  public:
    explicit SharedWatch(WarpState& warp) : warp_(&warp), shadow_(warp.cta->shadow()) {}

    [[nodiscard]] bool watches() const { return shadow_ != nullptr; }
    /// Whether all bytes were written before.
    bool read(std::uint64_t address, std::uint32_t bytes, std::uint32_t lane, bool strong);
    /// What is written may be undefined, under a suspicion.
    void write(std::uint64_t address, std::uint32_t bytes, std::uint32_t lane, bool strong, bool defined,
               std::uint32_t suspicion = Suspicions::none);
    /// The suspicion about undefined bytes.
    [[nodiscard]] std::uint32_t suspicion_at(std::uint64_t address, std::uint32_t bytes) const {
        return shadow_->suspicion_at(address, bytes);
    }
    void begin_copy(std::uint64_t address, std::uint32_t bytes, std::uint32_t lane);

  private:
    void report(const SharedShadow::Meeting& meeting, std::uint64_t address, std::uint32_t lane, bool writes);

    WarpState* warp_;
    SharedShadow* shadow_;
};

}  // namespace stcsim
