/// atom and red. The lanes of a warp take turns in ascending order; sums of floats depend on the order, on the machine
/// as here.
#include <algorithm>
#include <cstring>
#include <type_traits>

#include "executor/half.h"
#include "executor/instruction_decoder.h"
#include "executor/lanes.h"
#include "executor/memory_access.h"
#include "executor/memory_modifiers.h"

namespace stcsim {
namespace {

using U32 = std::uint32_t;
using U64 = std::uint64_t;

struct Add {
    template <typename T>
    static T apply(T old, T b, T) {
        return static_cast<T>(old + b);
    }
};
/// Pairs and single ones of 16-bit floats, with rounding to nearest.
template <typename H>
H sum(H a, H b) {
    if constexpr (std::is_same_v<H, Half>) return half_from(to_float(a) + to_float(b));
    if constexpr (std::is_same_v<H, BrainFloat>) return bfloat_from(to_float(a) + to_float(b));
}
template <typename H>
struct AddHalf {
    static std::uint16_t apply(std::uint16_t old, std::uint16_t b, std::uint16_t) { return sum(H{old}, H{b}).bits; }
};
template <typename H>
struct AddPair {
    static U32 apply(U32 old, U32 b, U32) {
        const auto half = [](U32 x, U32 shift) { return H{static_cast<std::uint16_t>(x >> shift)}; };
        return U32{sum(half(old, 0), half(b, 0)).bits} | U32{sum(half(old, 16), half(b, 16)).bits} << 16U;
    }
};
struct Minimum {
    template <typename T>
    static T apply(T old, T b, T) {
        return std::min(old, b);
    }
};
struct Maximum {
    template <typename T>
    static T apply(T old, T b, T) {
        return std::max(old, b);
    }
};
struct And {
    template <typename T>
    static T apply(T old, T b, T) {
        return old & b;
    }
};
struct Or {
    template <typename T>
    static T apply(T old, T b, T) {
        return old | b;
    }
};
struct Xor {
    template <typename T>
    static T apply(T old, T b, T) {
        return old ^ b;
    }
};
struct Exchange {
    template <typename T>
    static T apply(T, T b, T) {
        return b;
    }
};
struct CompareAndSwap {
    template <typename T>
    static T apply(T old, T b, T c) {
        return old == b ? c : old;
    }
};
struct Increment {
    static U32 apply(U32 old, U32 b, U32) { return old >= b ? 0 : old + 1; }
};
struct Decrement {
    static U32 apply(U32 old, U32 b, U32) { return old == 0 || old > b ? b : old - 1; }
};

/// What is suspected of the operands of an atomic in lanes, and whether its result is.
struct AtomicDefinedness {
    U32 undefined = 0;  ///< lanes with an operand that is not defined
    U32 why = Suspicions::none;
    U32 result_undefined = 0;  ///< lanes whose old value, or operand, is not defined
};

AtomicDefinedness operands_of(const WarpState& w, const DecodedInstruction& i, U32 lanes) {
    AtomicDefinedness found;
    if (!w.tracks) return found;
    U32 known = lanes;
    for (const U32 number : i.reads) known &= w.defined[number];
    found.undefined = found.result_undefined = lanes & ~known;
    if (found.undefined != 0) found.why = w.suspicion_of(i.reads, lanes);
    return found;
}

void track_result(WarpState& w, const DecodedInstruction& i, U32 lanes, const AtomicDefinedness& found) {
    if (!w.tracks) return;
    for (const U32 number : i.writes) {
        w.defined[number] = (w.defined[number] & ~lanes) | (lanes & ~found.result_undefined);
        w.undefined_by_shared[number] &= ~lanes;
        if (found.result_undefined != 0) w.suspect(number, lanes, found.why);
    }
}

template <typename Operation, typename T>
void update(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const StepAccess& access = w.step->access;
    SharedWatch watch(w);
    GlobalWatch global(w, access.global_lanes);
    AtomicDefinedness defined = operands_of(w, i, lanes);
    const U32* b = w.source(i.b);
    const U32* c = w.source(i.c.present() ? i.c : i.b);
    for_each_lane(lanes, [&](U32 lane) {
        std::byte* const memory = lane_memory(w, access, lane);
        T old{};
        if (memory != nullptr) {
            std::memcpy(&old, memory, sizeof old);
            const T updated = Operation::apply(old, read_lane<T>(b, lane), read_lane<T>(c, lane));
            std::memcpy(memory, &updated, sizeof updated);
            if (watch.watches() && lane_space(access, lane) == PtxSpace::shared) {
                watch.write(access.addresses[lane], access.bytes_per_lane, lane, true, true);
            }
            const bool overwrites = std::is_same_v<Operation, Exchange>;
            U32 why = (defined.undefined >> lane & 1U) != 0 ? defined.why : Suspicions::none;
            if (global.watches(lane)) {
                const U32 old_why = global.read(access.addresses[lane], access.bytes_per_lane);
                if (old_why != Suspicions::none) {
                    defined.result_undefined |= 1U << lane;
                    defined.why = old_why;
                    if (!overwrites && why == Suspicions::none) why = old_why;
                }
            }
            global.write(access.addresses[lane], access.bytes_per_lane, lane, why);
        }
        if (i.d.present()) write_lane<T>(w.destination(i.d), lane, old);
    });
    track_result(w, i, lanes, defined);
}

template <typename Operation>
InstructionHandler integer_update(PtxType type) {
    switch (type) {
        case PtxType::s32: return update<Operation, std::int32_t>;
        case PtxType::u32:
        case PtxType::b32: return update<Operation, U32>;
        case PtxType::s64: return update<Operation, std::int64_t>;
        case PtxType::u64:
        case PtxType::b64: return update<Operation, U64>;
        default: return nullptr;
    }
}
InstructionHandler add_of(PtxType type) {
    switch (type) {
        case PtxType::f32: return update<Add, float>;
        case PtxType::f64: return update<Add, double>;
        case PtxType::f16: return update<AddHalf<Half>, std::uint16_t>;
        case PtxType::bf16: return update<AddHalf<BrainFloat>, std::uint16_t>;
        case PtxType::f16x2: return update<AddPair<Half>, U32>;
        case PtxType::bf16x2: return update<AddPair<BrainFloat>, U32>;
        case PtxType::s32: return update<Add, U32>;
        case PtxType::s64: return update<Add, U64>;
        default: return integer_update<Add>(type);
    }
}

InstructionHandler handler_of(std::size_t operation, PtxType type) {
    const bool narrow = type == PtxType::b16 || type == PtxType::u16;
    switch (operation) {
        case 0: return add_of(type);
        case 1: return integer_update<Minimum>(type);
        case 2: return integer_update<Maximum>(type);
        case 3: return integer_update<And>(type);
        case 4: return integer_update<Or>(type);
        case 5: return integer_update<Xor>(type);
        case 6: return integer_update<Exchange>(type);
        case 7:
            return narrow ? InstructionHandler{update<CompareAndSwap, std::uint16_t>}
                          : integer_update<CompareAndSwap>(type);
        case 8: return type == PtxType::u32 ? InstructionHandler{update<Increment, U32>} : nullptr;
        default: return type == PtxType::u32 ? InstructionHandler{update<Decrement, U32>} : nullptr;
    }
}

}  // namespace

void decode_atomic(InstructionDecoder& decoder) {
    DecodedInstruction& out = decoder.out;
    const bool returns = decoder.ptx().opcode == "atom";
    if (decoder.modifiers.take("async")) decoder.unsupported("asynchronous reductions need sm_90");
    const MemoryModifiers modifiers = take_memory_modifiers(decoder.modifiers);
    const auto operation =
        decoder.modifiers.take_one_of({"add", "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec"});
    decoder.modifiers.drop({"noftz"});
    const PtxType type = decoder.type();
    if (!operation) decoder.unsupported("no operation that is known");
    const bool three = *operation == 7;
    const std::size_t first = returns ? 1 : 0;
    const std::size_t needed = first + 2 + (three ? 1 : 0);
    decoder.expect_operands(needed, needed + (modifiers.cache_policy ? 1 : 0));
    out.unit = returns ? ExecutionUnit::atomic : ExecutionUnit::reduction;
    const auto at = decoder.memory(first, modifiers.space);
    out.a = at.base;
    out.offset = at.offset;
    out.wide_address = at.wide;
    out.b = decoder.source(first + 1, type);
    if (three) out.c = decoder.source(first + 2, type);
    if (returns) out.d = decoder.destination(0, type);
    out.tracks_definedness = true;
    out.type = type;
    out.access = {modifiers.space, static_cast<std::uint8_t>(bytes_of(type)), 1, true, true};
    out.handler = handler_of(*operation, type);
    if (out.handler == nullptr) decoder.unsupported("it does not exist for this type");
    decoder.finish();
}

}  // namespace stcsim
