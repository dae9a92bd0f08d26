/// Instructions and codes for property tests.
#pragma once

#include <vector>

#include <rapidcheck.h>

#include "isa/mma_instruction.h"
#include "numerics/sparse_pattern.h"

namespace stcsim::testing {

inline std::vector<MmaInstruction> all_instructions() {
    return {mma_instructions().begin(), mma_instructions().end()};
}

inline std::vector<MmaInstruction> sparse_instructions() {
    std::vector<MmaInstruction> sparse;
    for (const MmaInstruction& instruction : all_instructions()) {
        if (instruction.sparse) sparse.push_back(instruction);
    }
    return sparse;
}

/// Codes of `stored` kept values, each within its group, not all legal.
inline std::vector<std::uint8_t> any_codes(ElementType input, std::size_t stored) {
    const SparsePattern pattern = sparse_pattern_of(input);
    const auto positions = static_cast<std::uint8_t>(pattern.positions());
    return *rc::gen::container<std::vector<std::uint8_t>>(stored / pattern.unit,
                                                          rc::gen::inRange<std::uint8_t>(0, positions));
}

}  // namespace stcsim::testing
