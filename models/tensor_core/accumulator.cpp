#include "tensor_core/accumulator.h"

#include "tensor_core/datapath.h"

namespace stcsim {

Accumulator::Accumulator(const sc_core::sc_module_name& name, Clock& clock, const AccumulatorParameters& parameters,
                         RegisterFile& registers)
    : ClockedModule(name, clock),
      sums("sums", *this),
      written("written", *this),
      parameters_(parameters),
      registers_(registers) {}

void Accumulator::evaluate(Cycle now) {
    if (!sums.has_item() || !written.has_space()) return;
    if (now < ports_free_) {
        wake_at(ports_free_);
        return;
    }
    const TensorOperationPointer operation = sums.pop();
    const std::uint32_t registers = operation->destination.count;
    ports_free_ = now + Cycle(ceil_divide(registers, parameters_.write_ports));
    register_writes_ += registers;
    if (operation->values) {
        const std::vector<LaneValues> d = result_registers(*operation->instruction, operation->values->sums);
        write_values(*operation, d);
    }
    written.push({operation->warp, operation->destination}, parameters_.latency + Cycle(1));
    sums.busy_until(ports_free_);
    if (sums.has_item()) wake_at(ports_free_);
}

void Accumulator::write_values(const TensorOperation& operation, const std::vector<LaneValues>& d) {
    if (operation.values->receiver != nullptr) {
        operation.values->receiver->take(d);
        return;
    }
    STCSIM_ASSERT(d.size() == operation.destination.count);
    for (std::uint32_t i = 0; i < operation.destination.count; ++i) {
        registers_.at(operation.warp, operation.destination.first + i) = d[i];
    }
}

void Accumulator::report(CounterReport& report) const {
    report.add("sm.tensor_core.accumulator", "register_writes", "writes", "1024-bit register writes of D",
               register_writes_);
}

}  // namespace stcsim
