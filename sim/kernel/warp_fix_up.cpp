/// How CTAs that work on the same tile of D hand over their sums: accumulators through a workspace, and a semaphore
/// that says they are there.
///
/// The semaphore is used as CUTLASS 2.11 does (`Semaphore`, `Barrier`): one thread polls it with loads that L1 does not
/// answer, and a barrier of the CTA lets the others follow; it is raised by a store with release semantics behind a
/// barrier of the CTA. Every warp's fence stands in front of that barrier here.
#include <algorithm>

#include "kernel/shared_layout.h"
#include "kernel/warp_program.h"
#include "numerics/float_format.h"

namespace stcsim {
namespace {

constexpr std::uint32_t vector_registers = chunk_bytes / 4;
constexpr std::uint32_t first_lane = 1;

}  // namespace

RegisterRange WarpProgram::semaphore_register() const {
    return register_range(
        plan_.accumulator_registers() +
            2 * (plan_.a_fragment_registers() + plan_.b_fragment_registers() + plan_.e_fragment_registers()),
        1);
}

ArithmeticUnit WarpProgram::adding_unit() const {
    return is_float(plan_.problem().accumulator) ? ArithmeticUnit::float32 : ArithmeticUnit::integer;
}

/// Adds registers to as many others, one instruction each.
void WarpProgram::add_additions(RegisterRange sums, RegisterRange addends, std::vector<ProgramStep>& steps) const {
    for (std::uint32_t i = 0; i < sums.count; ++i) {
        ProgramStep add = plain_step(OperationClass::arithmetic);
        add.instruction.adds = true;
        add.instruction.unpacked = plan_.problem().accumulator;
        add.instruction.unit = adding_unit();
        add.instruction.a = register_range(addends.first + i, 1);
        add.instruction.destination = register_range(sums.first + i, 1);
        steps.push_back(add);
    }
}

/// An access of 4 bytes to a semaphore by the first lane.
ProgramStep WarpProgram::semaphore_step(OperationClass operation, StepAddress address) {
    ProgramStep step = plain_step(operation);
    step.address = address;
    const bool loads = operation == OperationClass::load_global;
    (loads ? step.instruction.destination : step.instruction.a) = semaphore_register();
    step.instruction.global = {.offsets = &new_offsets(), .active = first_lane, .bytes_per_lane = semaphore_bytes};
    return step;
}

void WarpProgram::build_wait() {
    if (warp_ == 0) {
        wait_.push_back(semaphore_step(OperationClass::load_global, StepAddress::poll));
        ProgramStep test = plain_step(OperationClass::arithmetic);
        test.address = StepAddress::test;
        test.instruction.unit = ArithmeticUnit::integer;
        test.instruction.a = semaphore_register();
        test.instruction.following_arithmetic = 1;  // the branch
        wait_.push_back(test);
    }
    wait_.push_back(plain_step(OperationClass::barrier));
    // Ready for the next launch. Serial split-K's last slice does so when it raises its semaphore.
    if (warp_ == 0 && plan_.stream_k()) {
        wait_.push_back(semaphore_step(OperationClass::store_global, StepAddress::reset));
    }
}

void WarpProgram::build_raise() {
    ProgramStep fence = plain_step(OperationClass::fence);
    fence.instruction.destination = semaphore_register();
    raise_.push_back(fence);
    ProgramStep barrier = plain_step(OperationClass::barrier);
    barrier.instruction.a = semaphore_register();
    raise_.push_back(barrier);
    if (warp_ == 0) raise_.push_back(semaphore_step(OperationClass::store_global, StepAddress::raise));
}

/// An access to the accumulators in a workspace: the warps' vectors of four registers side by side.
ProgramStep WarpProgram::workspace_step(OperationClass operation, StepAddress address, RegisterRange registers,
                                        std::uint32_t first_accumulator, const LaneOffsets& offsets) const {
    ProgramStep step = plain_step(operation);
    step.address = address;
    const bool loads = operation == OperationClass::load_global;
    (loads ? step.instruction.destination : step.instruction.a) = registers;
    step.instruction.global = {
        .base = std::uint64_t{first_accumulator / vector_registers} * plan_.kernel().warps() * warp_lanes * chunk_bytes,
        .offsets = &offsets,
        .active = ~0U,
        .bytes_per_lane = chunk_bytes};
    return step;
}

void WarpProgram::build_workspace_steps() {
    LaneOffsets& offsets = new_offsets();
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        offsets[lane] = (std::uint64_t{warp_} * warp_lanes + lane) * chunk_bytes;
    }
    const std::uint32_t accumulators = plan_.accumulator_registers();
    for (std::uint32_t i = 0; i < accumulators; i += vector_registers) {
        share_.push_back(workspace_step(OperationClass::store_global, StepAddress::own_workspace,
                                        register_range(i, vector_registers), i, offsets));
    }
    const RegisterRange free = temporaries();
    const std::uint32_t at_once = free.count / vector_registers * vector_registers;
    for (std::uint32_t first = 0; first < accumulators; first += at_once) {
        const std::uint32_t count = std::min(at_once, accumulators - first);
        for (std::uint32_t i = 0; i < count; i += vector_registers) {
            add_shared_.push_back(workspace_step(OperationClass::load_global, StepAddress::peer_workspace,
                                                 register_range(free.first + i, vector_registers), first + i, offsets));
        }
        add_additions(register_range(first, count), register_range(free.first, count), add_shared_);
    }
}

}  // namespace stcsim
