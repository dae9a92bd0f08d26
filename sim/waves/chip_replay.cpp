#include "waves/chip_replay.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/error.h"

namespace stcsim {
namespace {

/// The least share of shared memory that arriving copies get: a warp's copy takes eight cycles where the sub-cores take
/// turns with it, four cycles each for ldmatrix.x4.
constexpr double turn_of_fills = 1.0 / 3;

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
        slots_[i].taken_at.resize(plan.kernel().stages);
        slots_[i].left.resize(plan.kernel().stages);
        slots_[i].taken.resize(plan.kernel().stages);
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
        case EventKind::fill: begin_fill(event); break;
        case EventKind::done: end_work(event); break;
        case EventKind::reduce: load_slice(event); break;
        case EventKind::store: store_part(event); break;
        case EventKind::end: end_cta(event); break;
    }
}

void ChipReplay::start_segment(const Event& event) {
    Slot& slot = slots_[event.slot];
    slot.next_k_tile = 0;
    slot.waiting = true;
    slot.stored = 0;
    ++slot.begun;
    std::ranges::fill(slot.left, 0U);
    std::ranges::fill(slot.taken, 0U);
    const WorkSegment& segment = slot.segments[slot.segment];
    if (segment.reduces) {
        push(event.time, event.slot, EventKind::reduce);
        return;
    }
    const std::uint64_t ahead = std::min<std::uint64_t>(profile_.prologue.size(), segment.k_tiles);
    for (std::uint64_t k_tile = 0; k_tile < ahead; ++k_tile) {
        push(event.time + profile_.prologue[k_tile].front(), event.slot, EventKind::copy, k_tile);
    }
}

void ChipReplay::copy_part(const Event& event) {
    if (waits_for_unit(event)) return;
    Slot& slot = slots_[event.slot];
    const std::size_t stage = event.k_tile % slot.left.size();
    const auto blocks = blocks_read(plan_, slot.segments[slot.segment], event.k_tile);
    const double arrival = move(blocks, event.part, copy_parts, slot.sm, false, event.time);
    if (event.part == 0) {
        slot.arrival[stage] = arrival;
        // Shared memory takes the data as they come.
        push(std::max(event.time, arrival - profile_.fill.alone / copy_parts), event.slot, EventKind::fill,
             event.k_tile);
    }
    slot.arrival[stage] = std::max(slot.arrival[stage], arrival);
    const std::uint32_t next = event.part + 1;
    if (next < copy_parts) {
        const bool in_prologue = event.k_tile < profile_.prologue.size();
        const CopySchedule& schedule = in_prologue ? profile_.prologue[event.k_tile] : profile_.copies;
        const double pace = in_prologue ? 1 : sms_[slot.sm].pace;
        push(event.time + (schedule[next] - schedule[event.part]) / pace, event.slot, EventKind::copy, event.k_tile,
             next);
        return;
    }
    slot.left[stage] = event.k_tile + 1;
    if (slot.waiting && slot.next_k_tile == event.k_tile) schedule_begin(event.slot, event.time);
}

void ChipReplay::end_fill(std::uint32_t index, std::uint64_t k_tile, double now) {
    Slot& slot = slots_[index];
    const std::size_t stage = k_tile % slot.taken.size();
    slot.taken[stage] = k_tile + 1;
    slot.taken_at[stage] = now;
    if (slot.waiting && slot.next_k_tile == k_tile) schedule_begin(index, now);
}

bool ChipReplay::waits_for_unit(const Event& event) {
    const double free = sms_[slots_[event.slot].sm].unit_free;
    if (free <= event.time) return false;
    push(free, event.slot, event.kind, event.k_tile, event.part);
    return true;
}

void ChipReplay::schedule_begin(std::uint32_t index, double now) {
    Slot& slot = slots_[index];
    const std::size_t stage = slot.next_k_tile % slot.left.size();
    const std::uint64_t wanted = slot.next_k_tile + 1;
    slot.waiting = slot.left[stage] != wanted || slot.taken[stage] != wanted;
    if (slot.waiting) return;
    const double after_data = slot.next_k_tile == 0 ? profile_.data_to_first_begin : profile_.data_to_last_group;
    push(std::max(now, std::max(slot.arrival[stage], slot.taken_at[stage]) + after_data), index, EventKind::begin,
         slot.next_k_tile);
}

void ChipReplay::set_pace(Sm& sm) {
    double tensor = 0;
    double shared_memory = 0;
    bool fills = false;
    for (ActiveWork& active : sm.active) {
        if (active.kind == WorkKind::fill) {
            active.has_turn = !fills;
            fills = true;
            continue;
        }
        tensor += active.work->tensor / active.work->alone;
        shared_memory += active.work->shared_memory / active.work->alone;
    }
    const double room = fills ? 1 - turn_of_fills : 1;
    sm.pace = 1 / std::max({1.0, tensor, shared_memory / room});
    sm.fill_pace = 1 - sm.pace * shared_memory;
}

double ChipReplay::pace_of(const Sm& sm, const ActiveWork& active) {
    if (active.kind != WorkKind::fill) return sm.pace;
    return active.has_turn ? sm.fill_pace : 0;
}

