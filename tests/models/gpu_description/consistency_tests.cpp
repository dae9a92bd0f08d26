#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "description_files.h"

namespace stcsim {
namespace {

using testing::HasSubstr;

/// Overrides that contradict each other or the A100's other parameters, and the two parameters to be named.
struct Contradiction {
    std::string name;
    std::vector<std::string> overrides;
    std::string first;
    std::string second;

    friend void PrintTo(const Contradiction& c, std::ostream* out) { *out << testing::PrintToString(c.overrides); }
};

class Contradicting : public testing::TestWithParam<Contradiction> {};

TEST_P(Contradicting, ParametersAreRefusedByName) {
    GpuDescription gpu = load_gpu_description("a100-sxm4-40gb");
    EXPECT_NO_THROW(check_consistency(gpu));
    for (const std::string& assignment : GetParam().overrides) apply_override(gpu, assignment);
    const InputError error = input_error_of([&] { check_consistency(gpu); });
    EXPECT_THAT(error.found(), HasSubstr(GetParam().first));
    EXPECT_THAT(error.found(), HasSubstr(GetParam().second));
}

INSTANTIATE_TEST_SUITE_P(
    Each, Contradicting,
    testing::Values(
        Contradiction{"WarpsOverSubCores", {"sm.sub_cores=3"}, "sm.residency.maximum_warps", "sm.sub_cores"},
        Contradiction{"MoreCtasThanWarps", {"sm.residency.maximum_warps=16"}, "maximum_ctas", "maximum_warps"},
        Contradiction{
            "TooFewRegisters", {"sm.residency.registers=16384"}, "residency.registers", "maximum_registers_per_thread"},
        Contradiction{"UnevenRegisters", {"sm.residency.registers=65534"}, "residency.registers", "sm.sub_cores"},
        Contradiction{"SharedMemoryUnit",
                      {"sm.residency.shared_memory_allocation_unit=4095"},
                      "shared_memory",
                      "shared_memory_allocation_unit"},
        Contradiction{"ReservedUnit",
                      {"sm.residency.shared_memory_reserved=100"},
                      "shared_memory_reserved",
                      "shared_memory_allocation_unit"},
        Contradiction{"CtaBeyondSharedMemory",
                      {"sm.residency.shared_memory_per_cta=167936"},
                      "shared_memory_per_cta",
                      "sm.residency.shared_memory"},
        Contradiction{"UnifiedMemory", {"sm.l1.unified_memory=131072"}, "sm.l1.unified_memory", "shared_memory"},
        Contradiction{"CarveOutOrder", {"sm.l1.carve_outs.first=20000"}, "carve_outs.first", "carve_outs.seventh"},
        Contradiction{"ArrayRows", {"sm.tensor_core.dot_product_array.rows=5"}, "rows", "columns"},
        Contradiction{"ArrayColumns", {"sm.tensor_core.dot_product_array.columns=16"}, "rows", "columns"},
        Contradiction{"UnitBits", {"sm.tensor_core.dot_product_array.unit_bits=100"}, "unit_bits", "rows"},
        Contradiction{"NarrowMultiplexer", {"sm.tensor_core.input_selector.mux_width=2"}, "mux_width", "sparse_path"},
        Contradiction{"SectorsPerLine", {"memory.l2.sector=48"}, "memory.l2.line", "memory.l2.sector"},
        Contradiction{"ManySectorsPerLine", {"memory.l2.sector=16", "memory.l2.line=256"}, "l2.line", "l2.sector"},
        Contradiction{"LinesPerRow", {"memory.hbm.row_bytes=1000"}, "memory.hbm.row_bytes", "memory.l2.line"},
        Contradiction{"SlowOpening",
                      {"memory.hbm.row_open_seconds=50e-9"},
                      "memory.hbm.row_open_seconds",
                      "memory.hbm.row_cycle_seconds"},
        Contradiction{"SlicesPerPartition", {"memory.l2.partitions=3"}, "memory.l2.slices", "memory.l2.partitions"},
        Contradiction{"WholeSets", {"memory.l2.capacity=41943041"}, "memory.l2.capacity", "memory.l2.slices"}),
    [](const auto& suite) { return suite.param.name; });

TEST(Consistency, OfAFileIsReportedWithTheFile) {
    const TemporaryFolder folder;
    const std::string file = folder.write(
        "bad.toml", with(shipped_text("a100-sxm4-40gb"), "partitions = { value = 2", "partitions = { value = 3"));
    EXPECT_EQ(input_error_of([&] { load_gpu_description(file); }).where().file, file);
}

TEST(Consistency, ANarrowMultiplexerIsFineWithoutASparsePath) {
    GpuDescription gpu = load_gpu_description("a100-dense-only");
    apply_override(gpu, "sm.tensor_core.input_selector.mux_width=2");
    EXPECT_NO_THROW(check_consistency(gpu));
}

TEST(Consistency, IsJudgedAfterAllOverrides) {
    GpuDescription gpu = load_gpu_description("a100-sxm4-40gb");
    apply_override(gpu, "sm.sub_cores=3");
    apply_override(gpu, "sm.residency.maximum_warps=48");
    apply_override(gpu, "sm.residency.registers=49152");
    EXPECT_NO_THROW(check_consistency(gpu));
}

}  // namespace
}  // namespace stcsim
