#include "base/simulation_context.h"

#include "base/error.h"

/// The SystemC library has a main() that calls this; programs that use the model as a library have their own main(),
/// and may have their own sc_main().
[[gnu::weak]] int sc_main(int, char**) {
    return 1;
}

namespace stcsim {

SimulationContext::SimulationContext() : context_(new sc_core::sc_simcontext()) {
    sc_core::sc_curr_simcontext = context_;
    sc_core::sc_default_global_context = context_;
}

SimulationContext::~SimulationContext() {
    sc_core::sc_curr_simcontext = nullptr;
    sc_core::sc_default_global_context = nullptr;
    delete context_;
}

void SimulationContext::run(Cycle limit) {
    if (limit == never) {
        sc_core::sc_start();
    } else {
        sc_core::sc_start(sc_core::sc_time::from_value(limit.value()), sc_core::SC_EXIT_ON_STARVATION);
    }
}

bool SimulationContext::run_for(Cycle cycles) {
    // To the end of the window even if the next event is beyond it: time would stand still otherwise.
    sc_core::sc_start(sc_core::sc_time::from_value(cycles.value()), sc_core::SC_RUN_TO_TIME);
    return sc_core::sc_pending_activity();
}

}  // namespace stcsim
