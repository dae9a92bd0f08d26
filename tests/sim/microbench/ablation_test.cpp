/// Each mechanism of the model carries the measurements it is there for: switched off, they are missed, and the others
/// are not. models/README.md has the table.

#include <gtest/gtest.h>

#include "descriptions.h"

namespace stcsim::testing {
namespace {

const std::vector<std::string> sparse_small{"mma.sp.m16n8k16.f16.f16.f16.f16", "mma.sp.m16n8k8.f32.tf32.tf32.f32",
                                            "mma.sp.m16n8k32.s32.s8.u8.s32", "mma.sp.m16n8k64.s32.u4.u4.s32"};
const std::vector<std::string> sparse_large{"mma.sp.m16n8k32.f32.bf16.bf16.f32", "mma.sp.m16n8k64.s32.s8.s8.s32"};

double share_of_peak(const std::string& name, std::uint32_t warps, std::uint32_t ilp,
                     const GpuParameters& gpu = a100()) {
    const MicrobenchResult result = measured(name, warps, ilp, gpu);
    return result.throughput / result.peak;
}

TEST(Ablation, SmallKSparseOfEveryTypeStaysFarBelowThePeakThatLargeKReaches) {
    for (const std::string& name : sparse_small) {
        // Measured: 63 to 65 % (arXiv 2206.02874).
        EXPECT_NEAR(share_of_peak(name, 8, 2), 0.64, 0.02) << name;
        EXPECT_LT(share_of_peak(name, 16, 4), 0.67) << name;
    }
    for (const std::string& name : sparse_large) EXPECT_GT(share_of_peak(name, 8, 2), 0.96) << name;
}

TEST(Ablation, ASlotForMetadataBringsSmallKSparseToThePeakAndLeavesTheRest) {
    GpuParameters four_slots = a100();
    four_slots.sm.tensor_core.operand_fetch.operand_slots = 4;
    EXPECT_GT(share_of_peak(sparse_small[0], 8, 3, four_slots), 0.93) << "f16 sums";
    GpuParameters two_ports = four_slots;
    two_ports.sm.tensor_core.operand_fetch.ports_per_bank = 2;
    for (std::size_t i = 1; i < sparse_small.size(); ++i) {
        // With 32-bit sums the ports are next: nine registers through two of them.
        EXPECT_NEAR(share_of_peak(sparse_small[i], 8, 3, four_slots), 0.77, 0.03) << sparse_small[i];
        EXPECT_GT(share_of_peak(sparse_small[i], 8, 3, two_ports), 0.93) << sparse_small[i];
    }
    for (const std::string& name : {sparse_large[0], std::string("mma.m16n8k8.f32.f16.f16.f32")}) {
        EXPECT_DOUBLE_EQ(share_of_peak(name, 8, 3, four_slots), share_of_peak(name, 8, 3)) << name;
    }
}

TEST(Ablation, AShorterReadWindowBringsSmallKSparseNearerToThePeak) {
    GpuParameters short_window = a100();
    short_window.sm.tensor_core.operand_fetch.read_window = Cycle(1);
    for (const std::string& name : sparse_small) {
        EXPECT_GT(share_of_peak(name, 8, 3, short_window), share_of_peak(name, 8, 3) + 0.1) << name;
    }
}

TEST(Ablation, OneWarpPerSubCoreDoesNotHideTheSynchronisationAndTwoDo) {
    for (const char* name : {"mma.m16n8k16.f32.f16.f16.f32", "mma.sp.m16n8k32.f16.f16.f16.f16"}) {
        EXPECT_NEAR(share_of_peak(name, 4, 3), 0.88, 0.03) << name;  // arXiv 2206.02874
        EXPECT_GT(share_of_peak(name, 8, 2), 0.97) << name;
        GpuParameters slow = a100();
        slow.sm.warp_scheduler.warp_sync_latency += Cycle(6);
        EXPECT_LT(share_of_peak(name, 4, 3, slow), 0.8) << name;
        EXPECT_NEAR(share_of_peak(name, 8, 2, slow), share_of_peak(name, 8, 2), 0.01) << name;
    }
}

TEST(Ablation, TwoMorePortsTakeTheExtraRegistersOfCFromTheF32SmallK) {
    const char* const f32 = "mma.m16n8k8.f32.f16.f16.f32";
    const char* const f16 = "mma.m16n8k8.f16.f16.f16.f16";
    EXPECT_LT(share_of_peak(f32, 8, 3), share_of_peak(f16, 8, 3) - 0.01);
    GpuParameters two_ports = a100();
    two_ports.sm.tensor_core.operand_fetch.ports_per_bank = 2;
    EXPECT_DOUBLE_EQ(share_of_peak(f32, 8, 3, two_ports), share_of_peak(f16, 8, 3, two_ports));
}

TEST(Ablation, HalfRateTensorCoresHideTheSecondPass) {
    // On GA102 small-k sparse instructions do reach the peak.
    const GpuParameters rtx3090 = gpu_named("rtx3090");
    for (const std::string& name : {sparse_small[0], sparse_small[2], sparse_small[3]}) {
        EXPECT_GT(share_of_peak(name, 8, 2, rtx3090), 0.95) << name;
    }
}

TEST(Ablation, AccumulationInF32HalvesTheRateOfGa102AndNotOfTheA100) {
    const GpuParameters rtx3090 = gpu_named("rtx3090");
    const auto ratio = [](const GpuParameters& gpu) {
        return measured("mma.m16n8k16.f16.f16.f16.f16", 8, 4, gpu).throughput /
               measured("mma.m16n8k16.f32.f16.f16.f32", 8, 4, gpu).throughput;
    };
    EXPECT_NEAR(ratio(rtx3090), 2, 0.05);
    EXPECT_NEAR(ratio(a100()), 1, 0.01);
}

}  // namespace
}  // namespace stcsim::testing
