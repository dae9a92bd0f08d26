#include "waves/chip_replay.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace stcsim {
namespace {

/// A k-tile's copies, and a tile's stores, leave the SM in this many parts, evenly over the time they take: fine enough
/// that SMs take turns at the memory, and few enough that parts cost nothing beside the lines in them.
constexpr std::uint32_t copy_parts = 8;
constexpr std::uint32_t store_parts = 16;

Cycle cycle_of(double time) {
    return Cycle(static_cast<std::uint64_t>(time));
}

}  // namespace

ChipReplay::ChipReplay(const GpuParameters& gpu, const GemmPlan& plan, const TileProfile& profile,
                       MemoryHierarchy& memory, Cycle start)
    : gpu_(gpu),
      plan_(plan),
      profile_(profile),
      memory_(memory),
      line_bytes_(gpu.memory.l2.line.value()),
      sector_bytes_(gpu.memory.l2.sector.value()),
      slots_(std::size_t{gpu.sm_count} * profile.resident_ctas),
      sms_(gpu.sm_count),
      free_on_sm_(gpu.sm_count, profile.resident_ctas),
      free_slots_(gpu.sm_count),
      now_(static_cast<double>(start.value())),
      next_launch_(now_),
      last_end_(now_) {
    for (Sm& sm : sms_) sm.updated = now_;
    for (std::uint32_t i = 0; i < slots_.size(); ++i) {
        slots_[i].sm = i / profile.resident_ctas;
        slots_[i].last_end = now_;
        slots_[i].arrival.resize(plan.kernel().stages);
        slots_[i].whole.resize(plan.kernel().stages);
    }
    for (std::uint32_t i = static_cast<std::uint32_t>(slots_.size()); i-- > 0;) {
        free_slots_[slots_[i].sm].push_back(i);
    }
}

void ChipReplay::push(double time, std::uint32_t slot, EventKind kind, std::uint64_t k_tile, std::uint32_t part) {
    events_.push({.time = time, .slot = slot, .kind = kind, .part = part, .k_tile = k_tile});
}

double ChipReplay::run_until(std::uint64_t finished, std::uint64_t launches,
                             const std::function<CtaIndex(std::uint64_t)>& cta_at) {
    launch_ctas(launches, cta_at);
    while (finished_ < finished) {
        const std::uint64_t before = finished_;
        handle_next();
        if (finished_ != before) launch_ctas(launches, cta_at);
    }
    return last_end_;
}

double ChipReplay::run_until_k_tiles(std::uint64_t k_tiles, std::uint64_t launches,
                                     const std::function<CtaIndex(std::uint64_t)>& cta_at) {
    launch_ctas(launches, cta_at);
    while (totals_.k_tiles < k_tiles) {
        const std::uint64_t before = finished_;
        handle_next();
        if (finished_ != before) launch_ctas(launches, cta_at);
    }
    return now_;
}

double ChipReplay::finish() {
    while (!events_.empty()) handle_next();
    return std::max(last_end_, last_store_);
}

void ChipReplay::handle_next() {
    STCSIM_ASSERT(!events_.empty());
    const Event event = events_.top();
    events_.pop();
    now_ = event.time;
    handle(event);
}

void ChipReplay::launch_ctas(std::uint64_t launches, const std::function<CtaIndex(std::uint64_t)>& cta_at) {
    while (launched_ < launches) {
        const auto roomiest = std::ranges::max_element(free_on_sm_);
        if (*roomiest == 0) return;
        --*roomiest;
        const auto sm = static_cast<std::size_t>(roomiest - free_on_sm_.begin());
        const std::uint32_t slot = free_slots_[sm].back();
        free_slots_[sm].pop_back();
        slots_[slot].cta = cta_at(launched_++);
        slots_[slot].segments = work_of(plan_, slots_[slot].cta);
        slots_[slot].segment = 0;
        next_launch_ = std::max(next_launch_, now_);
        push(next_launch_ + static_cast<double>(gpu_.cta_scheduler.launch_latency.value()), slot, EventKind::segment);
        next_launch_ += static_cast<double>(gpu_.cta_scheduler.launch_interval.value());
    }
}

void ChipReplay::handle(const Event& event) {
    switch (event.kind) {
        case EventKind::segment: start_segment(event); break;
        case EventKind::copy: copy_part(event); break;
        case EventKind::begin: begin_k_tile(event); break;
        case EventKind::done: end_work(event); break;
        case EventKind::reduce: load_slice(event); break;
        case EventKind::store: store_part(event); break;
        case EventKind::end: end_cta(event); break;
    }
}

