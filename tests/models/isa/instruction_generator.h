/// Instructions and codes for property tests.
#pragma once

#include <vector>

#include <rapidcheck.h>

#include "isa/mma_instruction.h"
#include "numerics/sparse_pattern.h"

namespace stcsim::testing {

/// tf32 instructions: not in the table yet, but every layout rule is written for them too.
inline constexpr MmaInstruction tf32_k4{{16, 8, 4},       ElementType::tf32, ElementType::tf32,
                                        ElementType::f32, ElementType::f32,  false};
inline constexpr MmaInstruction tf32_k8{{16, 8, 8},       ElementType::tf32, ElementType::tf32,
                                        ElementType::f32, ElementType::f32,  false};
inline constexpr MmaInstruction sparse_tf32_k8{{16, 8, 8},       ElementType::tf32, ElementType::tf32,
                                               ElementType::f32, ElementType::f32,  true};
inline constexpr MmaInstruction sparse_tf32_k16{{16, 8, 16},      ElementType::tf32, ElementType::tf32,
                                                ElementType::f32, ElementType::f32,  true};

inline std::vector<MmaInstruction> all_instructions() {
    std::vector<MmaInstruction> all(mma_instructions().begin(), mma_instructions().end());
    all.insert(all.end(), {tf32_k4, tf32_k8, sparse_tf32_k8, sparse_tf32_k16});
    return all;
}

inline std::vector<MmaInstruction> sparse_instructions() {
    std::vector<MmaInstruction> sparse;
    for (const MmaInstruction& instruction : all_instructions()) {
        if (instruction.sparse) sparse.push_back(instruction);
    }
    return sparse;
}

/// Codes within their groups, not all legal.
inline std::vector<std::uint8_t> any_codes(ElementType input, std::size_t count) {
    const auto group = static_cast<std::uint8_t>(sparse_pattern_of(input).group);
    return *rc::gen::container<std::vector<std::uint8_t>>(count, rc::gen::inRange<std::uint8_t>(0, group));
}

}  // namespace stcsim::testing
