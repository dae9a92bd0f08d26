/// The native GEMM trace: a CSV file with one GEMM per line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "workload/gemm_problem.h"

namespace stcsim {

/// The largest value of m, n, k, batch and count in a trace.
inline constexpr std::uint64_t largest_trace_number = std::uint64_t{1} << 40U;

/// Reads a trace. Its header names the columns, in any order: name,m,n,k,batch,dtype,acc,sparsity,count and, if wanted,
/// output (default_output of dtype where the column is missing or the field empty). dtype, acc and output are PTX type
/// names, sparsity is "dense" or "2:4", numbers are decimal, from 1 to 2^40. Lines that start with '#' are comments.
/// Throws InputError with the line for anything else: an unknown, missing or repeated column, a line with more or fewer
/// fields than the header, a field that is not what its column holds, types that no instruction combines, m * n * k *
/// batch * count of 2^63 or more, and a trace without a GEMM.
std::vector<GemmProblem> read_gemm_trace(const std::filesystem::path& file);

}  // namespace stcsim