void ChipReplay::bring_up_to(Sm& sm, double now) {
    const double elapsed = now - sm.updated;
    sm.updated = now;
    double done = 0;
    bool multiplies = false;
    for (ActiveWork& active : sm.active) {
        const double share = elapsed * pace_of(sm, active) / active.work->alone;
        active.left -= share;
        if (active.kind != WorkKind::k_tile) continue;
        multiplies = true;
        done += share;
    }
    if (multiplies) {
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

void ChipReplay::begin_fill(const Event& event) {
    begin_work({.slot = event.slot,
                .kind = WorkKind::fill,
                .k_tile = event.k_tile,
                .work = &profile_.fill,
                .left = 1,
                .has_turn = false},
               event.time);
}

const ChipReplay::ActiveWork& ChipReplay::next_to_end(const Sm& sm) {
    return *std::ranges::min_element(sm.active, {}, [&](const ActiveWork& active) {
        return active.left * active.work->alone / pace_of(sm, active);
    });
}

void ChipReplay::expect_next_end(std::uint32_t index) {
    Sm& sm = sms_[index];
    ++sm.expectation;
    if (sm.active.empty()) return;
    const ActiveWork& next = next_to_end(sm);
    push(sm.updated + std::max(0.0, next.left) * next.work->alone / pace_of(sm, next), next.slot, EventKind::done, 0,
         sm.expectation);
}

void ChipReplay::begin_k_tile(const Event& event) {
    Slot& slot = slots_[event.slot];
    const std::uint64_t k_tiles = slot.segments[slot.segment].k_tiles;
    const bool is_first = event.k_tile == 0;
    const bool is_last = event.k_tile + 1 == k_tiles;
    const double left = 1 - (is_first ? profile_.last_group : 0) + (is_last ? profile_.last_group : 0);
    begin_work({.slot = event.slot,
                .kind = WorkKind::k_tile,
                .k_tile = 0,
                .work = &profile_.k_tile,
                .left = left,
                .has_turn = true},
               event.time);
    if (slot.next_k_tile > 0) --sms_[slot.sm].waiting;
    ++totals_.k_tiles;
    ++slot.next_k_tile;
    const std::uint64_t copied = event.k_tile + plan_.kernel().stages - 1;
    if (copied >= k_tiles) return;
    const double group_before = is_first ? 0 : profile_.last_group * profile_.k_tile.alone;
    push(event.time + (group_before + profile_.copies.front()) / sms_[slot.sm].pace, event.slot, EventKind::copy,
         copied);
}

void ChipReplay::end_work(const Event& event) {
    const std::uint32_t index = slots_[event.slot].sm;
    Sm& sm = sms_[index];
    if (event.part != sm.expectation) return;  // other work has begun or ended since this was expected
    bring_up_to(sm, event.time);
    const ActiveWork& next = next_to_end(sm);
    const ActiveWork ended = next;
    sm.active.erase(sm.active.begin() + (&next - sm.active.data()));
    set_pace(sm);
    expect_next_end(index);
    switch (ended.kind) {
        case WorkKind::k_tile: end_k_tile(ended.slot, event.time); break;
        case WorkKind::fill: end_fill(ended.slot, ended.k_tile, event.time); break;
        case WorkKind::epilogue: end_segment(ended.slot, event.time); break;
    }
}

void ChipReplay::end_k_tile(std::uint32_t index, double now) {
    Slot& slot = slots_[index];
    if (slot.next_k_tile < slot.segments[slot.segment].k_tiles) {
        ++sms_[slot.sm].waiting;
        schedule_begin(index, now);
        return;
    }
    begin_work({.slot = index,
                .kind = WorkKind::epilogue,
                .k_tile = 0,
                .work = &profile_.epilogue,
                .left = 1,
                .has_turn = true},
               now);
    push(now + profile_.stores.front() / sms_[slot.sm].pace, index, EventKind::store, slot.begun);
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
    const bool over = event.k_tile != slot.begun || slot.stored == store_parts;
    if (over || waits_for_unit(event)) return;
    store(slot, event.time);
    if (slot.segments[slot.segment].reduces) {
        end_segment(event.slot, event.time);
    } else if (slot.stored < store_parts) {
        const double after = profile_.stores[slot.stored] - profile_.stores[slot.stored - 1];
        push(event.time + after / sms_[slot.sm].pace, event.slot, EventKind::store, slot.begun);
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
    std::uint64_t sectors = 0;
    for (const SectorRequest& line : lines_) sectors += static_cast<std::uint64_t>(std::popcount(line.sectors));
    const LoadStoreUnitParameters& unit = gpu_.sm.load_store_unit;
    sms_[sm].unit_free =
        now + static_cast<double>(sectors * sector_bytes_.value()) / static_cast<double>(unit.bytes_per_cycle.value());
    const double leaves = now + static_cast<double>(unit.latency.value());
    const Cycle done = memory_.access(SmIndex(sm), lines_, write, cycle_of(leaves));
    return std::max(leaves, static_cast<double>(done.value()));
}

}  // namespace stcsim
