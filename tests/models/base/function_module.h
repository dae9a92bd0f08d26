/// A module whose process is a function: the other end of what is tested.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "base/registered_channel.h"

namespace stcsim::testing {

/// Reads items of type `In` and writes items of type `Out`, as its process likes; either port may stay unbound. It is
/// first evaluated in cycle 0 and keeps the cycles of all its evaluations.
///
///     FunctionModule<int, int> echo("echo", clock, [](auto& self, Cycle) { self.output.push(self.input.pop()); });
template <typename In, typename Out>
class FunctionModule : public ClockedModule {
  public:
    using Process = std::function<void(FunctionModule&, Cycle)>;

    FunctionModule(const sc_core::sc_module_name& name, Clock& clock, Process process)
        : ClockedModule(name, clock), input("input", *this), output("output", *this), process_(std::move(process)) {
        wake_at(Cycle(0));
    }

    ReadPort<In> input;
    WritePort<Out> output;

    /// The cycles in which the module was evaluated.
    [[nodiscard]] const std::vector<Cycle>& evaluated() const { return evaluated_; }
    void wake_in_next_cycle() { wake_at(clock().now() + Cycle(1)); }

  private:
    void evaluate(Cycle now) override {
        evaluated_.push_back(now);
        process_(*this, now);
    }

    Process process_;
    std::vector<Cycle> evaluated_;
};

}  // namespace stcsim::testing
