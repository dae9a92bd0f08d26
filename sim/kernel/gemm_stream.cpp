#include "kernel/gemm_stream.h"

#include <algorithm>

#include "base/error.h"
#include "kernel/gemm_work.h"

namespace stcsim {
namespace {

/// Where a warp is in its program.
enum class Phase : std::uint8_t {
    start,
    prologue,
    first_loads,
    main_loop,
    wait,
    add_shared,
    epilogue,
    share,
    raise,
    exit,
};

/// More polls than any wait takes: a CTA that waits longer waits for one that does not run.
constexpr std::uint64_t most_polls = 100'000'000;

/// One warp of one CTA walking through the program.
class GemmWarpStream : public WarpStream {
  public:
    GemmWarpStream(const GemmPlan& plan, const WarpProgram& program, CtaIndex cta, bool operands_in_registers,
                   const RegisterOperands* register_operands, Semaphores& semaphores)
        : plan_(plan),
          program_(program),
          steps_(&program.start()),
          segments_(work_of(plan, cta)),
          segment_(segments_.begin()),
          operands_in_registers_(operands_in_registers),
          register_operands_(register_operands),
          semaphores_(semaphores) {
        place_segment();
    }

    void next(Cycle, WarpInstruction& instruction) override {
        while (!emit(instruction)) {
        }
    }

    void issued(Cycle now, const IssueWait&) override {
        if (at_ == StepAddress::poll) polled_ = now;
        if (at_ == StepAddress::raise) semaphores_.raise(segment_->cta, now);
    }

    void visit_state(StateVisitor& state) override {
        state.same(phase_, step_, steps_, at_, segment_ - segments_.begin(), peer_);
        // When a semaphore is raised is not in the state of the machine.
        if (phase_ == Phase::wait) state.never_repeats();
        // The last k-tiles differ from the others: they have none to copy, or the one that k may not fill.
        const std::uint64_t last_ones = operands_in_registers_ ? 1 : plan_.kernel().stages;
        const bool like_others = phase_ == Phase::main_loop && k_tile_ + last_ones < k_end();
        state.same(like_others);
        if (!like_others) {
            state.same(prologue_tile_, k_tile_);
            return;
        }
        state.advancing(k_tile_, k_end() - last_ones - 1);
        if (operands_in_registers_) return;
        for (const StepAddress operand : {StepAddress::copy_a, StepAddress::copy_b, StepAddress::copy_e}) {
            state.place_in_line(tile_address(operand, k_tile_));
        }
        state.shared_address(stage_base(k_tile_));
    }

  private:
    /// Takes the addresses of the segment's tile.
    void place_segment() {
        const TileCoordinate& tile = segment_->tile;
        const OperandAddresses& addresses = plan_.addresses();
        const GemmKernel& kernel = plan_.kernel();
        const std::uint64_t first_row = tile.row * kernel.tile_m;
        const std::uint64_t first_column = tile.column * kernel.tile_n;
        a_ = addresses.a + tile.batch * plan_.a_bytes() + first_row * plan_.a_row_bytes();
        b_ = addresses.b + tile.batch * plan_.b_bytes() + first_column * plan_.b_row_bytes();
        e_ = addresses.e + tile.batch * plan_.e_bytes() + tile.row * plan_.k_tiles() * plan_.e_stage_bytes();
        d_ = plan_.partial_product(tile.batch, segment_->slice) + plan_.d_offset(first_row, first_column);
        rows_left_ = plan_.rows() - first_row;
        columns_left_ = plan_.columns() - first_column;
        prologue_tile_ = segment_->first_k_tile;
        k_tile_ = segment_->first_k_tile;
        peer_ = 0;
    }

    /// Writes the next step's instruction, or moves on and returns false.
    bool emit(WarpInstruction& instruction) {
        if (at_ == StepAddress::test && !sees_semaphore()) step_ -= 2;  // poll again
        at_ = StepAddress::none;
        if (step_ == steps_->size()) {
            next_phase();
            return false;
        }
        const ProgramStep& step = (*steps_)[step_++];
        if (!complete(step, instruction)) return false;
        at_ = step.address;
        instruction.begins_iteration = phase_ == Phase::main_loop && step_ == 1;
        if (register_operands_ != nullptr && instruction.operation == OperationClass::mma) {
            provided_ = register_operands_->operands_of(segment_->tile, k_tile_, step.fragment);
            instruction.provided = &provided_;
        }
        if (is_last_segment() && (phase_ > Phase::main_loop ||
                                  (phase_ == Phase::main_loop && k_tile_ + 1 == k_end() && step_ == steps_->size()))) {
            instruction.after_last_mma = true;
        }
        return true;
    }

