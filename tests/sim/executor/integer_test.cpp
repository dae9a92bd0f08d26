#include <algorithm>
#include <limits>

#include "operation_cases.h"

namespace stcsim {
namespace {

using O = const Operands&;
using U16 = std::uint16_t;
using U32 = std::uint32_t;
using U64 = std::uint64_t;
using S16 = std::int16_t;
using S32 = std::int32_t;
using S64 = std::int64_t;
__extension__ using U128 = unsigned __int128;
__extension__ using S128 = __int128;

U64 word(S64 x) {
    return static_cast<U32>(x);
}
U64 half(S64 x) {
    return static_cast<U16>(x);
}

TEST(IntegerArithmetic, MatchesTheHost) {
    check_operations({
        {"add.s32 %r20, %r10, %r11;", "r", [](O o) { return word(S64(U32(o.a) + U32(o.b))); }},
        {"add.s64 %d20, %d10, %d11;", "d", [](O o) { return o.a + o.b; }},
        {"add.u16 %h20, %h10, %h11;", "h", [](O o) { return half(S64(o.a + o.b)); }},
        {"add.sat.s32 %r20, %r10, %r11;", "r",
         [](O o) { return word(std::clamp<S64>(S64(S32(o.a)) + S32(o.b), INT32_MIN, INT32_MAX)); }},
        {"sub.s32 %r20, %r10, 5;", "r", [](O o) { return word(S64(o.a - 5)); }},
        {"sub.u64 %d20, %d10, %d11;", "d", [](O o) { return o.a - o.b; }},
        {"mul.lo.s32 %r20, %r10, %r11;", "r", [](O o) { return U64(U32(U32(o.a) * U32(o.b))); }},
        {"mul.lo.u16 %h20, %h10, %h11;", "h", [](O o) { return U64(U16(U32(U16(o.a)) * U16(o.b))); }},
        {"mul.hi.u32 %r20, %r10, %r11;", "r", [](O o) { return U64(U32(o.a)) * U32(o.b) >> 32U; }},
        {"mul.hi.s32 %r20, %r10, %r11;", "r", [](O o) { return word(S64(S32(o.a)) * S32(o.b) >> 32U); }},
        {"mul.hi.u64 %d20, %d10, %d11;", "d", [](O o) { return U64(U128(o.a) * o.b >> 64U); }},
        {"mul.hi.s64 %d20, %d10, %d11;", "d", [](O o) { return U64(S128(S64(o.a)) * S64(o.b) >> 64U); }},
        {"mul.wide.s16 %r20, %h10, %h11;", "r", [](O o) { return word(S32(S16(o.a)) * S16(o.b)); }},
        {"mul.wide.u16 %r20, %h10, %h11;", "r", [](O o) { return U64(U32(U16(o.a)) * U16(o.b)); }},
        {"mul.wide.s32 %d20, %r10, %r11;", "d", [](O o) { return U64(S64(S32(o.a)) * S32(o.b)); }},
        {"mad.lo.s32 %r20, %r10, %r11, %r12;", "r", [](O o) { return U64(U32(U32(o.a) * U32(o.b) + U32(o.c))); }},
        {"mad.lo.u64 %d20, %d10, %d11, %d12;", "d", [](O o) { return o.a * o.b + o.c; }},
        {"mad.hi.u32 %r20, %r10, %r11, %r12;", "r",
         [](O o) { return U64(U32((U64(U32(o.a)) * U32(o.b) >> 32U) + U32(o.c))); }},
        {"mad.wide.u32 %d20, %r10, %r11, %d12;", "d", [](O o) { return U64(U32(o.a)) * U32(o.b) + o.c; }},
        {"mad.wide.s16 %r20, %h10, %h11, %r12;", "r",
         [](O o) { return word(S64(S32(S16(o.a)) * S16(o.b)) + S64(U32(o.c))); }},
        {"mul24.lo.u32 %r20, %r10, %r11;", "r", [](O o) { return U64(U32((o.a & 0xFFFFFFU) * (o.b & 0xFFFFFFU))); }},
        {"sad.u32 %r20, %r10, %r11, %r12;", "r",
         [](O o) { return U64(U32(U32(o.c) + std::max(U32(o.a), U32(o.b)) - std::min(U32(o.a), U32(o.b)))); }},
        {"dp4a.s32.u32 %r20, %r10, %r11, %r12;", "r",
         [](O o) {
             U32 sum = U32(o.c);
             for (U32 i = 0; i < 4; ++i) {
                 sum += U32(S32(std::int8_t(o.a >> 8 * i)) * S32(std::uint8_t(o.b >> 8 * i)));
             }
             return U64(sum);
         }},
        {"div.s32 %r20, %r10, %r11;", "r",
         [](O o) { return S32(o.b) == 0 ? U64(~0U) : word(S64(S32(o.a)) / S32(o.b)); }},
        {"div.u32 %r20, %r10, %r11;", "r", [](O o) { return U32(o.b) == 0 ? U64(~0U) : U64(U32(o.a) / U32(o.b)); }},
        {"div.u64 %d20, %d10, %d11;", "d", [](O o) { return o.b == 0 ? ~U64{0} : o.a / o.b; }},
        {"rem.s32 %r20, %r10, %r11;", "r",
         [](O o) { return S32(o.b) == 0 ? U64(U32(o.a)) : word(S64(S32(o.a)) % S32(o.b)); }},
        {"min.s32 %r20, %r10, %r11;", "r", [](O o) { return word(std::min(S32(o.a), S32(o.b))); }},
        {"max.s16 %h20, %h10, %h11;", "h", [](O o) { return half(std::max(S16(o.a), S16(o.b))); }},
        {"max.u64 %d20, %d10, %d11;", "d", [](O o) { return std::max(o.a, o.b); }},
        {"neg.s32 %r20, %r10;", "r", [](O o) { return word(-S64(S32(o.a))); }},
        {"abs.s64 %d20, %d10;", "d", [](O o) { return S64(o.a) < 0 ? U64{0} - o.a : o.a; }},
    });
}

TEST(IntegerArithmetic, CarriesAcrossWords) {
    check_operations({
        {"add.cc.u32 %r21, %r10, %r11; shr.u64 %d21, %d10, 32; cvt.u32.u64 %r22, %d21; shr.u64 %d21, %d11, 32; "
         "cvt.u32.u64 "
         "%r23, %d21; addc.u32 %r24, %r22, %r23; mov.b64 %d20, {%r21, %r24};",
         "d", [](O o) { return o.a + o.b; }},
        {"sub.cc.u32 %r21, %r10, %r11; shr.u64 %d21, %d10, 32; cvt.u32.u64 %r22, %d21; shr.u64 %d21, %d11, 32; "
         "cvt.u32.u64 "
         "%r23, %d21; subc.u32 %r24, %r22, %r23; mov.b64 %d20, {%r21, %r24};",
         "d", [](O o) { return o.a - o.b; }},
        {"mad.lo.cc.u32 %r21, %r10, %r11, %r12; madc.hi.u32 %r22, %r10, %r11, 0; mov.b64 %d20, {%r21, %r22};", "d",
         [](O o) { return U64(U32(o.a)) * U32(o.b) + U32(o.c); }},
    });
}

U64 byte_of(U64 bytes, U32 i) {
    return bytes >> 8 * i & 0xFFU;
}

TEST(BitOperations, MatchTheHost) {
    check_operations({
        {"and.b32 %r20, %r10, %r11;", "r", [](O o) { return U64(U32(o.a & o.b)); }},
        {"or.b64 %d20, %d10, %d11;", "d", [](O o) { return o.a | o.b; }},
        {"xor.b16 %h20, %h10, %h11;", "h", [](O o) { return half(S64(o.a ^ o.b)); }},
        {"not.b32 %r20, %r10;", "r", [](O o) { return U64(U32(~o.a)); }},
        {"cnot.b32 %r20, %r10;", "r", [](O o) { return U64(U32(o.a) == 0); }},
        {"shl.b32 %r20, %r10, %r11;", "r", [](O o) { return U32(o.b) > 31 ? 0 : U64(U32(U32(o.a) << U32(o.b))); }},
        {"shl.b64 %d20, %d10, %r11;", "d", [](O o) { return U32(o.b) > 63 ? 0 : o.a << U32(o.b); }},
        {"shr.u32 %r20, %r10, %r11;", "r", [](O o) { return U32(o.b) > 31 ? 0 : U64(U32(o.a) >> U32(o.b)); }},
        {"shr.s32 %r20, %r10, %r11;", "r", [](O o) { return word(S32(o.a) >> std::min(U32(o.b), 31U)); }},
        {"shr.u16 %h20, %h10, 3;", "h", [](O o) { return U64(U16(o.a) >> 3U); }},
        {"shr.s64 %d20, %d10, %r11;", "d", [](O o) { return U64(S64(o.a) >> std::min(U32(o.b), 63U)); }},
        {"shf.l.wrap.b32 %r20, %r10, %r11, %r12;", "r",
         [](O o) { return U64(U32(((o.b << 32U | U32(o.a)) << (o.c & 31U)) >> 32U)); }},
        {"shf.r.clamp.b32 %r20, %r10, %r11, %r12;", "r",
         [](O o) { return U64(U32((o.b << 32U | U32(o.a)) >> std::min(U32(o.c), 32U))); }},
        {"lop3.b32 %r20, %r10, %r11, %r12, 0xE8;", "r",
         [](O o) { return U64(U32((o.a & o.b) | (o.b & o.c) | (o.a & o.c))); }},
        {"lop3.b32 %r20, %r10, %r11, %r12, 0x1B;", "r",
         [](O o) {
             U32 result = 0;
             for (U32 i = 0; i < 32; ++i) {
                 const U32 index = static_cast<U32>((o.a >> i & 1U) << 2U | (o.b >> i & 1U) << 1U | (o.c >> i & 1U));
                 result |= (0x1BU >> index & 1U) << i;
             }
             return U64(result);
         }},
        {"prmt.b32 %r20, %r10, %r11, %r12;", "r",
         [](O o) {
             const U64 bytes = o.b << 32U | U32(o.a);
             U64 result = 0;
             for (U32 i = 0; i < 4; ++i) {
                 const U64 nibble = o.c >> 4 * i & 0xFU;
                 U64 byte = byte_of(bytes, nibble & 7U);
                 if (nibble > 7) byte = byte > 127 ? 255 : 0;
                 result |= byte << 8 * i;
             }
             return result;
         }},
        {"and.b32 %r21, %r12, 3; prmt.b32.f4e %r20, %r10, %r11, %r21;", "r",
         [](O o) { return U64(U32((o.b << 32U | U32(o.a)) >> 8 * (o.c & 3U))); }},
        {"and.b32 %r21, %r11, 31; and.b32 %r22, %r12, 31; bfe.u32 %r20, %r10, %r21, %r22;", "r",
         [](O o) { return (U64(U32(o.a)) >> (o.b & 31U)) & ((U64{1} << (o.c & 31U)) - 1); }},
        {"and.b32 %r21, %r11, 15; and.b32 %r22, %r12, 15; bfe.s32 %r20, %r10, %r21, %r22;", "r",
         [](O o) {
             const U32 n = o.c & 15U;
             return n == 0 ? 0 : word(S32(U32(o.a) << (32 - n - (o.b & 15U))) >> (32 - n));
         }},
        {"and.b32 %r21, %r12, 15; bfi.b32 %r20, %r10, %r11, %r21, 7;", "r",
         [](O o) {
             const U64 mask = U64{0x7F} << (o.c & 15U);
             return U64(U32((o.b & ~mask) | (o.a << (o.c & 15U) & mask)));
         }},
        {"brev.b32 %r20, %r10; brev.b32 %r20, %r20;", "r", [](O o) { return U64(U32(o.a)); }},
        {"brev.b64 %d21, %d10; shl.b64 %d20, %d21, 63;", "d", [](O o) { return o.a >> 63U << 63U; }},
        {"popc.b32 %r20, %r10;", "r", [](O o) { return U64(std::popcount(U32(o.a))); }},
        {"popc.b64 %r20, %d10;", "r", [](O o) { return U64(std::popcount(o.a)); }},
        {"clz.b32 %r20, %r10;", "r", [](O o) { return U64(std::countl_zero(U32(o.a))); }},
        {"bfind.u32 %r20, %r10;", "r", [](O o) { return U64(U32(31 - std::countl_zero(U32(o.a)))); }},
        {"bfind.shiftamt.s64 %r20, %d10;", "r",
         [](O o) {
             const U64 x = S64(o.a) < 0 ? ~o.a : o.a;
             return x == 0 ? U64(~0U) : U64(std::countl_zero(x));
         }},
    });
}

TEST(Comparison, OfIntegersMatchesTheHost) {
    check_operations({
        {"setp.lt.s32 %p20, %r10, %r11;", "p", [](O o) { return U64(S32(o.a) < S32(o.b)); }},
        {"setp.ge.u32 %p20, %r10, %r11;", "p", [](O o) { return U64(U32(o.a) >= U32(o.b)); }},
        {"setp.ne.b64 %p20, %d10, %d11;", "p", [](O o) { return U64(o.a != o.b); }},
        {"setp.hi.u32 %p20, %r10, %r11;", "p", [](O o) { return U64(U32(o.a) > U32(o.b)); }},
        {"setp.eq.s16 %p20, %h10, 1;", "p", [](O o) { return U64(U16(o.a) == 1); }},
        {"setp.lt.s32 %p1, %r11, %r12; setp.lt.and.s32 %p20, %r10, %r11, %p1;", "p",
         [](O o) { return U64(S32(o.a) < S32(o.b) && S32(o.b) < S32(o.c)); }},
        {"setp.lt.s32 %p1, %r11, %r12; setp.lt.xor.s32 %p2|%p20, %r10, %r11, !%p1;", "p",
         [](O o) { return U64(!(S32(o.a) < S32(o.b)) != !(S32(o.b) < S32(o.c))); }},
        {"set.lt.u32.s32 %r20, %r10, %r11;", "r", [](O o) { return S32(o.a) < S32(o.b) ? U64(~0U) : 0; }},
        {"setp.lt.u32 %p1, %r10, %r11; selp.b32 %r20, %r10, %r12, %p1;", "r",
         [](O o) { return U64(U32(o.a) < U32(o.b) ? U32(o.a) : U32(o.c)); }},
        {"slct.u64.s32 %d20, %d10, %d11, %r12;", "d", [](O o) { return S32(o.c) >= 0 ? o.a : o.b; }},
        {"setp.lt.u32 %p1, %r10, %r11; setp.lt.u32 %p2, %r11, %r12; and.pred %p3, %p1, %p2; not.pred %p4, %p3; "
         "xor.pred "
         "%p20, %p4, %p1;",
         "p", [](O o) { return U64(!(U32(o.a) < U32(o.b) && U32(o.b) < U32(o.c)) != (U32(o.a) < U32(o.b))); }},
        {"mov.pred %p20, 1;", "p", [](O) { return U64{1}; }},
    });
}

TEST(Moves, PackAndUnpack) {
    check_operations({
        {"mov.b64 %d20, {%r10, %r11};", "d", [](O o) { return o.b << 32U | U32(o.a); }},
        {"mov.b32 %r20, {%h10, %h11};", "r", [](O o) { return U64(U32(o.b << 16U | U16(o.a))); }},
        {"mov.b64 {%r21, %r20}, %d10;", "r", [](O o) { return o.a >> 32U; }},
        {"mov.b64 {%h1, %h2, %h20, _}, %d10;", "h", [](O o) { return o.a >> 32U & 0xFFFFU; }},
        {"mov.u32 %r20, WARP_SZ;", "r", [](O) { return U64{32}; }},
    });
}

}  // namespace
}  // namespace stcsim
