#include "tensor_core/operand_fetch.h"

#include <algorithm>

namespace stcsim {
namespace {

/// Registers that a slot of A or B brings in one pass: a 64-bit pair.
constexpr std::uint32_t registers_per_slot = 2;

}  // namespace

std::uint32_t collection_passes(const MmaInstruction& instruction, const OperandFetchParameters& parameters) {
    const std::uint32_t pairs_of_a = ceil_divide(instruction.a_registers(), registers_per_slot);
    const std::uint32_t pairs_of_b = ceil_divide(instruction.b_registers(), registers_per_slot);
    // C is one operand however many registers it has: the array needs it only at the end.
    const std::uint32_t c_and_e = 1U + instruction.e_registers();
    return std::max({pairs_of_a, pairs_of_b, parameters.operand_slots == 3 ? c_and_e : 1U});
}

Cycle least_interval(const MmaInstruction& instruction, const TensorCoreParameters& parameters) {
    const Cycle windows =
        parameters.operand_fetch.read_window * collection_passes(instruction, parameters.operand_fetch);
    return std::max(windows, Cycle(array_schedule(instruction, parameters.dot_product_array).interval));
}

OperandFetch::OperandFetch(const sc_core::sc_module_name& name, Clock& clock, const OperandFetchParameters& parameters,
                           const DotProductArrayParameters& array, RegisterFile& registers)
    : ClockedModule(name, clock),
      issued("issued", *this),
      other_reads("other_reads", *this),
      to_array("to_array", *this),
      to_decoder("to_decoder", *this),
      read_notice("read_notice", *this),
      parameters_(parameters),
      array_(array),
      registers_(registers),
      bank_free_(parameters.register_banks) {}

void OperandFetch::evaluate(Cycle now) {
    receive_other_reads(now);
    if (!issued.has_item()) {
        issued.expect();
        return;
    }
    if (now < collector_free_) {
        wake_at(collector_free_);
        return;
    }
    // A stage without space wakes us when it has some.
    WritePort<TensorOperationPointer>& next_stage = stage_for(*issued.front());
    if (!next_stage.has_space()) return;

    TensorOperationPointer operation = issued.pop();
    const Demand& demand = demand_of(*operation);
    const Cycle port_wait = reserve_ports(demand, now);
    register_reads_ += demand.registers;
    if (registers_.has_values()) read_values(*operation);
    read_notice.push({++operations_}, collector_free_ - now);
    receive_other_reads(now);

    const Cycle first_pass = port_wait + parameters_.read_window;
    const Cycle delivery = operation->instruction->sparse ? Cycle(1) : parameters_.delivery_latency;
    operation->operand_wait = now - operation->issued - Cycle(1) + port_wait;
    operation->at_decoder = now + first_pass + delivery;
    next_stage.push(std::move(operation), first_pass + delivery);
    issued.busy_until(collector_free_);
    if (!issued.has_item()) {
        issued.expect();
    } else if (stage_for(*issued.front()).has_space()) {
        wake_at(collector_free_);
    }
}

void OperandFetch::receive_other_reads(Cycle now) {
    while (other_reads.has_item() && other_reads.front().after_operation <= operations_) {
        const RegisterRange range = other_reads.pop().registers;
        for (std::uint32_t i = 0; i < range.count; ++i) {
            Cycle& free = bank_free_[(range.first + i) % parameters_.register_banks];
            free = std::max(free, now) + Cycle(1);
        }
        other_register_reads_ += range.count;
    }
}

Cycle OperandFetch::reserve_ports(const Demand& demand, Cycle now) {
    Cycle wait{0};
    const Cycle windows = parameters_.read_window * demand.passes;
    collector_free_ = now + std::max(windows, demand.interval);
    for (std::size_t bank = 0; bank < bank_free_.size(); ++bank) {
        const Cycle start = std::max(bank_free_[bank], now);
        wait = std::max(wait, start - now);
        const Cycle reads(ceil_divide(demand.reads_per_bank[bank], parameters_.ports_per_bank));
        bank_free_[bank] = start + std::max(windows, reads);
        collector_free_ = std::max(collector_free_, bank_free_[bank]);
    }
    collector_cycles_ += collector_free_ - now;
    passes_ += demand.passes;
    return wait;
}

WritePort<TensorOperationPointer>& OperandFetch::stage_for(const TensorOperation& operation) {
    return operation.instruction->sparse ? to_decoder : to_array;
}

const OperandFetch::Demand& OperandFetch::demand_of(const TensorOperation& operation) {
    std::uint32_t banks = 0;
    for (const RegisterRange range : {operation.a, operation.b, operation.c, operation.e}) {
        banks = banks * parameters_.register_banks + range.first % parameters_.register_banks;
    }
    for (const KnownDemand& known : known_demands_) {
        if (known.instruction == operation.instruction && known.banks == banks) return known.demand;
    }
    known_demands_.push_back({operation.instruction, banks, work_out_demand(operation)});
    return known_demands_.back().demand;
}

OperandFetch::Demand OperandFetch::work_out_demand(const TensorOperation& operation) const {
    const MmaInstruction& instruction = *operation.instruction;
    Demand demand{.passes = collection_passes(instruction, parameters_),
                  .interval = Cycle(array_schedule(instruction, array_).interval),
                  .reads_per_bank = std::vector<std::uint32_t>(parameters_.register_banks),
                  .registers = 0};
    for (const RegisterRange range : {operation.a, operation.b, operation.c, operation.e}) {
        for (std::uint32_t i = 0; i < range.count; ++i) {
            ++demand.reads_per_bank[(range.first + i) % parameters_.register_banks];
        }
        demand.registers += range.count;
    }
    return demand;
}

void OperandFetch::read_values(TensorOperation& operation) {
    const bool provided = operation.values != nullptr;
    if (!provided) {
        operation.values = std::make_unique<OperandValues>();
        operation.values->a = registers_.read(operation.warp, operation.a);
        operation.values->b = registers_.read(operation.warp, operation.b);
        operation.values->e = registers_.read(operation.warp, operation.e);
    }
    if (operation.values->c.empty()) operation.values->c = registers_.read(operation.warp, operation.c);
}

void OperandFetch::visit_state(StateVisitor& state) {
    state.count_from(operations_);
    for (const Cycle free : bank_free_) state.due(free);
    state.due(collector_free_);
    if (registers_.has_values()) state.never_repeats();
}

void OperandFetch::report(CounterReport& report) const {
    const std::string_view prefix = "sm.tensor_core.operand_fetch";
    report.add(prefix, "operations", "instructions", "mma instructions fetched", operations_);
    report.add(prefix, "passes", "passes", "collection passes of their operands", passes_);
    report.add(prefix, "register_reads", "reads", "1024-bit register reads", register_reads_);
    report.add(prefix, "other_register_reads", "reads", "1024-bit register reads of other instructions",
               other_register_reads_);
    report.add(prefix, "collector_cycles", "cycles", "cycles in which an instruction held the collector",
               collector_cycles_.value());
}

}  // namespace stcsim
