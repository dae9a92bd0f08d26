#include "kernel/reduction_stream.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "kernel/warp_program.h"

namespace stcsim {
namespace {

class ReductionWarpStream : public WarpStream {
  public:
    ReductionWarpStream(const GemmPlan& plan, const ReductionOffsets& offsets, CtaIndex cta, std::uint32_t warp,
                        bool operands_in_registers)
        : offsets_(offsets) {
        const ReducedElements elements = reduced_elements(plan, cta);
        const std::uint64_t offset = std::uint64_t{warp} * warp_lanes * plan.reduced_per_lane();
        if (!operands_in_registers && offset < elements.count) {
            add_reduction(plan, elements.batch, elements.first + offset, elements.count - offset);
        }
        instructions_.push_back(plain_step(OperationClass::exit).instruction);
        for (WarpInstruction& instruction : instructions_) instruction.after_last_mma = true;
    }

    void next(Cycle, WarpInstruction& instruction) override {
        STCSIM_ASSERT(next_ < instructions_.size());
        instruction = instructions_[next_++];
    }

  private:
    /// Reduces up to `left` elements from `first` on.
    void add_reduction(const GemmPlan& plan, std::uint64_t batch, std::uint64_t first, std::uint64_t left) {
        const std::uint32_t vector = plan.reduced_per_lane();
        const std::uint64_t lanes = std::min<std::uint64_t>(warp_lanes, left / vector);
        const std::uint32_t active = lanes == warp_lanes ? ~0U : (1U << lanes) - 1U;
        const std::uint32_t input_bytes = 4 * vector;
        const std::uint32_t output_bytes = vector * bits_of(plan.problem().output) / 8;
        const auto registers_of = [&](std::uint64_t slice) {
            return register_range(static_cast<std::uint32_t>(slice) * vector, vector);
        };
        for (std::uint64_t slice = 0; slice < plan.slices(); ++slice) {
            WarpInstruction load = plain_step(OperationClass::load_global).instruction;
            load.destination = registers_of(slice);
            load.global = {.base = plan.partial_product(batch, slice) + first * 4,
                           .offsets = &offsets_.loaded,
                           .active = active,
                           .bytes_per_lane = static_cast<std::uint8_t>(input_bytes)};
            instructions_.push_back(load);
        }
        for (std::uint64_t slice = 1; slice < plan.slices(); ++slice) {
            WarpInstruction add = plain_step(OperationClass::arithmetic).instruction;
            add.adds = true;
            add.unpacked = plan.problem().accumulator;
            add.a = registers_of(slice);
            add.destination = registers_of(0);
            add.following_arithmetic = static_cast<std::uint8_t>(vector - 1);
            instructions_.push_back(add);
        }
        WarpInstruction store = plain_step(OperationClass::store_global).instruction;
        store.a = add_conversion(plan, registers_of(0), output_bytes);
        store.global = {
            .base = plan.addresses().result + batch * plan.result_bytes() + first * bits_of(plan.problem().output) / 8,
            .offsets = &offsets_.stored,
            .active = active,
            .bytes_per_lane = static_cast<std::uint8_t>(output_bytes)};
        instructions_.push_back(store);
    }

    /// Converts the sums to D's type where it is another one; returns the registers to store.
    RegisterRange add_conversion(const GemmPlan& plan, RegisterRange sums, std::uint32_t output_bytes) {
        const GemmProblem& problem = plan.problem();
        if (problem.output == problem.accumulator) return sums;
        WarpInstruction convert = plain_step(OperationClass::convert_pack).instruction;
        convert.a = sums;
        convert.unpacked = problem.accumulator;
        convert.packed = problem.output;
        convert.destination =
            register_range(static_cast<std::uint32_t>(plan.slices()) * sums.count, ceil_divide(output_bytes, 4U));
        convert.following_arithmetic = static_cast<std::uint8_t>(convert.destination.count - 1);
        instructions_.push_back(convert);
        return convert.destination;
    }

    const ReductionOffsets& offsets_;
    std::vector<WarpInstruction> instructions_;
    std::size_t next_ = 0;
};

}  // namespace

ReductionOffsets::ReductionOffsets(const GemmPlan& plan) {
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        const std::uint64_t first = std::uint64_t{lane} * plan.reduced_per_lane();
        loaded[lane] = first * bits_of(plan.problem().accumulator) / 8;
        stored[lane] = first * bits_of(plan.problem().output) / 8;
    }
}

ReducedElements reduced_elements(const GemmPlan& plan, CtaIndex cta) {
    const std::uint64_t per_batch = plan.reducing_ctas() / plan.problem().batch;
    const std::uint64_t index = cta.value() - plan.multiplying_ctas();
    const std::uint64_t first = index % per_batch * plan.reduced_per_cta();
    const std::uint64_t elements = plan.problem().m * plan.problem().n;
    return {.batch = index / per_batch, .first = first, .count = std::min(plan.reduced_per_cta(), elements - first)};
}

std::unique_ptr<WarpStream> reduction_warp(const GemmPlan& plan, const ReductionOffsets& offsets, CtaIndex cta,
                                           std::uint32_t warp, bool operands_in_registers) {
    return std::make_unique<ReductionWarpStream>(plan, offsets, cta, warp, operands_in_registers);
}

}  // namespace stcsim
