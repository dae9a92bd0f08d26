/// The instructions of one warp of a GEMM kernel, as templates that hold for every CTA and k-tile.
///
/// Everything that does not depend on the CTA's place is computed once: registers, lane offsets within tiles, and the
/// interleaving. What a step still needs - stage, tile addresses, predicates at the edges - the stream fills in.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "isa/warp_instruction.h"
#include "kernel/gemm_plan.h"

namespace stcsim {

/// What the stream completes in a step.
enum class StepAddress : std::uint8_t {
    none,
    load_current,  ///< ldmatrix from the stage being computed
    load_next,     ///< ldmatrix from the next stage; left out after the last k-tile
    copy_a,        ///< cp.async of A for the k-tile `stages - 1` ahead; left out when there is none
    copy_b,
    copy_e,
    store_d,         ///< st.global to D
    load_d,          ///< ld.global of what another CTA has stored in D
    own_workspace,   ///< st.global of the CTA's accumulators
    peer_workspace,  ///< ld.global of another CTA's
    poll,            ///< ld.global of the semaphore that is waited for
    test,            ///< whether the poll saw it raised; otherwise the poll is repeated
    reset,           ///< st.global to that semaphore
    raise,           ///< st.global to the CTA's own
};

/// Rows and columns of the lanes, for predicates at the edges of the problem.
struct LanePositions {
    std::array<std::uint32_t, warp_lanes> row{};     ///< within the tile
    std::array<std::uint32_t, warp_lanes> column{};  ///< cp.async: k element within the k-tile; store: column
};

/// Where an mma works: rows and columns within the CTA's tile and the k-group within the k-tile.
struct FragmentPosition {
    std::uint32_t row = 0;
    std::uint32_t column = 0;
    std::uint32_t group = 0;
};

/// One instruction with what is left to complete.
struct ProgramStep {
    WarpInstruction instruction;
    StepAddress address = StepAddress::none;
    const LanePositions* positions = nullptr;  ///< copies of A and B, stores
    FragmentPosition fragment;                 ///< mma
};

/// A range of registers by numbers that fit it.
RegisterRange register_range(std::uint32_t first, std::uint32_t count);

/// A step with nothing to complete.
ProgramStep plain_step(OperationClass operation);

/// The program of one warp of the CTA.
class WarpProgram {
  public:
    /// `memory_steps` false leaves only the mma: operands are in registers already.
    WarpProgram(const GemmPlan& plan, std::uint32_t warp, bool memory_steps);

    [[nodiscard]] const std::vector<ProgramStep>& start() const { return start_; }              ///< before everything
    [[nodiscard]] const std::vector<ProgramStep>& prologue() const { return prologue_; }        ///< one k-tile's copies
    [[nodiscard]] const std::vector<ProgramStep>& first_loads() const { return first_loads_; }  ///< before the loop
    [[nodiscard]] const std::vector<ProgramStep>& main_loop() const { return main_loop_; }      ///< one k-tile
    [[nodiscard]] const std::vector<ProgramStep>& epilogue() const { return epilogue_; }        ///< stores of D
    [[nodiscard]] const std::vector<ProgramStep>& exit() const { return exit_; }

    // Where CTAs add up each other's sums.
    /// The epilogue that adds what another CTA has stored in D.
    [[nodiscard]] const std::vector<ProgramStep>& adding_epilogue() const { return adding_epilogue_; }
    /// Waits for another CTA's semaphore.
    [[nodiscard]] const std::vector<ProgramStep>& wait() const { return wait_; }
    /// Raises the CTA's own behind all its stores.
    [[nodiscard]] const std::vector<ProgramStep>& raise() const { return raise_; }
    /// Stores the accumulators in the CTA's workspace.
    [[nodiscard]] const std::vector<ProgramStep>& share() const { return share_; }
    /// Adds the accumulators in another CTA's workspace.
    [[nodiscard]] const std::vector<ProgramStep>& add_shared() const { return add_shared_; }
    /// Before each tile but the CTA's first: nobody may still use shared memory for the one before.
    [[nodiscard]] const std::vector<ProgramStep>& restart() const { return restart_; }

    /// The first row and column of the warp's tile within the CTA's.
    [[nodiscard]] FragmentPosition origin() const { return {.row = warp_row_, .column = warp_column_}; }

