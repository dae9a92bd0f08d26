/// Moves, selections, integer and bit operations, comparisons.
#include <optional>

#include <fmt/format.h>

#include "opcode_values.h"

namespace stcsim::opcodes {
namespace {

template <typename Number>
std::optional<bool> compared(const std::string& how, Number a, Number b) {
    const std::string plain = how.size() == 3 && how.back() == 'u' ? how.substr(0, 2) : how;  // there are no NaNs
    if (plain == "eq") return a == b;
    if (plain == "ne") return a != b;
    if (plain == "lt") return a < b;
    if (plain == "le") return a <= b;
    if (plain == "gt") return a > b;
    if (plain == "ge") return a >= b;
    return std::nullopt;
}

}  // namespace

Table move_cases() {
    return {
        {"mov.b32", {"mov.b32 %r20, %f10;", "r", [](T t) { return bits(t.f[0]); }}},
        {"mov.b64", {"mov.b64 %d20, {%r10, %r11};", "d", [](T t) { return word(t.r[0]) | word(t.r[1]) << 32U; }}},
        {"mov.f32", {"mov.f32 %f20, %f10;", "f", [](T t) { return bits(t.f[0]); }}},
        {"mov.f64", {"mov.f64 %e20, %e10;", "e", [](T t) { return bits(double{t.f[0]}); }}},
        {"mov.u16", {"mov.u16 %h20, %h10;", "h", [](T t) { return half(t.r[0]); }}},
        {"mov.u32", {"mov.u32 %r20, %laneid;", "r", [](T t) { return U64{t.thread % 32}; }}},
        {"mov.u64", {"mov.u64 %d20, %d10;", "d", [](T t) { return static_cast<U64>(t.d[0]); }}},
        {"mov.pred", {"mov.pred %p20, %p10;", "p", [](T t) { return U64{t.p10}; }}},
        {"cvta.to.global.u64",
         {"cvta.to.global.u64 %d40, %d30; sub.u64 %d20, %d40, %d30;", "d", [](T) { return U64{0}; }}},
        {"cvta.global.u64",
         {"cvta.global.u64 %d40, %d30; st.global.u32 [%d30], 5; ld.u32 %r20, [%d40];", "r", [](T) { return U64{5}; }}},
        {"cvta.local.u64",
         {"cvta.local.u64 %d40, %d31; st.local.u32 [%d31], %r10; ld.u32 %r20, [%d40];", "r",
          [](T t) { return word(t.r[0]); }}},
        {"selp.u16", {"selp.u16 %h20, %h10, %h11, %p10;", "h", [](T t) { return half(t.p10 ? t.r[0] : t.r[1]); }}},
        {"selp.b16", {"selp.b16 %h20, %h10, %h11, %p10;", "h", [](T t) { return half(t.p10 ? t.r[0] : t.r[1]); }}},
        {"selp.u32", {"selp.u32 %r20, %r10, %r11, %p10;", "r", [](T t) { return word(t.p10 ? t.r[0] : t.r[1]); }}},
        {"selp.b32", {"selp.b32 %r20, %r10, 3, %p11;", "r", [](T t) { return word(t.p11 ? t.r[0] : 3); }}},
        {"selp.b64",
         {"selp.b64 %d20, %d10, %d11, %p10;", "d", [](T t) { return static_cast<U64>(t.p10 ? t.d[0] : t.d[1]); }}},
        {"selp.f32", {"selp.f32 %f20, %f10, %f11, %p10;", "f", [](T t) { return bits(t.p10 ? t.f[0] : t.f[1]); }}},
    };
}

Table integer_cases() {
    const auto r = [](auto operation) {
        return [operation](T t) { return word(operation(S64{t.r[0]}, S64{t.r[1]}, S64{t.r[2]})); };
    };
    const auto d = [](auto operation) {
        return [operation](T t) { return operation(static_cast<U64>(t.d[0]), static_cast<U64>(t.d[1])); };
    };
    return {
        {"add.s32", {"add.s32 %r20, %r10, %r11;", "r", r([](S64 a, S64 b, S64) { return a + b; })}},
        {"add.s64", {"add.s64 %d20, %d10, %d11;", "d", d([](U64 a, U64 b) { return a + b; })}},
        {"add.u64", {"add.u64 %d20, %d10, %d11;", "d", d([](U64 a, U64 b) { return a + b; })}},
        {"sub.s32", {"sub.s32 %r20, %r10, %r11;", "r", r([](S64 a, S64 b, S64) { return a - b; })}},
        {"sub.s64", {"sub.s64 %d20, %d10, %d11;", "d", d([](U64 a, U64 b) { return a - b; })}},
        {"neg.s32", {"neg.s32 %r20, %r10;", "r", r([](S64 a, S64, S64) { return -a; })}},
        {"neg.s64", {"neg.s64 %d20, %d10;", "d", d([](U64 a, U64) { return 0 - a; })}},
        {"mul.lo.s32", {"mul.lo.s32 %r20, %r10, %r11;", "r", r([](S64 a, S64 b, S64) { return a * b; })}},
        {"mul.lo.s64", {"mul.lo.s64 %d20, %d10, %d11;", "d", d([](U64 a, U64 b) { return a * b; })}},
        {"mul.wide.s32",
         {"mul.wide.s32 %d20, %r10, %r11;", "d", [](T t) { return static_cast<U64>(S64{t.r[0]} * t.r[1]); }}},
        {"mul.wide.u32", {"mul.wide.u32 %d20, %r10, %r11;", "d", [](T t) { return word(t.r[0]) * word(t.r[1]); }}},
        {"mul.wide.u16", {"mul.wide.u16 %r20, %h10, %h11;", "r", [](T t) { return half(t.r[0]) * half(t.r[1]); }}},
        {"mul.hi.u32", {"mul.hi.u32 %r20, %r10, %r11;", "r", [](T t) { return word(t.r[0]) * word(t.r[1]) >> 32U; }}},
        {"mad.lo.s32", {"mad.lo.s32 %r20, %r10, %r11, %r12;", "r", r([](S64 a, S64 b, S64 c) { return a * b + c; })}},
        {"div.s32", {"div.s32 %r20, %r10, %r12;", "r", r([](S64 a, S64, S64 c) { return a / c; })}},
        {"div.u32", {"div.u32 %r20, %r10, %r12;", "r", [](T t) { return word(t.r[0]) / word(t.r[2]); }}},
        {"rem.s32", {"rem.s32 %r20, %r10, %r12;", "r", r([](S64 a, S64, S64 c) { return a % c; })}},
        {"min.s32", {"min.s32 %r20, %r10, %r11;", "r", r([](S64 a, S64 b, S64) { return std::min(a, b); })}},
        {"max.s32", {"max.s32 %r20, %r10, %r11;", "r", r([](S64 a, S64 b, S64) { return std::max(a, b); })}},
        {"shl.b32", {"shl.b32 %r20, %r10, %r12;", "r", r([](S64 a, S64, S64 c) { return a << c; })}},
        {"shr.u32", {"shr.u32 %r20, %r10, %r12;", "r", [](T t) { return word(t.r[0]) >> t.r[2]; }}},
        {"shr.s32", {"shr.s32 %r20, %r10, %r12;", "r", r([](S64 a, S64, S64 c) { return a >> c; })}},
        {"shl.b64", {"shl.b64 %d20, %d10, %r12;", "d", [](T t) { return static_cast<U64>(t.d[0]) << t.r[2]; }}},
        {"shr.u64", {"shr.u64 %d20, %d10, %r12;", "d", [](T t) { return static_cast<U64>(t.d[0]) >> t.r[2]; }}},
        {"shr.s64", {"shr.s64 %d20, %d10, %r12;", "d", [](T t) { return static_cast<U64>(t.d[0] >> t.r[2]); }}},
        {"shr.u16", {"shr.u16 %h20, %h10, %r12;", "h", [](T t) { return half(t.r[0]) >> t.r[2]; }}},
        {"and.b32", {"and.b32 %r20, %r10, %r11;", "r", r([](S64 a, S64 b, S64) { return a & b; })}},
        {"or.b32", {"or.b32 %r20, %r10, %r11;", "r", r([](S64 a, S64 b, S64) { return a | b; })}},
        {"xor.b32", {"xor.b32 %r20, %r10, %r11;", "r", r([](S64 a, S64 b, S64) { return a ^ b; })}},
        {"not.b32", {"not.b32 %r20, %r10;", "r", r([](S64 a, S64, S64) { return ~a; })}},
        {"and.b64", {"and.b64 %d20, %d10, %d11;", "d", d([](U64 a, U64 b) { return a & b; })}},
        {"or.b64", {"or.b64 %d20, %d10, %d11;", "d", d([](U64 a, U64 b) { return a | b; })}},
        {"and.b16", {"and.b16 %h20, %h10, %h11;", "h", [](T t) { return half(t.r[0] & t.r[1]); }}},
        {"or.b16", {"or.b16 %h20, %h10, %h11;", "h", [](T t) { return half(t.r[0] | t.r[1]); }}},
        {"xor.b16", {"xor.b16 %h20, %h10, %h11;", "h", [](T t) { return half(t.r[0] ^ t.r[1]); }}},
        {"and.pred", {"and.pred %p20, %p10, %p11;", "p", [](T t) { return U64{t.p10 && t.p11}; }}},
        {"or.pred", {"or.pred %p20, %p10, %p11;", "p", [](T t) { return U64{t.p10 || t.p11}; }}},
        {"xor.pred", {"xor.pred %p20, %p10, %p11;", "p", [](T t) { return U64{t.p10 != t.p11}; }}},
        {"not.pred", {"not.pred %p20, %p10;", "p", [](T t) { return U64{!t.p10}; }}},
        {"lop3.b32", {"lop3.b32 %r20, %r10, %r11, %r12, 0x96;", "r", r([](S64 a, S64 b, S64 c) { return a ^ b ^ c; })}},
        {"prmt.b32",
         {"prmt.b32 %r20, %r10, %r11, 0x5410;", "r", [](T t) { return half(t.r[0]) | half(t.r[1]) << 16U; }}},
        {"bfi.b32",
         {"bfi.b32 %r20, %r10, %r11, 4, 8;", "r",
          [](T t) { return (word(t.r[1]) & ~U64{0xFF0}) | (word(t.r[0]) & 0xFFU) << 4U; }}},
    };
}

OpcodeCase comparison(const std::string& opcode) {
    const auto parts = parts_of(opcode);
    const std::string how = parts[1];
    const std::string type = parts[2];
    const std::string r = letter_of(type);
    return {fmt::format("{0} %p20, %{1}10, %{1}12;", opcode, r), "p", [=](T t) -> U64 {
                const auto compare = [&](auto a, auto b) { return U64{compared(how, a, b).value() ? 1U : 0U}; };
                if (type == "f16" || type == "f32" || type == "f64") return compare(t.f[0], t.f[2]);
                if (type == "s16") return compare(static_cast<S16>(t.r[0]), static_cast<S16>(t.r[2]));
                if (type == "s32") return compare(t.r[0], t.r[2]);
                if (type == "s64") return compare(t.d[0], t.d[2]);
                if (type == "u64") return compare(static_cast<U64>(t.d[0]), static_cast<U64>(t.d[2]));
                return compare(static_cast<U32>(t.r[0]), static_cast<U32>(t.r[2]));
            }};
}

}  // namespace stcsim::opcodes
