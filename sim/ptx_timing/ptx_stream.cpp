#include "ptx_timing/ptx_stream.h"

#include <algorithm>
#include <bit>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"
#include "executor/mma_registers.h"
#include "executor/wmma_accesses.h"
#include "executor/wmma_tiles.h"

namespace stcsim {
namespace {

/// The places of PTX that a message names.
std::string place_of(const DecodedInstruction& instruction) {
    return fmt::format("line {} ({})", instruction.ptx->where.line, instruction.ptx->name());
}

}  // namespace

Cycle InstructionTally::total_wait() const {
    Cycle sum{0};
    for (const Cycle cycles : waited) sum += cycles;
    return sum;
}

/// One warp: asks the executor what comes next, tells the machine, and performs it when it issues.
class PtxStream::Warp : public WarpStream {
  public:
    Warp(PtxStream& stream, CtaIndex cta, WarpExecution& execution)
        : stream_(stream), cta_(cta), execution_(execution) {}

    void next(Cycle now, WarpInstruction& instruction) override {
        if (!started_) start_ = now;
        started_ = true;
        instruction = {};
        if (part_ > 0) {
            describe(stream_.program_[step_->number], instruction);
            return;
        }
        for (;;) {
            if (!execution_.ended() && execution_.waits_at_barrier()) {
                throw KernelFault(
                    fmt::format("a barrier at {} that some lanes of a warp reach without the others: it "
                                "cannot be timed",
                                place_of(execution_.position())));
            }
            step_ = execution_.ended() ? nullptr : &execution_.next();
            if (step_ == nullptr || step_->ended) {
                step_ = nullptr;
                instruction.operation = OperationClass::exit;
                return;
            }
            const MachineInstruction& machine = stream_.program_[step_->number];
            if (machine.memory.fence_before && !fenced_ && step_->active != 0) {
                instruction.operation = OperationClass::fence;
                return;
            }
            if (!machine.free) {
                count_parts(machine);
                describe(machine, instruction);
                return;
            }
            perform(now);
        }
    }

    void issued(Cycle now, const IssueWait& wait) override {
        if (step_ == nullptr) {
            end(now);
            return;
        }
        InstructionTally& tally = stream_.tallies_[step_->number];
        tally.waited[static_cast<std::size_t>(wait.obstacle)] += wait.cycles;
        if (stream_.program_[step_->number].memory.fence_before && !fenced_ && step_->active != 0) {
            fenced_ = true;  // that was the fence; the instruction itself comes next
            return;
        }
        if (++part_ < parts_) return;
        part_ = 0;
        fenced_ = false;
        perform(now);
    }

  private:
    void perform(Cycle now) {
        ++stream_.tallies_[step_->number].executed;
        const DecodedInstruction& performed = *step_->instruction;
        const std::uint32_t active = step_->active;
        execution_.execute(now);
        for (std::uint32_t tile = 0; tile < comparisons_.size(); ++tile) {
            if (comparisons_[tile] == nullptr) continue;
            comparisons_[tile]->expect(mma_result(execution_, performed, tile), active);
        }
        comparisons_.clear();
        if (stream_.options_.beside != nullptr) stream_.advance_beside(now);
    }

    /// The mma that is described next goes through the machine with its values.
    void provide_values(WarpInstruction& instruction) {
        const MmaVerification::Place place{step_->number, static_cast<std::uint32_t>(part_)};
        comparisons_.push_back(stream_.options_.verification->begin(execution_, *step_->instruction, place, provided_));
        if (comparisons_.back() != nullptr) instruction.provided = &provided_;
    }

    void end(Cycle now) {
        stream_.resident_warp_cycles_ += now - start_;
        const auto cta = stream_.running_.find(cta_);
        STCSIM_ASSERT(cta != stream_.running_.end());
        if (++cta->second.ended_warps == cta->second.execution->warps()) stream_.running_.erase(cta);
    }

    /// How many machine instructions the step is.
    void count_parts(const MachineInstruction& machine) {
        accesses_.clear();
        parts_ = 1;
        if (!machine.is_sequence || step_->active == 0) return;
        if (machine.operation == OperationClass::mma) {
            parts_ = machine.sequence.size();
        } else {
            accesses_ = wmma_accesses(execution_, *step_);
            parts_ = accesses_.size();
        }
    }

