/// All SMs of a chip at the grain of k-tiles, against the complete memory model.
///
/// Every CTA is a pipeline of k-tiles as its profile says (tile_profile.h), or adds up slices of split-K; every sector
/// it reads and writes goes through the memory hierarchy in order of time, from the addresses of its tiles. CTAs are
/// handed to SMs as the chip's CTA scheduler does. Nothing in here depends on the order in which equal times are looked
/// at but by the SM's number.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <span>
#include <vector>

#include "base/divisor.h"
#include "gpu/gpu_parameters.h"
#include "kernel/gemm_work.h"
#include "memory/memory_hierarchy.h"
#include "waves/tile_profile.h"

namespace stcsim {

/// What became of the SMs' time, in SM cycles summed over SMs, and what they did.
struct ReplayTotals {
    double solo_wait = 0;  ///< one CTA had the SM and could not keep it as busy as several would
    double data_wait = 0;  ///< every CTA that could go on waited for its data
    /// Of the CTAs that have ended: each from the end of the one before it in its slot.
    double cta_cycles = 0;
    std::uint64_t k_tiles = 0;  ///< begun
    std::uint64_t ctas = 0;     ///< ended
};

class ChipReplay {
  public:
    /// `profile` is of the plan's kernel on this GPU. `memory` keeps its state from one replay to the next; `start` is
    /// the cycle in which this one begins.
    ChipReplay(const GpuParameters& gpu, const GemmPlan& plan, const TileProfile& profile, MemoryHierarchy& memory,
               Cycle start);

    /// Runs until `finished` of the CTAs launched so far and from now on have ended, launching in order; CTA number i
    /// is `cta_at(i)`. Returns the cycle in which the chip heard of the last of them.
    double run_until(std::uint64_t finished, std::uint64_t launches,
                     const std::function<CtaIndex(std::uint64_t)>& cta_at);

    /// Likewise until so many k-tiles have begun. Returns the cycle of the last.
    double run_until_k_tiles(std::uint64_t k_tiles, std::uint64_t launches,
                             const std::function<CtaIndex(std::uint64_t)>& cta_at);

    /// Until all that was launched has ended and its stores are taken.
    double finish();

    [[nodiscard]] const ReplayTotals& totals() const { return totals_; }

  private:
    enum class EventKind : std::uint8_t { segment, copy, begin, done, reduce, store, end };

    struct Event {
        double time;
        std::uint32_t slot;
        EventKind kind;
        std::uint32_t part;    ///< copies and stores leave in parts; of an end: which expectation it is
        std::uint64_t k_tile;  ///< of the segment; of a reduction, its slice; of a store, the slot's segment so far

        bool operator>(const Event& other) const {
            if (time != other.time) return time > other.time;
            if (slot != other.slot) return slot > other.slot;
            return kind > other.kind;
        }
    };

    /// A CTA slot of an SM.
    struct Slot {
        std::uint32_t sm = 0;
        CtaIndex cta;
        std::vector<WorkSegment> segments;
        std::size_t segment = 0;
        std::uint64_t begun = 0;           ///< segments, of all its CTAs
        std::uint64_t next_k_tile = 0;     ///< to begin
        std::uint32_t stored = 0;          ///< parts of the segment's tile
        bool waiting = false;              ///< the next k-tile's copies have not all left
        double last_end = 0;               ///< of the CTA before this one, or the begin of the replay
        std::vector<double> arrival;       ///< of a k-tile's data, by stage
        std::vector<std::uint64_t> whole;  ///< by stage: 1 + the k-tile whose copies have all left
    };

    /// A k-tile or an epilogue that an SM works on, and how much of it is left, 1 at its begin. A slot has one of
    /// either.
    struct ActiveWork {
        std::uint32_t slot;
        bool is_epilogue;
        double left;
    };

    /// CTAs slow down alike where together they need more of an SM's time than there is.
    struct Sm {
        std::vector<ActiveWork> active;
        double pace = 1;                ///< of CTAs, over that of one alone on the SM
        std::uint32_t waiting = 0;      ///< CTAs in their main loop whose next k-tile is not there
        double updated = 0;             ///< the cycle of the last begin or end
        double prologues_until = 0;     ///< its load/store unit has the copies of CTAs that have started
        std::uint32_t expectation = 0;  ///< number of the last expected end; earlier ones are void
    };

    void launch_ctas(std::uint64_t launches, const std::function<CtaIndex(std::uint64_t)>& cta_at);
    void handle_next();
    void handle(const Event& event);
    void start_segment(const Event& event);
    void copy_part(const Event& event);
    void schedule_begin(std::uint32_t slot, double now);
    /// What the work takes on an SM that does nothing else.
    [[nodiscard]] double alone(const ActiveWork& work) const;
    void begin_work(const ActiveWork& work, double now);
    void set_pace(Sm& sm) const;
    void bring_up_to(Sm& sm, double now);
    void expect_next_end(std::uint32_t sm);
    void begin_k_tile(const Event& event);
    void end_work(const Event& event);
    void end_k_tile(std::uint32_t slot, double now);
    void end_segment(std::uint32_t slot, double now);
    void load_slice(const Event& event);
    void store_part(const Event& event);
    /// Stores the next part of the segment's tile.
    void store(Slot& slot, double now);
    void end_cta(const Event& event);
    /// Adds the lines and sectors of neighbouring bytes to `lines_`.
    void collect_lines(std::uint64_t begin, std::uint64_t bytes);
    /// Books the pieces `part` of `parts` of the blocks; returns when the last is done.
    double move(std::span<const MatrixBlock> blocks, std::uint32_t part, std::uint32_t parts, std::uint32_t sm,
                bool write, double now);
    void push(double time, std::uint32_t slot, EventKind kind, std::uint64_t k_tile = 0, std::uint32_t part = 0);

    const GpuParameters& gpu_;
    const GemmPlan& plan_;
    TileProfile profile_;
    MemoryHierarchy& memory_;
    Divisor line_bytes_;
    Divisor sector_bytes_;
    std::vector<SectorRequest> lines_;  ///< that move at once
    std::vector<Slot> slots_;
    std::vector<Sm> sms_;
    std::vector<std::uint32_t> free_on_sm_;  ///< CTA slots
    std::vector<std::vector<std::uint32_t>> free_slots_;
    std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
    double now_;
    double next_launch_;
    double last_end_;
    double last_store_ = 0;
    std::uint64_t launched_ = 0;
    std::uint64_t finished_ = 0;
    ReplayTotals totals_;
};

}  // namespace stcsim
