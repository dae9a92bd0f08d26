/// Which instruction issues when: one a cycle and sub-core, greedy then youngest, never before its registers are free.

#include <algorithm>
#include <cstring>

#include <gtest/gtest.h>

#include "a100.h"
#include "isa/fragment.h"
#include "numerics/float_format.h"
#include "numerics/reference_gemm.h"
#include "scripted_stream.h"
#include "warp_instructions.h"

namespace stcsim::testing {
namespace {

const MmaInstruction& dense_k8 = mma_instruction_named("mma.m16n8k8.f32.f16.f16.f32");
const MmaInstruction& dense_k16 = mma_instruction_named("mma.m16n8k16.f32.f16.f16.f32");

TEST(Issue, OfIndependentInstructionsIsOneACycle) {
    Program program;
    for (std::uint8_t i = 0; i < 20; ++i) program.push_back(arithmetic({i, 1}));
    ScriptedStream stream(program);
    run_on_one_sm(stream, a100());
    for (std::size_t i = 0; i + 1 < program.size(); ++i) EXPECT_EQ(stream.gap_after(i), Cycle(1));
}

TEST(Issue, OfADependentOperationWaitsForTheArithmeticLatency) {
    ScriptedStream stream({arithmetic({0, 1}), arithmetic({1, 1}, {0, 1}), arithmetic({1, 1}), use({})});
    run_on_one_sm(stream, a100());
    const Cycle latency = a100().sm.warp_scheduler.arithmetic_latency;
    EXPECT_EQ(stream.gap_after(0), latency) << "it reads the result";
    EXPECT_EQ(stream.gap_after(1), latency) << "it writes the same register";
}

TEST(Issue, OfFollowingArithmeticTakesAsManySlots) {
    WarpInstruction compressed = arithmetic({0, 1});
    compressed.following_arithmetic = 7;
    ScriptedStream stream({compressed, use({}), use({})});
    const GpuRunResult result = run_on_one_sm(stream, a100());
    EXPECT_EQ(stream.gap_after(0), Cycle(8));
    EXPECT_EQ(result.counters.at("sm.warp_scheduler.issued.arithmetic"), 1U + 7 + 2);
}

TEST(Issue, OfWarpsInDifferentSubCoresIsIndependent) {
    const Program program(10, arithmetic({}));
    ScriptedStream stream(std::vector<Program>(4, program));
    run_on_one_sm(stream, a100());
    for (std::uint32_t warp = 1; warp < 4; ++warp) {
        for (std::size_t i = 0; i < program.size(); ++i) EXPECT_EQ(stream.issued(i, warp), stream.issued(i, 0));
    }
}

/// Programs for warps 0 and 4, which share sub-core 0; the other warps have nothing to do.
ScriptedStream two_on_a_sub_core(const Program& older, const Program& younger) {
    return ScriptedStream(std::vector<Program>{older, {}, {}, {}, younger});
}

TEST(Issue, FavoursTheYoungestWarpAndStaysWithIt) {
    const Program program(10, arithmetic({}));
    ScriptedStream stream = two_on_a_sub_core(program, program);
    run_on_one_sm(stream, a100());
    EXPECT_EQ(stream.issued(9, 4) - stream.issued(0, 4), Cycle(9));
    EXPECT_GT(stream.issued(0, 0), stream.issued(9, 4));
}

TEST(Issue, StaysWithTheWarpThatIssuedLastEvenIfAYoungerOneIsReadyAgain) {
    const Program younger{arithmetic({0, 1}), use({0, 1}), use({})};
    const Program older(12, arithmetic({}));
    ScriptedStream stream = two_on_a_sub_core(older, younger);
    run_on_one_sm(stream, a100());
    EXPECT_EQ(stream.issued(0, 0), stream.issued(0, 4) + Cycle(1)) << "the younger one waits for its register";
    EXPECT_EQ(stream.issued(11, 0) - stream.issued(0, 0), Cycle(11)) << "the older one goes on";
    EXPECT_GT(stream.issued(1, 4), stream.issued(11, 0));
}

// 24 and 17 cycles: measured loops without what their start adds (arXiv 2206.02874; tests/sim/microbench).
TEST(Issue, OfDependentMmaWaitsForTheTensorCore) {
    ScriptedStream k16({mma(dense_k16, {32, 4}, 0, 8), mma(dense_k16, {32, 4}, 0, 8), use({32, 4}), use({})});
    run_on_one_sm(k16, a100());
    EXPECT_EQ(k16.gap_after(0), Cycle(24));
    EXPECT_EQ(k16.gap_after(1), Cycle(24)) << "so does whoever reads D";
    ScriptedStream k8({mma(dense_k8, {32, 4}, 0, 8), mma(dense_k8, {32, 4}, 0, 8), use({})});
    run_on_one_sm(k8, a100());
    EXPECT_EQ(k8.gap_after(0), Cycle(17));
}

TEST(Issue, OfIndependentMmaIsOnceInTheirSteps) {
    Program program;
    for (std::uint32_t i = 0; i < 40; ++i) {
        program.push_back(mma(dense_k16, {static_cast<std::uint8_t>(32 + 4 * (i % 8)), 4}, 0, 8));
    }
    ScriptedStream stream(program);
    run_on_one_sm(stream, a100());
    EXPECT_EQ(stream.issued(39) - stream.issued(29), Cycle(80));
}

/// 16 bytes for each lane, f16 numbers around one.
std::vector<std::byte> f16_numbers(std::size_t count) {
    std::vector<std::byte> bytes(count * 2);
    for (std::size_t i = 0; i < count; ++i) {
        const auto bits =
            static_cast<std::uint16_t>(from_double(ElementType::f16, 1 + static_cast<double>(i * 37 % 101) / 64));
        std::memcpy(&bytes[2 * i], &bits, sizeof bits);
    }
    return bytes;
}

TEST(Issue, OfAWriteWaitsUntilQueuedMmaHaveReadTheRegister) {
    GlobalValues memory;
    memory.allocate(0x10000, f16_numbers(512));
    const RegisterRange a{0, 4};
    const RegisterRange b{8, 4};
    Program program{load_global(a, strided(16, 16, 0x10000)), load_global(b, strided(16, 16, 0x10200)),
                    clear({32, 16})};
    for (std::uint32_t i = 0; i < 4; ++i) {
        program.push_back(mma(dense_k16, {static_cast<std::uint8_t>(32 + 4 * i), 4}, a.first, b.first));
    }
    program.push_back(clear(a));
    program.push_back(load_shared({8, 1}, strided(4, 4)));
    program.push_back(use({}));
    ScriptedStream stream(program);
    run_on_one_sm(stream, a100(), &memory);

    const auto& registers = stream.registers();
    std::vector<WarpRegister> a_values(4);
    std::vector<WarpRegister> b_values(2);
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        for (std::uint32_t r = 0; r < 4; ++r) {
            std::memcpy(&a_values[r][lane], memory.allocation(0x10000).data() + lane * 16 + r * 4, 4);
            if (r >= b_values.size()) continue;
            std::memcpy(&b_values[r][lane], memory.allocation(0x10000).data() + 512 + lane * 16 + r * 4, 4);
        }
    }
    const BitMatrix expected =
        reference_gemm(assemble_fragment(dense_k16, Operand::a, a_values),
                       assemble_fragment(dense_k16, Operand::b, b_values), BitMatrix(16, 8, ElementType::f32));
    for (std::uint32_t i = 0; i < 4; ++i) {
        EXPECT_EQ(assemble_fragment(dense_k16, Operand::d, std::span(registers).subspan(32 + 4 * i, 4)), expected)
            << "mma " << i;
    }
    EXPECT_EQ(registers[0], WarpRegister{}) << "the clear has happened in the end";
    EXPECT_GT(stream.gap_after(6), Cycle(6)) << "the last mma was still in the queue";
}

TEST(Issue, OfAnMmaThatWritesWhatAQueuedOneReadsNeedsNoWait) {
    // Operations read in order; the second writes the register that the first reads as A.
    WarpInstruction second = mma(dense_k16, {0, 4}, 16, 24);
    second.c = {40, 4};
    ScriptedStream stream({mma(dense_k16, {32, 4}, 0, 8), second, use({})});
    run_on_one_sm(stream, a100());
    EXPECT_EQ(stream.gap_after(0), Cycle(2)) << "until the collector has taken the first out of the buffer";
}

TEST(Issue, OfArithmeticWaitsWhileTheReadsBeforeItWaitForASlowMma) {
    // A queued f64 mma waits for hundreds of cycles; more reads come behind it than fit into their queue.
    GpuParameters slow = a100();
    slow.sm.tensor_core.dot_product_array.f64_multiply_adds = 1;
    const MmaInstruction& f64 = mma_instruction_named("mma.m8n8k4.f64.f64.f64.f64");
    Program program{mma(f64, {32, 4}, 0, 8), mma(f64, {40, 4}, 0, 8), mma(f64, {48, 4}, 0, 8)};
    for (int i = 0; i < 100; ++i) program.push_back(use({100, 1}));
    ScriptedStream stream(program);
    run_on_one_sm(stream, slow);
    EXPECT_GE(stream.issued(102) - stream.issued(0), Cycle(256));
}

TEST(Issue, StopsWhenTheQueueToTheSharedMemoryIsFull) {
    Program program;
    for (std::size_t i = 0; i < 20; ++i)
        program.push_back(load_shared({static_cast<std::uint8_t>(i), 1}, strided(128, 4)));
    program.push_back(use({0, 20}));
    ScriptedStream stream(program);
    run_on_one_sm(stream, a100());
    const std::size_t depth = a100().sm.warp_scheduler.shared_unit_queue_depth;
    for (std::size_t i = 0; i + 1 < depth; ++i) EXPECT_EQ(stream.gap_after(i), Cycle(1));
    EXPECT_EQ(stream.issued(15) - stream.issued(10), Cycle(5 * 32)) << "then as fast as 32-way conflicts go";
}

TEST(Issue, OfEveryInstructionIsCountedByItsClass) {
    ScriptedStream stream({load_matrix({0, 4}), mma(dense_k16, {32, 4}, 0, 8), mma(dense_k16, {36, 4}, 0, 8),
                           store_shared({32, 1}, strided(4, 4)), commit_group(), wait_group(0), barrier()});
    const GpuRunResult result = run_on_one_sm(stream, a100());
    const auto issued = [&](const std::string& name) { return result.counters.at("sm.warp_scheduler.issued." + name); };
    EXPECT_EQ(issued("ldmatrix"), 1U);
    EXPECT_EQ(issued("mma"), 2U);
    EXPECT_EQ(issued("st_shared"), 1U);
    EXPECT_EQ(issued("commit_group"), 1U);
    EXPECT_EQ(issued("wait_group"), 1U);
    EXPECT_EQ(issued("barrier"), 1U);
    EXPECT_EQ(issued("exit"), 1U);
    EXPECT_EQ(issued("arithmetic"), 0U);
}

WarpInstruction on_unit(ArithmeticUnit unit, RegisterRange destination, RegisterRange source = {}) {
    WarpInstruction instruction = arithmetic(destination, source);
    instruction.unit = unit;
    return instruction;
}

TEST(ArithmeticUnits, TakeAnInstructionEveryIntervalAndHaveTheirOwnLatency) {
    for (std::size_t number = 1; number < arithmetic_units; ++number) {
        const auto unit = static_cast<ArithmeticUnit>(number);
        const ArithmeticUnitParameters& parameters = a100().sm.warp_scheduler.unit(unit);
        ScriptedStream stream(
            {on_unit(unit, {10, 1}), on_unit(unit, {11, 1}), on_unit(unit, {12, 1}), use({12, 1}), use({})});
        run_on_one_sm(stream, a100());
        EXPECT_EQ(stream.gap_after(0), parameters.interval) << number;
        EXPECT_EQ(stream.gap_after(1), parameters.interval) << number;
        EXPECT_EQ(stream.gap_after(2), parameters.latency) << number;
    }
}

TEST(ArithmeticUnits, WorkBesideEachOther) {
    ScriptedStream stream({on_unit(ArithmeticUnit::special, {10, 1}), on_unit(ArithmeticUnit::integer, {11, 1}),
                           on_unit(ArithmeticUnit::float32, {12, 1}), use({11, 1}), use({12, 1}), use({10, 1}),
                           use({})});
    run_on_one_sm(stream, a100());
    EXPECT_EQ(stream.gap_after(0), Cycle(1));
    EXPECT_EQ(stream.gap_after(1), Cycle(1));
    EXPECT_EQ(stream.issued(5) - stream.issued(0), a100().sm.warp_scheduler.special.latency);
}

TEST(Issue, WaitsForEveryRegisterItFurtherReads) {
    static RegisterSet scattered;
    scattered.insert(RegisterRange{.first = 40, .count = 1});
    scattered.insert(RegisterRange{.first = 200, .count = 1});
    WarpInstruction reader = arithmetic({});
    reader.further_reads = &scattered;
    ScriptedStream stream({on_unit(ArithmeticUnit::special, {200, 1}), reader, use({})});
    run_on_one_sm(stream, a100());
    EXPECT_EQ(stream.gap_after(0), a100().sm.warp_scheduler.special.latency);
}

/// Notes when and after what wait each instruction issued.
class WaitingStream : public ScriptedStream {
  public:
    using ScriptedStream::ScriptedStream;

