/// Reading and writing the 32 lanes of an operand. Internal to the executor.
///
/// Values of up to 32 bits take a word per lane, zero above their bits; 64-bit ones take two, low word first.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "base/units.h"
#include "executor/warp_state.h"

namespace stcsim {

template <std::size_t bytes>
struct UnsignedOf;
template <>
struct UnsignedOf<1> {
    using Type = std::uint8_t;
};
template <>
struct UnsignedOf<2> {
    using Type = std::uint16_t;
};
template <>
struct UnsignedOf<4> {
    using Type = std::uint32_t;
};
template <>
struct UnsignedOf<8> {
    using Type = std::uint64_t;
};
template <typename T>
using BitsOf = typename UnsignedOf<sizeof(T)>::Type;

template <typename T>
T read_lane(const std::uint32_t* words, std::uint32_t lane) {
    if constexpr (sizeof(T) == 8) {
        T value;
        std::memcpy(&value, words + 2 * lane, sizeof value);
        return value;
    } else {
        return std::bit_cast<T>(static_cast<BitsOf<T>>(words[lane]));
    }
}

template <typename T>
void write_lane(std::uint32_t* words, std::uint32_t lane, T value) {
    if constexpr (sizeof(T) == 8) {
        std::memcpy(words + 2 * lane, &value, sizeof value);
    } else {
        words[lane] = std::bit_cast<BitsOf<T>>(value);
    }
}

/// Writes value(lane) of the lanes. It is computed for all of them, so that whole warps are computed in vectors: it
/// must be defined for whatever the operands hold.
template <typename T, typename Value>
void write_lanes(std::uint32_t* words, std::uint32_t lanes, Value value) {
    alignas(64) T results[warp_lanes];
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) results[lane] = value(lane);
    if (lanes == ~0U) {
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) write_lane<T>(words, lane, results[lane]);
        return;
    }
    for (; lanes != 0; lanes &= lanes - 1) {
        const auto lane = static_cast<std::uint32_t>(std::countr_zero(lanes));
        write_lane<T>(words, lane, results[lane]);
    }
}

/// Calls visit(lane) for the lanes, in order.
template <typename Visit>
void for_each_lane(std::uint32_t lanes, Visit visit) {
    for (; lanes != 0; lanes &= lanes - 1) visit(static_cast<std::uint32_t>(std::countr_zero(lanes)));
}

/// d = operation(a), (a, b), (a, b, c), all of type T unless D says otherwise.
template <typename Operation, typename T, typename D = T>
void unary(WarpExecution& warp, const DecodedInstruction& i, std::uint32_t lanes) {
    WarpState& w = warp.state();
    const std::uint32_t* a = w.source(i.a);
    write_lanes<D>(w.destination(i.d), lanes,
                   [&](std::uint32_t lane) { return Operation::apply(read_lane<T>(a, lane)); });
}
template <typename Operation, typename T, typename D = T>
void binary(WarpExecution& warp, const DecodedInstruction& i, std::uint32_t lanes) {
    WarpState& w = warp.state();
    const std::uint32_t* a = w.source(i.a);
    const std::uint32_t* b = w.source(i.b);
    write_lanes<D>(w.destination(i.d), lanes,
                   [&](std::uint32_t lane) { return Operation::apply(read_lane<T>(a, lane), read_lane<T>(b, lane)); });
}
template <typename Operation, typename T, typename C = T, typename D = C>
void ternary(WarpExecution& warp, const DecodedInstruction& i, std::uint32_t lanes) {
    WarpState& w = warp.state();
    const std::uint32_t* a = w.source(i.a);
    const std::uint32_t* b = w.source(i.b);
    const std::uint32_t* c = w.source(i.c);
    write_lanes<D>(w.destination(i.d), lanes, [&](std::uint32_t lane) {
        return Operation::apply(read_lane<T>(a, lane), read_lane<T>(b, lane), read_lane<C>(c, lane));
    });
}

/// The handler of an operation on the bits of 16-, 32- or 64-bit types.
template <typename Operation>
InstructionHandler unary_of(PtxType type) {
    switch (bytes_of(type)) {
        case 2: return unary<Operation, std::uint16_t>;
        case 4: return unary<Operation, std::uint32_t>;
        default: return unary<Operation, std::uint64_t>;
    }
}
template <typename Operation>
InstructionHandler binary_of(PtxType type) {
    switch (bytes_of(type)) {
        case 2: return binary<Operation, std::uint16_t>;
        case 4: return binary<Operation, std::uint32_t>;
        default: return binary<Operation, std::uint64_t>;
    }
}

}  // namespace stcsim