    void describe(const MachineInstruction& machine, WarpInstruction& instruction) {
        const DecodedInstruction& decoded = *step_->instruction;
        if (step_->active == 0 && machine.operation != OperationClass::arithmetic) {
            // No lane's guard holds: it takes a slot and does nothing.
            instruction.operation = OperationClass::arithmetic;
            instruction.further_reads = &machine.reads;
            return;
        }
        instruction.operation = machine.operation;
        instruction.unit = machine.unit;
        instruction.destination = machine.destination;
        instruction.a = machine.a;
        instruction.b = machine.b;
        instruction.c = machine.c;
        instruction.e = machine.e;
        instruction.further_reads = &machine.reads;
        instruction.following_arithmetic = machine.following_arithmetic;
        instruction.after_last_mma = machine.after_last_mma;
        instruction.mma = decoded.mma;
        instruction.selector = decoded.selector;
        switch (machine.operation) {
            case OperationClass::mma:
                if (!machine.sequence.empty()) describe_tile(machine.sequence[part_], instruction);
                if (stream_.options_.verification != nullptr) provide_values(instruction);
                break;
            case OperationClass::load_global:
            case OperationClass::store_global:
            case OperationClass::atomic_global:
                if (accesses_.empty()) {
                    describe_access(step_->access, machine.memory, instruction);
                } else {
                    describe_part(accesses_[part_], machine.memory, instruction);
                }
                break;
            case OperationClass::load_matrix: instruction.shared = shared_side(step_->access); break;
            case OperationClass::copy_async:
                instruction.shared = shared_side(step_->access);
                instruction.global = global_side(step_->source);
                instruction.cache = machine.memory.cache;
                break;
            case OperationClass::wait_group:
                instruction.pending_groups = static_cast<std::uint8_t>(std::min(decoded.immediate, 255U));
                break;
            case OperationClass::barrier: describe_barrier(instruction); break;
            default: break;
        }
    }

    static void describe_tile(const MmaRanges& ranges, WarpInstruction& instruction) {
        instruction.destination = ranges.destination;
        instruction.a = ranges.a;
        instruction.b = ranges.b;
        instruction.c = ranges.c;
        // Others of the sequence write what the whole reads: its own operands are enough.
        instruction.further_reads = nullptr;
    }

    void describe_part(const WmmaAccess& part, const MemoryOperation& memory, WarpInstruction& instruction) {
        RegisterRange& destination = instruction.destination;
        const std::uint32_t words = wmma_tiles(*step_->instruction).words();
        if (destination.count >= (part.first_register + part.registers) * words) {
            destination.first = static_cast<std::uint8_t>(destination.first + part.first_register * words);
            destination.count = static_cast<std::uint8_t>(part.registers * words);
        }
        if (part.row_addresses) {
            instruction.operation = OperationClass::load_matrix;
            instruction.shared = shared_side(part.access);
        } else {
            describe_access(part.access, memory, instruction);
        }
    }

    void describe_access(const StepAccess& access, const MemoryOperation& memory, WarpInstruction& instruction) {
        if (access.global_lanes == 0 && access.local_lanes == 0) {
            if (access.shared_lanes == 0) {
                // No lane takes part, or parameters are read: an issue slot.
                instruction.operation = OperationClass::arithmetic;
                return;
            }
            instruction.operation = on_shared_memory(instruction.operation);
            instruction.atomic = memory.atomic;
            instruction.shared = shared_side(access);
            return;
        }
        instruction.cache = access.local_lanes != 0 ? CacheUse::l1 : memory.cache;
        instruction.global = global_side(access);
    }

    [[nodiscard]] static OperationClass on_shared_memory(OperationClass operation) {
        switch (operation) {
            case OperationClass::store_global: return OperationClass::store_shared;
            case OperationClass::atomic_global: return OperationClass::atomic_shared;
            default: return OperationClass::load_shared;
        }
    }

    [[nodiscard]] LaneAccess shared_side(const StepAccess& access) {
        return stream_.patterns_.access(access.addresses, access.shared_lanes, access.bytes_per_lane);
    }

    [[nodiscard]] LaneAccess global_side(const StepAccess& access) {
        LaneOffsets addresses{};
        const std::uint64_t warp = cta_.value() * execution_.cta().warps() + execution_.warp();
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            if (((access.global_lanes >> lane) & 1U) != 0) {
                addresses[lane] = stream_.addresses_.of(access.addresses[lane]);
            } else if (((access.local_lanes >> lane) & 1U) != 0) {
                addresses[lane] = DeviceAddresses::of_local(warp, stream_.program_.kernel().local_bytes(),
                                                            access.addresses[lane], lane);
            }
        }
        return stream_.patterns_.access(addresses, access.global_lanes | access.local_lanes, access.bytes_per_lane);
    }