    /// Fills in what the step leaves open. False: the step is left out.
    bool complete(const ProgramStep& step, WarpInstruction& instruction) {
        switch (step.address) {
            case StepAddress::none:
            case StepAddress::test: instruction = step.instruction; break;
            case StepAddress::load_current: emit_load(step, k_tile_, instruction); break;
            case StepAddress::load_next:
                if (k_tile_ + 1 == k_end()) return false;
                emit_load(step, k_tile_ + 1, instruction);
                break;
            case StepAddress::copy_a:
            case StepAddress::copy_b:
            case StepAddress::copy_e:
                if (copied_tile() >= k_end()) return false;
                emit_copy(step, copied_tile(), instruction);
                break;
            case StepAddress::load_d:
            case StepAddress::store_d:
                instruction = step.instruction;
                instruction.global.base = d_;
                instruction.global.active = within(*step.positions, rows_left_, columns_left_);
                return instruction.global.active != 0;
            case StepAddress::own_workspace: emit_access(step, workspace_of(segment_->cta), instruction); break;
            case StepAddress::peer_workspace: emit_access(step, workspace_of(peer()), instruction); break;
            case StepAddress::poll:
            case StepAddress::reset: emit_access(step, semaphore_of(peer()), instruction); break;
            case StepAddress::raise: emit_access(step, semaphore_of(segment_->cta), instruction); break;
        }
        return true;
    }

    void next_phase() {
        step_ = 0;
        switch (phase_) {
            case Phase::start:
                if (operands_in_registers_) {
                    enter(Phase::main_loop, program_.main_loop());
                } else {
                    enter(Phase::prologue, program_.prologue());
                }
                break;
            case Phase::prologue:
                if (++prologue_tile_ - segment_->first_k_tile + 1 == plan_.kernel().stages) {
                    enter(Phase::first_loads, program_.first_loads());
                }
                break;
            case Phase::first_loads: enter(Phase::main_loop, program_.main_loop()); break;
            case Phase::main_loop:
                if (++k_tile_ == k_end()) end_main_loop();
                break;
            case Phase::wait:
                if (plan_.serial()) {
                    enter_epilogue();
                } else {
                    enter(Phase::add_shared, program_.add_shared());
                }
                break;
            case Phase::add_shared:
                if (++peer_ < segment_->peers) {
                    enter(Phase::wait, program_.wait());
                } else {
                    enter_epilogue();
                }
                break;
            case Phase::epilogue:
                if (plan_.serial()) {
                    enter(Phase::raise, program_.raise());
                } else {
                    end_segment();
                }
                break;
            case Phase::share: enter(Phase::raise, program_.raise()); break;
            case Phase::raise: end_segment(); break;
            case Phase::exit: STCSIM_ASSERT(!"a warp's stream ends with exit");
        }
    }

    void enter(Phase phase, const std::vector<ProgramStep>& steps) {
        phase_ = phase;
        steps_ = &steps;
    }

    void end_main_loop() {
        if (operands_in_registers_) {
            end_segment();
        } else if (segment_->end == SegmentEnd::shares) {
            enter(Phase::share, program_.share());
        } else if (segment_->end == SegmentEnd::adds_shared || plan_.serial()) {
            // The first slice reads a semaphore, too, that nobody has to raise.
            enter(Phase::wait, program_.wait());
        } else {
            enter_epilogue();
        }
    }

    void enter_epilogue() {
        const bool adds_stored = segment_->end == SegmentEnd::adds_stored;
        enter(Phase::epilogue, adds_stored ? program_.adding_epilogue() : program_.epilogue());
    }

    void end_segment() {
        if (is_last_segment()) {
            enter(Phase::exit, program_.exit());
            return;
        }
        ++segment_;
        place_segment();
        enter(Phase::start, program_.restart());
    }

    [[nodiscard]] bool is_last_segment() const { return segment_ + 1 == segments_.end(); }

    /// The CTA whose sums the segment waits for.
    [[nodiscard]] CtaIndex peer() const { return CtaIndex(segment_->first_peer.value() + peer_); }

    [[nodiscard]] bool sees_semaphore() {
        if (segment_->peers == 0 || semaphores_.raised_before(peer(), polled_)) return true;
        ++polls_;
        STCSIM_ASSERT(polls_ < most_polls);
        return false;
    }

    [[nodiscard]] std::uint64_t semaphore_of(CtaIndex cta) const {
        return plan_.addresses().semaphores +
               (plan_.serial() ? plan_.tile_number_of(segment_->cta) : cta.value()) * semaphore_bytes;
    }

    [[nodiscard]] std::uint64_t workspace_of(CtaIndex cta) const {
        return plan_.addresses().workspace + cta.value() * plan_.workspace_bytes();
    }

    static void emit_access(const ProgramStep& step, std::uint64_t address, WarpInstruction& instruction) {
        instruction = step.instruction;
        instruction.global.base += address;
    }

