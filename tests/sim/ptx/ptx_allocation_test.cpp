#include "ptx/ptx_allocation.h"

#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "ptx/ptx_control_flow.h"
#include "ptx/ptx_parser.h"
#include "ptx/ptx_register_use.h"

namespace stcsim {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

PtxModule module_of(const std::string& statements, const std::string& directives = "") {
    return parse_ptx(".version 8.0 .target sm_80 .func f; .entry k(.param .u32 p, .param .u64 q) " + directives +
                         "{ .reg .b32 %r<400>; .reg .b64 %rd<99>; .reg .pred %p<99>;\n" + statements + "\n}",
                     "k.ptx");
}

/// "writes <- reads" of the first instruction, by name.
std::string use_of(const std::string& instruction) {
    const PtxModule module = module_of(instruction);
    const PtxKernel& kernel = *module.kernels.front();
    const PtxRegisterUse use = registers_of(kernel.instructions.front());
    std::string text;
    for (const std::uint32_t reg : use.writes) text += kernel.registers[reg].name + " ";
    text += "<-";
    for (const std::uint32_t reg : use.reads) text += " " + kernel.registers[reg].name;
    return text;
}

TEST(RegistersOf, TellsResultsFromOperands) {
    EXPECT_EQ(use_of("add.s32 %r1, %r2, %r3;"), "%r1 <- %r2 %r3");
    EXPECT_EQ(use_of("@!%p1 add.s32 %r1, %r2, 4;"), "%r1 <- %p1 %r2");
    EXPECT_EQ(use_of("setp.lt.and.s32 %p1|%p2, %r2, %r3, !%p3;"), "%p1 %p2 <- %r2 %r3 %p3");
    EXPECT_EQ(use_of("mov.b64 {%r1, _}, %rd1;"), "%r1 <- %rd1");
    EXPECT_EQ(use_of("ld.global.v2.u32 {%r1, %r2}, [%rd1+8];"), "%r1 %r2 <- %rd1");
    EXPECT_EQ(use_of("st.global.v2.u32 [%rd1], {%r1, %r2};"), "<- %rd1 %r1 %r2");
    EXPECT_EQ(use_of("atom.global.cas.b32 %r1, [%rd1], %r2, %r3;"), "%r1 <- %rd1 %r2 %r3");
    EXPECT_EQ(use_of("red.global.add.s32 [%rd1], %r1;"), "<- %rd1 %r1");
    EXPECT_EQ(use_of("cp.async.cg.shared.global [%r1], [%rd1], 16, %r2;"), "<- %r1 %rd1 %r2");
    EXPECT_EQ(use_of("mma.sp.sync {%r1,%r2}, {%r3}, {%r4}, {%r1,%r2}, %r5, 0;"), "%r1 %r2 <- %r3 %r4 %r1 %r2 %r5");
    EXPECT_EQ(use_of("bar.sync %r1, %r2;"), "<- %r1 %r2");
    EXPECT_EQ(use_of("bar.red.and.pred %p1, %r1, %p2;"), "%p1 <- %r1 %p2");
    EXPECT_EQ(use_of("bar.warp.sync %r1;"), "<- %r1");
    EXPECT_EQ(use_of("call (%r1), f, (%r2);"), "%r1 <- %r2");
    EXPECT_EQ(use_of("x: @%p1 bra x;"), "<- %p1");
    EXPECT_EQ(use_of("x: t: .branchtargets x; brx.idx %r1, t;"), "<- %r1");
    EXPECT_EQ(use_of("nanosleep.u32 %r1;"), "<- %r1");
}

TEST(BasicBlocks, EndAtBranchesAndBeginAtTargets) {
    const PtxModule module =
        module_of("mov.u32 %r1, 0; x: add.s32 %r1, %r1, 1; @%p1 bra x; @%p2 ret; bra.uni y; ret; y: bra end; end:");
    const auto blocks = basic_blocks(*module.kernels.front());
    ASSERT_EQ(blocks.size(), 6);
    EXPECT_EQ(blocks[1].begin, 1);
    EXPECT_EQ(blocks[1].end, 3);
    EXPECT_THAT(blocks[0].successors, ElementsAre(1));
    EXPECT_THAT(blocks[1].successors, ElementsAre(1, 2));
    EXPECT_THAT(blocks[1].predecessors, ElementsAre(0, 1));
    EXPECT_THAT(blocks[2].successors, ElementsAre(3)) << "a guarded return";
    EXPECT_THAT(blocks[3].successors, ElementsAre(5));
    EXPECT_THAT(blocks[4].successors, IsEmpty());
    EXPECT_THAT(blocks[5].successors, IsEmpty()) << "past the last instruction";
}

TEST(BasicBlocks, OfIndirectBranchesFollowEveryTarget) {
    const PtxModule module = module_of("x: ret; y: ret; t: .branchtargets y, x; brx.idx %r1, t; ret;");
    EXPECT_THAT(basic_blocks(*module.kernels.front())[2].successors, ElementsAre(0, 1));
}

/// `values` registers written first and read afterwards.
std::string all_at_once(int values) {
    std::string text;
    for (int i = 0; i < values; ++i) text += fmt::format("ld.global.u32 %r{}, [0];\n", i);
    for (int i = 0; i < values; ++i) text += fmt::format("st.global.u32 [0], %r{};\n", i);
    return text;
}

std::uint32_t count_of(const std::string& statements, const std::string& directives = "", std::uint32_t most = 255) {
    return allocate_registers(*module_of(statements, directives).kernels.front(), most).count;
}

TEST(AllocateRegisters, CountsWhatLivesAtOnceAndTheStackPointer) {
    EXPECT_EQ(count_of(all_at_once(40)), 41);
    std::string one_by_one;
    for (int i = 0; i < 40; ++i) one_by_one += fmt::format("ld.global.u32 %r{0}, [0]; st.global.u32 [0], %r{0};\n", i);
    EXPECT_EQ(count_of(one_by_one), 16) << "the least";
    EXPECT_EQ(count_of("call f; ret;"), 24) << "the least with calls";
}

TEST(AllocateRegisters, KeepsWhatALoopCarries) {
    std::string text;
    for (int i = 0; i < 30; ++i) text += fmt::format("ld.global.u32 %r{}, [0];\n", i);
    text += "loop:\n";
    for (int i = 0; i < 30; ++i) text += fmt::format("add.s32 %r{0}, %r{0}, 1;\n", i);
    text += "setp.lt.s32 %p1, %r0, 9; @%p1 bra loop;\n";
    EXPECT_EQ(count_of(text), 31);
}

TEST(AllocateRegisters, AValueThatIsReplacedDoesNotLiveBefore) {
    const std::string hole = "ld.global.u32 %r300, [0]; st.global.u32 [0], %r300;\n" + all_at_once(40) +
                             "ld.global.u32 %r300, [0]; st.global.u32 [0], %r300;\n";
    EXPECT_EQ(count_of(hole), 41);
}

TEST(AllocateRegisters, AGuardedWriteKeepsWhatWasThere) {
    const std::string guarded =
        "ld.global.u32 %r300, [0];\n" + all_at_once(40) + "@%p1 mov.u32 %r300, %r399;\nst.global.u32 [0], %r300;\n";
    EXPECT_EQ(count_of(guarded), 42);
    const std::string first = all_at_once(40) + "@%p1 mov.u32 %r300, 5;\nst.global.u32 [0], %r300;\n";
    EXPECT_EQ(count_of(first), 41) << "there was nothing before";
}

TEST(AllocateRegisters, ParametersConstantsAndCopiesTakeNone) {
    std::string text;
    for (int i = 0; i < 20; ++i) {
        text += fmt::format("ld.param.u32 %r{}, [p];\nmov.u32 %r{}, {};\n", i, 20 + i, i);
        text += fmt::format("ld.param.u64 %rd{0}, [q];\ncvta.to.global.u64 %rd{1}, %rd{0};\n", i, 20 + i);
    }
    for (int i = 0; i < 40; ++i) text += fmt::format("st.global.u32 [%rd{0}], %r{0};\n", i);
    EXPECT_EQ(count_of(text), 16);
    const PtxModule module = module_of(
        "ld.param.u32 %r1, [p]; ld.global.u32 %r2, [0]; mov.b32 %r3, %r2; "
        "st.global.u32 [%r1], %r3; st.global.u32 [0], %r2;");
    const RegisterAllocation allocation = allocate_registers(*module.kernels.front());
    EXPECT_EQ(allocation.first[0], RegisterAllocation::no_register);
    EXPECT_EQ(allocation.first[1], allocation.first[2]);
}

TEST(AllocateRegisters, TheLimitHoldsAndIsReported) {
    const auto allocation_of = [](const std::string& directives, std::uint32_t most) {
        return allocate_registers(*module_of(all_at_once(300), directives).kernels.front(), most);
    };
    const RegisterAllocation most = allocation_of("", 255);
    EXPECT_TRUE(most.exceeds_limit);
    EXPECT_EQ(most.count, 255);
    for (const std::uint16_t first : most.first) EXPECT_LT(first, 255);
    EXPECT_EQ(allocation_of(".maxnreg 64", 255).count, 64);
    EXPECT_EQ(allocation_of(".maxnreg 128", 96).count, 96);
    EXPECT_FALSE(allocate_registers(*module_of(all_at_once(254)).kernels.front()).exceeds_limit);
}

/// A kernel of random instructions on few registers, with branches between them.
std::string random_statements() {
    std::string text;
    const int lines = *rc::gen::inRange(1, 60);
    const auto number = [](int below) { return *rc::gen::inRange(0, below); };
    for (int i = 0; i < lines; ++i) {
        text += fmt::format("L{}: ", i);
        if (number(4) == 0) text += fmt::format("@%p{} ", number(3));
        switch (number(9)) {
            case 0: text += fmt::format("bra L{};\n", number(lines)); break;
            case 1: text += fmt::format("setp.lt.s32 %p{}, %r{}, %r{};\n", number(3), number(12), number(12)); break;
            case 2: text += fmt::format("mov.b32 %r{}, %r{};\n", number(12), number(12)); break;
            case 3: text += fmt::format("mov.b64 %rd{}, %rd{};\n", number(6), number(6)); break;
            case 4: text += fmt::format("mov.b64 %rd{}, {{%r{}, %r{}}};\n", number(6), number(12), number(12)); break;
            case 5: text += fmt::format("mov.u32 %r{}, 7;\n", number(12)); break;
            case 6: text += fmt::format("ld.param.u64 %rd{}, [q];\n", number(6)); break;
            case 7: text += fmt::format("add.s64 %rd{}, %rd{}, %rd{};\n", number(6), number(6), number(6)); break;
            default: text += fmt::format("add.s32 %r{}, %r{}, %r{};\n", number(12), number(12), number(12)); break;
        }
    }
    return text + "ret;";
}

/// Runs a kernel along a random path, with values that are only numbers: every write makes a new one, a copy passes
/// it on. Says whether each machine register holds, when a register is read, what was written to that register.
class Walk {
  public:
    explicit Walk(const PtxKernel& kernel) : kernel_(kernel), allocation_(allocate_registers(kernel)) {}