void ChipReplay::start_segment(const Event& event) {
    Slot& slot = slots_[event.slot];
    slot.next_k_tile = 0;
    slot.stored = 0;
    ++slot.begun;
    slot.waiting = true;
    std::ranges::fill(slot.whole, 0U);
    const WorkSegment& segment = slot.segments[slot.segment];
    if (segment.reduces) {
        push(event.time, event.slot, EventKind::reduce);
        return;
    }
    const std::uint64_t ahead = std::min<std::uint64_t>(plan_.kernel().stages - 1, segment.k_tiles);
    // CTAs that start together do not copy together: one's copies are through before the next one's. So they stay
    // apart, and do not end together either.
    double& prologues_until = sms_[slot.sm].prologues_until;
    const double first = std::max(event.time + profile_.start_to_copies, prologues_until);
    prologues_until = first + static_cast<double>(ahead) * profile_.prologue_spacing;
    for (std::uint64_t k_tile = 0; k_tile < ahead; ++k_tile) {
        push(first + static_cast<double>(k_tile) * profile_.prologue_spacing, event.slot, EventKind::copy, k_tile);
    }
}

void ChipReplay::copy_part(const Event& event) {
    Slot& slot = slots_[event.slot];
    const std::size_t stage = event.k_tile % slot.whole.size();
    const auto blocks = blocks_read(plan_, slot.segments[slot.segment], event.k_tile);
    const double arrival = move(blocks, event.part, copy_parts, slot.sm, false, event.time);
    slot.arrival[stage] = event.part == 0 ? arrival : std::max(slot.arrival[stage], arrival);
    if (event.part + 1 < copy_parts) {
        const bool in_prologue = slot.next_k_tile == 0;
        const double span = in_prologue ? profile_.prologue_spacing : profile_.copy_span;
        push(event.time + span / copy_parts, event.slot, EventKind::copy, event.k_tile, event.part + 1);
        return;
    }
    slot.whole[stage] = event.k_tile + 1;
    if (slot.waiting && slot.next_k_tile == event.k_tile) schedule_begin(event.slot, event.time);
}

void ChipReplay::schedule_begin(std::uint32_t index, double now) {
    Slot& slot = slots_[index];
    const std::size_t stage = slot.next_k_tile % slot.whole.size();
    slot.waiting = slot.whole[stage] != slot.next_k_tile + 1;
    if (slot.waiting) return;
    push(std::max(now, slot.arrival[stage] + profile_.data_to_begin), index, EventKind::begin, slot.next_k_tile);
}

double ChipReplay::alone(const ActiveWork& work) const {
    return work.is_epilogue ? profile_.epilogue : profile_.solo_period;
}

void ChipReplay::set_pace(Sm& sm) const {
    double needed = 0;
    for (const ActiveWork& work : sm.active) {
        needed += (work.is_epilogue ? profile_.shared_epilogue : profile_.shared_period) / alone(work);
    }
    sm.pace = 1 / std::max(1.0, needed);
}

void ChipReplay::bring_up_to(Sm& sm, double now) {
    const double elapsed = now - sm.updated;
    sm.updated = now;
    std::size_t k_tiles = 0;
    for (ActiveWork& work : sm.active) {
        work.left -= elapsed * sm.pace / alone(work);
        if (!work.is_epilogue) ++k_tiles;
    }
    if (k_tiles > 0) {
        const double done = elapsed * sm.pace / profile_.solo_period * static_cast<double>(k_tiles);
        totals_.solo_wait += elapsed - done * profile_.shared_period;
    } else if (sm.waiting > 0) {
        totals_.data_wait += elapsed;
    }
}

void ChipReplay::begin_work(const ActiveWork& work, double now) {
    const std::uint32_t index = slots_[work.slot].sm;
    Sm& sm = sms_[index];
    bring_up_to(sm, now);
    sm.active.push_back(work);
    set_pace(sm);
    expect_next_end(index);
}

void ChipReplay::expect_next_end(std::uint32_t index) {
    Sm& sm = sms_[index];
    ++sm.expectation;
    if (sm.active.empty()) return;
    const auto cycles_left = [&](const ActiveWork& work) { return work.left * alone(work); };
    const auto next = std::ranges::min_element(sm.active, {}, cycles_left);
    push(sm.updated + std::max(0.0, cycles_left(*next)) / sm.pace, next->slot, EventKind::done, 0, sm.expectation);
}

void ChipReplay::begin_k_tile(const Event& event) {
    Slot& slot = slots_[event.slot];
    begin_work({.slot = event.slot, .is_epilogue = false, .left = 1}, event.time);
    if (slot.next_k_tile > 0) --sms_[slot.sm].waiting;
    ++totals_.k_tiles;
    ++slot.next_k_tile;
    const std::uint64_t copied = event.k_tile + plan_.kernel().stages - 1;
    if (copied < slot.segments[slot.segment].k_tiles) push(event.time, event.slot, EventKind::copy, copied);
}

