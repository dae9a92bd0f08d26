/// Loops of random instructions take the same cycles and count the same whether their repetition is skipped or not.

#include "gpu/repetition.h"

#include <array>
#include <random>
#include <utility>

#include <gtest/gtest.h>

#include "a100.h"
#include "scripted_stream.h"
#include "warp_instructions.h"

namespace stcsim::testing {
namespace {

constexpr std::uint64_t iterations = 120;

/// Warps that each repeat a body, one iteration after the other.
class LoopStream : public InstructionStream {
  public:
    LoopStream(std::vector<Program> bodies, std::uint64_t ctas) : bodies_(std::move(bodies)), ctas_(ctas) {
        for (Program& body : bodies_) body.front().begins_iteration = true;
    }

    [[nodiscard]] std::uint64_t ctas() const override { return ctas_; }
    [[nodiscard]] CtaResources resources() const override {
        return {.warps = static_cast<std::uint32_t>(bodies_.size()), .shared_memory = Bytes(48 * 1024)};
    }
    [[nodiscard]] std::unique_ptr<WarpStream> start_warp(CtaIndex, std::uint32_t warp) override {
        return std::make_unique<Warp>(bodies_[warp]);
    }

  private:
    class Warp : public WarpStream {
      public:
        explicit Warp(const Program& body) : body_(body) {}

        void next(Cycle, WarpInstruction& instruction) override {
            if (step_ == body_.size()) {
                step_ = 0;
                ++iteration_;
            }
            instruction = iteration_ < iterations ? body_[step_++] : WarpInstruction{};
        }
        void visit_state(StateVisitor& state) override {
            state.same(step_, iteration_ < iterations);
            if (iteration_ < iterations) state.advancing(iteration_, iterations - 1);
        }

      private:
        const Program& body_;
        std::size_t step_ = 0;
        std::uint64_t iteration_ = 0;
    };

    std::vector<Program> bodies_;
    std::uint64_t ctas_;
};

std::uint32_t number(std::mt19937& random, std::uint32_t least, std::uint32_t most) {
    return std::uniform_int_distribution<std::uint32_t>(least, most)(random);
}

RegisterRange some_registers(std::mt19937& random, std::uint8_t count) {
    return {static_cast<std::uint8_t>(number(random, 0, 16) * 4), count};
}

WarpInstruction random_mma(std::mt19937& random) {
    static const std::array types{&mma_instruction_named("mma.m16n8k8.f32.f16.f16.f32"),
                                  &mma_instruction_named("mma.m16n8k16.f32.f16.f16.f32"),
                                  &mma_instruction_named("mma.sp.m16n8k16.f32.f16.f16.f32"),
                                  &mma_instruction_named("mma.sp.m16n8k32.f32.f16.f16.f32")};
    const auto from = [&](std::uint32_t first) { return static_cast<std::uint8_t>(first + number(random, 0, 40)); };
    return mma(*types[number(random, 0, 3)], some_registers(random, 4), from(80), from(128), from(180));
}

/// One of the instructions that take time in some module of the SM.
WarpInstruction random_instruction(std::mt19937& random) {
    const auto registers = [&](std::uint32_t count) {
        return some_registers(random, static_cast<std::uint8_t>(count));
    };
    const auto any = [&](std::uint32_t least, std::uint32_t most) { return number(random, least, most); };
    switch (any(0, 9)) {
        case 0: return load_shared(registers(1), strided(4 * any(1, 32), 4, 4 * any(0, 99)));
        case 1: return store_shared(registers(1), strided(4 * any(1, 32), 4));
        case 2: return load_matrix(registers(1U << any(0, 2)));
        case 3: return copy_async(strided(16, 16), strided(16 * any(1, 4), 16, 16 * any(0, 9)));
        case 4:
            return any(0, 1) == 0 ? load_global(registers(1), strided(4, 4))
                                  : store_global(registers(1), strided(4, 4));
        case 5: {
            WarpInstruction instruction = arithmetic(registers(1), registers(2));
            instruction.unit = static_cast<ArithmeticUnit>(any(0, arithmetic_units - 1));
            instruction.following_arithmetic = static_cast<std::uint8_t>(any(0, 3));
            return instruction;
        }
        case 6: return plain(OperationClass::warp_sync);
        default: return random_mma(random);
    }
}

/// Bodies of different instructions for each warp, but with the same barriers.
std::vector<Program> random_bodies(std::mt19937& random) {
    // A warp for each sub-core at least, and an mma in each body: a tensor core that idles has a longer and longer idle
    // time behind it.
    std::vector<Program> bodies(number(random, 4, 8));
    const bool meets = random() % 2 == 0;
    for (Program& body : bodies) {
        body.push_back(random_mma(random));
        for (std::uint32_t left = number(random, 0, 12); left > 0; --left) body.push_back(random_instruction(random));
        body.push_back(commit_group());
        body.push_back(wait_group(static_cast<std::uint8_t>(random() % 3)));
        if (meets) body.push_back(barrier());
    }
    return bodies;
}

GpuRunResult run(LoopStream& stream, std::uint64_t seed, bool skip) {
    GpuRunOptions options;
    options.one_sm = true;
    options.ctas.count = stream.ctas();
    options.ideal_memory_latency = Cycle(300);
    options.shuffle_seed = seed % 3;
    options.skip_repetition = skip;
    return run_gpu(a100(), stream, options);
}

TEST(Repetition, OfRandomLoopsIsSkippedWithoutATrace) {
    std::uint32_t skipped_runs = 0;
    constexpr std::uint32_t runs = 40;
    for (std::uint32_t seed = 0; seed < runs; ++seed) {
        std::mt19937 random(seed);
        LoopStream stream(random_bodies(random), 1 + seed % 4);
        const GpuRunResult complete = run(stream, seed, false);
        const GpuRunResult skipping = run(stream, seed, true);
        EXPECT_EQ(complete.cycles, skipping.cycles) << seed;
        EXPECT_EQ(complete.last_cta_end, skipping.last_cta_end) << seed;
        EXPECT_EQ(complete.account.cycles, skipping.account.cycles) << seed;
        for (const CounterValue& counter : complete.counters.values()) {
            EXPECT_EQ(counter.value, skipping.counters.at(counter.path)) << seed << ' ' << counter.path;
        }
        EXPECT_EQ(complete.skipped_cycles, Cycle(0));
        if (skipping.skipped_cycles > Cycle(0)) ++skipped_runs;
    }
    EXPECT_GT(skipped_runs, runs / 3);  // others take longer to settle than they last
}

TEST(Repetition, IsNotSeenByAStreamThatDoesNotSayItsState) {
    ScriptedStream stream(Program(2000, arithmetic({})));
    GpuRunOptions options;
    options.one_sm = true;
    options.ctas.count = 1;
    options.skip_repetition = true;
    EXPECT_EQ(run_gpu(a100(), stream, options).skipped_cycles, Cycle(0));
}

}  // namespace
}  // namespace stcsim::testing