    bool values_survive(int steps) {
        std::uint32_t at = 0;
        for (int step = 0; step < steps && at < kernel_.instructions.size(); ++step) {
            const PtxInstruction& instruction = kernel_.instructions[at];
            const PtxRegisterUse use = registers_of(instruction);
            for (const std::uint32_t reg : use.reads) {
                if (!holds(reg)) return false;
            }
            const bool performed = !instruction.guard || *rc::gen::arbitrary<bool>();
            ++at;
            if (!performed) continue;
            if (instruction.opcode == "ret") break;
            if (instruction.opcode == "bra") at = instruction.operands[0].index;
            const bool copies = instruction.opcode == "mov" && instruction.operands[1].kind == PtxOperand::Kind::reg;
            for (const std::uint32_t reg : use.writes) write(reg, copies ? values_[use.reads.back()] : ++next_value_);
        }
        return true;
    }

  private:
    [[nodiscard]] std::vector<std::uint32_t> places_of(std::uint32_t reg) const {
        const std::uint32_t first = allocation_.first[reg];
        const PtxType type = kernel_.registers[reg].type;
        if (type == PtxType::pred) return {1000 + first};
        if (type == PtxType::b64) return {first, first + 1};
        return {first};
    }

    /// What is written in one place only and copied from one has its source's place: in a loop the source may have been
    /// written again, which compilers' code does not do.
    bool holds(std::uint32_t reg) {
        const auto value = values_.find(reg);
        if (value == values_.end() || value->second == 0) return true;
        if (allocation_.first[reg] == RegisterAllocation::no_register || stale(reg)) return true;
        for (const std::uint32_t place : places_of(reg)) {
            if (machine_[place] != value->second) return false;
        }
        return true;
    }

