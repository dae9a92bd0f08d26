/// What a microbenchmark measures: one kind of instruction.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "isa/mma_instruction.h"
#include "isa/warp_instruction.h"

namespace stcsim {

/// An mma, or a load from shared memory.
struct MicrobenchSubject {
    std::string name;  ///< as of mma_instructions(), or "ldmatrix.x4", "ld.shared.u32", "ld.shared.u32.4way"
    const MmaInstruction* mma = nullptr;  ///< null: a load
    OperationClass load = OperationClass::load_shared;
    std::uint8_t registers = 1;       ///< a load's destination registers
    std::uint32_t conflict_ways = 1;  ///< ld.shared: lanes that need different words of one bank

    /// Multiply-adds (dense-equivalent) or bytes of one warp's instruction.
    [[nodiscard]] double work() const;
    /// "FMA/clk/SM" or "B/clk/SM".
    [[nodiscard]] std::string_view unit() const;
};

/// One subject for each mma and mma.sp, without those that only differ in a modifier that no part of the machine's
/// timing sees (.satfinite, ::ordered_metadata), then ldmatrix and ld.shared. With `sparse_path` false, no mma.sp.
std::vector<MicrobenchSubject> microbench_subjects(bool sparse_path);

/// The subject of this name, with any modifier. Throws InputError naming the nearest ones.
MicrobenchSubject microbench_subject_named(std::string_view name);

}  // namespace stcsim
