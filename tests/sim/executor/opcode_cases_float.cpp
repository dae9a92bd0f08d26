/// Floats, and conversions between types.
#include <cmath>

#include "opcode_values.h"

namespace stcsim::opcodes {

Table float_cases() {
    const auto f = [](auto operation) {
        return [operation](T t) { return bits(static_cast<float>(operation(t.f[0], t.f[1], t.f[2]))); };
    };
    const auto e = [](auto operation) {
        return [operation](T t) { return bits(double{operation(double{t.f[0]}, double{t.f[1]}, double{t.f[2]})}); };
    };
    const auto x = [](auto operation) { return [operation](T t) { return packed(t.x[0], t.x[1], operation); }; };
    const auto g = [](auto operation) { return [operation](T t) { return U64{f16(operation(t.f[0], t.f[1]))}; }; };
    return {
        {"add.f32", {"add.f32 %f20, %f10, %f11;", "f", f([](float a, float b, float) { return a + b; })}},
        {"sub.f32", {"sub.f32 %f20, %f10, %f11;", "f", f([](float a, float b, float) { return a - b; })}},
        {"mul.f32", {"mul.f32 %f20, %f10, %f11;", "f", f([](float a, float b, float) { return a * b; })}},
        {"neg.f32", {"neg.f32 %f20, %f10;", "f", f([](float a, float, float) { return -a; })}},
        {"abs.f32", {"abs.f32 %f20, %f10;", "f", f([](float a, float, float) { return std::fabs(a); })}},
        {"max.f32", {"max.f32 %f20, %f10, %f11;", "f", f([](float a, float b, float) { return std::max(a, b); })}},
        {"max.NaN.f32",
         {"mov.b32 %f40, 0x7FC00001; selp.f32 %f40, %f40, %f11, %p10; max.NaN.f32 %f20, %f10, %f40;", "f",
          [](T t) { return t.p10 ? U64{0x7FFFFFFF} : bits(std::max(t.f[0], t.f[1])); }}},
        {"fma.rn.f32", {"fma.rn.f32 %f20, %f10, %f11, 0f33800000;", "f", f([](float a, float b, float) {
                            return std::fma(a, b, 0x1p-24F);
                        })}},
        // 2^-30 is lost, or takes the last bit: 1 - 2^-30 rounded down is 1 - 2^-24.
        {"fma.rm.f32",
         {"mov.f32 %f40, 0fB0800000; fma.rm.f32 %f20, %f12, %f40, 0f3F800000;", "f",
          [](T) { return bits(1 - 0x1p-24F); }}},
        {"rcp.rn.f32", {"rcp.rn.f32 %f20, %f12;", "f", f([](float, float, float c) { return 1 / c; })}},
        // Powers of two are exact in the hardware's approximation too.
        {"ex2.approx.ftz.f32",
         {"ex2.approx.ftz.f32 %f20, %f12;", "f", f([](float, float, float c) { return std::exp2(c); })}},
        {"fma.rn.f64", {"fma.rn.f64 %e20, %e10, %e11, %e12;", "e", e([](double a, double b, double c) {
                            return std::fma(a, b, c);
                        })}},
        {"mul.f64", {"mul.f64 %e20, %e10, %e11;", "e", e([](double a, double b, double) { return a * b; })}},
        {"div.rn.f64", {"div.rn.f64 %e20, %e10, %e12;", "e", e([](double a, double, double c) { return a / c; })}},
        {"add.f16", {"add.f16 %g20, %g10, %g11;", "g", g([](double a, double b) { return a + b; })}},
        {"mul.f16", {"mul.f16 %g20, %g10, %g11;", "g", g([](double a, double b) { return a * b; })}},
        {"add.f16x2", {"add.f16x2 %x20, %x10, %x11;", "x", x([](double a, double b) { return a + b; })}},
        {"sub.f16x2", {"sub.f16x2 %x20, %x10, %x11;", "x", x([](double a, double b) { return a - b; })}},
        {"mul.f16x2", {"mul.f16x2 %x20, %x10, %x11;", "x", x([](double a, double b) { return a * b; })}},
        {"fma.rn.f16x2",
         {"fma.rn.f16x2 %x20, %x10, %x11, %x10;", "x", x([](double a, double b) { return a * b + a; })}},
    };
}

Table conversion_cases() {
    return {
        {"cvt.rn.f16.f32",
         {"mul.f32 %f40, %f10, 0f3F7FFF00; cvt.rn.f16.f32 %g20, %f40;", "g",
          [](T t) { return U64{f16(t.f[0] * std::bit_cast<float>(0x3F7FFF00U))}; }}},
        {"cvt.f32.f16", {"cvt.f32.f16 %f20, %g10;", "f", [](T t) { return bits(t.f[0]); }}},
        {"cvt.rn.f16x2.f32",
         {"cvt.rn.f16x2.f32 %x20, %f10, %f11;", "x", [](T t) { return U64{f16(t.f[1])} | U64{f16(t.f[0])} << 16U; }}},
        {"cvt.rn.bf16x2.f32",
         {"cvt.rn.bf16x2.f32 %r20, %f10, %f11;", "r",
          [](T t) { return U64{bf16(t.f[1])} | U64{bf16(t.f[0])} << 16U; }}},
        {"cvt.rn.bf16.f32", {"cvt.rn.bf16.f32 %h20, %f10;", "h", [](T t) { return U64{bf16(t.f[0])}; }}},
        {"cvt.rn.f16.f64", {"cvt.rn.f16.f64 %g20, %e10;", "g", [](T t) { return U64{f16(t.f[0])}; }}},
        {"cvt.rn.f16.s32", {"cvt.rn.f16.s32 %g20, %r10;", "g", [](T t) { return U64{f16(t.r[0])}; }}},
        {"cvt.f64.f32", {"cvt.f64.f32 %e20, %f10;", "e", [](T t) { return bits(double{t.f[0]}); }}},
        {"cvt.rn.f64.u64",
         {"cvt.rn.f64.u64 %e20, %d10;", "e", [](T t) { return bits(static_cast<double>(static_cast<U64>(t.d[0]))); }}},
        {"cvt.rn.f64.s32", {"cvt.rn.f64.s32 %e20, %r10;", "e", [](T t) { return bits(double(t.r[0])); }}},
        {"cvt.rn.f32.s32", {"cvt.rn.f32.s32 %f20, %r10;", "f", [](T t) { return bits(static_cast<float>(t.r[0])); }}},
        {"cvt.rn.f32.u32",
         {"cvt.rn.f32.u32 %f20, %r10;", "f", [](T t) { return bits(static_cast<float>(static_cast<U32>(t.r[0]))); }}},
        {"cvt.rn.f32.s64", {"cvt.rn.f32.s64 %f20, %d10;", "f", [](T t) { return bits(static_cast<float>(t.d[0])); }}},
        {"cvt.rzi.s32.f32", {"cvt.rzi.s32.f32 %r20, %f10;", "r", [](T t) { return word(static_cast<S32>(t.f[0])); }}},
        {"cvt.sat.f32.f32",
         {"mul.f32 %f40, %f10, 0f3DCCCCCD; cvt.sat.f32.f32 %f20, %f40;", "f",
          [](T t) { return bits(std::clamp(t.f[0] * std::bit_cast<float>(0x3DCCCCCDU), 0.0F, 1.0F)); }}},
        {"cvt.rna.tf32.f32",
         {"mov.f32 %f40, 0f3F801000; cvt.rna.tf32.f32 %r20, %f40;", "r", [](T) { return U64{0x3F802000}; }}},
        {"cvt.s64.s32", {"cvt.s64.s32 %d20, %r10;", "d", [](T t) { return static_cast<U64>(S64{t.r[0]}); }}},
        {"cvt.u64.u32", {"cvt.u64.u32 %d20, %r10;", "d", [](T t) { return word(t.r[0]); }}},
        {"cvt.u32.u64", {"cvt.u32.u64 %r20, %d10;", "r", [](T t) { return word(t.d[0]); }}},
        {"cvt.u32.u16", {"cvt.u32.u16 %r20, %h10;", "r", [](T t) { return half(t.r[0]); }}},
        {"cvt.u16.u32", {"cvt.u16.u32 %h20, %r10;", "h", [](T t) { return half(t.r[0]); }}},
        {"cvt.s32.s8",
         {"cvt.s32.s8 %r20, %r10;", "r",
          [](T t) { return word(static_cast<std::int8_t>(static_cast<std::uint8_t>(t.r[0]))); }}},
    };
}

}  // namespace stcsim::opcodes
