#include "tensor_core/input_selector.h"

#include "tensor_core/datapath.h"

namespace stcsim {

InputSelector::InputSelector(const sc_core::sc_module_name& name, Clock& clock,
                             const InputSelectorParameters& parameters)
    : ClockedModule(name, clock), decoded("decoded", *this), to_array("to_array", *this), parameters_(parameters) {}

void InputSelector::evaluate(Cycle) {
    if (!decoded.has_item()) {
        decoded.expect();
        return;
    }
    if (!to_array.has_space()) return;
    TensorOperationPointer operation = decoded.pop();
    operation->selection = selection_cycles(*operation->instruction, parameters_);
    selection_cycles_ += operation->selection;
    ++operations_;
    if (operation->values) {
        operation->values->selected_b =
            select_inputs(*operation->instruction, operation->values->b, operation->values->select_lines);
    }
    to_array.push(std::move(operation), parameters_.latency);
    if (!decoded.has_item()) {
        decoded.expect();
    } else if (to_array.has_space()) {
        wake_at(clock().now() + Cycle(1));
    }
}

void InputSelector::report(CounterReport& report) const {
    const std::string_view prefix = "sm.tensor_core.input_selector";
    report.add(prefix, "operations", "instructions", "mma.sp instructions whose B elements were selected", operations_);
    report.add(prefix, "selection_cycles", "cycles", "multiplexer cycles of these instructions",
               selection_cycles_.value());
}

}  // namespace stcsim
