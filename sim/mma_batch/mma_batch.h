/// Batches of single mma and mma.sp instructions, from .npy files to an .npy file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "isa/fragment.h"
#include "isa/mma_instruction.h"
#include "numerics/bit_matrix.h"

namespace stcsim {

/// One execution of an instruction: D = A x B + C.
struct MmaCase {
    BitMatrix a;                      ///< m x stored k
    BitMatrix b;                      ///< k x n
    BitMatrix c;                      ///< m x n
    std::vector<std::uint8_t> codes;  ///< mma.sp: m x stored k / unit (numerics/sparse_pattern.h), legal ones
    WarpRegister e{};                 ///< mma.sp: the same codes as operand E, for `selector`
    std::uint32_t selector = 0;
};

/// Gives D for each case, m x n.
using MmaExecutor = std::function<std::vector<BitMatrix>(const MmaInstruction&, std::span<const MmaCase>)>;

/// The files of a batch; the first index of each array is the case. Types: matrix_array.h and sparse_arrays.h.
struct MmaBatchFiles {
    std::filesystem::path a;                     ///< [cases, m, stored k]
    std::filesystem::path b;                     ///< [cases, k, n]
    std::optional<std::filesystem::path> c;      ///< [cases, m, n]; zeros if missing
    std::optional<std::filesystem::path> index;  ///< mma.sp: positions of the stored values
    std::optional<std::filesystem::path> meta;   ///< mma.sp: words of E, instead of `index`
    std::uint32_t selector = 0;                  ///< of `meta`
    std::filesystem::path d;                     ///< written: [cases, m, n]
};

/// Executes all cases and returns how many there were. Memory does not grow with their number. D appears whole, or not
/// at all. `progress` is called now and then with the share that is done; it may be empty.
///
/// Throws InputError for files that cannot be read or do not fit the instruction or each other, with the option that
/// names the file and the index of the element; also for a batch without cases. Whether `index` and `meta` go with the
/// instruction is checked before: a sparse one has exactly one of them, a dense one none, or an invariant breaks.
std::size_t run_mma_batch(const MmaInstruction& instruction, const MmaBatchFiles& files, const MmaExecutor& execute,
                          const std::function<void(double)>& progress);

/// Executes through the bit-exact arithmetic (numerics/reference_gemm.h).
std::vector<BitMatrix> execute_by_numerics(const MmaInstruction& instruction, std::span<const MmaCase> cases);

}  // namespace stcsim
