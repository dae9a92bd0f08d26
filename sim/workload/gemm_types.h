/// Which types and sparsity a GEMM on tensor cores may have, and their names in traces and options.
#pragma once

#include <optional>
#include <string_view>

#include "base/error.h"
#include "workload/gemm_problem.h"

namespace stcsim {

/// "dense" or "2:4".
std::string_view name_of(Sparsity sparsity);

/// The sparsity with this name, or nothing.
std::optional<Sparsity> sparsity_named(std::string_view name);

/// "a" or "b".
std::string_view name_of(SparseOperand operand);

/// The operand with this name, or nothing.
std::optional<SparseOperand> sparse_operand_named(std::string_view name);

/// The type D is stored in unless asked otherwise: the input type, except that tf32, a format of registers only, is
/// stored as f32, and that the counts of b1 are stored as s32.
ElementType default_output(ElementType input);

/// Throws InputError at `where` unless some mma of sm_80 takes this input and accumulator type (and, for 2:4, some
/// mma.sp) and its sums can be stored as this output type. Source: PTX ISA, tables of types of "mma" and "mma.sp".
/// Whether the model implements the instruction is for the simulation to say.
void check_types(const GemmProblem& problem, const InputLocation& where);

}  // namespace stcsim
