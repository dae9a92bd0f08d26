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

/// Carries suspicions into global memory and back, if findings are watched.
class GlobalWatch {
  public:
    /// For an access of which these lanes concern global memory.
    GlobalWatch(WarpState& warp, std::uint32_t lanes)
        : warp_(&warp),
          suspicions_(warp.tracks && lanes != 0 ? &warp.cta->launch().memory->suspicions() : nullptr),
          lanes_(lanes) {}

    /// Whether what this lane reads may be suspicious, or what it overwrites.
    [[nodiscard]] bool watches(std::uint32_t lane) const {
        return suspicions_ != nullptr && !suspicions_->empty() && (lanes_ >> lane & 1U) != 0;
    }
    /// The suspicion about bytes that are read, or none.
    std::uint32_t read(std::uint64_t address, std::uint32_t bytes);
    /// A lane writes what is undefined, under a suspicion or none, or defined: under none.
    void write(std::uint64_t address, std::uint32_t bytes, std::uint32_t lane, std::uint32_t suspicion) {
        const bool concerned = suspicion != Suspicions::none && (lanes_ >> lane & 1U) != 0;
        if (suspicions_ != nullptr && (concerned || watches(lane))) note(address, bytes, suspicion);
    }

  private:
    void note(std::uint64_t address, std::uint32_t bytes, std::uint32_t suspicion);

    WarpState* warp_;
    GlobalSuspicions* suspicions_;
    std::uint32_t lanes_;
};

}  // namespace stcsim
