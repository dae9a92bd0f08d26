/// Registers that are live together have different numbers; copies cost nothing; fragments are side by side.

#include "ptx_timing/register_assignment.h"

#include <array>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "kernel_fixture.h"
#include "ptx_timing/folded_instructions.h"
#include "ptx_timing/machine_program.h"

namespace stcsim {
namespace {

std::uint32_t register_named(const DecodedKernel& kernel, const std::string& name) {
    const auto& registers = kernel.ptx().registers;
    for (std::uint32_t i = 0; i < registers.size(); ++i) {
        if (registers[i].name == name) return i;
    }
    ADD_FAILURE() << name;
    return 0;
}

RegisterRange range_of(const DecodedKernel& kernel, const RegisterAssignment& assignment, const std::string& name) {
    return assignment.ranges[register_named(kernel, name)];
}

bool overlap(const RegisterRange& a, const RegisterRange& b) {
    return a.first < b.first + b.count && b.first < a.first + a.count;
}

/// With folded addresses where they are on the machine.
RegisterAssignment assignment_of(const TestKernel& kernel) {
    const DecodedKernel& decoded = kernel.decoded();
    return assign_registers(decoded.ptx(), machine_register_uses(decoded, folded_instructions(decoded)));
}

/// Of general registers: the highest number and one more.
std::uint32_t numbers_used(const RegisterAssignment& assignment) {
    std::uint32_t used = 0;
    for (const RegisterRange& range : assignment.ranges) {
        if (range.first < first_predicate_number) used = std::max<std::uint32_t>(used, range.first + range.count);
    }
    return used;
}

TEST(RegisterAssignment, GivesTheSameNumbersToRegistersThatAreNeverNeededTogether) {
    std::string body;
    for (int i = 10; i < 90; ++i) {
        body += "ld.global.u32 %r" + std::to_string(i) + ", [%d1]; st.global.u32 [%d2], %r" + std::to_string(i) + ";\n";
    }
    const TestKernel kernel(body);
    EXPECT_LE(numbers_used(assignment_of(kernel)), 16U);
}

TEST(RegisterAssignment, NeedsAsManyNumbersAsAreLiveAtOnce) {
    std::string loads;
    std::string stores;
    for (int i = 10; i < 90; ++i) {
        loads += "ld.global.u32 %r" + std::to_string(i) + ", [%d1];\n";
        stores += "st.global.u32 [%d2], %r" + std::to_string(i) + ";\n";
    }
    const TestKernel kernel(loads + stores);
    const RegisterAssignment assignment = assignment_of(kernel);
    EXPECT_GE(numbers_used(assignment), 80U);
    EXPECT_LE(numbers_used(assignment), 88U);
    for (int i = 10; i < 90; ++i) {
        for (int j = 10; j < i; ++j) {
            EXPECT_FALSE(overlap(range_of(kernel.decoded(), assignment, "%r" + std::to_string(i)),
                                 range_of(kernel.decoded(), assignment, "%r" + std::to_string(j))));
        }
    }
}

constexpr const char* accumulating_loop = R"(
mov.f32 %f1, 0f00000000;
mov.u32 %r10, 0;
again:
ld.global.f32 %f2, [%d1];
add.f32 %f3, %f1, %f2;
mov.f32 %f1, %f3;
add.s32 %r11, %r10, 1;
mov.u32 %r10, %r11;
setp.lt.u32 %p1, %r10, 64;
@%p1 bra again;
st.global.f32 [%d2], %f1;
)";

TEST(RegisterAssignment, JoinsTheTwoSidesOfALoopsCopies) {
    const TestKernel kernel(accumulating_loop);
    const RegisterAssignment assignment = assignment_of(kernel);
    EXPECT_EQ(range_of(kernel.decoded(), assignment, "%f1").first, range_of(kernel.decoded(), assignment, "%f3").first);
    EXPECT_FALSE(overlap(range_of(kernel.decoded(), assignment, "%f1"), range_of(kernel.decoded(), assignment, "%f2")));
    const MachineProgram program(kernel.decoded());
    std::size_t free_copies = 0;
    for (std::uint32_t i = 0; i < kernel.decoded().instructions().size(); ++i) {
        if (copy_of(*kernel.decoded().instructions()[i].ptx) && program[i].free) ++free_copies;
    }
    EXPECT_EQ(free_copies, 2U);
}

TEST(RegisterAssignment, KeepsACopyWhoseSourceLivesOn) {
    const TestKernel kernel(R"(
ld.global.u32 %r10, [%d1];
mov.u32 %r11, %r10;
add.s32 %r11, %r11, 1;
st.global.u32 [%d2], %r10;
st.global.u32 [%d2], %r11;
)");
    const RegisterAssignment assignment = assignment_of(kernel);
    EXPECT_NE(range_of(kernel.decoded(), assignment, "%r10").first,
              range_of(kernel.decoded(), assignment, "%r11").first);
}

TEST(RegisterAssignment, PutsTheRegistersOfAFragmentSideBySide) {
    const TestKernel kernel(R"(
ld.global.u32 %r20, [%d1];
ld.global.u32 %r40, [%d1+4];
ld.global.u32 %r30, [%d1+8];
ld.global.u32 %r10, [%d1+12];
ld.global.u32 %r50, [%d1+16];
ld.global.u32 %r60, [%d1+20];
mov.f32 %f1, 0f00000000; mov.f32 %f2, %f1; mov.f32 %f3, %f1; mov.f32 %f4, %f1;
mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f1,%f2,%f3,%f4}, {%r10,%r20,%r30,%r40}, {%r50,%r60}, {%f1,%f2,%f3,%f4};
st.global.f32 [%d2], %f4;
)");
    const RegisterAssignment assignment = assignment_of(kernel);
    const auto first = [&](const char* name) { return range_of(kernel.decoded(), assignment, name).first; };
    EXPECT_EQ(first("%r20"), first("%r10") + 1);
    EXPECT_EQ(first("%r30"), first("%r10") + 2);
    EXPECT_EQ(first("%r40"), first("%r10") + 3);
    EXPECT_EQ(first("%r60"), first("%r50") + 1);
    EXPECT_EQ(first("%f4"), first("%f1") + 3);
}

RC_GTEST_PROP(RegisterAssignment, NeverLetsTwoLiveRegistersOverlap, ()) {
    // Straight-line code of sums in any order: what is live where is easily told.
    const auto length = *rc::gen::inRange(1, 120);
    std::string body;
    for (int r = 10; r < 60; ++r) body += "ld.global.u32 %r" + std::to_string(r) + ", [%d1];\n";
    std::vector<std::array<int, 3>> program;
    for (int i = 0; i < length; ++i) {
        program.push_back({*rc::gen::inRange(10, 60), *rc::gen::inRange(10, 60), *rc::gen::inRange(10, 60)});
        const auto& [d, a, b] = program.back();
        body += "add.s32 %r" + std::to_string(d) + ", %r" + std::to_string(a) + ", %r" + std::to_string(b) + ";\n";
    }
    const TestKernel kernel(body);
    const RegisterAssignment assignment = assignment_of(kernel);
    std::set<int> live;
    const auto range = [&](int r) { return range_of(kernel.decoded(), assignment, "%r" + std::to_string(r)); };
    for (auto step = program.rbegin(); step != program.rend(); ++step) {
        for (const int other : live) {
            if (other != (*step)[0]) RC_ASSERT(!overlap(range(other), range((*step)[0])));
        }
        live.erase((*step)[0]);
        live.insert((*step)[1]);
        live.insert((*step)[2]);
    }
}

}  // namespace
}  // namespace stcsim
