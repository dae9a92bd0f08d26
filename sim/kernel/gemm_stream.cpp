#include "kernel/gemm_stream.h"

#include <algorithm>

#include "base/error.h"

namespace stcsim {
namespace {

/// Where a warp is in its program.
enum class Phase : std::uint8_t { start, prologue, first_loads, main_loop, epilogue };

/// One warp of one CTA walking through the program.
class GemmWarpStream : public WarpStream {
  public:
    GemmWarpStream(const GemmPlan& plan, const WarpProgram& program, CtaIndex cta, bool operands_in_registers,
                   const RegisterOperands* register_operands)
        : plan_(plan),
          program_(program),
          steps_(&program.start()),
          tile_(plan.tile_of(cta)),
          slice_(plan.slice(plan.slice_of(cta))),
          operands_in_registers_(operands_in_registers),
          register_operands_(register_operands),
          prologue_tile_(slice_.first),
          k_tile_(slice_.first) {
        const TileCoordinate& tile = tile_;
        const OperandAddresses& addresses = plan.addresses();
        const GemmKernel& kernel = plan.kernel();
        const std::uint64_t first_row = tile.row * kernel.tile_m;
        const std::uint64_t first_column = tile.column * kernel.tile_n;
        a_ = addresses.a + tile.batch * plan.a_bytes() + first_row * plan.a_row_bytes();
        b_ = addresses.b + tile.batch * plan.b_bytes() + first_column * plan.b_row_bytes();
        e_ = addresses.e + tile.batch * plan.e_bytes() + tile.row * plan.k_tiles() * plan.e_stage_bytes();
        d_ = addresses.d + (tile.batch * plan.slices() + plan.slice_of(cta)) * plan.d_bytes() +
             plan.d_offset(first_row, first_column);
        rows_left_ = plan.rows() - first_row;
        columns_left_ = plan.columns() - first_column;
    }

    void next(Cycle, WarpInstruction& instruction) override {
        while (!emit(instruction)) {
        }
    }

  private:
    /// Writes the next step's instruction, or moves on and returns false.
    bool emit(WarpInstruction& instruction) {
        if (step_ == steps_->size()) {
            next_segment();
            return false;
        }
        const ProgramStep& step = (*steps_)[step_++];
        switch (step.address) {
            case StepAddress::none: instruction = step.instruction; break;
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
            case StepAddress::store_d:
                instruction = step.instruction;
                instruction.global.base = d_;
                instruction.global.active = within(*step.positions, rows_left_, columns_left_);
                if (instruction.global.active == 0) return false;
                break;
        }
        if (register_operands_ != nullptr && instruction.operation == OperationClass::mma) {
            provided_ = register_operands_->operands_of(tile_, k_tile_, step.fragment);
            instruction.provided = &provided_;
        }
        if (phase_ == Phase::main_loop && k_tile_ + 1 == k_end() && step_ == steps_->size()) {
            instruction.after_last_mma = true;
        }
        return true;
    }

    void next_segment() {
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
                if (++prologue_tile_ - slice_.first + 1 == plan_.kernel().stages) {
                    enter(Phase::first_loads, program_.first_loads());
                }
                break;
            case Phase::first_loads: enter(Phase::main_loop, program_.main_loop()); break;
            case Phase::main_loop:
                if (++k_tile_ == k_end()) enter(Phase::epilogue, program_.epilogue());
                break;
            case Phase::epilogue: STCSIM_ASSERT(!"a warp's stream ends with exit");
        }
    }

    void enter(Phase phase, const std::vector<ProgramStep>& steps) {
        phase_ = phase;
        steps_ = &steps;
    }

    [[nodiscard]] std::uint64_t k_end() const { return slice_.first + slice_.count; }

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

    void emit_copy(const ProgramStep& step, std::uint64_t k_tile, WarpInstruction& instruction) const {
        instruction = step.instruction;
        instruction.shared.base = stage_base(k_tile);
        if (step.address == StepAddress::copy_e) {
            // Rows of blocks: a k-tile's blocks are contiguous within each.
            instruction.global.base =
                e_ + k_tile * plan_.e_stage_bytes() / (plan_.kernel().tile_m / plan_.e_block_rows());
            return;
        }
        const bool is_a = step.address == StepAddress::copy_a;
        const std::uint32_t row_bytes_of_tile = (is_a ? plan_.a_chunks_per_row() : plan_.b_chunks_per_row()) * 16U;
        instruction.global.base = (is_a ? a_ : b_) + k_tile * row_bytes_of_tile;
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
    TileCoordinate tile_;
    KSlice slice_;
    bool operands_in_registers_;
    const RegisterOperands* register_operands_;  ///< null: operands come through memory
    ProvidedOperands provided_;
    Phase phase_ = Phase::start;
    std::size_t step_ = 0;
    std::uint64_t prologue_tile_;
    std::uint64_t k_tile_;
    std::uint64_t a_, b_, e_, d_;             ///< addresses of the tile's operands
    std::uint64_t rows_left_, columns_left_;  ///< of D from the tile's first on
};

}  // namespace

GemmStream::GemmStream(GemmPlan plan, bool operands_in_registers)
    : plan_(std::move(plan)), reduction_offsets_(plan_), operands_in_registers_(operands_in_registers) {
    for (std::uint32_t warp = 0; warp < plan_.kernel().warps(); ++warp) {
        programs_.push_back(std::make_unique<WarpProgram>(plan_, warp, !operands_in_registers));
    }
}

std::unique_ptr<WarpStream> GemmStream::start_warp(CtaIndex cta, std::uint32_t warp) {
    if (cta >= second_launch()) return reduction_warp(plan_, reduction_offsets_, cta, warp, operands_in_registers_);
    return std::make_unique<GemmWarpStream>(plan_, *programs_[warp], cta, operands_in_registers_,
                                            register_operands_.get());
}

void GemmStream::move_values_through(GlobalValues& memory) {
    if (operands_in_registers_) register_operands_ = std::make_unique<RegisterOperands>(plan_, memory);
}

void GemmStream::warp_ended(CtaIndex cta, std::uint32_t warp, std::span<const WarpRegister> registers) {
    if (register_operands_) register_operands_->store_result(plan_.tile_of(cta), programs_[warp]->origin(), registers);
}

}  // namespace stcsim
