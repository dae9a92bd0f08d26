/// OperandFetch: reads the registers of issued mma instructions.
///
/// Overview: takes instructions in issue order, one at a time, and collects their operands in passes. A pass brings a
/// 64-bit pair of registers of A and one of B, each in a slot of its own; the third slot brings E in the first pass of
/// an mma.sp and C in the next one. So a dense small-k instruction takes one pass, every large-k instruction two (A or
/// B has two pairs), and a small-k mma.sp two as well, because metadata is a fourth source in front of three slots. A
/// pass reserves a read window; the whole instruction also needs, in each bank (register r is in bank r mod banks), a
/// port cycle for each of its registers, and those that other instructions of the sub-core read come in between. What
/// is collected is held for one pass only: the reads of an instruction take at least as long as the array works on it.
///
/// The instruction moves on `delivery_latency` after its first pass: to the array, or (mma.sp) to the metadata decoder
/// in the next cycle. With values, it reads them from the register file. Parameters: OperandFetchParameters.
///
/// Source: passes of a window of three cycles are measured for fixed-latency instructions (arXiv 2503.20481, on GA102),
/// one pass for small and two for large k are what the NAK compiler calls operand collection passes. That E and C share
/// a slot is assumed, because it explains the rate of small-k mma.sp (models/README.md).
#pragma once

#include <cstdint>
#include <vector>

#include "base/counters.h"
#include "base/registered_channel.h"
#include "tensor_core/datapath.h"
#include "tensor_core/register_file.h"
#include "tensor_core/tensor_core_parameters.h"
#include "tensor_core/tensor_operation.h"

namespace stcsim {

/// Collection passes of the instruction's operands: see above.
std::uint32_t collection_passes(const MmaInstruction& instruction, const OperandFetchParameters& parameters);

/// Cycles between the starts of two such instructions: what the passes and the array take, whichever is more. Register
/// banks can add to it.
Cycle least_interval(const MmaInstruction& instruction, const TensorCoreParameters& parameters);

class OperandFetch : public ClockedModule {
  public:
    OperandFetch(const sc_core::sc_module_name& name, Clock& clock, const OperandFetchParameters& parameters,
                 const DotProductArrayParameters& array, RegisterFile& registers);

    ReadPort<TensorOperationPointer> issued;       ///< from the warp scheduler
    ReadPort<OtherReads> other_reads;              ///< from the warp scheduler: registers that other instructions read
    WritePort<TensorOperationPointer> to_array;    ///< dense operations
    WritePort<TensorOperationPointer> to_decoder;  ///< mma.sp; unbound without a sparse path
    WritePort<OperandsRead> read_notice;           ///< to the scheduler, for write-after-read checks

    void report(CounterReport& report) const;
    void visit_state(StateVisitor& state) override;

  private:
    /// What an instruction needs of the ports, wherever it runs.
    struct Demand {
        std::uint32_t passes;
        Cycle interval;  ///< the array's
        std::vector<std::uint32_t> reads_per_bank;
        std::uint32_t registers;
    };
    struct KnownDemand {
        const MmaInstruction* instruction;
        std::uint32_t banks;
        Demand demand;
    };

    void start_of_simulation() override { issued.expect(); }
    void evaluate(Cycle now) override;
    void receive_other_reads(Cycle now);
    /// Reserves the ports from `now` on; returns how long the first pass waits for a port.
    Cycle reserve_ports(const Demand& demand, Cycle now);
    [[nodiscard]] WritePort<TensorOperationPointer>& stage_for(const TensorOperation& operation);
    /// Remembers the demands it has seen: they only depend on the instruction and the operands' banks.
    [[nodiscard]] const Demand& demand_of(const TensorOperation& operation);
    [[nodiscard]] Demand work_out_demand(const TensorOperation& operation) const;
    void read_values(TensorOperation& operation);

    OperandFetchParameters parameters_;
    DotProductArrayParameters array_;
    RegisterFile& registers_;
    std::vector<KnownDemand> known_demands_;
    std::vector<Cycle> bank_free_;
    Cycle collector_free_{0};
    std::uint64_t operations_ = 0;
    std::uint64_t passes_ = 0;
    std::uint64_t register_reads_ = 0;
    std::uint64_t other_register_reads_ = 0;
    Cycle collector_cycles_{0};
};

}  // namespace stcsim
