/// The timed loop as an instruction stream of one CTA.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "isa/instruction_stream.h"
#include "microbench/timed_loop.h"

namespace stcsim {

class MicrobenchStream : public InstructionStream {
  public:
    MicrobenchStream(const MicrobenchSubject& subject, std::uint32_t warps, std::uint32_t ilp, std::uint32_t iterations,
                     FragmentWait wait = FragmentWait::in_loop);

    [[nodiscard]] std::uint64_t ctas() const override { return 1; }
    [[nodiscard]] CtaResources resources() const override { return loops_.front().resources; }
    [[nodiscard]] std::unique_ptr<WarpStream> start_warp(CtaIndex cta, std::uint32_t warp) override;

    /// From the earliest warp's first to the latest warp's second clock read. Call after the simulation.
    [[nodiscard]] Cycle elapsed() const { return last_stop_ - first_start_; }

  private:
    class Warp;

    std::vector<TimedLoop> loops_;  ///< per warp
    std::uint32_t iterations_;
    Cycle first_start_ = never;
    Cycle last_stop_{0};
};

}  // namespace stcsim
