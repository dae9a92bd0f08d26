#include "validate/memory_reference.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "validate/reference_gpus.h"
#include "validate/reference_table.h"

namespace stcsim {
namespace {

using Kind = MemoryWork::Kind;

constexpr std::array<std::string_view, 6> memory_columns{"gpu", "level", "metric", "value", "unit", "source"};

/// What a level and metric of the file stand for.
struct KnownLevel {
    std::string_view level;
    std::string_view metric;
    Kind kind = Kind::near_hit;
    std::uint64_t kibibytes = 0;  ///< of chases and streams: within the row's range
    std::string_view caveat = {};
    std::string_view not_modelled = {};  ///< then there is nothing to run
};

constexpr std::string_view other_set = "shared memory is measured in the set shared-memory";
constexpr std::string_view data_sheet = "a data sheet's peak, which the description states";
constexpr std::string_view unknown_place = "does not say in which partition the lines are; other sources do";
constexpr std::string_view conflict = "sources conflict: 290, 466 and 566 cycles";
constexpr std::string_view l1_conflict = "sources conflict: 32.7, 33 and 37.9 cycles";
constexpr std::string_view l1_middle = "the model is derived from this and from 92 % of 128 B/clk (GTC 2021, S33322)";
constexpr std::string_view l2_bound = "sources conflict: 2008 B/clk were seen, 5120 are the vendor's bound";

constexpr std::array known_levels{
    KnownLevel{
        .level = "L1 (ld.ca)", .metric = "latency", .kind = Kind::l1_chase, .kibibytes = 32, .caveat = l1_conflict},
    KnownLevel{.level = "L1", .metric = "latency", .kind = Kind::l1_chase, .kibibytes = 32, .caveat = l1_conflict},
    KnownLevel{.level = "L1 random chase <=149KiB",
               .metric = "latency",
               .kind = Kind::l1_chase,
               .kibibytes = 149,
               .caveat = l1_conflict},
    KnownLevel{.level = "L1 (fp32.v4)", .metric = "throughput", .kind = Kind::l1_stream, .caveat = l1_middle},
    KnownLevel{.level = "shared load", .metric = "latency", .not_modelled = other_set},
    KnownLevel{.level = "shared store", .metric = "latency", .not_modelled = other_set},
    KnownLevel{.level = "shared", .metric = "latency", .not_modelled = other_set},
    KnownLevel{.level = "shared", .metric = "throughput", .not_modelled = other_set},
    KnownLevel{.level = "HBM2e", .metric = "peak", .not_modelled = data_sheet},
    KnownLevel{.level = "HBM2", .metric = "peak", .not_modelled = data_sheet},
    KnownLevel{.level = "L2 (ld.cg)", .metric = "latency", .kind = Kind::near_hit},
    KnownLevel{.level = "L2", .metric = "latency", .kind = Kind::near_hit, .caveat = unknown_place},
    KnownLevel{.level = "L2 near hit", .metric = "latency", .kind = Kind::near_hit},
    KnownLevel{.level = "L2 far hit", .metric = "latency", .kind = Kind::far_hit},
    KnownLevel{.level = "L2 near miss", .metric = "latency", .kind = Kind::near_miss},
    KnownLevel{.level = "L2 far miss", .metric = "latency", .kind = Kind::far_miss},
    KnownLevel{.level = "global (ld.cv > L2)", .metric = "latency", .kind = Kind::mean_miss, .caveat = conflict},
    KnownLevel{.level = "global", .metric = "latency", .kind = Kind::mean_miss, .caveat = conflict},
    KnownLevel{.level = "global avg", .metric = "latency", .kind = Kind::mean_miss},
    KnownLevel{.level = "L2 random chase 0.22-17 MiB", .metric = "latency", .kind = Kind::chase, .kibibytes = 8 * 1024},
    KnownLevel{.level = "L2 random chase 24-38 MiB", .metric = "latency", .kind = Kind::chase, .kibibytes = 31 * 1024},
    KnownLevel{.level = "random chase >46 MiB (mostly DRAM)",
               .metric = "latency",
               .kind = Kind::chase,
               .kibibytes = 64 * 1024},
    KnownLevel{.level = "L2 (fp32.v4)",
               .metric = "throughput",
               .kind = Kind::l2_stream,
               .kibibytes = 8 * 1024,
               .caveat = l2_bound},
    KnownLevel{
        .level = "L2 read", .metric = "peak", .kind = Kind::l2_stream, .kibibytes = 8 * 1024, .caveat = l2_bound},
    KnownLevel{.level = "global", .metric = "throughput", .kind = Kind::hbm_stream, .kibibytes = 200 * 1024},
    KnownLevel{.level = "1 SM -> near L2 slice", .metric = "throughput", .kind = Kind::near_slice},
    KnownLevel{.level = "1 SM -> far L2 slice", .metric = "throughput", .kind = Kind::far_slice},
};

const KnownLevel& level_of(const ReferenceRow& row) {
    const auto* const known = std::ranges::find_if(known_levels, [&](const KnownLevel& each) {
        return each.level == row.word("level") && each.metric == row.word("metric");
    });
    if (known != known_levels.end()) return *known;
    std::set<std::string_view> levels;
    for (const KnownLevel& each : known_levels) {
        if (each.metric == row.word("metric")) levels.insert(each.level);
    }
    if (levels.empty()) throw row.refusal("metric", "latency, throughput or peak");
    throw row.refusal("level", fmt::format("a level of this metric: {}", fmt::join(levels, ", ")));
}

}  // namespace

std::vector<ReferencePoint> read_memory_reference(const std::filesystem::path& file) {
    constexpr std::uint64_t kibibyte = 1024;
    std::vector<ReferencePoint> points;
    const ReferenceTable table(file, memory_columns);
    for (const ReferenceRow& row : table.rows()) {
        const KnownLevel& level = level_of(row);
        ReferencePoint point;
        point.set = ReferenceSet::memory;
        point.type = std::string("memory");
        point.figure = level.metric;
        point.name = level.level;
        point.gpu = described_gpu(row);
        // "GB/s (90% of 1555)": a remark is not part of the unit.
        point.unit = row.word("unit").substr(0, row.word("unit").find(" ("));
        point.measured = row.middle("value");
        point.caveat = level.caveat;
        if (level.not_modelled.empty()) {
            point.work = MemoryWork{level.kind, Bytes(level.kibibytes * kibibyte)};
        } else {
            point.work = NothingToRun{std::string(level.not_modelled)};
        }
        points.push_back(std::move(point));
    }
    return points;
}

}  // namespace stcsim
