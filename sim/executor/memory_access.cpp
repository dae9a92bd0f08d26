#include "executor/memory_access.h"

#include <fmt/format.h>

#include "base/error.h"

namespace stcsim {
namespace {

const char* name_of(PtxSpace space) {
    switch (space) {
        case PtxSpace::shared: return "shared memory";
        case PtxSpace::local: return "local memory";
        case PtxSpace::param: return "the kernel's parameters";
        default: return "global memory";
    }
}

std::uint64_t bytes_of_space(const WarpState& w, PtxSpace space) {
    switch (space) {
        case PtxSpace::shared: return w.cta->shared().size();
        case PtxSpace::local: return w.local_bytes;
        case PtxSpace::param: return w.cta->launch().arguments.size();
        default: return 0;
    }
}

std::byte* find_memory(WarpState& w, PtxSpace space, std::uint64_t address, std::uint32_t bytes, std::uint32_t lane) {
    if (space == PtxSpace::global) return w.cta->launch().memory->find(address, bytes);
    const std::uint64_t size = bytes_of_space(w, space);
    if (address >= size || bytes > size - address) return nullptr;
    if (space == PtxSpace::shared) return w.cta->shared().data() + address;
    if (space == PtxSpace::local) return w.local.data() + lane * size + address;
    // Kernels only read their arguments: stores to them are found out when they are decoded.
    return const_cast<std::byte*>(w.cta->launch().arguments.data()) + address;
}

void report_outside(WarpState& w, const StepAccess& access, PtxSpace space, std::uint32_t lane) {
    const std::uint64_t address = access.addresses[lane];
    w.report(FindingKind::out_of_bounds, lane, [&] {
        const char* what = access.writes ? "written" : "read";
        if (space == PtxSpace::global) {
            return fmt::format("{} bytes are {} at {}", access.bytes_per_lane, what,
                               w.cta->launch().memory->describe(address));
        }
        return fmt::format("{} bytes are {} at byte {} of {}, which has {}", access.bytes_per_lane, what,
                           static_cast<std::int64_t>(address), name_of(space), bytes_of_space(w, space));
    });
}

}  // namespace

PtxSpace lane_space(const StepAccess& access, std::uint32_t lane) {
    if ((access.global_lanes >> lane & 1U) != 0) return PtxSpace::global;
    if ((access.shared_lanes >> lane & 1U) != 0) return PtxSpace::shared;
    return (access.local_lanes >> lane & 1U) != 0 ? PtxSpace::local : PtxSpace::param;
}

std::byte* lane_memory(WarpState& w, const StepAccess& access, std::uint32_t lane) {
    const std::uint64_t address = access.addresses[lane];
    const std::uint32_t bytes = access.bytes_per_lane;
    const PtxSpace space = lane_space(access, lane);
    if ((address & (bytes - 1)) != 0) {
        w.report(FindingKind::misaligned, lane, [&] {
            return fmt::format(
                "an access of {} bytes needs an address that is a multiple of it, and {:#x} in {} is not", bytes,
                address, name_of(space));
        });
        return nullptr;
    }
    std::byte* const memory = find_memory(w, space, address, bytes, lane);
    if (memory == nullptr) report_outside(w, access, space, lane);
    return memory;
}

void SharedWatch::report(const SharedShadow::Meeting& meeting, std::uint64_t address, std::uint32_t lane, bool writes) {
    if (meeting.pending && !writes) {
        warp_->report(FindingKind::pending_copy_read, lane, [&] {
            return fmt::format(
                "byte {} of shared memory is read, but the data that warp {} copies there by {} have not been waited "
                "for: cp.async.wait_group (and a barrier, for other warps) must come between",
                address, meeting.warp, warp_->name_of_instruction(meeting.instruction));
        });
    }
    if (meeting.race) {
        warp_->report(FindingKind::shared_race, lane, [&] {
            return fmt::format(
                "byte {} of shared memory is {} here and {} by warp {} in {} with no barrier between: which comes "
                "first "
                "is left to chance",
                address, writes ? "written" : "read", meeting.with_write ? "written" : "read", meeting.warp,
                warp_->name_of_instruction(meeting.instruction));
        });
    }
}

bool SharedWatch::read(std::uint64_t address, std::uint32_t bytes, std::uint32_t lane, bool strong) {
    const SharedActor actor{static_cast<std::uint8_t>(warp_->warp), strong, warp_->step->number};
    const SharedShadow::Meeting meeting = shadow_->read(address, bytes, actor);
    if (meeting.race || meeting.pending) report(meeting, address, lane, false);
    return !meeting.undefined;
}

void SharedWatch::write(std::uint64_t address, std::uint32_t bytes, std::uint32_t lane, bool strong, bool defined,
                        std::uint32_t suspicion) {
    const SharedActor actor{static_cast<std::uint8_t>(warp_->warp), strong, warp_->step->number};
    const SharedShadow::Meeting meeting = shadow_->write(address, bytes, actor, defined);
    if (!defined) shadow_->suspect(address, bytes, suspicion);
    if (meeting.race) report(meeting, address, lane, true);
}

std::uint32_t GlobalWatch::read(std::uint64_t address, std::uint32_t bytes) {
    const std::uint32_t origin = suspicions_->read(address, bytes);
    if (origin == GlobalSuspicions::none) return Suspicions::none;
    return warp_->cta->suspicions().number_of_origin(origin, suspicions_->origin(origin).finding);
}

void GlobalWatch::note(std::uint64_t address, std::uint32_t bytes, std::uint32_t suspicion) {
    if (suspicion == Suspicions::none) return suspicions_->clear(address, bytes);
    Suspicions::Entry& entry = warp_->cta->suspicions().entry(suspicion);
    if (entry.origin == GlobalSuspicions::none) {
        const KernelLaunch& launch = warp_->cta->launch();
        entry.origin = suspicions_->origin_of(*launch.kernel, launch.number, entry.finding);
    }
    suspicions_->mark(address, bytes, entry.origin);
}

void SharedWatch::begin_copy(std::uint64_t address, std::uint32_t bytes, std::uint32_t lane) {
    const SharedActor actor{static_cast<std::uint8_t>(warp_->warp), false, warp_->step->number};
    const SharedShadow::Meeting meeting = shadow_->begin_copy(address, bytes, actor);
    if (meeting.race) report(meeting, address, lane, true);
}

}  // namespace stcsim
