/// Problems and kernels for property tests.
#pragma once

#include <cstdint>
#include <iterator>

#include <rapidcheck.h>

#include "kernel/gemm_plan.h"

namespace stcsim::testing {

/// The type combinations that the kernels run.
struct TypeChoice {
    ElementType input;
    ElementType accumulator;
    ElementType output;
};

inline constexpr TypeChoice type_choices[] = {
    {ElementType::f16, ElementType::f32, ElementType::f16},  {ElementType::f16, ElementType::f32, ElementType::f32},
    {ElementType::f16, ElementType::f16, ElementType::f16},  {ElementType::bf16, ElementType::f32, ElementType::bf16},
    {ElementType::bf16, ElementType::f32, ElementType::f32}, {ElementType::tf32, ElementType::f32, ElementType::f32},
    {ElementType::s8, ElementType::s32, ElementType::s32},   {ElementType::s8, ElementType::s32, ElementType::s8},
    {ElementType::s8, ElementType::s32, ElementType::bf16},  {ElementType::u8, ElementType::s32, ElementType::f16},
};

inline GemmProblem problem_of(std::uint64_t m, std::uint64_t n, std::uint64_t k, Sparsity sparsity = Sparsity::dense,
                              const TypeChoice& types = type_choices[0]) {
    return {.name = "test",
            .m = m,
            .n = n,
            .k = k,
            .input = types.input,
            .accumulator = types.accumulator,
            .output = types.output,
            .sparsity = sparsity};
}

/// From 1 to `most`, small and large ones in every test case.
inline std::uint64_t any_number(std::uint64_t most) {
    return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::uint64_t>(1, most + 1));
}

/// A kernel of the catalogue, with and without a raster of its own.
inline GemmKernel any_kernel() {
    GemmKernel kernel = kernel_catalogue()[any_number(kernel_catalogue().size()) - 1];
    const auto strips = *rc::gen::element(Raster::Strips::columns, Raster::Strips::rows);
    if (any_number(3) > 1)
        kernel.raster = Raster{.strips = strips, .width = static_cast<std::uint32_t>(any_number(12))};
    return kernel;
}

inline CtaIndex any_cta(std::uint64_t ctas) {
    return CtaIndex(any_number(ctas) - 1);
}

/// What k must be a multiple of: rows of A as stored start at multiples of 16 bytes.
inline std::uint64_t granularity_of(ElementType input, Sparsity sparsity) {
    return (sparsity == Sparsity::dense ? 128 : 256) / bits_of(input);
}

/// Any legal problem up to the given sizes, which are not below 32.
inline GemmProblem any_problem(std::uint64_t most_m, std::uint64_t most_n, std::uint64_t most_k) {
    const Sparsity sparsity = *rc::gen::element(Sparsity::dense, Sparsity::two_four);
    const TypeChoice types = type_choices[any_number(std::size(type_choices)) - 1];
    const std::uint64_t granularity = granularity_of(types.input, sparsity);
    GemmProblem problem = problem_of(any_number(most_m), any_number(most_n),
                                     granularity * any_number(most_k / granularity), sparsity, types);
    problem.batch = any_number(3);
    problem.sparse_operand = *rc::gen::element(SparseOperand::a, SparseOperand::b);
    return problem;
}

}  // namespace stcsim::testing
