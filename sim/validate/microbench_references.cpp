#include "validate/microbench_references.h"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "validate/reference_gpus.h"
#include "validate/reference_table.h"

namespace stcsim {
namespace {

using Figure = MicrobenchWork::Figure;

constexpr std::array<std::string_view, 13> mma_columns{"gpu",
                                                       "kind",
                                                       "ab_type",
                                                       "cd_type",
                                                       "shape",
                                                       "completion_latency_cyc",
                                                       "w4_ilp",
                                                       "w4_latency_cyc",
                                                       "w4_fma_per_clk_sm",
                                                       "w8_ilp",
                                                       "w8_latency_cyc",
                                                       "w8_fma_per_clk_sm",
                                                       "peak_fma_per_clk_sm"};
constexpr std::array<std::string_view, 8> shared_memory_columns{
    "gpu", "instr", "bytes_per_warp", "conflict_way", "completion_latency_cyc", "warps", "ilp", "bytes_per_clk_sm"};

/// The one figure that is out of line with those of the other types, half of the peak to the digit: perhaps a copying
/// error (models/reference/README.md).
constexpr std::string_view doubtful_instruction = "mma.sp.m16n8k16.f32.f16.f16.f32";
constexpr std::uint32_t doubtful_warps = 4;

/// The subject of this name; a name that no instruction has is the row's fault.
MicrobenchSubject subject_named(const std::string& name, const ReferenceRow& row, std::string_view column) {
    try {
        return microbench_subject_named(name);
    } catch (const InputError&) {
        throw row.refusal(column, fmt::format("an instruction that exists; {} does not", name));
    }
}

/// A point of this figure; its measurement is filled in by the caller.
ReferencePoint point_of(ReferenceSet set, std::string type, const MicrobenchSubject& subject,
                        const MicrobenchLoad& load, Figure figure, const ReferenceRow& row) {
    ReferencePoint point;
    point.set = set;
    point.type = std::move(type);
    point.figure = figure == Figure::latency ? "latency" : "throughput";
    point.name = fmt::format("{} ({}, {})", subject.name, load.warps, load.ilp);
    point.gpu = described_gpu(row);
    point.unit = figure == Figure::latency ? std::string("cycles") : std::string(subject.unit());
    point.work = MicrobenchWork{subject, load, figure};
    return point;
}

/// The independent instructions per warp under `warps` warps: as the row says, else as the source's tables have it for
/// instructions of this kind.
std::uint32_t ilp_of(const ReferenceRow& row, const MmaInstruction& mma, std::uint32_t warps) {
    const std::string column = fmt::format("w{}_ilp", warps);
    if (!row.text(column).empty()) {
        const std::uint64_t stated = row.count(column);
        if (stated > largest_ilp) throw row.refusal(column, fmt::format("a whole number from 1 to {}", largest_ilp));
        return static_cast<std::uint32_t>(stated);
    }
    if (mma.passes() == 2) return warps == 4 ? 3 : 2;
    if (mma.sparse) return warps == 4 ? 4 : 2;
    return warps == 4 ? 4 : 3;
}

void add_mma_row(const ReferenceRow& row, std::vector<ReferencePoint>& points) {
    const std::string& kind = row.word("kind");
    if (kind != "dense" && kind != "sparse") throw row.refusal("kind", "dense or sparse");
    const std::string type = kind == "dense" ? "mma" : "mma.sp";
    const std::string name = fmt::format("{}.{}.{}.{}.{}.{}", type, row.word("shape"), row.word("cd_type"),
                                         row.word("ab_type"), row.word("ab_type"), row.word("cd_type"));
    const MicrobenchSubject subject = subject_named(name, row, "shape");
    const auto add = [&](std::string_view column, const MicrobenchLoad& load, Figure figure) {
        const std::optional<double> measured = row.measurement(column);
        if (!measured) return;
        points.push_back(point_of(ReferenceSet::instructions, type, subject, load, figure, row));
        points.back().measured = *measured;
        if (figure == Figure::throughput && name == doubtful_instruction && load.warps == doubtful_warps) {
            points.back().caveat = "out of line with the other types, perhaps a copying error of the source";
        }
    };
    add("completion_latency_cyc", {1, 1}, Figure::latency);
    add("w4_fma_per_clk_sm", {4, ilp_of(row, *subject.mma, 4)}, Figure::throughput);
    add("w8_fma_per_clk_sm", {8, ilp_of(row, *subject.mma, 8)}, Figure::throughput);
    // The loaded latencies say the same as the throughputs: throughput x latency is the work in flight.
    for (const std::string_view column : {"w4_latency_cyc", "w8_latency_cyc", "peak_fma_per_clk_sm"}) {
        (void)row.measurement(column);
    }
}

void add_shared_memory_row(const ReferenceRow& row, std::vector<ReferencePoint>& points) {
    const std::uint64_t ways = row.count("conflict_way");
    const std::string name = row.word("instr") + (ways == 1 ? std::string() : fmt::format(".{}way", ways));
    const MicrobenchSubject subject = subject_named(name, row, "instr");
    (void)row.count("bytes_per_warp");
    const std::string type = row.word("instr").substr(0, row.word("instr").find('.'));
    if (const auto measured = row.measurement("completion_latency_cyc")) {
        points.push_back(point_of(ReferenceSet::shared_memory, type, subject, {1, 1}, Figure::latency, row));
        points.back().measured = *measured;
    }
    const auto measured = row.measurement("bytes_per_clk_sm");
    if (!measured) return;
    const auto load_part = [&](std::string_view column, std::uint32_t most) {
        const std::uint64_t number = row.count(column);
        if (number > most) throw row.refusal(column, fmt::format("a whole number from 1 to {}", most));
        return static_cast<std::uint32_t>(number);
    };
    const MicrobenchLoad load{load_part("warps", largest_block_warps), load_part("ilp", largest_ilp)};
    points.push_back(point_of(ReferenceSet::shared_memory, type, subject, load, Figure::throughput, row));
    points.back().measured = *measured;
}

}  // namespace

std::vector<ReferencePoint> read_instruction_reference(const std::filesystem::path& file) {
    std::vector<ReferencePoint> points;
    const ReferenceTable table(file, mma_columns);
    for (const ReferenceRow& row : table.rows()) add_mma_row(row, points);
    return points;
}

std::vector<ReferencePoint> read_shared_memory_reference(const std::filesystem::path& file) {
    std::vector<ReferencePoint> points;
    const ReferenceTable table(file, shared_memory_columns);
    for (const ReferenceRow& row : table.rows()) add_shared_memory_row(row, points);
    return points;
}

}  // namespace stcsim