    bool stale(std::uint32_t reg) {
        for (const PtxInstruction& instruction : kernel_.instructions) {
            const bool copies = instruction.opcode == "mov" && instruction.operands[1].kind == PtxOperand::Kind::reg;
            if (!copies || instruction.operands[0].index != reg) continue;
            if (allocation_.first[instruction.operands[1].index] != allocation_.first[reg]) continue;
            if (values_[instruction.operands[1].index] != values_[reg] || stale_source(instruction, reg)) return true;
        }
        return false;
    }

    bool stale_source(const PtxInstruction& copy, std::uint32_t reg) {
        return copy.operands[1].index != reg && ++depth_ < 50 && stale(copy.operands[1].index);
    }

    void write(std::uint32_t reg, std::uint32_t value) {
        values_[reg] = value;
        if (allocation_.first[reg] == RegisterAllocation::no_register) return;
        for (const std::uint32_t place : places_of(reg)) machine_[place] = value;
    }

    const PtxKernel& kernel_;
    RegisterAllocation allocation_;
    std::map<std::uint32_t, std::uint32_t> values_;   ///< by register; 0: never written
    std::map<std::uint32_t, std::uint32_t> machine_;  ///< by machine register
    std::uint32_t next_value_ = 0;
    int depth_ = 0;
};

RC_GTEST_PROP(AllocateRegisters, NoValueIsOverwrittenBeforeItIsRead, ()) {
    const PtxModule module = module_of(random_statements());
    RC_ASSERT(Walk(*module.kernels.front()).values_survive(300));
}

RC_GTEST_PROP(AllocateRegisters, PairsAreAlignedAndBelowTheCount, ()) {
    const PtxModule module = module_of(random_statements());
    const PtxKernel& kernel = *module.kernels.front();
    const RegisterAllocation allocation = allocate_registers(kernel);
    RC_ASSERT(allocation.first.size() == kernel.registers.size());
    for (std::size_t reg = 0; reg < kernel.registers.size(); ++reg) {
        const std::uint32_t first = allocation.first[reg];
        if (first == RegisterAllocation::no_register) continue;
        const bool is_predicate = kernel.registers[reg].type == PtxType::pred;
        const std::uint32_t width = kernel.registers[reg].type == PtxType::b64 ? 2 : 1;
        RC_ASSERT(first % width == 0U);
        RC_ASSERT(first + width <= (is_predicate ? 7 : allocation.count));
    }
}

}  // namespace
}  // namespace stcsim
