#include "microbench/memory_bench.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "memory/memory_hierarchy.h"
#include "report/text_table.h"

namespace stcsim {
namespace {

constexpr std::uint32_t one_sector = 1;
/// Lines that a warp reads at once: 32 lanes of 16 bytes.
constexpr std::uint64_t lines_per_warp = 4;
/// Warp-level reads that an SM of a bandwidth test has under way: 64 warps of one.
constexpr std::size_t reads_under_way = 64;
/// Between the steps of a latency test: longer than anything takes.
constexpr Cycle long_ago{100'000};

std::uint32_t whole_line(const GpuParameters& gpu) {
    return (1U << (gpu.memory.l2.line.value() / gpu.memory.l2.sector.value())) - 1;
}

MemoryHierarchy memory_of(const GpuParameters& gpu) {
    return {gpu.memory, gpu.sm_count, gpu.clock_hz};
}

/// What a load takes in the SM beside the memory: its unit, and issue and write-back, a cycle each.
Cycle latency_in_sm(const GpuParameters& gpu) {
    return gpu.sm.load_store_unit.latency + Cycle(2);
}

/// Loads of one sector, each when the one before is back.
class Chase {
  public:
    explicit Chase(const GpuParameters& gpu) : memory_(memory_of(gpu)), in_sm_(latency_in_sm(gpu)) {}

    /// Cycles until the data of `line` are in the register.
    double load(SmIndex sm, std::uint64_t line) {
        const Cycle back =
            memory_.access({.sm = sm, .line = line, .sectors = one_sector, .write = false}, now_) + in_sm_;
        const Cycle taken = back - now_;
        now_ = back;
        return static_cast<double>(taken.value());
    }
    void wait() { now_ += long_ago; }
    [[nodiscard]] const MemoryHierarchy& memory() const { return memory_; }

  private:
    MemoryHierarchy memory_;
    Cycle in_sm_;
    Cycle now_{0};
};

/// Reads of several SMs, each with a bounded number under way, in order of time.
class Streams {
  public:
    Streams(MemoryHierarchy& memory, const GpuParameters& gpu) : memory_(memory), gpu_(gpu) {}

    /// Every SM of `sms` reads its own list of lines, `lines_per_warp` at a time. Returns the cycles it took.
    Cycle read(const std::vector<SmIndex>& sms, const std::function<std::uint64_t(std::size_t, std::uint64_t)>& line,
               std::uint64_t reads) {
        using Turn = std::pair<Cycle, std::size_t>;
        std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns;
        std::vector<std::vector<Cycle>> back(sms.size(), std::vector<Cycle>(reads_under_way, start_));
        std::vector<std::uint64_t> done(sms.size());
        for (std::size_t i = 0; i < sms.size(); ++i) turns.emplace(start_, i);
        const Cycle unit_busy(
            ceil_divide(lines_per_warp * gpu_.memory.l2.line.value(), gpu_.sm.load_store_unit.bytes_per_cycle.value()));
        Cycle last = start_;
        while (!turns.empty()) {
            const auto [now, i] = turns.top();
            turns.pop();
            Cycle& slot = back[i][done[i] % reads_under_way];
            slot = now;
            for (std::uint64_t part = 0; part < lines_per_warp; ++part) {
                const LineAccess access{.sm = sms[i],
                                        .line = line(i, done[i] * lines_per_warp + part),
                                        .sectors = whole_line(gpu_),
                                        .write = false};
                slot = std::max(slot, memory_.access(access, now) + latency_in_sm(gpu_));
            }
            last = std::max(last, slot);
            if (++done[i] < reads) {
                turns.emplace(std::max(now + unit_busy, back[i][done[i] % reads_under_way]), i);
            }
        }
        const Cycle taken = last - start_;
        start_ = last + long_ago;
        return taken;
    }

  private:
    MemoryHierarchy& memory_;
    const GpuParameters& gpu_;
    Cycle start_{0};
};

double per_cycle(std::uint64_t lines, Cycle taken, const GpuParameters& gpu) {
    return static_cast<double>(lines * gpu.memory.l2.line.value()) / static_cast<double>(taken.value());
}

std::uint64_t line_by_home(const MemoryHierarchy& memory, bool near) {
    std::uint64_t line = 0;
    while (memory.is_near(SmIndex(0), line) != near) ++line;
    return line;
}

}  // namespace

LoadLatencies load_latencies(const GpuParameters& gpu) {
    LoadLatencies latencies;
    const bool one_partition = gpu.memory.l2.partitions == 1;
    Chase chase(gpu);
    const std::uint64_t near = line_by_home(chase.memory(), true);
    latencies.near_miss = chase.load(SmIndex(0), near);
    latencies.near_hit = latencies.far_hit = chase.load(SmIndex(0), near);
    latencies.far_miss = latencies.near_miss;
    if (one_partition || gpu.sm_count == 1) return latencies;
    Chase far_chase(gpu);
    const std::uint64_t far = line_by_home(far_chase.memory(), false);
    far_chase.load(SmIndex(1), far);
    far_chase.wait();
    latencies.far_hit = far_chase.load(SmIndex(0), far);
    Chase miss_chase(gpu);
    latencies.far_miss = miss_chase.load(SmIndex(0), far);
    return latencies;
}

double chase_latency(const GpuParameters& gpu, Bytes footprint) {
    std::vector<std::uint64_t> lines(footprint.value() / gpu.memory.l2.line.value());
    std::iota(lines.begin(), lines.end(), std::uint64_t{0});
    std::mt19937_64 random(1);
    for (std::size_t i = lines.size(); i > 1; --i) std::swap(lines[i - 1], lines[random() % i]);
    Chase chase(gpu);
    double sum = 0;
    for (const bool counts : {false, true}) {
        for (const std::uint64_t line : lines) {
            const double taken = chase.load(SmIndex(0), line);
            if (counts) sum += taken;
        }
    }
    return sum / static_cast<double>(lines.size());
}

double stream_bandwidth(const GpuParameters& gpu, Bytes footprint) {
    MemoryHierarchy memory = memory_of(gpu);
    Streams streams(memory, gpu);
    std::vector<SmIndex> sms;
    for (std::uint32_t sm = 0; sm < gpu.sm_count; ++sm) sms.emplace_back(sm);
    // SM after SM takes the next piece, as the CTAs of a launch do.
    const std::uint64_t reads = footprint.value() / gpu.memory.l2.line.value() / lines_per_warp / gpu.sm_count;
    const auto line = [&](std::size_t sm, std::uint64_t number) {
        return (number / lines_per_warp * gpu.sm_count + sm) * lines_per_warp + number % lines_per_warp;
    };
    streams.read(sms, line, reads);
    return per_cycle(reads * lines_per_warp * gpu.sm_count, streams.read(sms, line, reads), gpu);
}

double slice_bandwidth(const GpuParameters& gpu, bool near) {
    MemoryHierarchy memory = memory_of(gpu);
    Streams streams(memory, gpu);
    constexpr std::uint64_t reads = 400;
    std::vector<std::uint64_t> lines;
    for (std::uint64_t line = 0; lines.size() < reads * lines_per_warp; ++line) {
        if (memory.slice_of(SmIndex(0), line) == 0 && memory.is_near(SmIndex(0), line) == near) lines.push_back(line);
    }
    const auto line = [&](std::size_t, std::uint64_t number) { return lines[number]; };
    // Who reads first brings the lines into the partition that is their home only.
    streams.read({SmIndex(near ? 0 : 1)}, line, reads);
    return per_cycle(lines.size(), streams.read({SmIndex(0)}, line, reads), gpu);
}

std::vector<MemoryFigure> measure_memory(const GpuParameters& gpu) {
    const LoadLatencies latencies = load_latencies(gpu);
    const double gigabytes = gpu.clock_hz / 1e9;
    const bool partitions = gpu.memory.l2.partitions > 1 && gpu.sm_count > 1;
    std::vector<MemoryFigure> figures{{"L2 near hit", "latency", latencies.near_hit, "cyc"},
                                      {"L2 near miss", "latency", latencies.near_miss, "cyc"}};
    if (partitions) {
        figures.push_back({"L2 far hit", "latency", latencies.far_hit, "cyc"});
        figures.push_back({"L2 far miss", "latency", latencies.far_miss, "cyc"});
    }
    const std::uint64_t capacity = gpu.memory.l2.capacity.value();
    for (const std::uint64_t eighths : {1, 2, 3, 5, 6, 7, 10, 12, 16}) {
        const Bytes footprint(capacity / 8 * eighths);
        figures.push_back({fmt::format("random chase of {} KiB", footprint.value() / 1024), "latency",
                           chase_latency(gpu, footprint), "cyc"});
    }
    figures.push_back({"L2, all SMs", "throughput", stream_bandwidth(gpu, Bytes(capacity / 4)), "B/clk"});
    figures.push_back(
        {"memory, all SMs", "throughput", stream_bandwidth(gpu, Bytes(capacity * 4)) * gigabytes, "GB/s"});
    figures.push_back({"1 SM, near L2 slice", "throughput", slice_bandwidth(gpu, true) * gigabytes, "GB/s"});
    if (partitions) {
        figures.push_back({"1 SM, far L2 slice", "throughput", slice_bandwidth(gpu, false) * gigabytes, "GB/s"});
    }
    return figures;
}

std::string memory_csv(const std::vector<MemoryFigure>& figures) {
    std::string text = "level,metric,value,unit\n";
    for (const MemoryFigure& figure : figures) {
        text += fmt::format("\"{}\",{},{:.6g},{}\n", figure.level, figure.metric, figure.value, figure.unit);
    }
    return text;
}

std::string memory_table(const std::vector<MemoryFigure>& figures) {
    TextTable table;
    for (const char* const heading : {"read from", "what"}) table.add_column(heading, TextTable::Align::left);
    table.add_column("value", TextTable::Align::right);
    table.add_column("unit", TextTable::Align::left);
    for (const MemoryFigure& figure : figures) {
        table.add_row({figure.level, figure.metric, fmt::format("{:.1f}", figure.value), figure.unit});
    }
    return table.text();
}

}  // namespace stcsim
