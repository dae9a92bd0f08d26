#include "isa/mma_instruction.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/near_names.h"

namespace stcsim {
namespace {

using enum ElementType;

/// {shape, A, B, C, D, sparse}.
constexpr std::array<MmaInstruction, 12> instructions{{
    {{16, 8, 8}, f16, f16, f32, f32, false},
    {{16, 8, 16}, f16, f16, f32, f32, false},
    {{16, 8, 8}, f16, f16, f16, f16, false},
    {{16, 8, 16}, f16, f16, f16, f16, false},
    {{16, 8, 8}, bf16, bf16, f32, f32, false},
    {{16, 8, 16}, bf16, bf16, f32, f32, false},
    {{16, 8, 16}, f16, f16, f32, f32, true},
    {{16, 8, 32}, f16, f16, f32, f32, true},
    {{16, 8, 16}, f16, f16, f16, f16, true},
    {{16, 8, 32}, f16, f16, f16, f16, true},
    {{16, 8, 16}, bf16, bf16, f32, f32, true},
    {{16, 8, 32}, bf16, bf16, f32, f32, true},
}};

}  // namespace

std::string MmaInstruction::name() const {
    return fmt::format("mma.{}m{}n{}k{}.{}.{}.{}.{}", sparse ? "sp." : "", shape.m, shape.n, shape.k, name_of(d),
                       name_of(a), name_of(b), name_of(c));
}

std::span<const MmaInstruction> mma_instructions() {
    return instructions;
}

const MmaInstruction& mma_instruction_named(std::string_view name) {
    std::vector<std::string> names;
    for (const MmaInstruction& instruction : instructions) {
        names.push_back(instruction.name());
        if (names.back() == name) return instruction;
    }
    const auto nearest = near_names(name, names);
    throw InputError({}, fmt::format("instruction \"{}\"", name),
                     fmt::format("one of the {} implemented, such as {}", names.size(),
                                 fmt::join(nearest.empty() ? names : nearest, ", ")));
}

}  // namespace stcsim
