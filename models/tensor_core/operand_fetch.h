/// OperandFetch: reads the registers of issued mma instructions.
///
/// Overview: takes instructions in issue order, one at a time. Each source register is one 1024-bit read in the bank
/// `register mod banks`; the reads of the first step's operands (one register of A, one of B - for mma.sp two, since
/// the selector needs twice the elements, and the metadata register) go first, the rest follow and keep the ports busy.
/// The instruction moves on `delivery_latency` after its first step's operands are read: to the array, or (mma.sp) to
/// the metadata decoder in the next cycle. Parameters: OperandFetchParameters. With values, it reads them from the
/// register file.
#pragma once

#include <cstdint>
#include <vector>

#include "base/counters.h"
#include "base/registered_channel.h"
#include "tensor_core/register_file.h"
#include "tensor_core/tensor_core_parameters.h"
#include "tensor_core/tensor_operation.h"

namespace stcsim {

class OperandFetch : public ClockedModule {
  public:
    OperandFetch(const sc_core::sc_module_name& name, Clock& clock, const OperandFetchParameters& parameters,
                 RegisterFile& registers);

    ReadPort<TensorOperationPointer> issued;       ///< from the warp scheduler
    WritePort<TensorOperationPointer> to_array;    ///< dense operations
    WritePort<TensorOperationPointer> to_decoder;  ///< mma.sp; unbound without a sparse path
    WritePort<OperandsRead> read_notice;           ///< to the scheduler, for write-after-read checks

    void report(CounterReport& report) const;

  private:
    struct Reads {
        Cycle first_step;         ///< port cycles until the operands of the first step are read
        Cycle all;                ///< port cycles of the whole instruction
        std::uint32_t registers;  ///< registers read
    };
    struct KnownReads {
        const MmaInstruction* instruction;
        std::uint32_t banks;
        Reads reads;
    };

    void start_of_simulation() override { issued.expect(); }
    void evaluate(Cycle now) override;
    [[nodiscard]] WritePort<TensorOperationPointer>& stage_for(const TensorOperation& operation);
    /// Remembers the counts of the patterns it has seen: they only depend on the instruction and the operands' banks.
    [[nodiscard]] Reads reads_of(const TensorOperation& operation);
    [[nodiscard]] Reads count_reads(const TensorOperation& operation);
    void read_values(TensorOperation& operation);

    OperandFetchParameters parameters_;
    RegisterFile& registers_;
    std::vector<std::uint32_t> reads_per_bank_;
    std::vector<KnownReads> known_reads_;
    Cycle ports_free_{0};
    std::uint64_t operations_ = 0;
    std::uint64_t register_reads_ = 0;
    Cycle port_cycles_{0};
};

}  // namespace stcsim
