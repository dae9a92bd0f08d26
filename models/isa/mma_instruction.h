/// The matrix multiply-accumulate instructions of sm_80: shapes, types and what follows from them.
///
/// Source: PTX ISA, sections "Warp-level matrix instructions: mma" and "mma.sp"; a test checks the table against the
/// toolkit's assembler. Left out is `mma.m8n8k4` of f16: PTX keeps it for Volta, and for sm_80 the assembler turns it
/// into a sequence of other tensor and arithmetic instructions. It is not an instruction of Ampere's tensor core.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "numerics/arithmetic.h"
#include "numerics/element_type.h"
#include "numerics/fused_dot_add.h"
#include "sparsity/metadata_word.h"

namespace stcsim {

/// D[m,n] = A[m,k] x B[k,n] + C[m,n], in elements. For mma.sp, k is the logical k: A stores k / 2 elements per row.
struct MmaShape {
    std::uint32_t m;
    std::uint32_t n;
    std::uint32_t k;

    bool operator==(const MmaShape&) const = default;
};

/// One mma or mma.sp instruction. Registers are 32-bit registers of one thread.
struct MmaInstruction {
    MmaShape shape;
    ElementType a;
    ElementType b;
    ElementType c;
    ElementType d;
    bool sparse;
    Overflow overflow = Overflow::wrap;               ///< integers: `.satfinite` or not
    BitOperation bit_operation = BitOperation::none;  ///< b1: how bits are multiplied
    CodeOrder metadata_order = CodeOrder::any;        ///< mma.sp: `::ordered_metadata` or not

    bool operator==(const MmaInstruction&) const = default;

    [[nodiscard]] Arithmetic arithmetic() const { return {a, b, d, overflow, bit_operation}; }

    /// Whether it has none of the modifiers that change neither registers nor timing.
    [[nodiscard]] bool is_plain() const { return overflow == Overflow::wrap && metadata_order == CodeOrder::any; }

    /// Elements of A that are stored per row: k, or k / 2 for mma.sp.
    [[nodiscard]] std::uint32_t stored_k() const { return sparse ? shape.k / 2 : shape.k; }

    [[nodiscard]] std::uint32_t a_registers() const { return shape.m * stored_k() * bits_of(a) / 1024; }
    [[nodiscard]] std::uint32_t b_registers() const { return shape.n * shape.k * bits_of(b) / 1024; }
    [[nodiscard]] std::uint32_t c_registers() const { return shape.m * shape.n * bits_of(c) / 1024; }
    [[nodiscard]] std::uint32_t d_registers() const { return shape.m * shape.n * bits_of(d) / 1024; }
    /// Metadata registers: one for mma.sp.
    [[nodiscard]] std::uint32_t e_registers() const { return sparse ? 1U : 0U; }

    /// Stored elements of A that one pass of the array sums: 128 operand bits (8 f16, 4 tf32, 16 s8, 32 s4, 128 b1),
    /// and the whole k of f64. For floats it follows from the numeric behaviour published in arXiv 2511.10909. For
    /// integers and bits, where sums are exact, it follows from the assembler's schedule for sm_80: of every type the
    /// larger k has the dependent latency of two chained passes (24 cycles), the smaller of one (16).
    [[nodiscard]] std::uint32_t pass_length() const { return a == ElementType::f64 ? shape.k : pass_length_of(a); }
    /// Chained passes of the instruction.
    [[nodiscard]] std::uint32_t passes() const { return (stored_k() + pass_length() - 1) / pass_length(); }

    /// Dense-equivalent fused multiply-adds of one warp's instruction: m * n * k.
    [[nodiscard]] std::uint64_t fused_multiply_adds() const { return std::uint64_t{shape.m} * shape.n * shape.k; }

    /// The modifiers of PTX, then shape, `.satfinite` and the types of D, A, B, C: "mma.m16n8k16.f32.f16.f16.f32",
    /// "mma.sp::ordered_metadata.m16n8k64.satfinite.s32.s8.u8.s32", "mma.m16n8k256.s32.b1.b1.s32.and.popc".
    [[nodiscard]] std::string name() const;
};

/// Every instruction the model implements, dense before sparse; of each, the plain form before those with `.satfinite`
/// or `::ordered_metadata`. The addresses stay valid.
std::span<const MmaInstruction> mma_instructions();

/// The instruction of this name, an element of mma_instructions(). Throws InputError naming the nearest ones.
const MmaInstruction& mma_instruction_named(std::string_view name);

}  // namespace stcsim
