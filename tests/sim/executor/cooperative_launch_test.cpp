/// CTAs of one grid that wait for each other.
#include <gtest/gtest.h>

#include "kernel_fixture.h"

namespace stcsim {
namespace {

using U32 = std::uint32_t;

/// Thread 0 of each CTA counts itself in at the workspace and waits until all have; then every CTA writes the count it
/// sees. The workspace's address is read as cooperative groups do.
constexpr std::string_view meet =
    "mov.u32 %r10, %envreg1; mov.u32 %r11, %envreg2; mov.b64 %d10, {%r11, %r10};"
    "setp.ne.s64 %p1, %d10, 0; @%p1 bra meet; trap;"
    "meet: mov.u32 %r12, %nctaid.x; atom.add.release.gpu.u32 %r13, [%d10+4], 1;"
    "again: ld.acquire.gpu.u32 %r14, [%d10+4]; setp.lt.u32 %p2, %r14, %r12; @%p2 bra again;"
    "mov.u32 %r15, %ctaid.x; mad.wide.u32 %d11, %r15, 4, %d2; st.global.u32 [%d11], %r14;";

std::vector<U32> run_grid(TestKernel& kernel, std::uint64_t workspace) {
    FindingSink findings(FindingMode::strict);
    const std::uint64_t out = kernel.memory.allocate(4 * kernel.grid.count(), "out");
    KernelLaunch launch = kernel.launch(out, out, 0);
    launch.grid_workspace = workspace;
    kernel.options.max_warp_instructions = 100000;
    run_functional(launch, findings, kernel.options);
    return kernel.download<U32>(out, kernel.grid.count());
}

TEST(CooperativeLaunch, RunsAllCtasAtTheSameTime) {
    TestKernel kernel(meet);
    kernel.grid = {20, 1, 1};
    kernel.block = {1, 1, 1};
    const std::uint64_t workspace = kernel.memory.allocate(8, "workspace");
    EXPECT_EQ(run_grid(kernel, workspace), std::vector<U32>(20, 20));
}

TEST(CooperativeLaunch, IsToldApartFromOthersByItsWorkspace) {
    TestKernel kernel(meet);
    EXPECT_THROW(run_grid(kernel, 0), KernelFault);
}

}  // namespace
}  // namespace stcsim
