/// A tensor core with a driver in the scheduler's place, which issues operations as soon as they are accepted.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "simulation_fixture.h"
#include "tensor_core/tensor_core.h"

namespace stcsim::testing {

/// Issues operations in order and notes when each was issued and when its result was seen to be written.
class IssueDriver : public ClockedModule {
  public:
    IssueDriver(const sc_core::sc_module_name& name, Clock& clock)
        : ClockedModule(name, clock),
          mma("mma", *this),
          written("written", *this),
          operands_read("operands_read", *this) {
        wake_at(Cycle(0));
    }

    WritePort<TensorOperationPointer> mma;
    ReadPort<TensorWriteback> written;
    ReadPort<OperandsRead> operands_read;

    std::vector<TensorOperationPointer> operations;  ///< to issue
    std::function<bool(Cycle)> stalls;               ///< cycles in which results are not looked at; may be empty
    std::vector<Cycle> issue_cycles;
    std::vector<Cycle> written_cycles;
    std::vector<RegisterRange> destinations;  ///< in the order they were written
    std::vector<Cycle> read_cycles;           ///< when the operands of each operation were known to be read

  private:
    void evaluate(Cycle now) override {
        while (operands_read.has_item()) {
            operands_read.pop();
            read_cycles.push_back(now);
        }
        while (written.has_item() && !(stalls && stalls(now))) {
            destinations.push_back(written.pop().destination);
            written_cycles.push_back(now);
        }
        if (issue_cycles.size() < operations.size() && mma.has_space()) {
            TensorOperationPointer& operation = operations[issue_cycles.size()];
            operation->issued = now;
            issue_cycles.push_back(now);
            mma.push(std::move(operation));
        }
        if (written_cycles.size() < operations.size()) wake_at(now + Cycle(1));
    }
};

/// One tensor core and its driver in a simulation of their own.
class TensorCoreBench {
  public:
    /// Cycles after which an operation that has not ended never will.
    static constexpr Cycle patience{100000};

    explicit TensorCoreBench(const TensorCoreParameters& parameters, bool with_values = false,
                             std::uint64_t shuffle_seed = 0)
        : simulation_(shuffle_seed),
          registers_(1, with_values),
          core_("core", simulation_.clock, parameters, registers_, &timeline_, 0, shuffle_seed),
          driver_("driver", simulation_.clock) {
        driver_.mma.bind(core_.issued());
        driver_.written.bind(core_.written());
        driver_.operands_read.bind(core_.operands_read());
    }

    /// An operation with its operands in the registers that this bench keeps for them; D in the `result`-th of eight
    /// places, which also hold C. First registers of A and B share a bank, E's is in the other.
    [[nodiscard]] static TensorOperation operation(const MmaInstruction& instruction, std::uint32_t result = 0) {
        const auto range = [](std::uint32_t first, std::uint32_t count) {
            return RegisterRange{static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(count)};
        };
        TensorOperation operation;
        operation.instruction = &instruction;
        operation.warp = WarpSlot(0);
        operation.a = range(0, instruction.a_registers());
        operation.b = range(8, instruction.b_registers());
        operation.e = range(17, instruction.e_registers());
        operation.c = range(32 + 4 * (result % 8), instruction.c_registers());
        operation.destination = operation.c;
        return operation;
    }

    void add(TensorOperation operation) {
        driver_.operations.push_back(std::make_unique<TensorOperation>(std::move(operation)));
    }
    /// Adds `count` independent operations.
    void add(const MmaInstruction& instruction, std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i) add(operation(instruction, i));
    }

    void run() { simulation_.run(patience); }

    [[nodiscard]] IssueDriver& driver() { return driver_; }
    [[nodiscard]] RegisterFile& registers() { return registers_; }
    [[nodiscard]] TensorCore& core() { return core_; }
    [[nodiscard]] Clock& clock() { return simulation_.clock; }
    [[nodiscard]] Cycle now() const { return simulation_.clock.now(); }
    [[nodiscard]] const Timeline& timeline() const { return timeline_; }
    [[nodiscard]] CounterReport counters() const {
        CounterReport report;
        core_.report(report);
        return report;
    }

  private:
    Simulation simulation_;
    RegisterFile registers_;
    Timeline timeline_;
    TensorCore core_;
    IssueDriver driver_;
};

}  // namespace stcsim::testing
