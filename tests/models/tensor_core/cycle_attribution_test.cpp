/// Every cycle of a tensor core has exactly one cause, the one that is documented.

#include "tensor_core/cycle_attribution.h"

#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"

namespace stcsim {
namespace {

using enum TensorCoreState;

/// An operation issued in cycle `issued` that waited for operands and metadata on its way.
TensorOperation operation(std::uint64_t issued, std::uint64_t operand_wait = 0, std::uint64_t metadata_wait = 0) {
    TensorOperation operation;
    operation.issued = Cycle(issued);
    operation.operand_wait = Cycle(operand_wait);
    operation.metadata_wait = Cycle(metadata_wait);
    return operation;
}

/// The states with cycles in them.
std::map<TensorCoreState, std::uint64_t> spent(const CycleAttribution& attribution) {
    std::map<TensorCoreState, std::uint64_t> cycles;
    for (std::size_t i = 0; i < tensor_core_states; ++i) {
        const auto state = static_cast<TensorCoreState>(i);
        if (attribution.account()[state] > Cycle(0)) cycles[state] = attribution.account()[state].value();
    }
    return cycles;
}

using Spent = std::map<TensorCoreState, std::uint64_t>;

TEST(CycleAttribution, ACoreWithoutWarpsIsAtTheTail) {
    CycleAttribution attribution;
    attribution.finish(Cycle(100));
    EXPECT_EQ(spent(attribution), (Spent{{tail, 100}}));
}

TEST(CycleAttribution, AnIdleCoreIsIdleForWhatTheSchedulerNoted) {
    CycleAttribution attribution;
    attribution.note_scheduler_cause(Cycle(10), global_data);
    attribution.note_scheduler_cause(Cycle(30), shared_memory);
    attribution.note_scheduler_cause(Cycle(35), barrier);
    attribution.finish(Cycle(100));
    EXPECT_EQ(spent(attribution), (Spent{{tail, 10}, {global_data, 20}, {shared_memory, 5}, {barrier, 65}}));
}

TEST(CycleAttribution, TheLastNoteOfACycleCounts) {
    CycleAttribution attribution;
    attribution.note_scheduler_cause(Cycle(0), barrier);
    attribution.note_scheduler_cause(Cycle(0), issue);
    attribution.finish(Cycle(7));
    EXPECT_EQ(spent(attribution), (Spent{{issue, 7}}));
}

TEST(CycleAttribution, StepsAreBusyAndTheTimeTheArrayIsHeldBeyondThemIsForMetadata) {
    CycleAttribution attribution;
    attribution.note_execution(operation(0), Cycle(0), Cycle(8), Cycle(8));
    attribution.note_execution(operation(0), Cycle(8), Cycle(8), Cycle(20));
    attribution.finish(Cycle(28));
    EXPECT_EQ(spent(attribution), (Spent{{busy, 16}, {metadata, 12}}));
}

TEST(CycleAttribution, IdleCyclesGoToWhatTheOperationWaitedForInThePipeline) {
    CycleAttribution attribution;
    attribution.note_scheduler_cause(Cycle(0), barrier);
    attribution.note_execution(operation(20, 4, 3), Cycle(27), Cycle(8), Cycle(8));
    attribution.finish(Cycle(35));
    EXPECT_EQ(spent(attribution), (Spent{{metadata, 3}, {operands, 4}, {barrier, 20}, {busy, 8}}));
}

TEST(CycleAttribution, AWaitThatTheArrayDidNotNoticeIsNotInTheAccount) {
    CycleAttribution attribution;
    attribution.note_execution(operation(0), Cycle(0), Cycle(8), Cycle(8));
    attribution.note_execution(operation(1, 5, 5), Cycle(8), Cycle(8), Cycle(8));
    attribution.note_execution(operation(2, 50, 50), Cycle(18), Cycle(8), Cycle(8));
    attribution.finish(Cycle(26));
    EXPECT_EQ(spent(attribution), (Spent{{busy, 24}, {metadata, 2}}));
}

TEST(CycleAttribution, ALateIssueGoesToWhatKeptTheSchedulerInAsManyCyclesBefore) {
    CycleAttribution attribution;
    attribution.note_execution(operation(0), Cycle(0), Cycle(8), Cycle(8));
    attribution.note_scheduler_cause(Cycle(1), operands);
    attribution.note_scheduler_cause(Cycle(15), shared_memory);
    // Idle from 8 to 26, 18 cycles: those before the issue in cycle 20 are 2 to 19.
    attribution.note_execution(operation(20), Cycle(26), Cycle(8), Cycle(8));
    attribution.finish(Cycle(34));
    EXPECT_EQ(spent(attribution), (Spent{{busy, 16}, {operands, 13}, {shared_memory, 5}}));
}

TEST(CycleAttribution, CyclesBeforeTheStartOfTheSimulationCannotBeBlamed) {
    CycleAttribution attribution;
    attribution.note_scheduler_cause(Cycle(0), issue);
    attribution.note_execution(operation(2), Cycle(10), Cycle(4), Cycle(4));
    attribution.finish(Cycle(14));
    EXPECT_EQ(spent(attribution), (Spent{{issue, 2}, {tail, 8}, {busy, 4}}));
}

TEST(CycleAttribution, OverlappingExecutionsBreakAnInvariant) {
    CycleAttribution attribution;
    attribution.note_execution(operation(0), Cycle(0), Cycle(8), Cycle(8));
    EXPECT_THROW(attribution.note_execution(operation(0), Cycle(7), Cycle(8), Cycle(8)), InvariantError);
    EXPECT_THROW(attribution.note_execution(operation(0), Cycle(8), Cycle(8), Cycle(7)), InvariantError);
}

RC_GTEST_PROP(CycleAttribution, AccountsForEveryCycleOnce, ()) {
    CycleAttribution attribution;
    std::uint64_t noted = 0;
    std::uint64_t free = 0;
    std::uint64_t steps_in_all = 0;
    std::uint64_t last_issue = 0;
    const auto small = [] { return *rc::gen::inRange<std::uint64_t>(0, 30); };
    const auto events = *rc::gen::inRange(0, 60);
    for (int i = 0; i < events; ++i) {
        if (*rc::gen::arbitrary<bool>()) {
            noted += small();
            const auto state = static_cast<TensorCoreState>(*rc::gen::inRange<std::size_t>(0, tensor_core_states));
            attribution.note_scheduler_cause(Cycle(noted), state);
        } else {
            const std::uint64_t start = std::max(free, noted) + small();
            last_issue = std::max(last_issue, start - std::min(start, small()));
            const std::uint64_t steps = 1 + small();
            const std::uint64_t held = steps + small();
            attribution.note_execution(operation(std::min(last_issue, start), small(), small()), Cycle(start),
                                       Cycle(steps), Cycle(held));
            free = start + held;
            steps_in_all += steps;
        }
        const std::uint64_t idle_or_held = attribution.account().total().value();
        RC_ASSERT(idle_or_held == free);
    }
    const std::uint64_t end = std::max(free, noted) + small();
    attribution.finish(Cycle(end));
    RC_ASSERT(attribution.account().total() == Cycle(end));
    RC_ASSERT(attribution.account()[busy] >= Cycle(steps_in_all));
}

TEST(TensorCoreAccount, AddsUpStateByState) {
    TensorCoreAccount a;
    a[busy] = Cycle(3);
    a[tail] = Cycle(4);
    TensorCoreAccount b;
    b[busy] = Cycle(10);
    a += b;
    EXPECT_EQ(a[busy], Cycle(13));
    EXPECT_EQ(a[tail], Cycle(4));
    EXPECT_EQ(a.total(), Cycle(17));
}

}  // namespace
}  // namespace stcsim
