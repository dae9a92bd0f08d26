#include "base/counters.h"

#include <gtest/gtest.h>

namespace stcsim {
namespace {

TEST(CounterReport, AddsUpWhatIsReportedUnderTheSamePath) {
    CounterReport report;
    report.add("sm.shared_memory", "wavefronts", "wavefronts", "meaning", 3);
    report.add("sm.barrier_unit", "barriers", "barriers", "meaning", 1);
    report.add("sm.shared_memory", "wavefronts", "wavefronts", "meaning", 4);
    EXPECT_EQ(report.at("sm.shared_memory.wavefronts"), 7U);
    EXPECT_EQ(report.at("sm.barrier_unit.barriers"), 1U);
    EXPECT_EQ(report.values().size(), 2U);
}

TEST(CounterReport, KeepsTheOrderOfFirstReportsWithUnitAndMeaning) {
    CounterReport report;
    report.add("z", "last", "bytes", "bytes moved", 1);
    report.add("a", "first", "cycles", "cycles waited", 2);
    report.add("z", "last", "bytes", "bytes moved", 1);
    ASSERT_EQ(report.values().size(), 2U);
    EXPECT_EQ(report.values()[0].path, "z.last");
    EXPECT_EQ(report.values()[0].unit, "bytes");
    EXPECT_EQ(report.values()[0].meaning, "bytes moved");
    EXPECT_EQ(report.values()[1].path, "a.first");
}

TEST(CounterReport, ACounterNobodyReportedIsZero) {
    EXPECT_EQ(CounterReport().at("sm.nothing"), 0U);
}

TEST(CounterReport, APathIsTakenAsAWhole) {
    CounterReport report;
    report.add("memory.l2", "hits", "sectors", "meaning", 5);
    EXPECT_EQ(report.at("memory.l2.hit"), 0U);
    EXPECT_EQ(report.at("memory.l2.hits.more"), 0U);
    EXPECT_EQ(report.at("l2.hits"), 0U);
}

}  // namespace
}  // namespace stcsim
