/// The memory hierarchy behind the SMs' channels.

#include "memory/memory_system.h"

#include <bit>
#include <random>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "a100.h"
#include "function_module.h"
#include "simulation_fixture.h"

namespace stcsim::testing {
namespace {

/// One transaction of an SM.
struct Access {
    std::uint32_t sm = 0;
    bool write = false;
    std::vector<SectorRequest> requests;
};

/// Runs accesses through a memory system. Each SM sends its own in order, as fast as its link takes them.
class MemoryBench {
  public:
    MemoryBench(const MemoryParameters& parameters, std::uint32_t sms, std::uint64_t shuffle_seed = 0)
        : simulation_(shuffle_seed),
          sector_(parameters.l2.sector),
          link_latency_(parameters.interconnect.latency),
          memory_("memory", simulation_.clock, parameters, sms, a100().clock_hz),
          waiting_(sms) {
        for (std::uint32_t sm = 0; sm < sms; ++sm) {
            requesters_.emplace_back(sc_core::sc_gen_unique_name("requester"), simulation_.clock,
                                     [this, sm](Requester& self, Cycle now) { step(self, sm, now); });
            memory_.connect(sm, requesters_.back().output, requesters_.back().input);
        }
    }

    void run(const std::vector<Access>& accesses) {
        for (const Access& access : accesses) {
            waiting_[access.sm].emplace_back(static_cast<std::uint32_t>(returned_.size()), access);
            returned_.emplace_back(never);
        }
        simulation_.run();
    }

    [[nodiscard]] const std::vector<Cycle>& returned() const { return returned_; }

  private:
    using Requester = FunctionModule<TransactionPointer, TransactionPointer>;

    void step(Requester& self, std::uint32_t sm, Cycle now) {
        while (self.input.has_item()) returned_[self.input.pop()->tag] = now;
        auto& waiting = waiting_[sm];
        while (!waiting.empty() && self.output.has_space()) {
            const auto& [tag, access] = waiting.front();
            auto transaction = std::make_unique<MemoryTransaction>();
            transaction->sm = SmIndex(sm);
            transaction->tag = tag;
            transaction->access = access.write ? MemoryAccess::write : MemoryAccess::read;
            transaction->requests = access.requests;
            for (const SectorRequest& request : access.requests) {
                transaction->bytes += sector_ * static_cast<std::uint64_t>(std::popcount(request.sectors));
            }
            self.output.push(std::move(transaction), link_latency_);
            waiting.pop_front();
        }
    }

    Simulation simulation_;
    Bytes sector_;
    Cycle link_latency_;
    MemorySystem memory_;
    std::vector<std::deque<std::pair<std::uint32_t, Access>>> waiting_;  ///< per SM
    std::deque<Requester> requesters_;
    std::vector<Cycle> returned_;
};

/// Accesses to few lines by few SMs, so that they hit, miss, merge and evict.
std::vector<Access> any_accesses(std::uint32_t sms) {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    std::vector<Access> accesses(*rc::gen::inRange<std::size_t>(1, 300));
    for (Access& access : accesses) {
        access.sm = static_cast<std::uint32_t>(random() % sms);
        access.write = random() % 4 == 0;
        const std::uint64_t first = random() % 40;
        for (std::uint64_t line = first; line <= first + random() % 3; ++line) {
            access.requests.push_back({line, static_cast<std::uint32_t>(1 + random() % 15)});
        }
    }
    return accesses;
}

MemoryParameters small_memory() {
    MemoryParameters parameters = a100().memory;
    parameters.l2.ways = 4;
    parameters.l2.capacity = parameters.l2.line * 16;
    return parameters;
}

RC_GTEST_PROP(MemorySystem, ReturnsEveryAccessWhenTheMemoryHierarchySaysItIsThere, ()) {
    const std::vector<Access> accesses = any_accesses(4);
    MemoryBench bench(small_memory(), 4);
    bench.run(accesses);
    // All are sent in the first cycle; those of one SM go first.
    MemoryHierarchy hierarchy(small_memory(), 4, a100().clock_hz);
    const Cycle arrival = small_memory().interconnect.latency;
    for (std::uint32_t sm = 0; sm < 4; ++sm) {
        for (std::size_t i = 0; i < accesses.size(); ++i) {
            if (accesses[i].sm != sm) continue;
            Cycle last{0};
            for (const SectorRequest& request : accesses[i].requests) {
                last = std::max(last, hierarchy.access({.sm = SmIndex(sm),
                                                        .line = request.line,
                                                        .sectors = request.sectors,
                                                        .write = accesses[i].write},
                                                       Cycle(0)));
            }
            RC_ASSERT(last > arrival);
            RC_ASSERT(bench.returned()[i] == last);
        }
    }
}

RC_GTEST_PROP(MemorySystem, ReturnsInTheSameCyclesInAnyEvaluationOrder, ()) {
    const std::vector<Access> accesses = any_accesses(4);
    const auto returned_with = [&](std::uint64_t seed) {
        MemoryBench bench(small_memory(), 4, seed);
        bench.run(accesses);
        return bench.returned();
    };
    const auto reference = returned_with(0);
    for (const std::uint64_t seed : shuffle_seeds) RC_ASSERT(returned_with(seed) == reference);
}

}  // namespace
}  // namespace stcsim::testing
