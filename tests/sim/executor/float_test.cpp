#include <cfenv>
#include <cmath>

#include "executor/rounding.h"
#include "numerics/float_format.h"
#include "operation_cases.h"

namespace stcsim {
namespace {

using O = const Operands&;
using U16 = std::uint16_t;
using U32 = std::uint32_t;
using U64 = std::uint64_t;

float f32(U64 bits) {
    return std::bit_cast<float>(static_cast<U32>(bits));
}
double f64(U64 bits) {
    return std::bit_cast<double>(bits);
}
U64 bits(float x) {
    return std::isnan(x) ? 0x7FFFFFFFU : std::bit_cast<U32>(x);
}
U64 bits(double x) {
    return std::isnan(x) ? 0xFFF8000000000000U : std::bit_cast<U64>(x);
}
float flush(float x) {
    return std::abs(x) < 0x1p-126F ? std::copysign(0.0F, x) : x;
}
float saturate(float x) {
    return std::isnan(x) || x <= 0.0F ? 0.0F : std::min(x, 1.0F);
}

/// The processor's own directed arithmetic, of which the executor's is independent.
template <typename Operation>
[[gnu::noinline]] float directed(int mode, Operation operation) {
    std::fesetround(mode);
    const volatile float result = operation();
    std::fesetround(FE_TONEAREST);
    return result;
}
volatile float fresh_a, fresh_b, fresh_c;
void refresh(O o) {
    fresh_a = f32(o.a);
    fresh_b = f32(o.b);
    fresh_c = f32(o.c);
}

TEST(SingleArithmetic, RoundsToNearest) {
    check_operations({
        {"add.f32 %f20, %f10, %f11;", "f", [](O o) { return bits(f32(o.a) + f32(o.b)); }},
        {"sub.rn.f32 %f20, %f10, %f11;", "f", [](O o) { return bits(f32(o.a) - f32(o.b)); }},
        {"mul.f32 %f20, %f10, %f11;", "f", [](O o) { return bits(f32(o.a) * f32(o.b)); }},
        {"fma.rn.f32 %f20, %f10, %f11, %f12;", "f", [](O o) { return bits(std::fma(f32(o.a), f32(o.b), f32(o.c))); }},
        {"div.rn.f32 %f20, %f10, %f11;", "f", [](O o) { return bits(f32(o.a) / f32(o.b)); }},
        {"sqrt.rn.f32 %f20, %f10;", "f", [](O o) { return bits(std::sqrt(f32(o.a))); }},
        {"rcp.rn.f32 %f20, %f10;", "f", [](O o) { return bits(1.0F / f32(o.a)); }},
        {"add.ftz.f32 %f20, %f10, %f11;", "f", [](O o) { return bits(flush(flush(f32(o.a)) + flush(f32(o.b)))); }},
        {"fma.rn.sat.f32 %f20, %f10, %f11, %f12;", "f",
         [](O o) { return bits(saturate(std::fma(f32(o.a), f32(o.b), f32(o.c)))); }},
        {"abs.f32 %f20, %f10;", "f", [](O o) { return bits(std::abs(f32(o.a))); }},
        {"neg.f32 %f20, %f10;", "f", [](O o) { return bits(-f32(o.a)); }},
        {"mov.f32 %f20, 0f3FC00000; add.f32 %f20, %f20, 0f3F800000;", "f", [](O) { return bits(2.5F); }},
    });
}

TEST(SingleArithmetic, RoundsInEveryDirection) {
    const std::vector<std::pair<std::string, int>> modes{{"rz", FE_TOWARDZERO}, {"rm", FE_DOWNWARD}, {"rp", FE_UPWARD}};
    for (const auto& [name, mode] : modes) {
        const auto against = [mode = mode](auto operation) {
            return [mode, operation](O o) {
                refresh(o);
                return bits(directed(mode, operation));
            };
        };
        check_operations({
            {"add." + name + ".f32 %f20, %f10, %f11;", "f", against([] { return fresh_a + fresh_b; })},
            {"sub." + name + ".f32 %f20, %f10, %f11;", "f", against([] { return fresh_a - fresh_b; })},
            {"mul." + name + ".f32 %f20, %f10, %f11;", "f", against([] { return fresh_a * fresh_b; })},
            {"div." + name + ".f32 %f20, %f10, %f11;", "f", against([] { return fresh_a / fresh_b; })},
            {"fma." + name + ".f32 %f20, %f10, %f11, %f12;", "f",
             against([] { return std::fma(float{fresh_a}, float{fresh_b}, float{fresh_c}); })},
            {"sqrt." + name + ".f32 %f20, %f10;", "f", against([] { return std::sqrt(float{fresh_a}); })},
            {"rcp." + name + ".f32 %f20, %f10;", "f", against([] { return 1.0F / fresh_a; })},
            {"cvt." + name + ".f32.f64 %f20, %e10;", "f",
             [mode = mode](O o) {
                 const volatile double x = f64(o.a);
                 return bits(directed(mode, [&] { return static_cast<float>(x); }));
             }},
            {"cvt." + name + ".f32.s64 %f20, %d10;", "f",
             [mode = mode](O o) {
                 const volatile std::int64_t x = static_cast<std::int64_t>(o.a);
                 return bits(directed(mode, [&] { return static_cast<float>(x); }));
             }},
        });
    }
}

TEST(SingleArithmetic, PicksTheNumberBesideANan) {
    check_operations({
        {"max.f32 %f20, %f10, %f11;", "f",
         [](O o) {
             const float a = f32(o.a);
             const float b = f32(o.b);
             if (a == 0.0F && b == 0.0F) return bits(std::signbit(a) ? b : a);
             if (std::isnan(a) || std::isnan(b)) return bits(std::isnan(a) ? b : a);
             return bits(std::max(a, b));
         }},
        {"min.NaN.f32 %f20, %f10, %f11;", "f",
         [](O o) {
             const float a = f32(o.a);
             const float b = f32(o.b);
             if (std::isnan(a) || std::isnan(b)) return U64{0x7FFFFFFF};
             if (a == 0.0F && b == 0.0F) return bits(std::signbit(a) ? a : b);
             return bits(std::min(a, b));
         }},
        {"setp.lt.f32 %p20, %f10, %f11;", "p", [](O o) { return U64(f32(o.a) < f32(o.b)); }},
        {"setp.geu.f32 %p20, %f10, %f11;", "p", [](O o) { return U64(!(f32(o.a) < f32(o.b))); }},
        {"setp.neu.f32 %p20, %f10, %f11;", "p", [](O o) { return U64(!(f32(o.a) == f32(o.b))); }},
        {"setp.ne.f32 %p20, %f10, %f11;", "p", [](O o) { return U64(f32(o.a) < f32(o.b) || f32(o.a) > f32(o.b)); }},
        {"setp.nan.f64 %p20, %e10, %e11;", "p", [](O o) { return U64(std::isunordered(f64(o.a), f64(o.b))); }},
        {"testp.subnormal.f32 %p20, %f10;", "p", [](O o) { return U64(std::fpclassify(f32(o.a)) == FP_SUBNORMAL); }},
        {"copysign.f32 %f20, %f10, %f11;", "f",
         [](O o) { return U64(U32((o.a & 0x80000000U) | (o.b & 0x7FFFFFFFU))); }},
    });
}

TEST(DoubleArithmetic, MatchesTheHost) {
    check_operations({
        {"add.f64 %e20, %e10, %e11;", "e", [](O o) { return bits(f64(o.a) + f64(o.b)); }},
        {"mul.rn.f64 %e20, %e10, %e11;", "e", [](O o) { return bits(f64(o.a) * f64(o.b)); }},
        {"fma.rn.f64 %e20, %e10, %e11, %e12;", "e", [](O o) { return bits(std::fma(f64(o.a), f64(o.b), f64(o.c))); }},
        {"div.rn.f64 %e20, %e10, %e11;", "e", [](O o) { return bits(f64(o.a) / f64(o.b)); }},
        {"sqrt.rn.f64 %e20, %e10;", "e", [](O o) { return bits(std::sqrt(f64(o.a))); }},
        {"add.rz.f64 %e20, %e10, %e11; add.rn.f64 %e21, %e10, %e11; abs.f64 %e20, %e20; abs.f64 %e21, %e21; "
         "setp.gt.f64 %p20, "
         "%e20, %e21;",
         "p", [](O) { return U64{0}; }},
    });
}

/// Rounds a double to a 16-bit format, as numerics/ does it.
U16 nearest(ElementType type, double x) {
    return static_cast<U16>(from_double(type, x));
}
double value(ElementType type, U64 x) {
    return to_double(type, x & 0xFFFFU);
}
/// Of f16 every sum and product, and of bf16 every product, is exact in a double.
std::function<U64(O)> paired(ElementType type, double (*operation)(double, double)) {
    return [type, operation](O o) {
        const U64 low = nearest(type, operation(value(type, o.a), value(type, o.b)));
        const U64 high = nearest(type, operation(value(type, o.a >> 16U), value(type, o.b >> 16U)));
        return low | high << 16U;
    };
}

/// Each half of `one` where the comparison of these halves holds.
std::function<U64(O)> compared_halves(ElementType type, bool (*holds)(double, double), U64 one) {
    return [type, holds, one](O o) {
        const U64 low = holds(value(type, o.a), value(type, o.b)) ? one & 0xFFFFU : 0;
        const U64 high = holds(value(type, o.a >> 16U), value(type, o.b >> 16U)) ? one & 0xFFFF0000U : 0;
        return low | high;
    };
}

TEST(HalfComparisons, OfPairsGiveEachHalfItsOwnResult) {
    const auto less = [](double a, double b) { return a < b; };
    const auto not_above = [](double a, double b) { return !(a > b); };
    const auto equal = [](double a, double b) { return a == b; };
    check_operations({
        {"set.lt.f16x2.f16x2 %r20, %r10, %r11;", "r", compared_halves(ElementType::f16, less, 0x3C003C00)},
        {"set.leu.bf16x2.bf16x2 %r20, %r10, %r11;", "r", compared_halves(ElementType::bf16, not_above, 0x3F803F80)},
        {"set.eq.u32.f16x2 %r20, %r10, %r10;", "r",
         [&](O o) { return compared_halves(ElementType::f16, equal, 0xFFFFFFFF)({.a = o.a, .b = o.a, .c = o.c}); }},
        {"set.lt.f16.f16 %h20, %h10, %h11;", "h",
         [](O o) { return value(ElementType::f16, o.a) < value(ElementType::f16, o.b) ? U64{0x3C00} : U64{0}; }},
        {"set.lt.u16.f16 %h20, %h10, %h11;", "h",
         [](O o) { return value(ElementType::f16, o.a) < value(ElementType::f16, o.b) ? U64{0xFFFF} : U64{0}; }},
    });
}

TEST(HalfArithmetic, MatchesExactArithmeticRoundedOnce) {
    const auto add = [](double a, double b) { return a + b; };
    const auto multiply = [](double a, double b) { return a * b; };
    check_operations({
        {"add.f16x2 %r20, %r10, %r11;", "r", paired(ElementType::f16, add)},
        {"sub.f16 %h20, %h10, %h11;", "h",
         [](O o) {
             return U64(nearest(ElementType::f16, value(ElementType::f16, o.a) - value(ElementType::f16, o.b)));
         }},
        {"mul.f16x2 %r20, %r10, %r11;", "r", paired(ElementType::f16, multiply)},
        {"mul.bf16x2 %r20, %r10, %r11;", "r", paired(ElementType::bf16, multiply)},
        {"mov.b32 %r21, 0x3C003C00; fma.rn.f16x2 %r20, %r10, %r21, %r11;", "r", paired(ElementType::f16, add)},
        {"mov.b32 %r21, 0; fma.rn.f16x2 %r20, %r10, %r11, %r21;", "r",
         [](O o) {
             // Adding +0 to a product of -0 gives +0.
             const auto one = [](U64 a, U64 b) {
                 return U64(nearest(ElementType::f16, value(ElementType::f16, a) * value(ElementType::f16, b) + 0.0));
             };
             return one(o.a, o.b) | one(o.a >> 16U, o.b >> 16U) << 16U;
         }},
        {"fma.rn.relu.f16 %h20, %h10, %h11, %h12; setp.lt.f16 %p20, %h20, 0;", "p", [](O) { return U64{0}; }},
        {"neg.f16x2 %r20, %r10; neg.f16x2 %r20, %r20; abs.f16 %h20, %h10; mov.b32 {%h1, %h2}, %r20; and.b16 %h20, "
         "%h20, "
         "0x7FFF;",
         "h", [](O o) { return std::isnan(value(ElementType::f16, o.a)) ? 0x7FFFU : o.a & 0x7FFFU; }},
        {"setp.le.f16 %p20, %h10, %h11;", "p",
         [](O o) { return U64(value(ElementType::f16, o.a) <= value(ElementType::f16, o.b)); }},
    });
}

/// What fma must round once and two operations round twice.
TEST(HalfArithmetic, FusesMultiplyAndAdd) {
    // (1 + 2^-10)^2 - 1 = 2^-9 + 2^-20.
    check_operation({"mov.b16 %h1, 0x3C01; mov.b16 %h2, 0xBC00; fma.rn.f16 %h20, %h1, %h1, %h2;", "h",
                     [](O) { return U64(nearest(ElementType::f16, 0x1p-9 + 0x1p-20)); }});
    // 2^-24 + 2048 x 2^15: far beyond a double's places only for larger spans, but above half of the last one.
    check_operation({"mov.b16 %h1, 0x6800; mov.b16 %h2, 0x3801; mov.b16 %h3, 0x0001; fma.rn.f16 %h20, %h1, %h2, %h3;",
                     "h", [](O) { return U64(nearest(ElementType::f16, 2048.0 * (0.5 + 0x1p-11) + 0x1p-24)); }});
}

TEST(Conversion, MatchesTheHost) {
    const auto clamp_to = [](double x, double low, double high) {
        return std::isnan(x) ? 0.0 : std::clamp(x, low, high);
    };
    check_operations({
        {"cvt.rn.f16.f32 %h20, %f10;", "h", [](O o) { return U64(nearest(ElementType::f16, f32(o.a))); }},
        {"cvt.f32.f16 %f20, %h10;", "f", [](O o) { return bits(static_cast<float>(value(ElementType::f16, o.a))); }},
        {"cvt.rn.bf16.f32 %h20, %f10;", "h", [](O o) { return U64(nearest(ElementType::bf16, f32(o.a))); }},
        {"cvt.rn.f16x2.f32 %r20, %f10, %f11;", "r",
         [](O o) { return U64(nearest(ElementType::f16, f32(o.a))) << 16U | nearest(ElementType::f16, f32(o.b)); }},
        {"cvt.rn.bf16x2.f32 %r20, %f10, %f11;", "r",
         [](O o) { return U64(nearest(ElementType::bf16, f32(o.a))) << 16U | nearest(ElementType::bf16, f32(o.b)); }},
        {"cvt.rna.tf32.f32 %r20, %f10;", "r",
         [](O o) {
             if (std::isnan(f32(o.a))) return U64{0x7FFFFFFF};
             if (std::isinf(f32(o.a))) return U64(U32(o.a));
             return U64(U32((U32(o.a) + 0x1000U) & ~0x1FFFU));
         }},
        {"cvt.rzi.s32.f32 %r20, %f10;", "r",
         [=](O o) {
             return U64(U32(static_cast<std::int32_t>(clamp_to(std::trunc(double{f32(o.a)}), -0x1p31, 0x1p31 - 1))));
         }},
        {"cvt.rni.u32.f32 %r20, %f10;", "r",
         [=](O o) { return U64(static_cast<U32>(clamp_to(std::nearbyint(double{f32(o.a)}), 0, 0x1p32 - 1))); }},
        {"cvt.rmi.s64.f64 %d20, %e10;", "d",
         [](O o) {
             const double x = std::floor(f64(o.a));
             if (std::isnan(x)) return U64{1} << 63U;
             if (x >= 0x1p63) return ~U64{0} >> 1U;
             return x < -0x1p63 ? U64{1} << 63U : static_cast<U64>(static_cast<std::int64_t>(x));
         }},
        {"cvt.rn.f32.s32 %f20, %r10;", "f",
         [](O o) { return bits(static_cast<float>(static_cast<std::int32_t>(o.a))); }},
        {"cvt.rn.f32.u64 %f20, %d10;", "f", [](O o) { return bits(static_cast<float>(o.a)); }},
        {"cvt.rn.f64.s64 %e20, %d10;", "e",
         [](O o) { return bits(static_cast<double>(static_cast<std::int64_t>(o.a))); }},
        {"cvt.rn.f16.s32 %h20, %r10;", "h",
         [](O o) { return U64(nearest(ElementType::f16, static_cast<double>(static_cast<std::int32_t>(o.a)))); }},
        {"cvt.f64.f32 %e20, %f10;", "e", [](O o) { return bits(double{f32(o.a)}); }},
        {"cvt.rn.f32.f64 %f20, %e10;", "f", [](O o) { return bits(static_cast<float>(f64(o.a))); }},
        {"cvt.sat.f32.f32 %f20, %f10;", "f", [](O o) { return bits(saturate(f32(o.a))); }},
        {"cvt.rpi.f32.f32 %f20, %f10;", "f", [](O o) { return bits(std::ceil(f32(o.a))); }},
        {"cvt.s64.s32 %d20, %r10;", "d", [](O o) { return U64(std::int64_t{static_cast<std::int32_t>(o.a)}); }},
        {"cvt.s32.s8 %r20, %r10;", "r", [](O o) { return U64(U32(std::int32_t{static_cast<std::int8_t>(o.a)})); }},
        {"cvt.u16.u32 %h20, %r10;", "h", [](O o) { return U64(U16(o.a)); }},
        {"cvt.sat.s8.s32 %r20, %r10;", "r",
         [](O o) { return U64(U32(std::clamp(static_cast<std::int32_t>(o.a), -128, 127))); }},
        {"cvt.pack.sat.u8.s32.b32 %r20, %r10, %r11, %r12;", "r",
         [](O o) {
             const auto byte = [](U64 x) { return U64(std::clamp(static_cast<std::int32_t>(x), 0, 255)); };
             return U64(U32(o.c << 16U | byte(o.a) << 8U | byte(o.b)));
         }},
    });
}

TEST(SpecialFunctions, AreTheRoundedTrueValues) {
    const auto close = [](double (*function)(double)) {
        return [function](O o) { return bits(static_cast<float>(function(double{f32(o.a)}))); };
    };
    check_operations({
        {"ex2.approx.f32 %f20, %f10;", "f", close([](double x) { return std::exp2(x); })},
        {"lg2.approx.f32 %f20, %f10;", "f", close([](double x) { return std::log2(x); })},
        {"rsqrt.approx.f32 %f20, %f10;", "f", close([](double x) { return 1.0 / std::sqrt(x); })},
        {"tanh.approx.f32 %f20, %f10;", "f", close([](double x) { return std::tanh(x); })},
        {"ex2.approx.ftz.f32 %f20, %f10;", "f",
         [](O o) { return bits(flush(static_cast<float>(std::exp2(double{flush(f32(o.a))})))); }},
    });
}

}  // namespace
}  // namespace stcsim
