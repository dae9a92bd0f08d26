/// A fresh SystemC context, so that one process can run many simulations, one after the other.
#pragma once

#include "base/systemc.h"
#include "base/units.h"

namespace stcsim {

/// While it lives, SystemC objects belong to a simulation of their own; they must be destroyed before it. One at a
/// time.
class SimulationContext {
  public:
    SimulationContext();
    ~SimulationContext();
    SimulationContext(const SimulationContext&) = delete;
    SimulationContext& operator=(const SimulationContext&) = delete;

    /// Runs until nothing is left to do or `limit` is reached.
    void run(Cycle limit = never);
    /// Runs `cycles` more cycles at most; true if anything is left to do.
    bool run_for(Cycle cycles);

  private:
    sc_core::sc_simcontext* context_;
};

}  // namespace stcsim
