/// An instruction stream that tests write instruction by instruction, and that notes when each one issued.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "gpu/gpu.h"
#include "isa/instruction_stream.h"

namespace stcsim {

/// Lets failed expectations print cycles and bytes as numbers.
template <typename Tag, typename Rep>
void PrintTo(StrongInteger<Tag, Rep> number, std::ostream* stream) {  // NOLINT(readability-identifier-naming)
    *stream << +number.value();
}

}  // namespace stcsim

namespace stcsim::testing {

using Program = std::vector<WarpInstruction>;

/// A launch whose warps run given programs. `exit` is added at the end of each.
class ScriptedStream : public InstructionStream {
  public:
    using ProgramOf = std::function<Program(CtaIndex cta, std::uint32_t warp)>;

    ScriptedStream(CtaResources resources, std::uint64_t ctas, ProgramOf program_of)
        : resources_(resources), ctas_(ctas), program_of_(std::move(program_of)) {}
    /// One CTA of one warp.
    explicit ScriptedStream(Program program)
        : ScriptedStream({}, 1, [program = std::move(program)](CtaIndex, std::uint32_t) { return program; }) {}
    /// One CTA with a program for each warp.
    explicit ScriptedStream(std::vector<Program> programs, Bytes shared_memory = Bytes(0))
        : ScriptedStream({.warps = static_cast<std::uint32_t>(programs.size()), .shared_memory = shared_memory}, 1,
                         [programs](CtaIndex, std::uint32_t warp) { return programs.at(warp); }) {}

    [[nodiscard]] std::uint64_t ctas() const override { return ctas_; }
    [[nodiscard]] CtaResources resources() const override { return resources_; }
    [[nodiscard]] std::unique_ptr<WarpStream> start_warp(CtaIndex cta, std::uint32_t warp) override;
    void warp_ended(CtaIndex cta, std::uint32_t warp, std::span<const WarpRegister> registers) override {
        registers_[{cta, warp}].assign(registers.begin(), registers.end());
    }

    /// When an instruction, counted from 0, of a warp issued; `exit` has no time.
    [[nodiscard]] Cycle issued(std::size_t instruction, std::uint32_t warp = 0, CtaIndex cta = CtaIndex(0)) const {
        return issued_.at({cta, warp, instruction});
    }
    /// Cycles between the issue of an instruction and of the next one.
    [[nodiscard]] Cycle gap_after(std::size_t instruction, std::uint32_t warp = 0) const {
        return issued(instruction + 1, warp) - issued(instruction, warp);
    }
    /// The warps in the order they started.
    [[nodiscard]] const std::vector<std::pair<CtaIndex, std::uint32_t>>& started() const { return started_; }
    /// When a warp started.
    [[nodiscard]] Cycle start_of(CtaIndex cta, std::uint32_t warp = 0) const { return starts_.at({cta, warp}); }
    /// The registers of a warp at its end; needs values.
    [[nodiscard]] const std::vector<WarpRegister>& registers(std::uint32_t warp = 0, CtaIndex cta = CtaIndex(0)) const {
        return registers_.at({cta, warp});
    }

  private:
    class Warp;

    CtaResources resources_;
    std::uint64_t ctas_;
    ProgramOf program_of_;
    std::map<std::tuple<CtaIndex, std::uint32_t, std::size_t>, Cycle> issued_;
    std::map<std::pair<CtaIndex, std::uint32_t>, Cycle> starts_;
    std::map<std::pair<CtaIndex, std::uint32_t>, std::vector<WarpRegister>> registers_;
    std::vector<std::pair<CtaIndex, std::uint32_t>> started_;
};

/// Hands out a program and notes its issues.
class ScriptedStream::Warp : public WarpStream {
  public:
    Warp(ScriptedStream& stream, CtaIndex cta, std::uint32_t warp, Program program)
        : stream_(stream), cta_(cta), warp_(warp), program_(std::move(program)) {
        program_.emplace_back();  // exit
    }

    void next(Cycle now, WarpInstruction& instruction) override {
        if (asked_ == 0) stream_.starts_[{cta_, warp_}] = now;
        instruction = program_.at(asked_++);
    }
    void issued(Cycle now, const IssueWait&) override {
        if (asked_ < program_.size()) stream_.issued_[{cta_, warp_, asked_ - 1}] = now;
    }

  private:
    ScriptedStream& stream_;
    CtaIndex cta_;
    std::uint32_t warp_;
    Program program_;
    std::size_t asked_ = 0;
};

inline std::unique_ptr<WarpStream> ScriptedStream::start_warp(CtaIndex cta, std::uint32_t warp) {
    started_.emplace_back(cta, warp);
    return std::make_unique<Warp>(*this, cta, warp, program_of_(cta, warp));
}

/// Runs all CTAs of the stream on one SM that has the memory system for itself.
inline GpuRunResult run_on_one_sm(ScriptedStream& stream, const GpuParameters& parameters,
                                  GlobalValues* memory = nullptr, std::uint64_t shuffle_seed = 0) {
    GpuRunOptions options;
    options.one_sm = true;
    options.ctas.count = stream.ctas();
    options.memory = memory;
    options.shuffle_seed = shuffle_seed;
    return run_gpu(parameters, stream, options);
}

}  // namespace stcsim::testing
