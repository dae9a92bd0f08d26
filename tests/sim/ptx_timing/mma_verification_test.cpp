/// Values of mma go through the tensor core's modules, and what comes out is compared with what the executor wrote.
#include "ptx_timing/mma_verification.h"

#include <functional>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "a100.h"
#include "gpu/gpu.h"
#include "kernel_fixture.h"
#include "mma_kernel.h"
#include "ptx_timing/timed_launch.h"

namespace stcsim {
namespace {

GpuParameters one_sm() {
    GpuParameters gpu = testing::a100();
    gpu.sm_count = 1;
    return gpu;
}

/// What a verified launch of the kernel on this input finds.
TimedResult verified(TestKernel& kernel, const std::vector<std::uint32_t>& in, std::size_t out_words,
                     FindingMode mode = FindingMode::strict) {
    const std::uint64_t from = kernel.upload(in, "in");
    const std::uint64_t to = kernel.memory.allocate(out_words * 4, "out");
    const MachineProgram program(kernel.decoded());
    FindingSink findings(mode);
    TimedOptions options;
    options.verify = true;
    return run_timed(one_sm(), program, kernel.launch(from, to, 0), findings, options);
}

TEST(MmaVerification, OfEveryInstructionFindsTheBitsOfTheNumerics) {
    std::mt19937_64 random(9);
    for (const MmaInstruction& instruction : mma_instructions()) {
        const std::uint32_t selectors = std::max(1U, sparsity_selectors(instruction));
        const MmaKernel text(instruction, static_cast<std::uint32_t>(random() % selectors));
        TestKernel kernel(text.text);
        const TimedResult result =
            verified(kernel, random_input(text, random, true), std::size_t{32} * instruction.d_registers());
        EXPECT_EQ(result.verification->instructions(), 1U) << instruction.name();
        EXPECT_EQ(result.verification->elements(), std::uint64_t{instruction.shape.m} * instruction.shape.n)
            << instruction.name();
        EXPECT_EQ(result.verification->equal(), result.verification->elements()) << instruction.name();
        EXPECT_TRUE(result.verification->not_compared().empty()) << instruction.name();
    }
}

TEST(MmaVerification, TakesNoTime) {
    std::mt19937_64 random(9);
    const MmaInstruction& instruction = mma_instruction_named("mma.sp.m16n8k32.f32.f16.f16.f32");
    const MmaKernel text(instruction, 0);
    const auto cycles = [&](bool verify) {
        TestKernel kernel(text.text);
        const std::uint64_t from = kernel.upload(random_input(text, random, false), "in");
        const std::uint64_t to = kernel.memory.allocate(4096, "out");
        const MachineProgram program(kernel.decoded());
        FindingSink findings(FindingMode::strict);
        TimedOptions options;
        options.verify = verify;
        return run_timed(one_sm(), program, kernel.launch(from, to, 0), findings, options).cycles;
    };
    EXPECT_EQ(cycles(true), cycles(false));
}

/// Two, two and four tiles of 16x8, of the last one half each.
TEST(MmaVerification, OfWmmaComparesEveryElementOnce) {
    for (const std::string shape : {"m16n16k16", "m32n8k16", "m8n32k16"}) {
        const std::uint32_t across = shape == "m32n8k16" ? 8 : shape == "m8n32k16" ? 32 : 16;
        const std::string eight = "{%r10,%r11,%r12,%r13,%r14,%r15,%r16,%r17}";
        const std::string b = "{%r20,%r21,%r22,%r23,%r24,%r25,%r26,%r27}";
        const std::string c = "{%f10,%f11,%f12,%f13,%f14,%f15,%f16,%f17}";
        TestKernel kernel("wmma.load.a.sync.aligned.row." + shape + ".global.f16 " + eight + ", [%d1], 16;\n" +
                          "wmma.load.b.sync.aligned.col." + shape + ".global.f16 " + b + ", [%d1+1024], 16;\n" +
                          "wmma.load.c.sync.aligned.row." + shape + ".global.f32 " + c + ", [%d1], " +
                          std::to_string(across) + ";\n" + "wmma.mma.sync.aligned.row.col." + shape + ".f32.f32 " + c +
                          ", " + eight + ", " + b + ", " + c + ";\n" + "wmma.store.d.sync.aligned.row." + shape +
                          ".global.f32 [%d2], " + c + ", " + std::to_string(across) + ";\n");
        std::mt19937 random(4);
        std::vector<std::uint32_t> in(512);
        for (std::uint32_t& word : in) word = (static_cast<std::uint32_t>(random()) & 0x8FFF8FFFU) | 0x30003000U;
        const TimedResult result = verified(kernel, in, 256);
        EXPECT_EQ(result.verification->elements(), 256U) << shape;
        EXPECT_EQ(result.verification->equal(), 256U) << shape;
        EXPECT_EQ(result.verification->instructions(), shape == "m16n16k16" || shape == "m32n8k16" ? 2U : 4U) << shape;
    }
}

TEST(MmaVerification, LeavesOutAnMmaWhoseGuardDoesNotHold) {
    TestKernel kernel(R"(
setp.eq.u32 %p1, %r1, 99;
mov.b32 %r10, 0;
@%p1 mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 {%r10,%r10}, {%r10,%r10,%r10,%r10}, {%r10,%r10}, {%r10,%r10};
)");
    const TimedResult result = verified(kernel, {0}, 1);
    EXPECT_EQ(result.verification->instructions(), 0U);
}

TEST(MmaVerification, NamesWhatTheModulesCannotCompute) {
    const MmaInstruction& instruction = mma_instruction_named("mma.sp.m16n8k32.f32.f16.f16.f32");
    const MmaKernel text(instruction, 0);
    TestKernel kernel(text.text);
    const TimedResult result =
        verified(kernel, std::vector<std::uint32_t>(std::size_t{32} * text.block_words), 1024, FindingMode::lenient);
    EXPECT_EQ(result.verification->elements(), 0U);
    ASSERT_EQ(result.verification->not_compared().size(), 1U);
    const auto& [what, count] = *result.verification->not_compared().begin();
    EXPECT_EQ(kernel.decoded().instructions()[what.first].mma, &instruction);
    EXPECT_EQ(what.second, "metadata that the hardware does not define");
    EXPECT_EQ(count, 1U);
}

/// Damages what an mma gives to the tensor core.
using Damage = std::function<void(ProvidedOperands&)>;

class DamagedWarp : public WarpStream {
  public:
    DamagedWarp(std::unique_ptr<WarpStream> warp, const Damage& damage) : warp_(std::move(warp)), damage_(damage) {}

