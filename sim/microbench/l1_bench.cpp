#include "microbench/l1_bench.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "gpu/gpu.h"

namespace stcsim {
namespace {

constexpr std::uint32_t all_lanes = 0xFFFFFFFF;
constexpr std::uint32_t one_lane = 1;
constexpr RegisterRange address{0, 2};
constexpr std::uint8_t first_sum = 4;  ///< registers of the sums, and then of the loaded values
constexpr std::uint8_t first_value = 8;
constexpr std::uint64_t vector_bytes = 16;

constexpr LaneOffsets vector_lanes = [] {
    LaneOffsets offsets{};
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) offsets[lane] = lane * vector_bytes;
    return offsets;
}();

using Program = std::vector<WarpInstruction>;

/// One CTA whose warps run programs given in full: a part that does not count, then one whose time is taken.
class TwoPartStream : public InstructionStream {
  public:
    struct Programs {
        Program first;
        Program timed;
    };

    explicit TwoPartStream(std::vector<Programs> warps) : warps_(std::move(warps)) {}

    [[nodiscard]] std::uint64_t ctas() const override { return 1; }
    [[nodiscard]] CtaResources resources() const override {
        return {.warps = static_cast<std::uint32_t>(warps_.size())};
    }
    [[nodiscard]] std::unique_ptr<WarpStream> start_warp(CtaIndex, std::uint32_t warp) override {
        return std::make_unique<Warp>(*this, warps_[warp]);
    }

    /// From the first warp's first timed instruction to the moment in which the last warp's last one has issued.
    [[nodiscard]] double elapsed() const { return static_cast<double>((end_ - begin_).value()); }

  private:
    class Warp : public WarpStream {
      public:
        Warp(TwoPartStream& stream, const Programs& programs) : stream_(stream), programs_(programs) {}

        void next(Cycle, WarpInstruction& instruction) override {
            const std::size_t first = programs_.first.size();
            if (number_ < first) {
                instruction = programs_.first[number_];
            } else if (number_ < first + programs_.timed.size()) {
                instruction = programs_.timed[number_ - first];
            } else {
                instruction = {};  // exit
            }
            ++number_;
        }

        void issued(Cycle now, const IssueWait&) override {
            if (number_ == programs_.first.size() + 1) stream_.begin_ = std::min(stream_.begin_, now);
            if (number_ == programs_.first.size() + programs_.timed.size()) stream_.end_ = std::max(stream_.end_, now);
        }

      private:
        TwoPartStream& stream_;
        const Programs& programs_;
        std::size_t number_ = 0;  ///< instructions asked for
    };

    std::vector<Programs> warps_;
    Cycle begin_ = never;
    Cycle end_{0};
};

double time_of(TwoPartStream& stream, const GpuParameters& gpu) {
    GpuRunOptions options;
    options.one_sm = true;
    options.ctas.count = 1;
    run_gpu(gpu, stream, options);
    return stream.elapsed();
}

WarpInstruction load(RegisterRange destination, std::uint64_t base, std::uint8_t bytes, std::uint32_t active) {
    WarpInstruction instruction;
    instruction.operation = OperationClass::load_global;
    instruction.cache = CacheUse::l1;
    instruction.destination = destination;
    instruction.a = address;
    instruction.global = {.base = base, .offsets = &vector_lanes, .active = active, .bytes_per_lane = bytes};
    return instruction;
}

/// Sums of what is loaded, four of them; the last waits for nothing else.
void add_values(Program& program) {
    for (std::uint8_t i = 0; i < 4; ++i) {
        WarpInstruction add;
        add.operation = OperationClass::arithmetic;
        add.unit = ArithmeticUnit::float32;
        add.destination = {static_cast<std::uint8_t>(first_sum + i), 1};
        add.a = {static_cast<std::uint8_t>(first_value + i), 1};
        program.push_back(add);
    }
}

WarpInstruction plain(OperationClass operation) {
    WarpInstruction instruction;
    instruction.operation = operation;
    return instruction;
}

}  // namespace

double l1_chase_latency(const GpuParameters& gpu, Bytes footprint) {
    const std::uint64_t line = gpu.memory.l2.line.value();
    TwoPartStream::Programs programs;
    for (std::uint64_t place = 0; place < footprint.value(); place += line) {
        programs.first.push_back(load(address, place, sizeof(std::uint64_t), one_lane));
    }
    programs.timed = programs.first;
    programs.timed.push_back(plain(OperationClass::arithmetic));
    programs.timed.back().a = address;
    const auto loads = static_cast<double>(programs.first.size());
    TwoPartStream stream({std::move(programs)});
    return time_of(stream, gpu) / loads;
}

double l1_bandwidth(const GpuParameters& gpu) {
    constexpr std::uint32_t warps = 32;
    constexpr std::uint64_t array = 65536;
    constexpr std::uint64_t warp_bytes = vector_bytes * warp_lanes;
    constexpr std::uint64_t iterations = 512;
    std::vector<TwoPartStream::Programs> programs(warps);
    for (std::uint64_t warp = 0; warp < warps; ++warp) {
        Program& first = programs[warp].first;
        for (std::uint64_t place = warp * warp_bytes; place < array; place += warps * warp_bytes) {
            first.push_back(load({first_value, 4}, place, vector_bytes, all_lanes));
            add_values(first);
        }
        first.push_back(plain(OperationClass::barrier));
        Program& timed = programs[warp].timed;
        for (std::uint64_t i = 0; i < iterations; ++i) {
            timed.push_back(load({first_value, 4}, (warp + i) * warp_bytes % array, vector_bytes, all_lanes));
            timed.back().following_arithmetic = 3;
            add_values(timed);
        }
    }
    TwoPartStream stream(std::move(programs));
    return static_cast<double>(warps * iterations * warp_bytes) / time_of(stream, gpu);
}

}  // namespace stcsim
