#include "executor/warp_execution.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "base/error.h"
#include "executor/cta_execution.h"
#include "executor/execute_control.h"
#include "executor/lanes.h"
#include "executor/start_values.h"
#include "executor/warp_state.h"

namespace stcsim {
namespace {

/// Backward branches a fragment may take while others could run instead.
constexpr std::uint32_t turns_per_lap = 1024;

constexpr std::uint32_t cache_line_words = 16;

}  // namespace

WarpExecution::WarpExecution(CtaExecution& cta, std::uint32_t warp) : state_(std::make_unique<WarpState>()) {
    WarpState& w = *state_;
    w.cta = &cta;
    w.kernel = cta.launch().kernel;
    w.warp = warp;
    w.register_storage.resize(w.kernel->register_words() + cache_line_words);
    const auto raw = reinterpret_cast<std::uintptr_t>(w.register_storage.data());
    w.registers = w.register_storage.data() + (-raw / sizeof(std::uint32_t)) % cache_line_words;
    w.constants = w.kernel->constants().data();
    w.predicates.resize(w.kernel->predicates());
    w.predicates[0] = ~0U;
    w.tracks = cta.findings().watches();
    if (w.tracks) {
        w.defined.resize(w.kernel->ptx().registers.size());
        w.undefined_by_shared.resize(w.defined.size());
        w.suspicion.resize(w.defined.size());
    }
    w.local_bytes = w.kernel->local_bytes();
    w.local.resize(warp_lanes * w.local_bytes);
    const std::uint32_t threads = cta.launch().threads_per_cta() - warp * warp_lanes;
    w.live = threads >= warp_lanes ? ~0U : (1U << threads) - 1U;
    w.step = &step_;
    write_start_values(w);
    fragments_.reserve(warp_lanes);
    fragments_.emplace_back().lanes = w.live;
}

WarpExecution::~WarpExecution() = default;

bool WarpExecution::ended() const {
    return state_->live == 0;
}

bool WarpExecution::waits_at_barrier() const {
    return !ended() && std::all_of(fragments_.begin(), fragments_.end(),
                                   [](const Fragment& fragment) { return fragment.barrier != Fragment::no_barrier; });
}

std::uint32_t WarpExecution::warp() const {
    return state_->warp;
}

CtaExecution& WarpExecution::cta() const {
    return *state_->cta;
}

const DecodedInstruction& WarpExecution::position() const {
    STCSIM_ASSERT(!fragments_.empty());
    const Fragment& first = fragments_.front();
    // Lanes at a barrier stand behind it already.
    return state_->kernel->instructions()[first.position - (first.barrier != Fragment::no_barrier ? 1 : 0)];
}

std::uint32_t WarpExecution::lanes_needed(const Fragment& fragment) const {
    const WarpState& w = *state_;
    const DecodedInstruction& instruction = w.kernel->instructions()[fragment.position];
    if (instruction.warp_wide == WarpWide::no) return 0;
    if (instruction.warp_wide == WarpWide::all_lanes) return w.live;
    const std::uint32_t active = fragment.lanes & w.predicate(instruction.guard);
    if (active == 0) return 0;
    // The member mask is the same in all lanes that execute the instruction.
    return w.source(instruction.e)[WarpState::first_lane(active)] & w.live;
}

bool WarpExecution::can_run(const Fragment& fragment) const {
    if (fragment.barrier != Fragment::no_barrier) return false;
    const std::uint32_t missing = lanes_needed(fragment) & ~fragment.lanes;
    return missing == 0 || (missing & ~lanes_together(fragment)) == 0;
}

bool WarpExecution::joins(const Fragment& other, const Fragment& fragment) const {
    if (other.position != fragment.position || other.barrier != fragment.barrier) return false;
    const DecodedInstruction& instruction = state_->kernel->instructions()[fragment.position];
    return instruction.warp_wide == WarpWide::named_lanes && (lanes_needed(fragment) & other.lanes) != 0;
}

std::uint32_t WarpExecution::lanes_together(const Fragment& fragment) const {
    std::uint32_t lanes = fragment.lanes;
    for (const Fragment& other : fragments_) {
        if (joins(other, fragment)) lanes |= other.lanes;
    }
    return lanes;
}

bool WarpExecution::runs_before(const Fragment& a, const Fragment& b) const {
    if (a.turns / turns_per_lap != b.turns / turns_per_lap) return a.turns < b.turns;
    const auto priorities = state_->kernel->priorities();
    // Where both are in their callers, from the kernel upward, decides; then the shallower one goes first, to join the
    // other in the call that it is about to make.
    const std::size_t depth = std::min(a.frames.size(), b.frames.size());
    for (std::size_t level = 0; level < depth; ++level) {
        const std::uint32_t of_a = a.frames[level].return_to - 1;
        const std::uint32_t of_b = b.frames[level].return_to - 1;
        if (of_a != of_b) return priorities[of_a] < priorities[of_b];
    }
    const auto place = [&](const Fragment& fragment) {
        return fragment.frames.size() == depth ? fragment.position : fragment.frames[depth].return_to - 1;
    };
    const std::uint32_t of_a = priorities[place(a)];
    const std::uint32_t of_b = priorities[place(b)];
    return of_a != of_b ? of_a < of_b : a.frames.size() < b.frames.size();
}

void WarpExecution::select() {
    selected_ = 0;
    selected_divergent_ = false;
    if (fragments_.size() == 1) {
        // A lone fragment lacks lanes only if a member mask names lanes that it cannot: those do not exist.
        STCSIM_ASSERT(fragments_.front().barrier == Fragment::no_barrier);
        return;
    }
    const Fragment* best = nullptr;
    const Fragment* stuck = nullptr;
    for (const Fragment& fragment : fragments_) {
        if (fragment.barrier != Fragment::no_barrier) continue;
        const Fragment*& place = can_run(fragment) ? best : stuck;
        if (place == nullptr || runs_before(fragment, *place)) place = &fragment;
    }
    selected_divergent_ = best == nullptr;
    const Fragment* chosen = selected_divergent_ ? stuck : best;
    STCSIM_ASSERT(chosen != nullptr);
    selected_ = static_cast<std::size_t>(chosen - fragments_.data());
}

const WarpStep& WarpExecution::next() {
    if (prepared_) return step_;
    prepared_ = true;
    if (ended()) {
        step_.ended = true;
        return step_;
    }
    select();
    const Fragment& fragment = fragments_[selected_];
    step_.number = fragment.position;
    step_.instruction = &state_->kernel->instructions()[fragment.position];
    step_.fragment = fragments_.size() == 1 ? fragment.lanes : lanes_together(fragment);
    step_.active = step_.fragment & state_->predicate(step_.instruction->guard);
    step_.access.bytes_per_lane = 0;
    if (step_.instruction->access.element_bytes != 0) prepare_access();
    return step_;
}

void WarpExecution::execute(Cycle now) {
    next();
    STCSIM_ASSERT(!step_.ended);
    WarpState& w = *state_;
    const DecodedInstruction& instruction = *step_.instruction;
    w.now = now;
    if (selected_divergent_) report_divergence();
    if (instruction.reads_clock) write_clock_values(w);
    const std::uint32_t active = step_.active;
    if (active != 0 && instruction.handler != nullptr) instruction.handler(*this, instruction, active);
    if (w.tracks && !instruction.tracks_definedness && !instruction.writes.empty() && active != 0) {
        std::uint32_t known = active;
        std::uint32_t by_shared = 0;
        for (const std::uint32_t number : instruction.reads) {
            known &= w.defined[number];
            by_shared |= w.undefined_by_shared[number];
        }
        for (const std::uint32_t number : instruction.writes) {
            w.defined[number] = (w.defined[number] & ~active) | known;
            w.undefined_by_shared[number] = (w.undefined_by_shared[number] & ~active) | (by_shared & active & ~known);
        }
        if (known != active) {
            const std::uint32_t why = w.suspicion_of(instruction.reads, active);
            for (const std::uint32_t number : instruction.writes) w.suspect(number, active, why);
        }
    }
    prepared_ = false;
    advance();
}

void WarpExecution::advance() {
    const DecodedInstruction& instruction = *step_.instruction;
    Fragment& fragment = fragments_[selected_];
    if (instruction.unit == ExecutionUnit::branch) {
        take_branch(instruction);
    } else if (instruction.unit == ExecutionUnit::exit) {
        fragment.lanes &= ~step_.active;
        ++fragment.position;
        if (fragment.lanes == 0) fragments_.erase(fragments_.begin() + static_cast<std::ptrdiff_t>(selected_));
        leave(step_.active);
        return;
    } else if (instruction.unit == ExecutionUnit::function_call) {
        take_call(instruction);
    } else if (instruction.unit == ExecutionUnit::function_return) {
        take_return();
    } else {
        for (Fragment& one : fragments_) {
            if ((one.lanes & step_.fragment) != 0) ++one.position;
        }
    }
    if (instruction.unit == ExecutionUnit::barrier) {
        arrive_if_complete();
        return;
    }
    if (fragments_.size() > 1) merge();
}

void WarpExecution::take_branch(const DecodedInstruction& instruction) {
    Fragment& fragment = fragments_[selected_];
    const std::uint32_t taken = step_.active;
    const bool backward = instruction.target <= fragment.position;
    if (taken == fragment.lanes) {
        fragment.position = instruction.target;
        if (fragments_.size() > 1 && backward) ++fragment.turns;
        return;
    }
    ++fragment.position;
    if (taken == 0) return;
    Fragment apart = fragment;
    apart.lanes = taken;
    apart.position = instruction.target;
    apart.turns += backward ? 1 : 0;
    fragment.lanes &= ~taken;
    fragments_.push_back(apart);
}

void WarpExecution::merge() {
    for (std::size_t i = 0; i < fragments_.size(); ++i) {
        for (std::size_t j = i + 1; j < fragments_.size();) {
            Fragment& a = fragments_[i];
            const Fragment& b = fragments_[j];
            if (a.position != b.position || a.barrier != b.barrier || a.frames != b.frames) {
                ++j;
                continue;
            }
            a.lanes |= b.lanes;
            a.turns = std::min(a.turns, b.turns);
            fragments_.erase(fragments_.begin() + static_cast<std::ptrdiff_t>(j));
        }
    }
    if (fragments_.size() == 1) fragments_.front().turns = 0;
}

void WarpExecution::wait_at(std::uint8_t barrier, std::uint32_t threads) {
    fragments_[selected_].barrier = barrier;
    threads_expected_ = threads;
}

void WarpExecution::arrive_if_complete() {
    if (fragments_.empty()) return;
    if (fragments_.size() > 1) merge();
    const std::uint8_t barrier = fragments_.front().barrier;
    if (barrier == Fragment::no_barrier || arrived_) return;
    for (const Fragment& fragment : fragments_) {
        if (fragment.barrier != barrier) return;
    }
    arrived_ = true;
    state_->cta->arrive({barrier, threads_expected_});
}

void WarpExecution::leave(std::uint32_t lanes) {
    WarpState& w = *state_;
    w.live &= ~lanes;
    if (w.live == 0) {
        w.cta->warp_ended();
        return;
    }
    arrive_if_complete();
}

void WarpExecution::release(std::uint8_t barrier, std::uint32_t participants, std::uint32_t holding) {
    bool released = false;
    for (Fragment& fragment : fragments_) {
        if (fragment.barrier != barrier) continue;
        const DecodedInstruction& instruction = state_->kernel->instructions()[fragment.position - 1];
        fragment.barrier = Fragment::no_barrier;
        released = true;
        if (instruction.d.present()) {
            finish_barrier_reduction(*this, instruction, fragment.lanes & state_->predicate(instruction.guard),
                                     participants, holding);
        }
    }
    if (!released) return;
    arrived_ = false;
    if (fragments_.size() > 1) merge();
}

void WarpExecution::report_divergence() {
    WarpState& w = *state_;
    const std::uint32_t missing = lanes_needed(fragments_[selected_]) & ~step_.fragment;
    w.report(FindingKind::barrier_divergence, WarpState::first_lane(missing), [&] {
        std::string elsewhere;
        for (const Fragment& fragment : fragments_) {
            if ((fragment.lanes & missing) == 0) continue;
            const std::uint32_t at = fragment.position - (fragment.barrier != Fragment::no_barrier ? 1 : 0);
            const bool same = at == fragments_[selected_].position;
            elsewhere +=
                fmt::format("{}lanes {:#010x} wait at {}{}", elsewhere.empty() ? "" : ", ", fragment.lanes & missing,
                            same ? "it in another call of the function" : "", same ? "" : w.name_of_instruction(at));
        }
        return fmt::format("lanes {:#010x} are here, but the instruction needs lanes {:#010x} as well: {}",
                           step_.fragment, missing, elsewhere);
    });
}

}  // namespace stcsim