    [[nodiscard]] std::uint64_t k_end() const { return segment_->first_k_tile + segment_->k_tiles; }

    [[nodiscard]] std::uint64_t copied_tile() const {
        return phase_ == Phase::prologue ? prologue_tile_ : k_tile_ + plan_.kernel().stages - 1;
    }

    [[nodiscard]] std::uint64_t stage_base(std::uint64_t k_tile) const {
        return k_tile % plan_.kernel().stages * plan_.stage_bytes();
    }

    void emit_load(const ProgramStep& step, std::uint64_t k_tile, WarpInstruction& instruction) const {
        instruction = step.instruction;
        instruction.shared.base = stage_base(k_tile);
    }

    /// Where the k-tile of an operand starts in global memory.
    [[nodiscard]] std::uint64_t tile_address(StepAddress operand, std::uint64_t k_tile) const {
        switch (operand) {
            case StepAddress::copy_a: return a_ + k_tile * plan_.a_chunks_per_row() * 16U;
            case StepAddress::copy_b: return b_ + k_tile * plan_.b_chunks_per_row() * 16U;
            // Rows of blocks: a k-tile's blocks are contiguous within each.
            default: return e_ + k_tile * plan_.e_stage_bytes() / (plan_.kernel().tile_m / plan_.e_block_rows());
        }
    }

    void emit_copy(const ProgramStep& step, std::uint64_t k_tile, WarpInstruction& instruction) const {
        instruction = step.instruction;
        instruction.shared.base = stage_base(k_tile);
        instruction.global.base = tile_address(step.address, k_tile);
        if (step.address == StepAddress::copy_e) return;
        const bool is_a = step.address == StepAddress::copy_a;
        const std::uint64_t rows = is_a ? rows_left_ : columns_left_;
        const std::uint32_t tile_rows = is_a ? plan_.kernel().tile_m : plan_.kernel().tile_n;
        const std::uint64_t k_left = plan_.problem().k - k_tile * plan_.tile_k();
        if (rows < tile_rows || k_left < plan_.tile_k()) {
            instruction.global.active = within(*step.positions, rows, k_left);
        }
    }

    static std::uint32_t within(const LanePositions& positions, std::uint64_t rows, std::uint64_t columns) {
        std::uint32_t active = 0;
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            if (positions.row[lane] < rows && positions.column[lane] < columns) active |= 1U << lane;
        }
        return active;
    }

    const GemmPlan& plan_;
    const WarpProgram& program_;
    const std::vector<ProgramStep>* steps_;
    std::vector<WorkSegment> segments_;
    std::vector<WorkSegment>::const_iterator segment_;
    bool operands_in_registers_;
    const RegisterOperands* register_operands_;  ///< null: operands come through memory
    Semaphores& semaphores_;
    ProvidedOperands provided_;
    Phase phase_ = Phase::start;
    std::size_t step_ = 0;
    StepAddress at_ = StepAddress::none;  ///< of the instruction written last
    Cycle polled_{0};                     ///< when the last poll issued
    std::uint64_t polls_ = 0;
    std::uint64_t peer_ = 0;  ///< index of the one whose sums are added next
    std::uint64_t prologue_tile_ = 0;
    std::uint64_t k_tile_ = 0;
    std::uint64_t a_ = 0, b_ = 0, e_ = 0, d_ = 0;     ///< addresses of the tile's operands
    std::uint64_t rows_left_ = 0, columns_left_ = 0;  ///< of D from the tile's first on
};

}  // namespace

GemmStream::GemmStream(GemmPlan plan, bool operands_in_registers)
    : plan_(std::move(plan)),
      reduction_offsets_(plan_),
      semaphores_(plan_.waits() ? plan_.ctas() : 0),
      operands_in_registers_(operands_in_registers) {
    for (std::uint32_t warp = 0; warp < plan_.kernel().warps(); ++warp) {
        programs_.push_back(std::make_unique<WarpProgram>(plan_, warp, !operands_in_registers));
    }
}

std::unique_ptr<WarpStream> GemmStream::start_warp(CtaIndex cta, std::uint32_t warp) {
    if (cta >= second_launch()) return reduction_warp(plan_, reduction_offsets_, cta, warp, operands_in_registers_);
    return std::make_unique<GemmWarpStream>(plan_, *programs_[warp], cta, operands_in_registers_,
                                            register_operands_.get(), semaphores_);
}

void GemmStream::move_values_through(GlobalValues& memory) {
    if (operands_in_registers_) register_operands_ = std::make_unique<RegisterOperands>(plan_, memory);
}

void GemmStream::warp_ended(CtaIndex cta, std::uint32_t warp, std::span<const WarpRegister> registers) {
    if (register_operands_) register_operands_->store_result(plan_.tile_of(cta), programs_[warp]->origin(), registers);
}

}  // namespace stcsim
