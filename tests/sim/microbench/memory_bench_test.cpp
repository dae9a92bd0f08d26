/// The memory model against published measurements (models/reference/memory_a100.csv): within 10 %, and where sources
/// conflict, within what they span.

#include "microbench/memory_bench.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "descriptions.h"
#include "microbench/l1_bench.h"
#include "workload/csv_reader.h"

namespace stcsim::testing {
namespace {

/// What the sources measured of one thing: all values of the rows, the ends of ranges such as "393-419" included.
struct Measured {
    double least = INFINITY;
    double most = 0;
};

/// By level and metric, as the file has them, of the given rows together.
Measured measured(const std::vector<std::string>& levels, const std::string& metric) {
    Measured result;
    std::size_t found = 0;
    const auto records = read_csv(STCSIM_SOURCE_DIR "/models/reference/memory_a100.csv");
    for (const CsvRecord& record : records) {
        if (record.fields[2] != metric || !std::ranges::count(levels, record.fields[1])) continue;
        ++found;
        const std::string& value = record.fields[3];
        const std::size_t dash = value.find('-');
        for (const std::string& end : {value.substr(0, dash), value.substr(dash + 1)}) {
            result.least = std::min(result.least, std::stod(end));
            result.most = std::max(result.most, std::stod(end));
        }
    }
    EXPECT_GE(found, levels.size()) << levels.front();
    return result;
}

void expect_as_measured(double model, const std::vector<std::string>& levels, const std::string& metric = "latency") {
    const Measured range = measured(levels, metric);
    EXPECT_GE(model, 0.9 * range.least) << levels.front();
    EXPECT_LE(model, 1.1 * range.most) << levels.front();
}

constexpr std::uint64_t mebibyte = 1 << 20;

TEST(MemoryMeasurements, OfTheL1AreMet) {
    const double hit = l1_chase_latency(a100(), Bytes(32 * 1024));
    expect_as_measured(hit, {"L1 (ld.ca)"});
    expect_as_measured(hit, {"L1 (ld.ca)", "L1", "L1 random chase <=149KiB"});
    expect_as_measured(l1_chase_latency(a100(), Bytes(149 * 1024)), {"L1 random chase <=149KiB"});
    // All of 227 KiB miss in the same source.
    expect_as_measured(l1_chase_latency(a100(), Bytes(227 * 1024)), {"L2 random chase 0.22-17 MiB"});
    const double bandwidth = l1_bandwidth(a100());
    expect_as_measured(bandwidth, {"L1 (fp32.v4)"}, "throughput");
    // The same on A100: 92 % of 128 B/clk (Dissecting the Ampere GPU Architecture, GTC 2021, S33322).
    EXPECT_NEAR(bandwidth, 0.92 * 128, 0.1 * 0.92 * 128);
}

TEST(MemoryMeasurements, OfSingleLoadsAreMet) {
    const LoadLatencies latencies = load_latencies(a100());
    expect_as_measured(latencies.near_hit, {"L2 near hit"});
    expect_as_measured(latencies.near_hit, {"L2 (ld.cg)", "L2"});
    expect_as_measured(latencies.far_hit, {"L2 far hit"});
    expect_as_measured(latencies.near_miss, {"L2 near miss"});
    expect_as_measured(latencies.far_miss, {"L2 far miss"});
    expect_as_measured((latencies.near_miss + latencies.far_miss) / 2, {"global", "global avg", "global (ld.cv > L2)"});
}

TEST(MemoryMeasurements, OfRandomChasesOfOneSmAreMet) {
    for (const std::uint64_t footprint : {1, 8, 17}) {
        expect_as_measured(chase_latency(a100(), Bytes(footprint * mebibyte)), {"L2 random chase 0.22-17 MiB"});
    }
    for (const std::uint64_t footprint : {24, 31, 38}) {
        expect_as_measured(chase_latency(a100(), Bytes(footprint * mebibyte)), {"L2 random chase 24-38 MiB"});
    }
    for (const std::uint64_t footprint : {47, 64}) {
        expect_as_measured(chase_latency(a100(), Bytes(footprint * mebibyte)), {"random chase >46 MiB (mostly DRAM)"});
    }
}

TEST(MemoryMeasurements, OfBandwidthsAreMet) {
    const double gigabytes = a100().clock_hz / 1e9;
    const double l2 = stream_bandwidth(a100(), Bytes(8 * mebibyte));
    EXPECT_GE(l2, measured({"L2 (fp32.v4)"}, "throughput").least);
    EXPECT_LE(l2, measured({"L2 read"}, "peak").most) << "the vendor's figure is a bound";
    expect_as_measured(stream_bandwidth(a100(), Bytes(200 * mebibyte)) * gigabytes, {"global"}, "throughput");
    expect_as_measured(slice_bandwidth(a100(), true) * gigabytes, {"1 SM -> near L2 slice"}, "throughput");
    expect_as_measured(slice_bandwidth(a100(), false) * gigabytes, {"1 SM -> far L2 slice"}, "throughput");
}

}  // namespace
}  // namespace stcsim::testing
