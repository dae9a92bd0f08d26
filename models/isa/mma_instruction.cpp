#include "isa/mma_instruction.h"

#include <unordered_map>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/near_names.h"

namespace stcsim {
namespace {

using enum ElementType;

/// Instructions that differ only in types that may be chosen freely: A and B each of `inputs`, C and D of one of
/// `accumulators`.
struct Family {
    std::vector<ElementType> inputs;
    std::vector<ElementType> accumulators;
    std::vector<MmaShape> dense;
    std::vector<MmaShape> sparse;
    std::vector<BitOperation> bit_operations{BitOperation::none};
};

const std::vector<Family>& families() {
    static const std::vector<Family> all{
        {{f16}, {f32, f16}, {{16, 8, 8}, {16, 8, 16}}, {{16, 8, 16}, {16, 8, 32}}},
        {{bf16}, {f32}, {{16, 8, 8}, {16, 8, 16}}, {{16, 8, 16}, {16, 8, 32}}},
        {{tf32}, {f32}, {{16, 8, 4}, {16, 8, 8}}, {{16, 8, 8}, {16, 8, 16}}},
        {{f64}, {f64}, {{8, 8, 4}}, {}},
        {{s8, u8}, {s32}, {{8, 8, 16}, {16, 8, 16}, {16, 8, 32}}, {{16, 8, 32}, {16, 8, 64}}},
        {{s4, u4}, {s32}, {{8, 8, 32}, {16, 8, 32}, {16, 8, 64}}, {{16, 8, 64}, {16, 8, 128}}},
        {{b1}, {s32}, {{8, 8, 128}, {16, 8, 128}, {16, 8, 256}}, {}, {BitOperation::xor_popc, BitOperation::and_popc}},
    };
    return all;
}

/// The forms of one instruction: every integer one also saturates, every sparse one also takes ordered metadata.
void add_forms(MmaInstruction instruction, std::vector<MmaInstruction>& table) {
    const bool saturates = instruction.d == s32 && instruction.a != b1;
    for (const Overflow overflow : {Overflow::wrap, Overflow::saturate}) {
        if (overflow == Overflow::saturate && !saturates) continue;
        for (const CodeOrder order : {CodeOrder::any, CodeOrder::ascending}) {
            if (order == CodeOrder::ascending && !instruction.sparse) continue;
            instruction.overflow = overflow;
            instruction.metadata_order = order;
            table.push_back(instruction);
        }
    }
}

void add_family(const Family& family, bool sparse, std::vector<MmaInstruction>& table) {
    for (const ElementType accumulator : family.accumulators) {
        for (const ElementType a : family.inputs) {
            for (const ElementType b : family.inputs) {
                for (const BitOperation operation : family.bit_operations) {
                    for (const MmaShape& shape : sparse ? family.sparse : family.dense) {
                        add_forms({.shape = shape,
                                   .a = a,
                                   .b = b,
                                   .c = accumulator,
                                   .d = accumulator,
                                   .sparse = sparse,
                                   .bit_operation = operation},
                                  table);
                    }
                }
            }
        }
    }
}

/// The instructions with what is needed to find them.
struct Table {
    std::vector<MmaInstruction> instructions;
    std::vector<std::string> names;  ///< in the same order
    std::unordered_map<std::string_view, const MmaInstruction*> by_name;

    Table() {
        for (const bool sparse : {false, true}) {
            for (const Family& family : families()) add_family(family, sparse, instructions);
        }
        names.reserve(instructions.size());
        for (const MmaInstruction& instruction : instructions) {
            names.push_back(instruction.name());
            by_name.emplace(names.back(), &instruction);
        }
    }
};

const Table& table() {
    static const Table the_table;
    return the_table;
}

std::string_view suffix_of(BitOperation operation) {
    switch (operation) {
        case BitOperation::xor_popc: return ".xor.popc";
        case BitOperation::and_popc: return ".and.popc";
        case BitOperation::none: break;
    }
    return "";
}

}  // namespace

std::string MmaInstruction::name() const {
    const std::string_view kind =
        !sparse ? "mma" : (metadata_order == CodeOrder::ascending ? "mma.sp::ordered_metadata" : "mma.sp");
    return fmt::format("{}.m{}n{}k{}{}.{}.{}.{}.{}{}", kind, shape.m, shape.n, shape.k,
                       overflow == Overflow::saturate ? ".satfinite" : "", name_of(d), name_of(a), name_of(b),
                       name_of(c), suffix_of(bit_operation));
}

std::span<const MmaInstruction> mma_instructions() {
    return table().instructions;
}

const MmaInstruction& mma_instruction_named(std::string_view name) {
    const auto found = table().by_name.find(name);
    if (found != table().by_name.end()) return *found->second;
    const std::vector<std::string>& names = table().names;
    const auto nearest = near_names(name, names);
    const std::vector<std::string> first(names.begin(), names.begin() + 3);
    throw InputError({}, fmt::format("instruction \"{}\"", name),
                     fmt::format("one of the {} that `stcsim instructions` lists, such as {}", names.size(),
                                 fmt::join(nearest.empty() ? first : nearest, ", ")));
}

}  // namespace stcsim
