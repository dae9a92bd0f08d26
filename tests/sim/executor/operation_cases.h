/// One instruction applied to three 64-bit operands per thread, against a function of the host.
#pragma once

#include <bit>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "kernel_fixture.h"

namespace stcsim {

struct Operands {
    std::uint64_t a, b, c;
};

/// The body loads a thread's operands as %d10..12 and their low words as %r10..12, %h10..12, %f10..12, %e10..12, and
/// stores %d20 at the end; `text` computes it, or %r20, %h20, %f20, %e20, %p20 that `result` names.
struct OperationCase {
    std::string text;
    std::string result;  ///< "r", "h", "d", "f", "e" or "p"
    std::function<std::uint64_t(const Operands&)> expected;
};

inline std::string operation_body(const OperationCase& one) {
    std::string body =
        "mad.wide.u32 %d3, %r1, 24, %d1; ld.global.u64 %d10, [%d3]; ld.global.u64 %d11, [%d3+8]; ld.global.u64 %d12, "
        "[%d3+16];\n";
    for (const std::string n : {"10", "11", "12"}) {
        body += "cvt.u32.u64 %r" + n + ", %d" + n + "; cvt.u16.u64 %h" + n + ", %d" + n + "; mov.b32 %f" + n + ", %r" +
                n + "; mov.b64 %e" + n + ", %d" + n + ";\n";
    }
    body += one.text + "\n";
    if (one.result == "r") body += "cvt.u64.u32 %d20, %r20;";
    if (one.result == "h") body += "cvt.u64.u16 %d20, %h20;";
    if (one.result == "f") body += "mov.b32 %r20, %f20; cvt.u64.u32 %d20, %r20;";
    if (one.result == "e") body += "mov.b64 %d20, %e20;";
    if (one.result == "p") body += "selp.u64 %d20, 1, 0, %p20;";
    return body + "\nmad.wide.u32 %d4, %r1, 8, %d2; st.global.u64 [%d4], %d20;";
}

/// Special and random operands. Of `bits` low bits that matter.
inline std::vector<Operands> operand_samples(std::uint32_t seed) {
    static const std::vector<std::uint64_t> corners{0,
                                                    1,
                                                    2,
                                                    3,
                                                    7,
                                                    31,
                                                    32,
                                                    33,
                                                    63,
                                                    64,
                                                    0x7F,
                                                    0x80,
                                                    0xFF,
                                                    0x7FFF,
                                                    0x8000,
                                                    0xFFFF,
                                                    0x3C00,
                                                    0xBC00,
                                                    0x7C00,
                                                    0xFC00,
                                                    0x7E00,
                                                    0x0001,
                                                    0x03FF,
                                                    0x8001,
                                                    0x7BFF,
                                                    0x7FFFFFFF,
                                                    0x80000000,
                                                    0xFFFFFFFF,
                                                    0x3F800000,
                                                    0xBF800000,
                                                    0x7F800000,
                                                    0xFF800000,
                                                    0x7FC00000,
                                                    0xFFC00001,
                                                    0x00000001,
                                                    0x007FFFFF,
                                                    0x80000001,
                                                    0x00800000,
                                                    0x7F7FFFFF,
                                                    0x40490FDB,
                                                    0x33800000,
                                                    0x4B000000,
                                                    0x7FFFFFFFFFFFFFFF,
                                                    0x8000000000000000,
                                                    0xFFFFFFFFFFFFFFFF,
                                                    0x3FF0000000000000,
                                                    0x7FF0000000000000,
                                                    0x7FF8000000000000,
                                                    0x0000000000000001,
                                                    0x000FFFFFFFFFFFFF,
                                                    0x43E0000000000000,
                                                    0xC1E0000000200000,
                                                    0x41DFFFFFFFE00000,
                                                    0x3FE0000000000000,
                                                    0x4004000000000000};
    std::mt19937_64 random(seed);
    const auto value = [&]() -> std::uint64_t {
        switch (random() % 5) {
            case 0: return corners[random() % corners.size()];
            case 1: return random() % 70;
            case 2: return (random() & 0x807FFFFFU) | (110 + random() % 40) << 23U;  // f32 of moderate size
            case 3: return (random() & 0x83FF83FFU) | (10 + random() % 12) << 10U | (10 + random() % 12) << 26U;
            default: return random();
        }
    };
    std::vector<Operands> samples(512);
    for (Operands& sample : samples) sample = {value(), value(), value()};
    for (std::size_t i = 0; i < corners.size(); ++i) samples[i].a = corners[i];
    for (std::size_t i = 0; i < corners.size(); ++i) samples[i + corners.size()].b = corners[i];
    return samples;
}

inline void check_operation(const OperationCase& one) {
    TestKernel kernel(operation_body(one));
    const std::vector<Operands> samples = operand_samples(7);
    kernel.block = {static_cast<std::uint32_t>(samples.size()), 1, 1};
    const std::vector<std::uint64_t> results = kernel.run<std::uint64_t>(samples, samples.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const std::uint64_t expected = one.expected(samples[i]);
        ASSERT_EQ(results[i], expected) << one.text << " of " << std::hex << samples[i].a << " " << samples[i].b << " "
                                        << samples[i].c << ": " << results[i] << " instead of " << expected;
    }
}

inline void check_operations(const std::vector<OperationCase>& cases) {
    for (const OperationCase& one : cases) check_operation(one);
}

}  // namespace stcsim
