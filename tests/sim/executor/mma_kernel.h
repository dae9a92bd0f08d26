/// An mma whose operands come from memory, and what the numerics say about it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "isa/fragment.h"
#include "isa/metadata_fragment.h"
#include "kernel_fixture.h"
#include "numerics/reference_gemm.h"

namespace stcsim {

/// Registers of one operand: `count` of them, of `words` words, which a lane finds one after the other in memory.
struct Group {
    std::string name;
    std::uint32_t count;
    std::uint32_t words;
    std::uint32_t first;  ///< word of a lane's block
};

inline std::string registers(const Group& group) {
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < group.count; ++i) names.push_back(fmt::format("%{}{}", group.name, i));
    return fmt::format("{{{}}}", fmt::join(names, ", "));
}

/// Loads every operand of an mma from the lane's block of the input, multiplies, stores D.
struct MmaKernel {
    MmaKernel(const MmaInstruction& one, std::uint32_t selector) : MmaKernel(one, selector, opcode_of(one)) {}
    /// Under another name of the instruction.
    MmaKernel(const MmaInstruction& one, std::uint32_t selector, const std::string& opcode) : instruction(one) {
        const std::uint32_t words = one.d == ElementType::f64 ? 2 : 1;
        a = {"A", one.a_registers() / words, words, 0};
        b = {"B", one.b_registers() / words, words, one.a_registers()};
        c = {"C", one.c_registers() / words, words, b.first + one.b_registers()};
        d = {"D", one.d_registers() / words, words, 0};
        e = c.first + one.c_registers();
        block_words = e + one.e_registers();
        const std::string type = words == 2 ? "b64" : "b32";
        text = fmt::format("mad.wide.u32 %d3, %r1, {}, %d1; mad.wide.u32 %d4, %r1, {}, %d2;\n", 4 * block_words,
                           4 * one.d_registers());
        for (const Group* group : {&a, &b, &c, &d}) {
            text += fmt::format(".reg .{} %{}<{}>;\n", type, group->name, group->count);
        }
        for (const Group* group : {&a, &b, &c}) {
            for (std::uint32_t i = 0; i < group->count; ++i) {
                text += fmt::format("ld.global.{} %{}{}, [%d3+{}];\n", type, group->name, i,
                                    4 * (group->first + i * words));
            }
        }
        if (one.sparse) text += fmt::format("ld.global.u32 %r50, [%d3+{}];\n", 4 * e);
        text += fmt::format("{} {}, {}, {}, {}{};\n", opcode, registers(d), registers(a), registers(b), registers(c),
                            one.sparse ? fmt::format(", %r50, {}", selector) : "");
        for (std::uint32_t i = 0; i < d.count; ++i) {
            text += fmt::format("st.global.{} [%d4+{}], %D{};\n", type, 4 * i * words, i);
        }
    }

    static std::string opcode_of(const MmaInstruction& one) {
        std::string name = one.name();
        return name.insert(name.find(".m"), ".sync.aligned.row.col");
    }

    [[nodiscard]] std::vector<WarpRegister> gather(const std::vector<std::uint32_t>& in, std::uint32_t first,
                                                   std::uint32_t count) const {
        std::vector<WarpRegister> result(count);
        for (std::uint32_t r = 0; r < count; ++r) {
            for (std::uint32_t lane = 0; lane < 32; ++lane) result[r][lane] = in[lane * block_words + first + r];
        }
        return result;
    }

    const MmaInstruction& instruction;
    Group a, b, c, d;
    std::uint32_t e = 0;
    std::uint32_t block_words = 0;
    std::string text;
};

/// Random bits; of floats mostly numbers of moderate size. `wild`: anything.
inline std::vector<std::uint32_t> random_input(const MmaKernel& kernel, std::mt19937_64& random, bool wild) {
    std::vector<std::uint32_t> in(std::size_t{32} * kernel.block_words);
    const auto word = [&](ElementType type) {
        const auto bits = static_cast<std::uint32_t>(random());
        if (wild) return bits;
        switch (type) {
            case ElementType::f16: return (bits & 0x8FFF8FFFU) | 0x30003000U;
            case ElementType::bf16: return (bits & 0x83FF83FFU) | 0x3C003C00U;
            case ElementType::tf32:
            case ElementType::f32: return (bits & 0x83FFFFFFU) | 0x3C000000U;
            case ElementType::f64: return (bits & 0x83FFFFFFU) | 0x3C000000U;
            default: return bits;
        }
    };
    for (std::uint32_t lane = 0; lane < 32; ++lane) {
        for (std::uint32_t i = 0; i < kernel.block_words; ++i) {
            const ElementType type = i < kernel.b.first   ? kernel.instruction.a
                                     : i < kernel.c.first ? kernel.instruction.b
                                                          : kernel.instruction.c;
            in[lane * kernel.block_words + i] = word(type);
        }
        if (!kernel.instruction.sparse) continue;
        std::vector<std::uint32_t> legal;
        for (std::uint32_t nibble = 0; nibble < 16; ++nibble) {
            if (is_legal_nibble(kernel.instruction.a, nibble, kernel.instruction.metadata_order))
                legal.push_back(nibble);
        }
        std::uint32_t& metadata = in[lane * kernel.block_words + kernel.e];
        metadata = 0;
        for (std::uint32_t i = 0; i < 8; ++i) metadata |= legal[random() % legal.size()] << 4 * i;
    }
    return in;
}

inline std::vector<std::uint32_t> expected_output(const MmaKernel& kernel, const std::vector<std::uint32_t>& in,
                                                  std::uint32_t selector) {
    const MmaInstruction& one = kernel.instruction;
    const BitMatrix a = assemble_fragment(one, Operand::a, kernel.gather(in, 0, one.a_registers()));
    const BitMatrix b = assemble_fragment(one, Operand::b, kernel.gather(in, kernel.b.first, one.b_registers()));
    const BitMatrix c = assemble_fragment(one, Operand::c, kernel.gather(in, kernel.c.first, one.c_registers()));
    const GemmOptions options{.padded_k = one.shape.k,
                              .overflow = one.overflow,
                              .bit_operation = one.bit_operation,
                              .instruction_k = one.shape.k};
    BitMatrix d;
    if (one.sparse) {
        const WarpRegister e = kernel.gather(in, kernel.e, 1).front();
        d = reference_sparse_gemm(a, decode_metadata(one, e, selector), b, c, options);
    } else {
        d = reference_gemm(a, b, c, options);
    }
    const std::vector<WarpRegister> results = distribute_fragment(one, Operand::d, d);
    std::vector<std::uint32_t> out;
    for (std::uint32_t lane = 0; lane < 32; ++lane) {
        for (const WarpRegister& result : results) out.push_back(result[lane]);
    }
    return out;
}

/// Runs the instruction of this kernel on moderate and on any values; the numerics must agree.
inline void expect_bits_of_the_numerics(const MmaKernel& kernel, std::uint32_t selector, std::mt19937_64& random) {
    TestKernel runner(kernel.text);
    for (const bool wild : {false, true}) {
        const std::vector<std::uint32_t> in = random_input(kernel, random, wild);
        const auto out = runner.run<std::uint32_t>(in, std::size_t{32} * kernel.instruction.d_registers());
        ASSERT_EQ(out, expected_output(kernel, in, selector)) << kernel.instruction.name() << (wild ? " wild" : "");
    }
}

}  // namespace stcsim