    void describe_barrier(WarpInstruction& instruction) const {
        // bar.sync a{, b}, bar.arrive a, b and bar.red d, a{, b}, p: barrier a, b threads.
        const PtxInstruction& ptx = *step_->instruction->ptx;
        const auto has = [&](std::string_view modifier) {
            return std::ranges::find(ptx.modifiers, modifier) != ptx.modifiers.end();
        };
        const bool reduces = has("red");
        const std::size_t first = reduces ? 1 : 0;
        const std::size_t operands = ptx.operands.size() - (reduces ? 1 : 0);
        instruction.barrier = static_cast<std::uint8_t>(value_of(ptx.operands[first]));
        if (first + 1 < operands) {
            instruction.barrier_warps = static_cast<std::uint8_t>(value_of(ptx.operands[first + 1]) / warp_lanes);
        }
        instruction.barrier_waits = !has("arrive");
    }

    /// Of an operand that is the same in all lanes.
    [[nodiscard]] std::uint64_t value_of(const PtxOperand& operand) const {
        if (operand.kind != PtxOperand::Kind::reg) return operand.bits;
        return execution_.value_of(operand.index)[static_cast<std::size_t>(std::countr_zero(step_->fragment))];
    }

    PtxStream& stream_;
    CtaIndex cta_;
    WarpExecution& execution_;
    const WarpStep* step_ = nullptr;    ///< null: the warp has ended
    std::vector<WmmaAccess> accesses_;  ///< of a wmma.load or wmma.store
    /// Of the step's machine instructions that have been described, if they are mma whose values are verified.
    std::vector<std::shared_ptr<MmaVerification::Comparison>> comparisons_;
    ProvidedOperands provided_;
    std::size_t parts_ = 1;  ///< machine instructions of the step
    std::size_t part_ = 0;   ///< of these, the one that issues next
    bool fenced_ = false;    ///< the fence in front of a release has issued
    bool started_ = false;
    Cycle start_{0};
};

CtaResources cta_resources(const MachineProgram& program, const KernelLaunch& launch) {
    return {.warps = launch.warps_per_cta(),
            .registers_per_thread = program.registers_per_thread(),
            .shared_memory = Bytes(launch.shared_bytes())};
}

PtxStream::PtxStream(const MachineProgram& program, const KernelLaunch& launch, FindingSink& findings,
                     const Options& options)
    : program_(program),
      launch_(launch),
      findings_(findings),
      options_(options),
      addresses_(*launch.memory),
      tallies_(program.kernel().instructions().size()) {}

PtxStream::~PtxStream() = default;

void PtxStream::advance_beside(Cycle now) {
    // In turns that are worth switching for.
    constexpr std::uint64_t least = 1024;
    owed_beside_ += options_.beside_instructions;
    if (owed_beside_ < least) return;
    options_.beside->advance(owed_beside_, now);
    owed_beside_ = 0;
}

std::uint64_t PtxStream::ctas() const {
    return launch_.ctas();
}

CtaResources PtxStream::resources() const {
    return cta_resources(program_, launch_);
}

std::unique_ptr<WarpStream> PtxStream::start_warp(CtaIndex cta, std::uint32_t warp) {
    RunningCta& running = running_[cta];
    if (running.execution == nullptr) {
        // Which SM a CTA is on is not known here: %smid is that of CTAs dealt out in turn.
        const CtaPlace place{.sm = static_cast<std::uint32_t>(cta.value() % options_.sms), .sms = options_.sms};
        running.execution = std::make_unique<CtaExecution>(launch_, cta, findings_, place);
    }
    return std::make_unique<Warp>(*this, cta, running.execution->warp(warp));
}

std::string PtxStream::positions(std::size_t most) const {
    std::string text;
    std::size_t listed = 0;
    for (const auto& [index, running] : running_) {
        CtaExecution& cta = *running.execution;
        for (std::uint32_t i = 0; i < cta.warps(); ++i) {
            const WarpExecution& warp = cta.warp(i);
            if (warp.ended()) continue;
            if (listed++ == most) return text + "\n  ...";
            text += fmt::format("\n  CTA {}, warp {}: {}{}", index.value(), i, place_of(warp.position()),
                                warp.waits_at_barrier() ? ", at a barrier" : "");
        }
    }
    return text;
}

}  // namespace stcsim
