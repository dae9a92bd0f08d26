#include "tensor_core/operand_fetch.h"

#include <algorithm>

namespace stcsim {

OperandFetch::OperandFetch(const sc_core::sc_module_name& name, Clock& clock, const OperandFetchParameters& parameters,
                           RegisterFile& registers)
    : ClockedModule(name, clock),
      issued("issued", *this),
      to_array("to_array", *this),
      to_decoder("to_decoder", *this),
      read_notice("read_notice", *this),
      parameters_(parameters),
      registers_(registers),
      reads_per_bank_(parameters.register_banks) {}

void OperandFetch::evaluate(Cycle now) {
    if (!issued.has_item()) {
        issued.expect();
        return;
    }
    if (now < ports_free_) {
        wake_at(ports_free_);
        return;
    }
    // A stage without space wakes us when it has some.
    WritePort<TensorOperationPointer>& next_stage = stage_for(*issued.front());
    if (!next_stage.has_space()) return;

    TensorOperationPointer operation = issued.pop();
    const Reads reads = reads_of(*operation);
    register_reads_ += reads.registers;
    ports_free_ = now + reads.all;
    port_cycles_ += reads.all;
    if (registers_.has_values()) read_values(*operation);
    read_notice.push({++operations_}, reads.all);

    const Cycle delivery = operation->instruction->sparse ? Cycle(1) : parameters_.delivery_latency;
    operation->operand_wait = now - operation->issued - Cycle(1);
    operation->at_decoder = now + reads.first_step + delivery;
    next_stage.push(std::move(operation), reads.first_step + delivery);
    issued.busy_until(ports_free_);
    if (!issued.has_item()) {
        issued.expect();
    } else if (stage_for(*issued.front()).has_space()) {
        wake_at(ports_free_);
    }
}

WritePort<TensorOperationPointer>& OperandFetch::stage_for(const TensorOperation& operation) {
    return operation.instruction->sparse ? to_decoder : to_array;
}

OperandFetch::Reads OperandFetch::reads_of(const TensorOperation& operation) {
    std::uint32_t banks = 0;
    for (const RegisterRange range : {operation.a, operation.b, operation.c, operation.e}) {
        banks = banks * parameters_.register_banks + range.first % parameters_.register_banks;
    }
    for (const KnownReads& known : known_reads_) {
        if (known.instruction == operation.instruction && known.banks == banks) return known.reads;
    }
    known_reads_.push_back({operation.instruction, banks, count_reads(operation)});
    return known_reads_.back().reads;
}

OperandFetch::Reads OperandFetch::count_reads(const TensorOperation& operation) {
    std::ranges::fill(reads_per_bank_, 0U);
    std::uint32_t registers = 0;
    const auto read = [&](RegisterRange range, std::uint32_t from, std::uint32_t to) {
        for (std::uint32_t i = from; i < std::min<std::uint32_t>(to, range.count); ++i) {
            ++reads_per_bank_[(range.first + i) % parameters_.register_banks];
            ++registers;
        }
    };
    const auto longest = [&] {
        return Cycle(ceil_divide(std::ranges::max(reads_per_bank_), parameters_.ports_per_bank));
    };

    const std::uint32_t first_b = operation.instruction->sparse ? 2 : 1;
    read(operation.a, 0, 1);
    read(operation.b, 0, first_b);
    read(operation.e, 0, operation.e.count);
    const Cycle first_step = longest();
    read(operation.a, 1, operation.a.count);
    read(operation.b, first_b, operation.b.count);
    read(operation.c, 0, operation.c.count);
    return {.first_step = first_step, .all = longest(), .registers = registers};
}

void OperandFetch::read_values(TensorOperation& operation) {
    const bool provided = operation.values != nullptr;
    if (!provided) {
        operation.values = std::make_unique<OperandValues>();
        operation.values->a = registers_.read(operation.warp, operation.a);
        operation.values->b = registers_.read(operation.warp, operation.b);
        operation.values->e = registers_.read(operation.warp, operation.e);
    }
    operation.values->c = registers_.read(operation.warp, operation.c);
}

void OperandFetch::report(CounterReport& report) const {
    const std::string_view prefix = "sm.tensor_core.operand_fetch";
    report.add(prefix, "operations", "instructions", "mma instructions fetched", operations_);
    report.add(prefix, "register_reads", "reads", "1024-bit register reads", register_reads_);
    report.add(prefix, "port_cycles", "cycles", "cycles in which the read ports were held", port_cycles_.value());
}

}  // namespace stcsim
