/// The CSV that scripts rely on, and the table.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "microbench/microbench_report.h"

namespace stcsim::testing {
namespace {

using ::testing::HasSubstr;

MicrobenchResult made_up(std::uint32_t warps, std::uint32_t ilp, double latency, double throughput) {
    MicrobenchResult result;
    result.subject = microbench_subject_named("mma.m16n8k16.f32.f16.f16.f32");
    result.load = {warps, ilp};
    result.latency = latency;
    result.throughput = throughput;
    result.peak = 1024;
    return result;
}

TEST(MicrobenchCsv, HasOneLinePerMeasurementUnderTheContractsHeader) {
    const std::vector results{made_up(1, 1, 24.5678, 83.125), made_up(8, 2, 32.5, 1008.25)};
    EXPECT_EQ(microbench_csv(results),
              "instr,warps,ilp,latency_cyc,throughput,peak,unit\n"
              "mma.m16n8k16.f32.f16.f16.f32,1,1,24.568,83.12,1024,FMA/clk/SM\n"
              "mma.m16n8k16.f32.f16.f16.f32,8,2,32.500,1008.25,1024,FMA/clk/SM\n");
}

TEST(MicrobenchTable, ShowsTheLoadFromWhichMoreInstructionsAddLessThanFivePercent) {
    const std::vector results{made_up(1, 1, 24.5, 80), made_up(4, 1, 25, 320), made_up(4, 2, 26, 640),
                              made_up(4, 3, 27.5, 900), made_up(4, 4, 36.6, 910)};
    const std::string table = microbench_table(results);
    EXPECT_THAT(table, HasSubstr("24.5"));
    EXPECT_THAT(table, HasSubstr("27.5"));
    EXPECT_THAT(table, HasSubstr("87.9"));  // 900 of 1024
    EXPECT_THAT(table, ::testing::Not(HasSubstr("36.6")));
}

TEST(MicrobenchTable, LeavesTheLatencyOpenWhereItWasNotMeasured) {
    const std::vector results{made_up(4, 3, 27.5, 900)};
    EXPECT_THAT(microbench_table(results), ::testing::ContainsRegex("f32 +- "));
}

}  // namespace
}  // namespace stcsim::testing
