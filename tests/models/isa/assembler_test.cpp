/// The instruction table against NVIDIA's assembler: all of it, and nothing beside it, is accepted for sm_80.

#include "assembler.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "isa/fragment.h"
#include "isa/metadata_fragment.h"
#include "isa/mma_instruction.h"

namespace stcsim::testing {
namespace {

using enum ElementType;

struct Candidate {
    MmaInstruction instruction;
    std::uint32_t selector = 0;
};

std::string register_list(ElementType type, std::uint32_t registers) {
    const char* const kind = type == f64 ? "%d" : type == f32 ? "%f" : "%r";
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < registers / (type == f64 ? 2 : 1); ++i) names.push_back(fmt::format("{}{}", kind, i));
    return fmt::format("{{{}}}", fmt::join(names, ", "));
}

/// The PTX statement: the name with what PTX wants between its parts, and as many registers as the model counts.
std::string statement(const Candidate& candidate) {
    const MmaInstruction& i = candidate.instruction;
    std::string opcode = i.name();
    const std::size_t shape = opcode.find(".m");
    opcode.insert(opcode.find('.', shape + 1), ".row.col");
    opcode.insert(shape, ".sync.aligned");
    const std::string e = i.sparse ? fmt::format(", %r40, {}", candidate.selector) : "";
    return fmt::format("{} {}, {}, {}, {}{};", opcode, register_list(i.d, i.d_registers()),
                       register_list(i.a, i.a_registers()), register_list(i.b, i.b_registers()),
                       register_list(i.c, i.c_registers()), e);
}

bool in_table(const MmaInstruction& instruction) {
    return std::ranges::find(mma_instructions(), instruction) != mma_instructions().end();
}

/// Every form of an instruction with these shape and types, legal or not, except what the assembler cannot even be
/// asked about because an operand would be less than a register, or is known to be lenient about.
void add_forms(MmaInstruction instruction, std::vector<Candidate>& candidates) {
    for (const Operand operand : {Operand::a, Operand::b, Operand::d}) {
        const OperandShape shape = operand_shape(instruction, operand);
        if (shape.registers() < shape.registers_per_element() || shape.registers() > 16) return;
    }
    for (const Overflow overflow : {Overflow::wrap, Overflow::saturate}) {
        for (const BitOperation operation : {BitOperation::none, BitOperation::xor_popc, BitOperation::and_popc}) {
            for (const CodeOrder order : {CodeOrder::any, CodeOrder::ascending}) {
                // `::ordered_metadata` has no place in the name of a dense instruction. ptxas ignores the operation of
                // bits on 4-bit integers, which the PTX ISA does not have.
                if (order == CodeOrder::ascending && !instruction.sparse) continue;
                if (operation != BitOperation::none && bits_of(instruction.a) == 4) continue;
                instruction.overflow = overflow;
                instruction.bit_operation = operation;
                instruction.metadata_order = order;
                candidates.push_back({instruction});
            }
        }
    }
}

/// Shapes and types around those of sm_80.
std::vector<Candidate> candidates() {
    std::vector<Candidate> all;
    for (const std::uint32_t m : {8U, 16U}) {
        for (std::uint32_t k = 4; k <= 512; k *= 2) {
            for (const ElementType a : {f16, bf16, tf32, f64, s8, u8, s4, u4, b1}) {
                for (const ElementType b : {f16, bf16, tf32, f64, s8, u8, s4, u4, b1}) {
                    for (const ElementType accumulator : {f16, f32, f64, s32}) {
                        for (const bool sparse : {false, true}) {
                            add_forms({{m, 8, k}, a, b, accumulator, accumulator, sparse}, all);
                        }
                    }
                }
            }
        }
    }
    return all;
}

/// Every legal selector of every sparse instruction and the first illegal one.
std::vector<Candidate> selector_candidates() {
    std::vector<Candidate> all;
    for (const MmaInstruction& instruction : mma_instructions()) {
        if (!instruction.sparse) continue;
        for (std::uint32_t s = 0; s <= sparsity_selectors(instruction); ++s) all.push_back({instruction, s});
    }
    return all;
}

/// ptxas takes selectors 2 and 3 for this one, where the PTX ISA allows 0 and 1 (as ptxas does for its siblings).
bool has_lenient_selector(const MmaInstruction& i) {
    return i.shape.k == 32 && i.a == f16 && i.d == f32;
}

class Assembled : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!assembler_) GTEST_SKIP() << "no ptxas for PTX 8.5 in PATH, CUDA_HOME or /usr/local/cuda";
    }

    template <typename IsLegal>
    void expect_agreement(const std::vector<Candidate>& candidates, IsLegal is_legal) {
        std::vector<std::string> statements;
        for (const Candidate& candidate : candidates) statements.push_back(statement(candidate));
        const std::set<std::size_t> accepted = assembler_->accepted(statements);
        for (std::size_t i = 0; i < candidates.size(); ++i) {
            EXPECT_EQ(accepted.contains(i), is_legal(candidates[i])) << statements[i];
        }
    }

  private:
    std::optional<Assembler> assembler_ = Assembler::find();
};

TEST_F(Assembled, InstructionsAreThoseOfTheTable) {
    const std::vector<Candidate> all = candidates();
    const auto legal = std::ranges::count_if(all, [](const Candidate& c) { return in_table(c.instruction); });
    EXPECT_EQ(static_cast<std::size_t>(legal), mma_instructions().size()) << "all of the table is asked about";
    expect_agreement(all, [](const Candidate& c) { return in_table(c.instruction); });
}

TEST_F(Assembled, SelectorsAreThoseOfTheModel) {
    expect_agreement(selector_candidates(), [](const Candidate& c) {
        return c.selector < sparsity_selectors(c.instruction) || has_lenient_selector(c.instruction);
    });
}

}  // namespace
}  // namespace stcsim::testing
