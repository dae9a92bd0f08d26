/// Collection passes: how many an instruction takes, what they cost, and who else reads through the ports.

#include "tensor_core/operand_fetch.h"

#include <gtest/gtest.h>

#include "a100.h"
#include "tensor_core_bench.h"

namespace stcsim::testing {
namespace {

const TensorCoreParameters& a100_core() {
    static const TensorCoreParameters parameters = a100().sm.tensor_core;
    return parameters;
}

/// The dense instructions whose small k is one pass of the array, and the others.
bool is_large(const MmaInstruction& instruction) {
    return instruction.passes() == 2;
}

/// The issue intervals of the assembler's static schedule for sm_80: 4 for small-k dense, 8 for all large-k, 6 for
/// small-k sparse instructions of every type; f64 from its rate (see models/gpus/a100-sxm4-40gb.toml).
TEST(CollectionPasses, GiveTheIntervalsOfTheAssemblersScheduleForEveryInstruction) {
    for (const MmaInstruction& instruction : mma_instructions()) {
        const Cycle expected(instruction.a == ElementType::f64 ? 16U
                             : is_large(instruction)           ? 8U
                             : instruction.sparse              ? 6U
                                                               : 4U);
        EXPECT_EQ(least_interval(instruction, a100_core()), expected) << instruction.name();
    }
}

TEST(CollectionPasses, AreOneForSmallAndTwoForLargeKAndTwoWithMetadata) {
    for (const MmaInstruction& instruction : mma_instructions()) {
        EXPECT_EQ(collection_passes(instruction, a100_core().operand_fetch),
                  is_large(instruction) || instruction.sparse ? 2U : 1U)
            << instruction.name();
    }
}

TEST(CollectionPasses, OfSmallKSparseInstructionsAreOneWhereMetadataHasASlotOfItsOwn) {
    TensorCoreParameters with_slot = a100_core();
    with_slot.operand_fetch.operand_slots = 4;
    for (const MmaInstruction& instruction : mma_instructions()) {
        if (!instruction.sparse) continue;
        EXPECT_EQ(collection_passes(instruction, with_slot.operand_fetch), is_large(instruction) ? 2U : 1U)
            << instruction.name();
        EXPECT_EQ(least_interval(instruction, with_slot), Cycle(is_large(instruction) ? 8U : 4U)) << instruction.name();
    }
}

TEST(CollectionPasses, OnlyBindWhereTheArrayIsFaster) {
    TensorCoreParameters half_rate = a100_core();
    half_rate.dot_product_array.unit_bits /= 2;
    for (const char* name : {"mma.sp.m16n8k16.f16.f16.f16.f16", "mma.sp.m16n8k32.s32.s8.s8.s32"}) {
        EXPECT_EQ(least_interval(mma_instruction_named(name), half_rate), Cycle(8)) << name;
    }
}

/// Writes notices of other instructions' reads in given cycles.
class OtherReader : public ClockedModule {
  public:
    OtherReader(const sc_core::sc_module_name& name, Clock& clock, std::vector<std::pair<Cycle, OtherReads>> notices)
        : ClockedModule(name, clock), reads("reads", *this), notices_(std::move(notices)) {
        for (const auto& [cycle, notice] : notices_) wake_at(cycle);
    }

    WritePort<OtherReads> reads;

  private:
    void evaluate(Cycle now) override {
        for (const auto& [cycle, notice] : notices_) {
            if (cycle == now) reads.push(notice);
        }
    }

    std::vector<std::pair<Cycle, OtherReads>> notices_;
};

/// When 20 operations were written while others read `count` registers from `first` on behind the tenth.
std::vector<Cycle> written_beside_reads(const MmaInstruction& instruction, std::uint8_t first, std::uint8_t count) {
    TensorCoreBench bench(a100_core());
    bench.add(instruction, 20);
    OtherReader reader("reader", bench.clock(), {{Cycle(20), OtherReads{{first, count}, 10}}});
    reader.reads.bind(bench.core().other_reads());
    bench.run();
    return bench.driver().written_cycles;
}

TEST(OtherReads, DelayAnInstructionWhosePassesFillThePortsAndNoOther) {
    const MmaInstruction& sparse_small = mma_instruction_named("mma.sp.m16n8k16.f16.f16.f16.f16");
    const MmaInstruction& dense_large = mma_instruction_named("mma.m16n8k16.f32.f16.f16.f32");
    const MmaInstruction& dense_small = mma_instruction_named("mma.m16n8k8.f16.f16.f16.f16");
    const auto delay = [](const MmaInstruction& instruction, std::uint8_t count) {
        return written_beside_reads(instruction, 0, count).back() - written_beside_reads(instruction, 0, 0).back();
    };
    EXPECT_EQ(delay(sparse_small, 1), Cycle(1));
    EXPECT_EQ(delay(sparse_small, 2), Cycle(1)) << "one in each bank";
    EXPECT_EQ(delay(sparse_small, 4), Cycle(2));
    EXPECT_EQ(delay(dense_small, 1), Cycle(0)) << "a window of three in every four cycles";
    EXPECT_EQ(delay(dense_large, 2), Cycle(0)) << "two windows of three in every eight cycles";
}

TEST(OtherReads, LeaveTheInstructionsIssuedBeforeThemAlone) {
    const MmaInstruction& sparse_small = mma_instruction_named("mma.sp.m16n8k16.f16.f16.f16.f16");
    const auto alone = written_beside_reads(sparse_small, 0, 0);
    const auto beside = written_beside_reads(sparse_small, 0, 1);
    for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(beside[i], alone[i]) << i;
    for (std::size_t i = 10; i < 20; ++i) EXPECT_EQ(beside[i], alone[i] + Cycle(1)) << i;
}

}  // namespace
}  // namespace stcsim::testing
