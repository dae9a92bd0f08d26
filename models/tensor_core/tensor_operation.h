/// What travels through the tensor core's pipeline: one mma, from issue to write-back.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/recycled.h"
#include "base/units.h"
#include "isa/fragment.h"
#include "isa/warp_instruction.h"

namespace stcsim {

/// One register of all lanes.
using LaneValues = WarpRegister;

/// The values of one mma on its way: present only when values are simulated.
///
/// Each module reads what the one before it produced, so that what is in D came through all of them.
struct OperandValues {
    std::vector<LaneValues> a, b, c, e;      ///< register operands as read (OperandFetch)
    std::vector<std::uint8_t> select_lines;  ///< per row and stored unit: position in its group (MetadataDecoder)
    std::vector<ElementBits>
        selected_b;                 ///< per row, column and stored element: B as the multipliers see it (InputSelector)
    std::vector<ElementBits> sums;  ///< per row and column: D before the write (DotProductArray)
    std::shared_ptr<MmaResultReceiver> receiver;  ///< takes D instead of the registers, unless null (Accumulator)
};

/// An mma issued by the warp scheduler. Timestamps are for the account of cycles only.
struct TensorOperation : Recycled<TensorOperation> {
    const MmaInstruction* instruction = nullptr;
    WarpSlot warp;
    RegisterRange destination, a, b, c, e;
    std::uint8_t selector = 0;
    Cycle issued{0};                        ///< when the scheduler issued it
    Cycle operand_wait{0};                  ///< cycles until its operands were read, beyond an idle pipeline's
    Cycle metadata_wait{0};                 ///< mma.sp: cycles at the decoder, beyond an idle pipeline's
    Cycle at_decoder{0};                    ///< mma.sp: when it reached the decoder
    Cycle selection{0};                     ///< mma.sp: cycles the selector needs for it; the array cannot go faster
    std::unique_ptr<OperandValues> values;  ///< when issued: null, or what the stream provided
};

/// Its values are not part of the state: with values nothing is compared.
inline void visit_state(StateVisitor& state, TensorOperation& operation) {
    auto& [instruction, warp, destination, a, b, c, e, selector, issued, operand_wait, metadata_wait, at_decoder,
           selection, values] = operation;
    state.same(instruction, warp, selector, operand_wait, metadata_wait, selection);
    for (RegisterRange* const range : {&destination, &a, &b, &c, &e}) visit_state(state, *range);
    state.moment(issued);
    // Not known before its operands have been read.
    if (at_decoder != Cycle(0)) state.moment(at_decoder);
}

/// How an operation travels: handed from module to module.
using TensorOperationPointer = std::unique_ptr<TensorOperation>;

/// Another instruction of the sub-core reads registers: it takes its turn at the ports behind the mma issued before it.
struct OtherReads {
    RegisterRange registers;
    std::uint64_t after_operation;  ///< mma issued before it, counted by the sub-core
};

inline void visit_state(StateVisitor& state, OtherReads& reads) {
    auto& [registers, after_operation] = reads;
    visit_state(state, registers);
    state.ordinal(after_operation);
}

/// D has been written: the scoreboard may release its registers.
struct TensorWriteback {
    WarpSlot warp;
    RegisterRange destination;
};

inline void visit_state(StateVisitor& state, TensorWriteback& written) {
    auto& [warp, destination] = written;
    state.same(warp);
    visit_state(state, destination);
}

/// OperandFetch has read the operands of one more mma of the warp: they may be overwritten.
struct OperandsRead {
    std::uint64_t operations;  ///< read so far by this tensor core, in issue order
};

inline void visit_state(StateVisitor& state, OperandsRead& read) {
    auto& [operations] = read;
    state.ordinal(operations);
}

}  // namespace stcsim