  private:
    void build_start();
    void build_copies();
    void build_first_loads();
    void append_wait_and_barrier(std::vector<ProgramStep>& steps) const;
    void build_main_loop();
    void build_epilogue(bool adds_stored, std::vector<ProgramStep>& steps);
    void build_wait();
    void build_raise();
    void build_workspace_steps();
    [[nodiscard]] std::vector<ProgramStep> fragment_loads(std::uint32_t group, StepAddress address);
    [[nodiscard]] std::vector<ProgramStep> multiplications(std::uint32_t group) const;
    void interleave(const std::vector<ProgramStep>& multiplications, const std::vector<ProgramStep>& memory);
    void add_copies(StepAddress address, std::uint32_t rows, std::uint32_t chunks_per_row, std::uint64_t row_bytes,
                    std::uint32_t stage_offset);
    void add_metadata_copies();
    void add_exchange(std::uint32_t part, std::vector<ProgramStep>& steps);
    void add_exchange_rows(std::uint32_t m_tile, std::vector<ProgramStep>& steps);
    void add_exchange_columns(std::uint32_t first_n_tile, std::vector<ProgramStep>& steps);
    RegisterRange add_conversion(RegisterRange accumulators, std::uint32_t registers, std::uint32_t& next_temporary,
                                 std::vector<ProgramStep>& steps) const;
    void add_exchange_store(RegisterRange data, std::uint32_t bytes, const LanePositions& places,
                            std::vector<ProgramStep>& steps);
    /// A vector of a row of D for each lane, and where it lies in the exchange.
    struct RowVectors {
        LaneAccess exchanged;
        LaneAccess stored;
        const LanePositions* positions;
    };
    [[nodiscard]] std::vector<RowVectors> row_vectors(std::uint32_t part);
    [[nodiscard]] ProgramStep stored_step(OperationClass operation, const RowVectors& vectors) const;
    void add_stores(const std::vector<RowVectors>& vectors, std::vector<ProgramStep>& steps) const;
    void add_exchange_and_sums(std::uint32_t part, bool adds_stored, std::vector<ProgramStep>& steps);
    void add_sum(const RowVectors& vectors, RegisterRange slot, std::optional<RegisterRange> source,
                 std::vector<ProgramStep>& steps) const;
    void add_additions(RegisterRange sums, RegisterRange addends, std::vector<ProgramStep>& steps) const;
    [[nodiscard]] ProgramStep semaphore_step(OperationClass operation, StepAddress address);
    [[nodiscard]] ProgramStep workspace_step(OperationClass operation, StepAddress address, RegisterRange registers,
                                             std::uint32_t first_accumulator, const LaneOffsets& offsets) const;
    [[nodiscard]] RegisterRange temporaries() const;
    [[nodiscard]] RegisterRange semaphore_register() const;
    [[nodiscard]] ArithmeticUnit adding_unit() const;
    [[nodiscard]] ProgramStep load_matrix(RegisterRange destination, const LaneOffsets& offsets, StepAddress address);
    LaneOffsets& new_offsets() { return offsets_.emplace_back(); }

    [[nodiscard]] std::uint32_t a_register(std::uint32_t group) const;
    [[nodiscard]] std::uint32_t b_register(std::uint32_t group) const;
    [[nodiscard]] std::uint32_t e_register(std::uint32_t group) const;

    const GemmPlan& plan_;
    std::uint32_t warp_;
    std::uint32_t warp_row_;  ///< first row of the warp's tile within the CTA's
    std::uint32_t warp_column_;
    bool memory_steps_;
    std::deque<LaneOffsets> offsets_;  ///< stable addresses: instructions point into it
    std::deque<LanePositions> positions_;
    std::vector<ProgramStep> start_;
    std::vector<ProgramStep> copies_;  ///< one k-tile, without the commit
    std::vector<ProgramStep> prologue_;
    std::vector<ProgramStep> first_loads_;
    std::vector<ProgramStep> main_loop_;
    std::vector<ProgramStep> epilogue_;
    std::vector<ProgramStep> adding_epilogue_;
    std::vector<ProgramStep> wait_;
    std::vector<ProgramStep> raise_;
    std::vector<ProgramStep> share_;
    std::vector<ProgramStep> add_shared_;
    std::vector<ProgramStep> restart_;
    std::vector<ProgramStep> exit_;
};

}  // namespace stcsim
