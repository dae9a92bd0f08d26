#include "sm/residency.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "a100.h"
#include "warp_instructions.h"

namespace stcsim::testing {
namespace {

ResidencyParameters limits() {
    return a100().sm.residency;
}

TEST(Residency, IsLimitedByTheScarcestResource) {
    const ResidencyParameters sm = limits();
    const Residency small = resident_ctas({.warps = 1, .registers_per_thread = 16}, sm);
    EXPECT_EQ(small.ctas, sm.maximum_ctas);
    EXPECT_EQ(small.limited_by, "CTAs");
    const Residency wide = resident_ctas({.warps = 32, .registers_per_thread = 16}, sm);
    EXPECT_EQ(wide.ctas, sm.maximum_warps / 32);
    EXPECT_EQ(wide.limited_by, "warps");
    const Residency fat = resident_ctas({.warps = 8, .registers_per_thread = 255}, sm);
    EXPECT_EQ(fat.ctas, sm.registers / (8 * 32 * 256));
    EXPECT_EQ(fat.limited_by, "registers");
    const Residency deep = resident_ctas({.warps = 4, .registers_per_thread = 32, .shared_memory = Bytes(70000)}, sm);
    EXPECT_EQ(deep.ctas, 2U);
    EXPECT_EQ(deep.limited_by, "shared memory");
}

TEST(Residency, IsNoneForACtaThatCanNeverFit) {
    const ResidencyParameters sm = limits();
    const auto beyond_shared = resident_ctas({.warps = 1, .shared_memory = sm.shared_memory_per_cta + Bytes(1)}, sm);
    EXPECT_EQ(beyond_shared.ctas, 0U);
    EXPECT_EQ(beyond_shared.limited_by, "shared memory");
    EXPECT_EQ(resident_ctas({.warps = 1, .shared_memory = sm.shared_memory_per_cta}, sm).ctas, 1U);
    const auto beyond_registers =
        resident_ctas({.warps = 1, .registers_per_thread = sm.maximum_registers_per_thread + 1}, sm);
    EXPECT_EQ(beyond_registers.ctas, 0U);
    EXPECT_EQ(beyond_registers.limited_by, "registers");
    EXPECT_EQ(resident_ctas({.warps = sm.maximum_warps + 1}, sm).ctas, 0U);
}

TEST(Residency, CountsWhatTheSystemReservesForEachCta) {
    const ResidencyParameters sm = limits();
    const Bytes half = Bytes(sm.shared_memory.value() / 2);
    EXPECT_EQ(resident_ctas({.warps = 1, .shared_memory = half - sm.shared_memory_reserved}, sm).ctas, 2U);
    EXPECT_EQ(resident_ctas({.warps = 1, .shared_memory = half - sm.shared_memory_reserved + Bytes(1)}, sm).ctas, 1U);
}

TEST(Residency, RoundsAWarpsRegistersUpToTheAllocationUnit) {
    ResidencyParameters sm = limits();
    sm.registers = 2 * 32 * 32;
    // 32 registers fill four units of 256; 33 take another one.
    EXPECT_EQ(resident_ctas({.warps = 1, .registers_per_thread = 32}, sm).ctas, 2U);
    EXPECT_EQ(resident_ctas({.warps = 1, .registers_per_thread = 33}, sm).ctas, 1U);
}

RC_GTEST_PROP(Residency, NeverExceedsAResourceAndLeavesNoRoomForOneMoreCta, ()) {
    const ResidencyParameters sm = limits();
    const CtaResources cta{.warps = *rc::gen::inRange(1U, 33U),
                           .registers_per_thread = *rc::gen::inRange(16U, 256U),
                           .shared_memory = Bytes(*rc::gen::inRange<std::uint64_t>(0, 166913))};
    const auto fits = [&](std::uint64_t ctas) {
        const std::uint64_t registers = round_up(cta.registers_per_thread * warp_lanes, sm.register_allocation_unit);
        const std::uint64_t shared =
            round_up((cta.shared_memory + sm.shared_memory_reserved).value(), sm.shared_memory_allocation_unit.value());
        return ctas <= sm.maximum_ctas && ctas * cta.warps <= sm.maximum_warps &&
               ctas * cta.warps * registers <= sm.registers && ctas * shared <= sm.shared_memory.value();
    };
    const Residency residency = resident_ctas(cta, sm);
    RC_ASSERT(fits(residency.ctas));
    RC_ASSERT(!fits(residency.ctas + 1ULL));
}

}  // namespace
}  // namespace stcsim::testing
