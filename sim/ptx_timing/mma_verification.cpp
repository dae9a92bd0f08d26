#include "ptx_timing/mma_verification.h"

#include <fmt/format.h>

#include "base/error.h"
#include "executor/cta_execution.h"
#include "executor/mma_registers.h"
#include "isa/metadata_fragment.h"

namespace stcsim {
namespace {

/// Why the modules cannot compute the instruction; empty if they can.
std::string obstacle_to(const DecodedInstruction& instruction, const std::vector<WarpRegister>& e) {
    const MmaInstruction& mma = *instruction.mma;
    if (!mma.sparse) return {};
    if (const std::uint32_t selectors = sparsity_selectors(mma); instruction.selector >= selectors) {
        return fmt::format("the sparsity selector {}, beyond its {}", instruction.selector, selectors);
    }
    const bool illegal = find_metadata_violation(mma, e.front(), instruction.selector, mma.metadata_order).has_value();
    return illegal ? "metadata that the hardware does not define" : "";
}

ElementBits element_at(const WarpRegister& low, const WarpRegister& high, const FragmentLocation& location,
                       std::uint32_t bits) {
    const std::uint32_t lane = location.lane.value();
    if (bits == 64) return ElementBits{high[lane]} << 32U | low[lane];
    return low[lane] >> location.slot * bits & ((ElementBits{1} << bits) - 1);
}

}  // namespace

MmaVerification::~MmaVerification() = default;

std::shared_ptr<MmaVerification::Comparison> MmaVerification::begin(WarpExecution& warp,
                                                                    const DecodedInstruction& instruction,
                                                                    const Place& place, ProvidedOperands& operands) {
    MmaSourceRegisters sources = mma_sources(warp, instruction, place.tile);
    if (std::string obstacle = obstacle_to(instruction, sources.e); !obstacle.empty()) {
        ++not_compared_[{place.instruction, std::move(obstacle)}];
        return nullptr;
    }
    auto comparison = std::make_shared<Comparison>(*this, warp, instruction, place);
    operands = {std::move(sources.a), std::move(sources.b), std::move(sources.e), std::move(sources.c), comparison};
    ++under_way_;
    return comparison;
}

MmaVerification::Comparison::Comparison(MmaVerification& verification, const WarpExecution& warp,
                                        const DecodedInstruction& instruction, const Place& place)
    : verification_(verification),
      instruction_(instruction),
      place_(place),
      cta_(warp.cta().index()),
      warp_(warp.warp()) {}

void MmaVerification::Comparison::expect(std::vector<std::optional<WarpRegister>> numerics, std::uint32_t lanes) {
    numerics_ = std::move(numerics);
    lanes_ = lanes;
    compare_if_complete();
}

void MmaVerification::Comparison::take(std::span<const WarpRegister> d) {
    modules_.assign(d.begin(), d.end());
    compare_if_complete();
}

void MmaVerification::Comparison::compare_if_complete() {
    if (numerics_.empty() || modules_.empty()) return;
    STCSIM_ASSERT(numerics_.size() == modules_.size());
    ++verification_.instructions_;
    --verification_.under_way_;
    const OperandShape shape = operand_shape(*instruction_.mma, Operand::d);
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        if ((lanes_ >> lane & 1U) == 0) continue;
        for (std::uint32_t r = 0; r < numerics_.size(); r += shape.registers_per_element()) {
            if (!numerics_[r]) continue;
            for (std::uint32_t slot = 0; slot < shape.elements_per_register(); ++slot) {
                compare({LaneIndex(lane), r, slot});
            }
        }
    }
}

void MmaVerification::Comparison::compare(const FragmentLocation& location) {
    const OperandShape shape = operand_shape(*instruction_.mma, Operand::d);
    const std::uint32_t low = location.register_number;
    const std::uint32_t high = low + shape.registers_per_element() - 1;
    const std::uint32_t bits = bits_of(shape.type);
    const ElementBits modules = element_at(modules_[low], modules_[high], location, bits);
    const ElementBits numerics = element_at(*numerics_[low], *numerics_[high], location, bits);
    ++verification_.elements_;
    if (modules == numerics) {
        ++verification_.equal_;
    } else if (!verification_.first_) {
        verification_.first_ = {place_.instruction,
                                cta_,
                                warp_,
                                location.lane,
                                mma_result_element(instruction_, place_.tile, location),
                                modules,
                                numerics};
    }
}

}  // namespace stcsim
