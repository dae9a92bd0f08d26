/// Shifts, fields, permutations and counts.
#include <algorithm>
#include <bit>

#include "executor/instruction_decoder.h"
#include "executor/lanes.h"

namespace stcsim {
namespace {

using U16 = std::uint16_t;
using U32 = std::uint32_t;
using U64 = std::uint64_t;

struct IsZero {
    template <typename T>
    static T apply(T a) {
        return a == 0 ? 1 : 0;
    }
};
struct ReverseBits {
    template <typename T>
    static T apply(T a) {
        T result = 0;
        for (std::size_t i = 0; i < 8 * sizeof(T); ++i) result = static_cast<T>(result << 1U | (a >> i & 1U));
        return result;
    }
};
struct CountBits {
    template <typename T>
    static U32 apply(T a) {
        return static_cast<U32>(std::popcount(a));
    }
};
struct LeadingZeros {
    template <typename T>
    static U32 apply(T a) {
        return static_cast<U32>(std::countl_zero(a));
    }
};
/// Position of the highest bit that differs from the sign, or its distance from the top; all bits set if none.
template <bool shift_amount>
struct FindBit {
    template <typename T>
    static U32 apply(T a) {
        using U = std::make_unsigned_t<T>;
        const U bits = std::is_signed_v<T> && a < 0 ? static_cast<U>(~static_cast<U>(a)) : static_cast<U>(a);
        if (bits == 0) return ~0U;
        const auto zeros = static_cast<U32>(std::countl_zero(bits));
        return shift_amount ? zeros : static_cast<U32>(8 * sizeof(T)) - 1 - zeros;
    }
};

/// Amounts beyond the width give what shifting bit by bit would.
template <bool left, typename T>
T shifted(T a, U32 amount) {
    constexpr U32 width = 8 * sizeof(T);
    if constexpr (left) return amount >= width ? T(0) : static_cast<T>(static_cast<U64>(a) << amount);
    if constexpr (std::is_signed_v<T>) return static_cast<T>(a >> std::min(amount, width - 1));
    return amount >= width ? T(0) : static_cast<T>(a >> amount);
}
template <bool left, typename T>
void shift(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const U32* b = w.source(i.b);
    write_lanes<T>(w.destination(i.d), lanes,
                   [&](U32 lane) { return shifted<left, T>(read_lane<T>(a, lane), b[lane]); });
}

/// `variant`: 1 left, 2 wraps the amount instead of clamping it.
struct FunnelShift {
    static U32 apply(U32 low, U32 high, U32 amount, std::uint32_t variant) {
        const U32 n = (variant & 2U) != 0 ? amount & 31U : std::min(amount, 32U);
        const U64 both = U64{high} << 32U | low;
        return (variant & 1U) != 0 ? static_cast<U32>(both << n >> 32U) : static_cast<U32>(both >> n);
    }
};
void funnel_shift(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const U32* b = w.source(i.b);
    const U32* c = w.source(i.c);
    write_lanes<U32>(w.destination(i.d), lanes,
                     [&](U32 lane) { return FunnelShift::apply(a[lane], b[lane], c[lane], i.variant); });
}

void lookup_logic(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const U32* b = w.source(i.b);
    const U32* c = w.source(i.c);
    const U32 table = i.immediate;
    U32 minterms[8];
    for (U32 k = 0; k < 8; ++k) minterms[k] = (table >> k & 1U) != 0 ? ~0U : 0U;
    write_lanes<U32>(w.destination(i.d), lanes, [&](U32 lane) {
        const U32 x = a[lane];
        const U32 y = b[lane];
        const U32 z = c[lane];
        return (minterms[0] & ~x & ~y & ~z) | (minterms[1] & ~x & ~y & z) | (minterms[2] & ~x & y & ~z) |
               (minterms[3] & ~x & y & z) | (minterms[4] & x & ~y & ~z) | (minterms[5] & x & ~y & z) |
               (minterms[6] & x & y & ~z) | (minterms[7] & x & y & z);
    });
}

enum class Permutation : std::uint8_t { general, f4e, b4e, rc8, ecl, ecr, rc16 };

/// Which of the eight bytes {b, a} go to the four of the result, in nibbles; bit 3 of a nibble repeats the sign.
U32 byte_selector(Permutation mode, U32 c) {
    const U32 n = c & 3U;
    switch (mode) {
        case Permutation::general: return c & 0xFFFFU;
        case Permutation::f4e: return 0x3210U + 0x1111U * n;
        case Permutation::b4e: return std::array{0x5670U, 0x6701U, 0x7012U, 0x0123U}[n];
        case Permutation::rc8: return 0x1111U * n;
        case Permutation::ecl: return std::array{0x3210U, 0x3211U, 0x3222U, 0x3333U}[n];
        case Permutation::ecr: return std::array{0x0000U, 0x1110U, 0x2210U, 0x3210U}[n];
        case Permutation::rc16: return (n & 1U) != 0 ? 0x3232U : 0x1010U;
    }
    return 0;
}
void permute_bytes(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const U32* b = w.source(i.b);
    const U32* c = w.source(i.c);
    const auto mode = static_cast<Permutation>(i.variant);
    write_lanes<U32>(w.destination(i.d), lanes, [&](U32 lane) {
        const U64 bytes = U64{b[lane]} << 32U | a[lane];
        const U32 selector = byte_selector(mode, c[lane]);
        U32 result = 0;
        for (U32 k = 0; k < 4; ++k) {
            const U32 nibble = selector >> 4 * k & 0xFU;
            U32 byte = static_cast<U32>(bytes >> 8 * (nibble & 7U)) & 0xFFU;
            if ((nibble & 8U) != 0) byte = (byte & 0x80U) != 0 ? 0xFFU : 0U;
            result |= byte << 8 * k;
        }
        return result;
    });
}

/// Bits [position, position + length) of a, with the sign or zeros above.
template <typename T>
T extracted(T a, U32 position, U32 length) {
    constexpr U32 width = 8 * sizeof(T);
    const U32 p = position & 0xFFU;
    const U32 n = length & 0xFFU;
    const bool is_signed = std::is_signed_v<T>;
    const U32 sign_at = std::min(n == 0 ? width : p + n - 1, width - 1);
    using U = std::make_unsigned_t<T>;
    const bool negative = is_signed && n != 0 && (static_cast<U>(a) >> sign_at & 1U) != 0;
    const U kept = n >= width ? ~U(0) : static_cast<U>((U(1) << n) - 1);
    const U available = p >= width ? U(0) : static_cast<U>(static_cast<U>(a) >> p);
    const U32 inside = p >= width ? 0 : std::min(n, width - p);
    const U real = inside >= width ? ~U(0) : static_cast<U>((U(1) << inside) - 1);
    const U bits = static_cast<U>(available & kept & real);
    return static_cast<T>(negative ? bits | ~real : bits);
}
template <typename T>
void extract_field(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const U32* b = w.source(i.b);
    const U32* c = w.source(i.c);
    write_lanes<T>(w.destination(i.d), lanes,
                   [&](U32 lane) { return extracted<T>(read_lane<T>(a, lane), b[lane], c[lane]); });
}
template <typename T>
void insert_field(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const U32* b = w.source(i.b);
    const U32* c = w.source(i.c);
    const U32* e = w.source(i.e);
    constexpr U32 width = 8 * sizeof(T);
    write_lanes<T>(w.destination(i.d), lanes, [&](U32 lane) {
        const U32 p = c[lane] & 0xFFU;
        const U32 n = e[lane] & 0xFFU;
        const T base = read_lane<T>(b, lane);
        if (p >= width) return base;
        const T ones = n >= width ? static_cast<T>(~T(0)) : static_cast<T>((T(1) << n) - 1);
        const T mask = static_cast<T>(ones << p);
        return static_cast<T>((base & ~mask) | ((read_lane<T>(a, lane) << p) & mask));
    });
}

/// `variant`: 1 wraps amounts instead of clamping them.
void mask_of_bits(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const U32* b = w.source(i.b);
    write_lanes<U32>(w.destination(i.d), lanes, [&](U32 lane) {
        const U32 p = i.variant != 0 ? a[lane] & 31U : std::min(a[lane], 32U);
        const U32 n = i.variant != 0 ? b[lane] & 31U : std::min(b[lane], 32U);
        const U64 ones = (U64{1} << n) - 1;
        return static_cast<U32>(ones << p);
    });
}
template <typename T>
void extend_field(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const U32* b = w.source(i.b);
    write_lanes<T>(w.destination(i.d), lanes, [&](U32 lane) {
        const U32 n = i.variant != 0 ? b[lane] & 31U : std::min(b[lane], 32U);
        return extracted<T>(read_lane<T>(a, lane), 0, n);
    });
}

template <typename Operation>
InstructionHandler count_of(PtxType type) {
    return is_wide(type) ? unary<Operation, U64, U32> : unary<Operation, U32, U32>;
}
template <bool amount>
InstructionHandler find_of(PtxType type) {
    switch (type) {
        case PtxType::s32: return unary<FindBit<amount>, std::int32_t, U32>;
        case PtxType::s64: return unary<FindBit<amount>, std::int64_t, U32>;
        case PtxType::u64: return unary<FindBit<amount>, U64, U32>;
        default: return unary<FindBit<amount>, U32, U32>;
    }
}
InstructionHandler shift_of(PtxType type, bool left) {
    if (left) {
        switch (bytes_of(type)) {
            case 2: return shift<true, U16>;
            case 4: return shift<true, U32>;
            default: return shift<true, U64>;
        }
    }
    switch (type) {
        case PtxType::s16: return shift<false, std::int16_t>;
        case PtxType::s32: return shift<false, std::int32_t>;
        case PtxType::s64: return shift<false, std::int64_t>;
        case PtxType::u16:
        case PtxType::b16: return shift<false, U16>;
        case PtxType::u64:
        case PtxType::b64: return shift<false, U64>;
        default: return shift<false, U32>;
    }
}
InstructionHandler extract_of(PtxType type) {
    switch (type) {
        case PtxType::s32: return extract_field<std::int32_t>;
        case PtxType::s64: return extract_field<std::int64_t>;
        case PtxType::u64: return extract_field<U64>;
        default: return extract_field<U32>;
    }
}

/// d = f(a of type, further sources of 32 bits).
void take_operands(InstructionDecoder& decoder, PtxType type, std::size_t further, PtxType result) {
    DecodedInstruction& out = decoder.out;
    decoder.expect_operands(2 + further, 2 + further);
    out.unit = ExecutionUnit::integer;
    out.type = type;
    out.a = decoder.source(1, type);
    if (further > 0) out.b = decoder.source(2, PtxType::b32);
    if (further > 1) out.c = decoder.source(3, PtxType::b32);
    out.d = decoder.destination(0, result);
}

void decode_permutation(InstructionDecoder& decoder, PtxType type) {
    const auto mode = decoder.modifiers.take_one_of({"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"});
    decoder.out.variant = static_cast<std::uint16_t>(mode ? *mode + 1 : 0);
    take_operands(decoder, type, 2, type);
    decoder.out.handler = permute_bytes;
}

void decode_insertion(InstructionDecoder& decoder, PtxType type) {
    DecodedInstruction& out = decoder.out;
    decoder.expect_operands(5, 5);
    out.unit = ExecutionUnit::integer;
    out.a = decoder.source(1, type);
    out.b = decoder.source(2, type);
    out.c = decoder.source(3, PtxType::b32);
    out.e = decoder.source(4, PtxType::b32);
    out.d = decoder.destination(0, type);
    out.handler = is_wide(type) ? insert_field<U64> : insert_field<U32>;
}

}  // namespace

void decode_bits(InstructionDecoder& decoder) {
    const std::string& opcode = decoder.ptx().opcode;
    DecodedInstruction& out = decoder.out;
    const PtxType type = decoder.type();
    if (opcode == "shl" || opcode == "shr") {
        take_operands(decoder, type, 1, type);
        out.handler = shift_of(type, opcode == "shl");
    } else if (opcode == "shf") {
        out.variant = decoder.modifiers.take_one_of({"r", "l"}).value_or(0) == 1 ? 1 : 0;
        if (decoder.modifiers.take_one_of({"clamp", "wrap"}).value_or(0) == 1) out.variant |= 2U;
        take_operands(decoder, type, 2, type);
        out.handler = funnel_shift;
    } else if (opcode == "lop3") {
        decoder.expect_operands(5, 5);
        out.immediate = static_cast<std::uint32_t>(decoder.immediate(4));
        out.unit = ExecutionUnit::integer;
        out.a = decoder.source(1, type);
        out.b = decoder.source(2, type);
        out.c = decoder.source(3, type);
        out.d = decoder.destination(0, type);
        out.handler = lookup_logic;
    } else if (opcode == "prmt") {
        decode_permutation(decoder, type);
    } else if (opcode == "bfi") {
        decode_insertion(decoder, type);
    } else if (opcode == "bfe") {
        take_operands(decoder, type, 2, type);
        out.handler = extract_of(type);
    } else if (opcode == "bfind") {
        const bool amount = decoder.modifiers.take("shiftamt");
        take_operands(decoder, type, 0, PtxType::u32);
        out.handler = amount ? find_of<true>(type) : find_of<false>(type);
    } else if (opcode == "popc" || opcode == "clz") {
        take_operands(decoder, type, 0, PtxType::u32);
        out.handler = opcode == "popc" ? count_of<CountBits>(type) : count_of<LeadingZeros>(type);
    } else if (opcode == "brev" || opcode == "cnot") {
        take_operands(decoder, type, 0, type);
        out.handler = opcode == "brev" ? unary_of<ReverseBits>(type) : unary_of<IsZero>(type);
    } else if (opcode == "bmsk" || opcode == "szext") {
        out.variant = decoder.modifiers.take_one_of({"clamp", "wrap"}).value_or(0) == 1 ? 1 : 0;
        take_operands(decoder, type, 1, type);
        out.handler = opcode == "bmsk"       ? mask_of_bits
                      : type == PtxType::s32 ? extend_field<std::int32_t>
                                             : extend_field<U32>;
    } else {
        decoder.unsupported();
    }
    decoder.finish();
}

}  // namespace stcsim
