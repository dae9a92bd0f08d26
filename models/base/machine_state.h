/// The state of the machine relative to a cycle: what its future depends on, so that two states can be compared.
///
/// Every holder of state (modules, channels, what travels through them, streams) has one function `visit_state` beside
/// its members, in which it hands each of them to a StateVisitor, by what the member means:
///
/// - `same`: a value that must be equal;
/// - `due`: a cycle until which something waits, or from which it is free: those that are past are all alike;
/// - `moment`: a cycle whose distance matters, past or not;
/// - `ordinal`: a number in a count of the module's, such as that of an operation: its distance to where the count is;
/// - `identity`: a name, such as a tag, that only tells things apart;
/// - `advancing`: a number that the machine does not look at, but that counts on, such as the k-tile a warp is at; up
///   to `last` everything goes on as it does now;
/// - addresses, which are looked at only within lines and banks, and otherwise advance.
///
/// If two states are equal, everything after them happens in the same way and at the same distances, as long as no
/// advancing number passes its last value: the machine has no other memory. Counters are not state.
///
/// States are compared word by word, not by a digest: no coincidence can make different ones equal.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/units.h"

namespace stcsim {

/// See StateVisitor::advancing.
struct AdvancingNumber {
    std::uint64_t value;
    std::uint64_t last;
};

/// A state as recorded.
struct MachineState {
    std::vector<std::uint64_t> words;  ///< what must be equal
    /// Which modules are evaluated when. Some of them needlessly: that depends on the order of evaluations in a cycle,
    /// and changes nothing. States with equal wakes do the same; whether their wakes stay equal is not certain.
    std::vector<std::uint64_t> wakes;
    std::vector<AdvancingNumber> advancing;  ///< in the same order in equal states
    bool repeats = true;                     ///< false: something in the machine has a memory that is not in `words`
};

/// What accesses to memory are cut into: how far the timing looks at addresses.
struct AddressUnits {
    std::uint64_t line = 1;  ///< bytes of a line of global memory
    std::uint64_t bank = 1;  ///< bytes that a bank of the shared memory serves
};

/// Goes through the machine, either to record its state or to move its advancing numbers on.
class StateVisitor {
  public:
    static constexpr std::uint64_t no_end = std::numeric_limits<std::uint64_t>::max();

    /// Records the state at the end of cycle `now`.
    StateVisitor(MachineState& state, Cycle now, const AddressUnits& units)
        : state_(&state), now_(now), units_(units) {}
    /// Adds `steps` to the advancing numbers, one for each in the order in which they were recorded.
    explicit StateVisitor(std::span<const std::uint64_t> steps) : steps_(steps) {}

    /// Values that must be equal: integers, enumerators, pointers to what does not change.
    template <typename... T>
    void same(const T&... values) {
        (word(word_of(values)), ...);
    }
    void due(Cycle at) { word(at == never ? no_end : at > now_ ? (at - now_).value() : 0); }
    void moment(Cycle at) { word((at - now_).value()); }

    /// The count that `ordinal` refers to stands at `count`, until the next module.
    void count_from(std::uint64_t count) { count_ = count; }
    void ordinal(std::uint64_t number) { word(number - count_); }

    /// `name` among those of a family, such as the cp.async groups of one warp.
    void identity(std::uint64_t family, std::uint64_t name);

    void advancing(std::uint64_t& number, std::uint64_t last = no_end);
    void global_address(std::uint64_t& address);
    /// An address that accesses are yet to be made from.
    void place_in_line(std::uint64_t address) { word(address % units_.line); }
    void shared_address(std::uint64_t address) { word(address % units_.bank); }

    void wake(Cycle at, std::uint32_t module) {
        if (records()) state_->wakes.insert(state_->wakes.end(), {(at - now_).value(), module});
    }

    /// There is a memory that cannot be compared.
    void never_repeats();
    /// Whether somebody has said so: the rest need not be gone through.
    [[nodiscard]] bool is_hopeless() const { return records() && !state_->repeats; }

    /// Anything else: by its own `visit_state`, as a member or beside its type. What has none never repeats.
    template <typename T>
    void visit(T& value);

  private:
    [[nodiscard]] bool records() const { return state_ != nullptr; }
    void word(std::uint64_t value) {
        if (records()) state_->words.push_back(value);
    }
    template <typename T>
    static std::uint64_t word_of(const T& value) {
        if constexpr (std::is_pointer_v<T>) {
            return std::bit_cast<std::uintptr_t>(value);
        } else if constexpr (requires { value.value(); }) {
            return value.value();
        } else {
            return static_cast<std::uint64_t>(value);
        }
    }

    MachineState* state_ = nullptr;
    Cycle now_{0};
    AddressUnits units_;
    std::uint64_t count_ = 0;
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> names_;  ///< in the order in which they came up
    std::span<const std::uint64_t> steps_;
    std::size_t step_ = 0;
};

/// What is pointed to, which may be nothing.
template <typename T>
void visit_state(StateVisitor& state, std::unique_ptr<T>& pointer) {
    state.same(pointer != nullptr);
    if (pointer) state.visit(*pointer);
}

template <typename T>
void StateVisitor::visit(T& value) {
    if constexpr (requires { value.visit_state(*this); }) {
        value.visit_state(*this);
    } else if constexpr (requires { visit_state(*this, value); }) {
        visit_state(*this, value);
    } else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>) {
        same(value);
    } else {
        never_repeats();
    }
}

}  // namespace stcsim
