/// How lanes enter functions and return from them.
#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "base/error.h"
#include "executor/lanes.h"
#include "executor/warp_execution.h"
#include "executor/warp_state.h"

namespace stcsim {
namespace {

using U32 = std::uint32_t;
using U64 = std::uint64_t;

/// Of a thread (CUDA C++ Programming Guide, compute capability 8.0: local memory).
constexpr U64 most_local_bytes = U64{512} * 1024;

/// The parameters or results of a call on their way, lane by lane.
using Passed = std::vector<std::byte>;

U64 bytes_of_all(const std::vector<FormalValue>& values) {
    U64 sum = 0;
    for (const FormalValue& value : values) sum += value.bytes;
    return sum;
}

std::byte* local_memory(WarpState& w, U32 lane, U64 address) {
    return w.local.data() + lane * w.local_bytes + address;
}

void write_register(WarpState& w, OperandPlace place, bool wide, U32 lane, const std::byte* from, U64 bytes) {
    U64 value = 0;
    std::memcpy(&value, from, std::min<U64>(bytes, sizeof value));
    if (wide) {
        write_lane<U64>(w.destination(place), lane, value);
    } else {
        write_lane<U32>(w.destination(place), lane, static_cast<U32>(value));
    }
}

U64 read_register(const WarpState& w, OperandPlace place, bool wide, U32 lane) {
    return wide ? read_lane<U64>(w.source(place), lane) : read_lane<U32>(w.source(place), lane);
}

/// Values as the caller has them, in the order and with the sizes of `formals`.
void read_arguments(WarpState& w, const DecodedCall& call, const DecodedFunction& function, U32 lane, Passed& passed) {
    passed.clear();
    for (std::size_t k = 0; k < function.parameters.size(); ++k) {
        const ActualValue& actual = call.arguments[k];
        const U64 bytes = function.parameters[k].bytes;
        const U64 value = read_register(w, actual.place, actual.in_memory || actual.wide, lane);
        const std::size_t at = passed.size();
        passed.resize(at + bytes);
        const void* const from = actual.in_memory ? local_memory(w, lane, value) : static_cast<const void*>(&value);
        std::memcpy(passed.data() + at, from, actual.in_memory ? bytes : std::min<U64>(bytes, sizeof value));
    }
}

void write_parameters(WarpState& w, const DecodedFunction& function, U64 base, U32 lane, const Passed& passed) {
    U64 at = 0;
    for (const FormalValue& formal : function.parameters) {
        if (formal.in_memory) {
            std::memcpy(local_memory(w, lane, base + formal.offset), passed.data() + at, formal.bytes);
        } else {
            write_register(w, formal.place, formal.wide, lane, passed.data() + at, formal.bytes);
            if (w.tracks) w.defined[formal.kernel_register] |= 1U << lane;
        }
        at += formal.bytes;
    }
}

void read_results(WarpState& w, const DecodedFunction& function, U64 base, U32 lane, Passed& passed) {
    passed.resize(bytes_of_all(function.results));
    U64 at = 0;
    for (const FormalValue& formal : function.results) {
        if (formal.in_memory) {
            std::memcpy(passed.data() + at, local_memory(w, lane, base + formal.offset), formal.bytes);
        } else {
            const U64 value = read_register(w, formal.place, formal.wide, lane);
            std::memcpy(passed.data() + at, &value, formal.bytes);
        }
        at += formal.bytes;
    }
}

void write_results(WarpState& w, const DecodedCall& call, const DecodedFunction& function, U32 lane,
                   const Passed& passed) {
    U64 at = 0;
    for (std::size_t k = 0; k < function.results.size(); ++k) {
        const ActualValue& actual = call.results[k];
        const U64 bytes = function.results[k].bytes;
        if (actual.in_memory) {
            const U64 address = read_lane<U64>(w.source(actual.place), lane);
            std::memcpy(local_memory(w, lane, address), passed.data() + at, bytes);
        } else if (actual.place.present()) {
            write_register(w, actual.place, actual.wide, lane, passed.data() + at, bytes);
        }
        at += bytes;
    }
}

/// Calls visit(words, count) for each place of the lane that belongs to the function.
template <typename Visit>
void for_each_place(WarpState& w, const DecodedFunction& function, U32 lane, Visit visit) {
    for (U32 r = function.first_register; r < function.end_register; ++r) {
        const PtxType type = w.kernel->ptx().registers[r].type;
        if (type == PtxType::pred) continue;
        const bool wide = bytes_of(type) == sizeof(U64);
        visit(w.registers + w.kernel->register_places()[r] + (wide ? 2 * lane : lane), wide ? 2U : 1U);
    }
    for (const FrameAddress& address : function.frame_addresses) {
        visit(w.registers + address.place + (address.wide ? 2 * lane : lane), address.wide ? 2U : 1U);
    }
}

/// Masks of lanes that belong to the function: its predicates, and which of its registers are defined.
template <typename Visit>
void for_each_mask(WarpState& w, const DecodedFunction& function, Visit visit) {
    for (U32 p = function.first_predicate; p < function.end_predicate; ++p) visit(w.predicates[p]);
    if (!w.tracks) return;
    for (U32 r = function.first_register; r < function.end_register; ++r) {
        visit(w.defined[r]);
        visit(w.undefined_by_shared[r]);
    }
}

void save_registers(WarpState& w, const DecodedFunction& function, U32 lane) {
    std::vector<U32>& saved = w.saved[lane];
    for_each_place(w, function, lane,
                   [&](const U32* words, U32 count) { saved.insert(saved.end(), words, words + count); });
    for_each_mask(w, function, [&](const U32& mask) { saved.push_back(mask >> lane & 1U); });
}

void restore_registers(WarpState& w, const DecodedFunction& function, U32 lane) {
    std::vector<U32>& saved = w.saved[lane];
    std::size_t count = 0;
    for_each_place(w, function, lane, [&](const U32*, U32 words) { count += words; });
    for_each_mask(w, function, [&](const U32&) { ++count; });
    STCSIM_ASSERT(saved.size() >= count);
    auto from = saved.end() - static_cast<std::ptrdiff_t>(count);
    for_each_place(w, function, lane, [&](U32* words, U32 all) {
        std::copy_n(from, all, words);
        from += all;
    });
    for_each_mask(w, function, [&](U32& mask) { mask = (mask & ~(1U << lane)) | *from++ << lane; });
    saved.resize(saved.size() - count);
}

bool fits(const std::vector<ActualValue>& actual, const std::vector<FormalValue>& formal) {
    return std::ranges::equal(
        actual, formal, [](const ActualValue& a, const FormalValue& f) { return a.bytes == 0 || a.bytes == f.bytes; });
}

}  // namespace

std::uint32_t WarpExecution::called_function(const DecodedCall& call, std::uint32_t lane) const {
    if (call.function != DecodedCall::through_register) return call.function;
    const WarpState& w = *state_;
    const U64 address = read_lane<U64>(w.source(call.address), lane);
    const auto functions = w.kernel->functions();
    const auto found = std::ranges::find(functions, address, &DecodedFunction::address);
    if (found == functions.end()) {
        w.fault(fmt::format("lane {} calls {:#x}, which is no function whose address is taken,", lane, address));
    }
    if (!fits(call.arguments, found->parameters) || !fits(call.results, found->results)) {
        w.fault(fmt::format("lane {} calls {} with other parameters or results than it has,", lane,
                            w.kernel->ptx().functions[static_cast<std::size_t>(found - functions.begin())].name));
    }
    return static_cast<U32>(found - functions.begin());
}

std::uint64_t WarpExecution::frame_end(const Fragment& fragment) const {
    const DecodedKernel& kernel = *state_->kernel;
    if (fragment.frames.empty()) return round_up(kernel.frame_bytes(), frame_alignment);
    const Frame& top = fragment.frames.back();
    return top.base + frame_size(kernel.functions()[top.function]);
}

void WarpExecution::enter(const DecodedCall& call, const DecodedFunction& function, std::uint64_t base,
                          std::uint32_t lanes) {
    WarpState& w = *state_;
    const U64 needed = base + frame_size(function);
    if (needed > most_local_bytes) {
        w.fault(fmt::format("the stack of a thread grows beyond {} bytes of local memory", most_local_bytes));
    }
    if (needed > w.local_bytes) w.grow_local(std::min(std::max(2 * w.local_bytes, needed), most_local_bytes));
    Passed passed;
    for_each_lane(lanes, [&](U32 lane) {
        read_arguments(w, call, function, lane, passed);
        if (function.recursive) save_registers(w, function, lane);
        for (const FrameAddress& address : function.frame_addresses) {
            const U64 value = base + static_cast<U64>(address.offset);
            write_register(w, {address.place}, address.wide, lane, reinterpret_cast<const std::byte*>(&value),
                           sizeof value);
        }
        write_parameters(w, function, base, lane, passed);
    });
}

void WarpExecution::take_call(const DecodedInstruction& instruction) {
    const WarpState& w = *state_;
    const DecodedCall& call = w.kernel->calls()[instruction.target];
    Fragment caller = std::move(fragments_[selected_]);
    fragments_.erase(fragments_.begin() + static_cast<std::ptrdiff_t>(selected_));
    ++caller.position;
    caller.lanes &= ~step_.active;
    const U64 base = frame_end(caller);
    for (U32 left = step_.active; left != 0;) {
        const U32 number = called_function(call, WarpState::first_lane(left));
        U32 lanes = 0;
        for_each_lane(left, [&](U32 lane) {
            if (called_function(call, lane) == number) lanes |= 1U << lane;
        });
        left &= ~lanes;
        const DecodedFunction& function = w.kernel->functions()[number];
        Fragment callee = caller;
        callee.lanes = lanes;
        callee.frames.push_back({caller.position, number, base});
        callee.position = function.first;
        enter(call, function, base, lanes);
        fragments_.push_back(std::move(callee));
    }
    if (caller.lanes != 0) fragments_.push_back(std::move(caller));
}

void WarpExecution::take_return() {
    WarpState& w = *state_;
    Fragment& fragment = fragments_[selected_];
    STCSIM_ASSERT(!fragment.frames.empty());
    const U32 lanes = step_.active;
    const Frame frame = fragment.frames.back();
    const DecodedFunction& function = w.kernel->functions()[frame.function];
    const DecodedCall& call = w.kernel->calls()[w.kernel->instructions()[frame.return_to - 1].target];
    Passed passed;
    for_each_lane(lanes, [&](U32 lane) {
        read_results(w, function, frame.base, lane, passed);
        if (function.recursive) restore_registers(w, function, lane);
        write_results(w, call, function, lane, passed);
    });
    if (lanes == 0) {
        ++fragment.position;
        return;
    }
    Fragment returned = fragment;
    returned.lanes = lanes;
    returned.frames.pop_back();
    returned.position = frame.return_to;
    fragment.lanes &= ~lanes;
    ++fragment.position;
    if (fragment.lanes == 0) {
        fragment = std::move(returned);
    } else {
        fragments_.push_back(std::move(returned));
    }
}

}  // namespace stcsim