void ChipReplay::end_work(const Event& event) {
    const std::uint32_t index = slots_[event.slot].sm;
    Sm& sm = sms_[index];
    if (event.part != sm.expectation) return;  // other work has begun or ended since this was expected
    bring_up_to(sm, event.time);
    const auto ended = std::ranges::find(sm.active, event.slot, &ActiveWork::slot);
    const bool is_epilogue = ended->is_epilogue;
    sm.active.erase(ended);
    set_pace(sm);
    expect_next_end(index);
    if (is_epilogue) {
        end_segment(event.slot, event.time);
    } else {
        end_k_tile(event.slot, event.time);
    }
}

void ChipReplay::end_k_tile(std::uint32_t index, double now) {
    Slot& slot = slots_[index];
    if (slot.next_k_tile < slot.segments[slot.segment].k_tiles) {
        ++sms_[slot.sm].waiting;
        schedule_begin(index, now);
        return;
    }
    begin_work({.slot = index, .is_epilogue = true, .left = 1}, now);
    push(now, index, EventKind::store, slot.begun);
}

void ChipReplay::end_segment(std::uint32_t index, double now) {
    Slot& slot = slots_[index];
    // Where the SM has become faster meanwhile, the last of the stores.
    while (slot.stored < store_parts) store(slot, now);
    if (++slot.segment < slot.segments.size()) {
        push(now, index, EventKind::segment);
    } else {
        push(now + static_cast<double>(gpu_.cta_scheduler.completion_latency.value()), index, EventKind::end);
    }
}

void ChipReplay::load_slice(const Event& event) {
    Slot& slot = slots_[event.slot];
    const WorkSegment& segment = slot.segments[slot.segment];
    const auto blocks = blocks_read(plan_, segment, event.k_tile);
    const double arrival = move(blocks, 0, 1, slot.sm, false, event.time);
    slot.arrival[0] = event.k_tile == 0 ? arrival : std::max(slot.arrival[0], arrival);
    if (event.k_tile + 1 < segment.k_tiles) {
        push(event.time + profile_.reduction.load_spacing, event.slot, EventKind::reduce, event.k_tile + 1);
    } else {
        slot.stored = store_parts - 1;
        push(slot.arrival[0] + profile_.reduction.around_loads, event.slot, EventKind::store, slot.begun);
    }
}

void ChipReplay::store(Slot& slot, double now) {
    const std::array blocks{block_written(plan_, slot.segments[slot.segment])};
    last_store_ = std::max(last_store_, move(blocks, slot.stored++, store_parts, slot.sm, true, now));
}

void ChipReplay::store_part(const Event& event) {
    Slot& slot = slots_[event.slot];
    if (event.k_tile != slot.begun || slot.stored == store_parts) return;  // the epilogue was faster
    store(slot, event.time);
    if (slot.segments[slot.segment].reduces) {
        end_segment(event.slot, event.time);
    } else if (slot.stored < store_parts) {
        push(event.time + profile_.epilogue / store_parts / sms_[slot.sm].pace, event.slot, EventKind::store,
             slot.begun);
    }
}

void ChipReplay::end_cta(const Event& event) {
    const std::uint32_t sm = slots_[event.slot].sm;
    free_slots_[sm].push_back(event.slot);
    ++free_on_sm_[sm];
    ++finished_;
    ++totals_.ctas;
    totals_.cta_cycles += event.time - std::exchange(slots_[event.slot].last_end, event.time);
    last_end_ = event.time;
}

void ChipReplay::collect_lines(std::uint64_t begin, std::uint64_t bytes) {
    const std::uint64_t end = begin + bytes;
    for (std::uint64_t line = line_bytes_.quotient(begin); line * line_bytes_.value() < end; ++line) {
        const std::uint64_t line_begin = line * line_bytes_.value();
        const std::uint64_t from = begin > line_begin ? sector_bytes_.quotient(begin - line_begin) : 0;
        const std::uint64_t to = sector_bytes_.quotient(std::min(end - line_begin, line_bytes_.value()) - 1);
        lines_.push_back({.line = line, .sectors = static_cast<std::uint32_t>((2ULL << to) - (1ULL << from))});
    }
}

double ChipReplay::move(std::span<const MatrixBlock> blocks, std::uint32_t part, std::uint32_t parts, std::uint32_t sm,
                        bool write, double now) {
    std::uint64_t rows = 0;
    for (const MatrixBlock& block : blocks) rows += block.rows;
    std::uint64_t row = rows * part / parts;
    const std::uint64_t end = rows * (part + 1) / parts;
    std::uint64_t first = 0;
    lines_.clear();
    for (const MatrixBlock& block : blocks) {
        for (; row < std::min(end, first + block.rows); ++row) {
            if (block.bytes > 0) collect_lines(block.address + (row - first) * block.pitch, block.bytes);
        }
        first += block.rows;
    }
    const Cycle done = memory_.access(SmIndex(sm), lines_, write, cycle_of(now));
    return std::max(now, static_cast<double>(done.value()));
}

}  // namespace stcsim
