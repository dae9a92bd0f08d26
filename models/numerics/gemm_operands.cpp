#include "numerics/gemm_operands.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"
#include "numerics/dot_add.h"
#include "numerics/float_format.h"
#include "numerics/fused_dot_add.h"

namespace stcsim {
namespace {

void require(bool condition, const std::string& found, const std::string& expected) {
    if (!condition) throw InputError({}, found, expected);
}

std::string_view name_of(BitOperation operation) {
    switch (operation) {
        case BitOperation::xor_popc: return "xor.popc";
        case BitOperation::and_popc: return "and.popc";
        case BitOperation::none: break;
    }
    return "no bit operation";
}

Arithmetic checked_arithmetic(const BitMatrix& a, const BitMatrix& b, const BitMatrix& c, const GemmOptions& options) {
    const Arithmetic arithmetic{a.type, b.type, c.type, options.overflow, options.bit_operation};
    require(
        is_tensor_core_arithmetic(arithmetic),
        fmt::format("types A {}, B {}, C {}, {} and {}", name_of(a.type), name_of(b.type), name_of(c.type),
                    options.overflow == Overflow::saturate ? "saturation" : "no saturation",
                    name_of(options.bit_operation)),
        "f16, bf16 or tf32 operands with an f32 C, f16 or f64 throughout, 8-bit or 4-bit integers with an s32 C, or "
        "b1 operands with an s32 C and xor.popc or and.popc; saturation with integers only");
    return arithmetic;
}

/// Logical k that padding is a multiple of: a pass where sums are rounded per pass, a group elsewhere.
std::size_t padding_unit(const Arithmetic& arithmetic, const SparsePattern& pattern) {
    const bool rounded_per_pass = is_float(arithmetic.a);
    return rounded_per_pass ? pass_length_of(arithmetic.a) / pattern.kept * pattern.group : pattern.group;
}

GemmOperands checked_operands(const BitMatrix& a, std::span<const std::uint8_t> codes, const SparsePattern& pattern,
                              const BitMatrix& b, const BitMatrix& c, const GemmOptions& options) {
    const Arithmetic arithmetic = checked_arithmetic(a, b, c, options);
    require(a.columns % pattern.kept == 0, fmt::format("{} stored columns of A", a.columns),
            fmt::format("a multiple of {}", pattern.kept));
    const std::size_t k = a.columns / pattern.kept * pattern.group;
    require(
        b.rows == k && c.rows == a.rows && c.columns == b.columns,
        fmt::format("A of {} x {} with B of {} x {} and C of {} x {}", a.rows, k, b.rows, b.columns, c.rows, c.columns),
        "A m x k, B k x n, C m x n");
    const bool saturating = options.overflow == Overflow::saturate && options.instruction_k != 0;
    std::size_t unit = padding_unit(arithmetic, pattern);
    if (saturating) {
        require(options.instruction_k % unit == 0, fmt::format("instructions of k = {}", options.instruction_k),
                fmt::format("a multiple of {}", unit));
        unit = options.instruction_k;
    }
    const std::size_t padded_k = options.padded_k == 0 ? round_up(k, unit) : options.padded_k;
    require(padded_k >= k && padded_k % unit == 0, fmt::format("k = {} padded to {}", k, padded_k),
            fmt::format("a multiple of {} not below k", unit));
    std::size_t step = pass_length_of(a.type);
    if (options.overflow == Overflow::saturate) step = pattern.stored(saturating ? options.instruction_k : padded_k);
    return {arithmetic, a, codes, pattern, b, c, pattern.stored(padded_k), std::max<std::size_t>(step, 1)};
}

}  // namespace

GemmOperands dense_operands(const BitMatrix& a, const BitMatrix& b, const BitMatrix& c, const GemmOptions& options) {
    return checked_operands(a, {}, {1, 1, 1}, b, c, options);
}

GemmOperands sparse_operands(const BitMatrix& a_values, std::span<const std::uint8_t> a_codes, const BitMatrix& b,
                             const BitMatrix& c, const GemmOptions& options) {
    const SparsePattern pattern = sparse_pattern_of(a_values.type);
    require(a_values.type != ElementType::f64 && a_values.type != ElementType::b1,
            fmt::format("a sparse A of {}", name_of(a_values.type)), "f16, bf16, tf32 or integers of 8 or 4 bits");
    require(a_codes.size() == a_values.storage.size() / pattern.unit, fmt::format("{} codes", a_codes.size()),
            fmt::format("one for each {} of the {} kept values", pattern.unit, a_values.storage.size()));
    require(std::ranges::all_of(a_codes, [&](std::uint8_t code) { return code < pattern.positions(); }),
            "a code outside its group", fmt::format("codes below {}", pattern.positions()));
    return checked_operands(a_values, a_codes, pattern, b, c, options);
}

}  // namespace stcsim