    void next(Cycle now, WarpInstruction& instruction) override {
        warp_->next(now, instruction);
        if (instruction.provided == nullptr) return;
        damaged_ = *instruction.provided;
        damage_(damaged_);
        instruction.provided = &damaged_;
    }
    void issued(Cycle now, const IssueWait& wait) override { warp_->issued(now, wait); }

  private:
    std::unique_ptr<WarpStream> warp_;
    const Damage& damage_;
    ProvidedOperands damaged_;
};

class DamagedStream : public InstructionStream {
  public:
    DamagedStream(PtxStream& stream, Damage damage) : stream_(stream), damage_(std::move(damage)) {}

    [[nodiscard]] std::uint64_t ctas() const override { return stream_.ctas(); }
    [[nodiscard]] CtaResources resources() const override { return stream_.resources(); }
    [[nodiscard]] std::unique_ptr<WarpStream> start_warp(CtaIndex cta, std::uint32_t warp) override {
        return std::make_unique<DamagedWarp>(stream_.start_warp(cta, warp), damage_);
    }

  private:
    PtxStream& stream_;
    Damage damage_;
};

/// A 2:4 product of ones, whose operands suffer `damage` on their way.
void verify_damaged(MmaVerification& verification, const Damage& damage) {
    const MmaInstruction& instruction = mma_instruction_named("mma.sp.m16n8k16.f32.f16.f16.f32");
    const MmaKernel text(instruction, 0);
    std::vector<std::uint32_t> in(std::size_t{32} * text.block_words);
    for (std::uint32_t lane = 0; lane < 32; ++lane) {
        for (std::uint32_t i = 0; i < text.c.first; ++i) {
            in[lane * text.block_words + i] = 0x3C003C00U;  // ones
        }
        // Row k of B is 1 for even k, 2 for odd ones: which one a code selects matters.
        for (std::uint32_t i = text.b.first; i < text.c.first; ++i) in[lane * text.block_words + i] = 0x40003C00U;
        in[lane * text.block_words + text.e] = 0x44444444U;  // the first two of every four
    }
    TestKernel kernel(text.text);
    const std::uint64_t from = kernel.upload(in, "in");
    const std::uint64_t to = kernel.memory.allocate(4096, "out");
    const MachineProgram program(kernel.decoded());
    FindingSink findings(FindingMode::strict);
    const KernelLaunch launch = kernel.launch(from, to, 0);
    const GpuParameters gpu = one_sm();
    PtxStream stream(program, launch, findings, {.sms = 1, .verification = &verification});
    DamagedStream damaged(stream, damage);
    GpuRunOptions options;
    options.ctas.count = 1;
    run_gpu(gpu, damaged, options);
    ASSERT_EQ(verification.elements(), 128U);
    if (verification.first_difference()) {
        const MmaDifference& first = *verification.first_difference();
        EXPECT_EQ(kernel.decoded().instructions()[first.instruction].mma, &instruction);
        EXPECT_EQ(first.numerics, 0x41400000U) << "12 = 8 x 1.5";
    }
}

TEST(MmaVerification, FindsNothingWithoutDamage) {
    MmaVerification verification;
    verify_damaged(verification, [](ProvidedOperands&) {});
    EXPECT_EQ(verification.equal(), 128U);
    EXPECT_FALSE(verification.first_difference());
}

TEST(MmaVerification, FindsACodeThatIsDamagedInItsRow) {
    MmaVerification verification;
    // Row 3's first group: positions 0 and 2 instead of 0 and 1, which is 2 ones instead of a one and a two.
    verify_damaged(verification, [](ProvidedOperands& operands) { operands.e[0][12] ^= 0xCU; });
    EXPECT_EQ(verification.equal(), 120U);
    ASSERT_TRUE(verification.first_difference());
    EXPECT_EQ(verification.first_difference()->element, (MatrixCoordinate{3, 0}));
    EXPECT_EQ(verification.first_difference()->lane, LaneIndex(12));
    EXPECT_EQ(verification.first_difference()->modules, 0x41300000U) << "11";
}

TEST(MmaVerification, FindsADamagedAddend) {
    MmaVerification verification;
    verify_damaged(verification, [](ProvidedOperands& operands) { operands.c[3][31] = 0x3F800000; });
    EXPECT_EQ(verification.equal(), 127U);
    ASSERT_TRUE(verification.first_difference());
    EXPECT_EQ(verification.first_difference()->element, (MatrixCoordinate{15, 7}));
    EXPECT_EQ(verification.first_difference()->modules, 0x41500000U) << "13";
}

}  // namespace
}  // namespace stcsim