    std::vector<std::pair<Cycle, IssueWait>> issues;

    [[nodiscard]] std::unique_ptr<WarpStream> start_warp(CtaIndex cta, std::uint32_t warp) override {
        return std::make_unique<Notes>(*this, ScriptedStream::start_warp(cta, warp));
    }

  private:
    class Notes : public WarpStream {
      public:
        Notes(WaitingStream& stream, std::unique_ptr<WarpStream> script)
            : stream_(stream), script_(std::move(script)) {}
        void next(Cycle now, WarpInstruction& instruction) override { script_->next(now, instruction); }
        void issued(Cycle now, const IssueWait& wait) override {
            script_->issued(now, wait);
            stream_.issues.emplace_back(now, wait);
        }

      private:
        WaitingStream& stream_;
        std::unique_ptr<WarpStream> script_;
    };
};

TEST(Issue, TellsTheStreamWhenAndAfterWhatWait) {
    WaitingStream stream({on_unit(ArithmeticUnit::special, {10, 1}), use({10, 1}), use({})});
    run_on_one_sm(stream, a100());
    const Cycle latency = a100().sm.warp_scheduler.special.latency;
    ASSERT_EQ(stream.issues.size(), 4U);  // exit too
    EXPECT_EQ(stream.issues[0].second.cycles, Cycle(0));
    EXPECT_EQ(stream.issues[1].first, stream.issues[0].first + latency);
    EXPECT_EQ(stream.issues[1].second.cycles, latency - Cycle(1));
    EXPECT_EQ(stream.issues[1].second.obstacle, Obstacle::arithmetic_result);
    EXPECT_EQ(stream.issues[2].second.cycles, Cycle(0));
    EXPECT_EQ(stream.issues[2].second.obstacle, Obstacle::nothing);
}

}  // namespace
}  // namespace stcsim::testing
