#include "tensor_core/dot_product_array.h"

#include <algorithm>

namespace stcsim {

DotProductArray::DotProductArray(const sc_core::sc_module_name& name, Clock& clock,
                                 const DotProductArrayParameters& parameters, CycleAttribution& attribution,
                                 Timeline* timeline, std::uint32_t number)
    : ClockedModule(name, clock),
      fetched("fetched", *this),
      selected("selected", *this),
      to_accumulator("to_accumulator", *this),
      parameters_(parameters),
      attribution_(attribution),
      timeline_(timeline),
      number_(number) {}

ReadPort<TensorOperationPointer>* DotProductArray::older_input() {
    ReadPort<TensorOperationPointer>* dense = fetched.has_item() ? &fetched : nullptr;
    ReadPort<TensorOperationPointer>* sparse = selected.has_item() ? &selected : nullptr;
    if (dense == nullptr || sparse == nullptr) return dense != nullptr ? dense : sparse;
    return sparse->front()->issued < dense->front()->issued ? sparse : dense;
}

const ArraySchedule& DotProductArray::schedule_of(const MmaInstruction& instruction) {
    if (scheduled_ != &instruction) {
        scheduled_ = &instruction;
        schedule_ = array_schedule(instruction, parameters_);
    }
    return schedule_;
}

void DotProductArray::evaluate(Cycle now) {
    ReadPort<TensorOperationPointer>* input = older_input();
    if (input == nullptr || !to_accumulator.has_space()) return;
    if (now < latch_free_) {
        wake_at(latch_free_);
        return;
    }
    TensorOperationPointer operation = input->pop();
    const ArraySchedule& schedule = schedule_of(*operation->instruction);
    const Cycle steps(schedule.steps);
    const Cycle interval(schedule.interval);
    const Cycle held = std::max(interval, operation->selection);
    const Cycle start = std::max(now, array_free_);
    latch_free_ = start;
    array_free_ = start + held;
    attribution_.note_execution(*operation, start, interval, held);
    if (timeline_ != nullptr) {
        timeline_->record({number_, operation->warp, operation->instruction, operation->issued, start, steps});
    }
    ++instructions_;
    steps_ += steps;
    fused_multiply_adds_ += operation->instruction->fused_multiply_adds();
    multiplications_ += std::uint64_t{operation->instruction->shape.m} * operation->instruction->shape.n *
                        operation->instruction->stored_k();

    if (operation->values) {
        OperandValues& values = *operation->values;
        if (!operation->instruction->sparse) values.selected_b = select_inputs(*operation->instruction, values.b, {});
        values.sums = dot_products(*operation->instruction, values.a, values.selected_b, values.c);
    }
    const Cycle hidden = std::min(parameters_.pass_chain_latency, Cycle(schedule.steps_per_pass));
    const Cycle chaining = (parameters_.pass_chain_latency - hidden) * (schedule.passes - 1);
    const Cycle worked = std::max(steps, operation->selection);
    to_accumulator.push(std::move(operation), start - now + worked + chaining + parameters_.pipeline_depth);
    fetched.busy_until(latch_free_);
    selected.busy_until(latch_free_);
    if (older_input() != nullptr) wake_at(std::max(latch_free_, now + Cycle(1)));
}

void DotProductArray::visit_state(StateVisitor& state) {
    state.due(latch_free_);
    state.due(array_free_);
    attribution_.visit_state(state);
    if (timeline_ != nullptr) state.never_repeats();
}

void DotProductArray::report(CounterReport& report) const {
    const std::string_view prefix = "sm.tensor_core.dot_product_array";
    report.add(prefix, "instructions", "instructions", "mma and mma.sp instructions executed", instructions_);
    report.add(prefix, "steps", "cycles", "array steps", steps_.value());
    report.add(prefix, "fused_multiply_adds", "FMA", "dense-equivalent multiply-adds: m n k of each instruction",
               fused_multiply_adds_);
    report.add(prefix, "multiplications", "products", "products formed: m n and the stored k of each instruction",
               multiplications_);
}

}  // namespace stcsim
