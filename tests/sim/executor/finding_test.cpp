#include <gmock/gmock.h>

#include "kernel_fixture.h"

namespace stcsim {
namespace {

using testing::HasSubstr;
using U32 = std::uint32_t;

const std::string tile =
    ".shared .align 128 .b8 tile[2048]; mov.u32 %r10, tile; shl.b32 %r11, %r1, 4; add.s32 %r12, %r10, %r11; "
    "mad.wide.u32 %d3, %r1, 16, %d1;\n";
/// Every word of the tile that the threads own is written.
const std::string filled = tile + "st.shared.v4.u32 [%r12], {%r1, %r1, %r1, %r1};\n";
const std::string operands =
    "mov.b32 %r30, 0; mov.b32 %r31, 0; mov.b32 %r32, 0; mov.b32 %r33, 0; mov.f32 %f1, 0f00000000; mov.f32 %f2, "
    "0f00000000; "
    "mov.f32 %f3, 0f00000000; mov.f32 %f4, 0f00000000;\n";

/// Every lane stores its elements of D: row g, then row g + 8.
const std::string stored =
    "mad.wide.u32 %d4, %r1, 16, %d2; st.global.v2.f32 [%d4], {%f1, %f2}; st.global.v2.f32 [%d4+8], {%f3, %f4};\n";

std::string sparse(const std::string& metadata, const std::string& kind, int selector) {
    return operands + "mov.b32 %r40, " + metadata + ";\n" + kind +
           ".sync.aligned.m16n8k32.row.col.f32.f16.f16.f32 {%f1,%f2,%f3,%f4}, {%r30,%r31,%r32,%r33}, "
           "{%r30,%r31,%r32,%r33}, "
           "{%f1,%f2,%f3,%f4}, %r40, " +
           std::to_string(selector) + ";\n" + stored;
}
std::string product(const std::string& a, const std::string& b) {
    return "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%f1,%f2,%f3,%f4}, {" + a + ",%r31}, {" + b +
           "}, {%f1,%f2,%f3,%f4};\n";
}
std::string dense(const std::string& a) {
    return product(a, "%r32") + stored;
}
/// Lane 12 has the only undefined element: of A that of row 3, of B that of column 3.
const std::string lane_12_undefined = operands + "setp.ne.u32 %p1, %r1, 12; @%p1 mov.b32 %r50, 0;\n";
/// Lanes for which the condition of %p2 holds store their elements of rows 0 to 7.
const std::string stored_if = "mad.wide.u32 %d4, %r1, 16, %d2; @%p2 st.global.v2.f32 [%d4], {%f1, %f2};\n";

/// The product of lane_12_undefined with its undefined row 3, whole, in the memory behind %d1, 16 bytes per lane.
const std::string partial_sums =
    lane_12_undefined + product("%r50", "%r32") +
    "mad.wide.u32 %d5, %r1, 16, %d1; st.global.v4.f32 [%d5], {%f1, %f2, %f3, %f4}; bar.sync 0;\n";
/// Lanes that hold no element of row 3, in %p2.
const std::string not_row_3 = "shr.u32 %r51, %r1, 2; setp.ne.u32 %p2, %r51, 3;\n";

struct FindingCase {
    std::string name;
    std::string body;
    FindingKind kind;
    std::string says;  ///< part of the sentence; empty: there must be no finding
    U32 threads = 32;
};

void PrintTo(const FindingCase& one, std::ostream* out) {
    *out << one.name;
}

class Findings : public testing::TestWithParam<FindingCase> {};

std::vector<FindingCase> cases() {
    using enum FindingKind;
    return {
        {"RaceReadAfterWrite",
         filled + "xor.b32 %r13, %r11, 512; add.s32 %r13, %r10, %r13; ld.shared.u32 %r14, [%r13];", shared_race,
         "written by warp", 64},
        {"RaceWriteAfterRead",
         filled +
             "bar.sync 0; xor.b32 %r13, %r11, 512; add.s32 %r13, %r10, %r13; ld.shared.u32 %r14, [%r13]; st.shared.u32 "
             "[%r12], 5;",
         shared_race, "no barrier between", 64},
        {"RaceOfWrites", tile + "st.shared.u32 [tile], %r1;", shared_race, "written here and written by warp 0", 64},
        {"NoRaceAcrossABarrier",
         filled +
             "bar.sync 0; xor.b32 %r13, %r11, 512; add.s32 %r13, %r10, %r13; ld.shared.u32 %r14, [%r13]; bar.sync 0; "
             "st.shared.u32 [%r12], 5;",
         shared_race, "", 64},
        {"NoRaceWithinAWarp", tile + "st.shared.u32 [tile], %r1; ld.shared.u32 %r13, [tile];", shared_race, "", 32},
        {"NoRaceOfAtomics", tile + "atom.shared.add.u32 %r13, [tile], 1; st.volatile.shared.u32 [tile+4], 1;",
         shared_race, "", 64},
        {"NoRaceOfNeighbouringBytes", tile + "add.s32 %r13, %r10, %r1; st.shared.u8 [%r13+30], %r1;", shared_race, "",
         64},
        {"PendingCopy",
         tile + "cp.async.cg.shared.global [%r12], [%d3], 16; cp.async.commit_group; bar.sync 0; ld.shared.u32 %r13, "
                "[%r12]; "
                "cp.async.wait_group 0;",
         pending_copy_read, "have not been waited for"},
        {"PendingCopyOfTooManyGroups",
         tile + "cp.async.cg.shared.global [%r12], [%d3], 16; cp.async.commit_group; cp.async.wait_group 1; "
                "ld.shared.u32 %r13, "
                "[%r12]; cp.async.wait_all;",
         pending_copy_read, "cp.async.cg.shared.global at PTX line"},
        {"AwaitedCopy",
         tile +
             "cp.async.cg.shared.global [%r12], [%d3], 16; cp.async.commit_group; cp.async.wait_group 0; bar.sync 0; "
             "ld.shared.u32 %r13, [%r12];",
         pending_copy_read, ""},
        {"AwaitedCopyWithoutBarrier",
         tile + "cp.async.cg.shared.global [%r12], [%d3], 16; cp.async.commit_group; cp.async.wait_group 0; xor.b32 "
                "%r13, %r11, "
                "512; add.s32 %r13, %r10, %r13; cp.async.wait_all; ld.shared.u32 %r14, [%r13];",
         shared_race, "no barrier between", 64},
        {"UninitializedShared",
         tile + operands +
             "setp.ne.u32 %p1, %r1, 3; @%p1 st.shared.v4.u32 [%r12], {0, 0, 0, 0}; bar.sync 0; "
             "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r21}, [%r12];" +
             dense("%r21"),
         uninitialized_shared, "%r21 holds what was read from shared memory"},
        {"UninitializedSharedThatIsLoadedForNothing", tile + "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r13}, [%r12];",
         uninitialized_shared, ""},
        {"InitializedShared", filled + "bar.sync 0; ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r13}, [%r12];",
         uninitialized_shared, ""},
        {"UninitializedSharedThroughRegisters",
         tile + operands + "ld.shared.u32 %r20, [%r12]; add.s32 %r21, %r20, 1;" + dense("%r21"), uninitialized_shared,
         "%r21 holds what was read from shared memory"},
        {"StoredUndefinedRegister",
         tile + operands + "st.shared.u32 [%r12], %r50; ld.shared.u32 %r21, [%r12];" + dense("%r21"),
         uninitialized_shared, "%r21"},
        {"UninitializedRegister", operands + dense("%r50"), uninitialized_register, "%r50 holds nothing"},
        {"UninitializedLane", operands + "setp.ne.u32 %p1, %r1, 9; @%p1 mov.b32 %r50, 0;" + dense("%r50"),
         uninitialized_register, "%r50"},
        {"InitializedRegister", operands + dense("%r30"), uninitialized_register, ""},
        {"SelectedRegister", operands + "setp.eq.u32 %p1, 0, 0; selp.b32 %r21, %r30, %r50, %p1;" + dense("%r21"),
         uninitialized_register, ""},
        {"UndefinedRowThatIsStored",
         lane_12_undefined + product("%r50", "%r32") + "shr.u32 %r51, %r1, 2; setp.eq.u32 %p2, %r51, 3;" + stored_if,
         uninitialized_register, "%r50 holds nothing"},
        {"UndefinedRowThatIsNotStored",
         lane_12_undefined + product("%r50", "%r32") + "shr.u32 %r51, %r1, 2; setp.ne.u32 %p2, %r51, 3;" + stored_if +
             "st.global.v2.f32 [%d4+8], {%f3, %f4};",
         uninitialized_register, ""},
        {"UndefinedColumnThatIsStored",
         lane_12_undefined + product("%r30", "%r50") + "and.b32 %r51, %r1, 3; setp.eq.u32 %p2, %r51, 1;" + stored_if,
         uninitialized_register, "%r50 holds nothing"},
        {"UndefinedColumnThatIsNotStored",
         lane_12_undefined + product("%r30", "%r50") + "and.b32 %r51, %r1, 3; setp.ne.u32 %p2, %r51, 1;" + stored_if +
             "st.global.f32 [%d4], %f1;",
         uninitialized_register, ""},
        {"UndefinedProductThatIsNotStored", lane_12_undefined + product("%r50", "%r32"), uninitialized_register, ""},
        {"UndefinedProductThatIsAddedTo",
         lane_12_undefined + product("%r50", "%r32") + product("%r30", "%r32") + stored, uninitialized_register,
         "%r50 holds nothing"},
        {"UndefinedProductThroughSharedMemory",
         tile + lane_12_undefined + product("%r50", "%r32") +
             "add.f32 %f1, %f1, %f1; st.shared.f32 [%r12], %f1; ld.shared.f32 %f5, [%r12]; "
             "red.global.add.f32 [%d2], %f5;",
         uninitialized_register, "%r50 holds nothing"},
        {"UndefinedElementOfAVectorInSharedMemory",
         tile + lane_12_undefined + product("%r30", "%r50") +
             "st.shared.v2.f32 [%r12], {%f1, %f2}; ld.shared.f32 %f5, [%r12]; st.global.f32 [%d2], %f5;",
         uninitialized_register, ""},
        {"UndefinedProductThroughGlobalMemory",
         partial_sums +
             "ld.global.v2.f32 {%f1, %f2}, [%d5]; add.f32 %f1, %f1, %f2; mov.u32 %r51, 1; setp.ne.u32 %p2, "
             "%r51, 0;" +
             stored_if,
         uninitialized_register, "%r50 holds nothing"},
        {"UndefinedProductInGlobalMemoryOfWhichTheRestIsUsed",
         partial_sums + not_row_3 + "ld.global.v2.f32 {%f1, %f2}, [%d5]; add.f32 %f1, %f1, %f2;" + stored_if,
         uninitialized_register, ""},
        {"UndefinedElementsThatAreOverwritten",
         partial_sums + not_row_3 +
             "@!%p2 st.global.v2.f32 [%d5], {%f10, 0f00000000}; mov.f32 %f1, 0f00000000; "
             "@!%p2 st.global.f32 [%d5], %f1; ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%d5];" +
             stored,
         uninitialized_register, ""},
        {"UndefinedProductThroughAtomics",
         partial_sums + "red.global.add.f32 [%d5+4], 0f3F800000; atom.global.add.f32 %f5, [%d5+4], 0f3F800000; "
                        "mad.wide.u32 %d4, %r1, 4, %d2; st.global.f32 [%d4], %f5;",
         uninitialized_register, "%r50 holds nothing"},
        {"UndefinedProductAddedToGlobalMemory",
         lane_12_undefined + product("%r50", "%r32") + "red.global.add.f32 [%d2], %f1;", uninitialized_register,
         "%r50 holds nothing"},
        {"UndefinedProductThatIsExchanged",
         partial_sums + "atom.global.exch.b32 %r60, [%d5], 0; ld.global.u32 %r61, [%d5]; mad.wide.u32 %d4, %r1, 4, "
                        "%d2; st.global.u32 [%d4], %r61;",
         uninitialized_register, ""},
        {"UndefinedProductThroughACopyIntoSharedMemory",
         tile + partial_sums +
             "cp.async.ca.shared.global [%r12], [%d5], 8; cp.async.wait_all; bar.sync 0; ld.shared.f32 %f5, [%r12]; "
             "mad.wide.u32 %d4, %r1, 4, %d2; st.global.f32 [%d4], %f5;",
         uninitialized_register, "%r50 holds nothing"},
        {"DefinedPartOfACopyIntoSharedMemory",
         tile + partial_sums +
             "cp.async.ca.shared.global [%r12], [%d5+8], 8; cp.async.wait_all; bar.sync 0; ld.shared.f32 %f5, [%r12]; "
             "mad.wide.u32 %d4, %r1, 4, %d2; st.global.f32 [%d4], %f5;",
         uninitialized_register, ""},
        {"UndefinedAddress",
         lane_12_undefined + product("%r50", "%r32") +
             "mov.b32 %r60, %f1; and.b32 %r60, %r60, 0; add.s32 %r60, %r60, %r1; mad.wide.u32 %d6, %r60, 4, %d2; "
             "st.global.u32 [%d6], 1;",
         uninitialized_register, "%r50 holds nothing"},
        {"UndefinedDataStoredWithoutAProduct", "st.global.u32 [%d2], %r50;", uninitialized_register, ""},
        {"IllegalMetadataOfARowThatIsNotStored",
         sparse("0x44444445", "mma.sp", 0).substr(0, sparse("0x44444445", "mma.sp", 0).size() - stored.size()),
         illegal_metadata, ""},
        {"IllegalMetadata", sparse("0x44444445", "mma.sp", 0), illegal_metadata, "row 0, group 0 of A (bits 0 to 3"},
        {"UnorderedMetadata", sparse("0x44444144", "mma.sp::ordered_metadata", 0), unordered_metadata, "are 0x1"},
        {"AnyOrderWithoutTheModifier", sparse("0x44444144", "mma.sp", 0), unordered_metadata, ""},
        {"OrderedMetadata", sparse("0x4E9C4444", "mma.sp::ordered_metadata", 1), unordered_metadata, ""},
        {"MetadataOfUnusedLanes",
         operands + "and.b32 %r41, %r1, 2; setp.eq.u32 %p1, %r41, 0; @%p1 mov.b32 %r40, 0x44444444; "
                    "mma.sp.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32 {%f1,%f2,%f3,%f4}, {%r30,%r31,%r32,%r33}, "
                    "{%r30,%r31,%r32,%r33}, {%f1,%f2,%f3,%f4}, %r40, 0;",
         uninitialized_register, ""},
        {"WrongSelector", sparse("0x44444444", "mma.sp", 2), wrong_selector, "has selectors 0 to 1"},
        {"RightSelector", sparse("0x44444444", "mma.sp", 1), wrong_selector, ""},
        {"BarrierDivergence", "setp.lt.u32 %p1, %r1, 7; @%p1 bra A; bar.sync 0; bra B; A: bar.sync 0; B:",
         barrier_divergence, "wait at bar.sync at PTX line"},
        {"ShuffleDivergence",
         "mov.u32 %r20, 0; setp.lt.u32 %p1, %r1, 7; @%p1 bra A; shfl.sync.bfly.b32 %r20, %r1, 1, 31, -1; bra B; A: "
         "shfl.sync.bfly.b32 %r20, %r1, 2, 31, -1; B:",
         barrier_divergence, "the instruction needs lanes"},
        {"BarrierWithoutDivergence", "setp.lt.u32 %p1, %r1, 7; @%p1 bra A; mov.u32 %r20, 1; A: bar.sync 0;",
         barrier_divergence, ""},
        {"UnreachedWait",
         tile + "cp.async.cg.shared.global [%r12], [%d3], 16; cp.async.commit_group; cp.async.wait_group 1;",
         unreached_wait_group, "1 cp.async whose group it never waited for"},
        {"ReachedWait", tile + "cp.async.cg.shared.global [%r12], [%d3], 16; cp.async.commit_group; cp.async.wait_all;",
         unreached_wait_group, ""},
        {"BankConflict",
         filled + "bar.sync 0; and.b32 %r13, %r1, 7; shl.b32 %r13, %r13, 6; add.s32 %r13, %r13, %r10; "
                  "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r14}, [%r13];",
         bank_conflict, "4 wavefronts instead of 1"},
        {"NoBankConflict",
         filled + "bar.sync 0; ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r14,%r15,%r16,%r17}, [%r12];", bank_conflict,
         ""},
        {"OutOfBounds", "ld.global.u32 %r20, [%d1+2048];", out_of_bounds, "4 bytes are read at"},
        {"Misaligned", "ld.global.u32 %r20, [%d1+2];", misaligned, "multiple of it"},
    };
}

TEST_P(Findings, AreReportedWhereTheyAreAndOnlyThere) {
    const FindingCase& one = GetParam();
    TestKernel kernel(one.body);
    kernel.block = {one.threads, 1, 1};
    FindingSink lenient(FindingMode::lenient);
    kernel.run<U32>(std::vector<U32>(512, 1), 512, lenient);
    FindingSink strict(FindingMode::strict);
    const std::string message =
        message_of<KernelFault>([&] { kernel.run<U32>(std::vector<U32>(512, 1), 512, strict); });
    if (one.says.empty()) {
        EXPECT_EQ(lenient.total(one.kind), 0U);
        for (const auto& [key, entry] : lenient.entries()) ADD_FAILURE() << entry.first.message();
        EXPECT_EQ(message, "nothing");
        return;
    }
    ASSERT_GT(lenient.total(one.kind), 0U);
    bool said = false;
    for (const auto& [key, entry] : lenient.entries()) {
        if (key.first != one.kind) continue;
        said = said || entry.first.message().find(one.says) != std::string::npos;
        EXPECT_GT(entry.first.where.line, 8U);
        EXPECT_FALSE(entry.first.instruction.empty());
    }
    EXPECT_TRUE(said) << lenient.entries().begin()->second.first.message();
    EXPECT_EQ(message != "nothing", is_error(one.kind)) << message;
    if (is_error(one.kind)) {
        EXPECT_THAT(message, HasSubstr(std::string(name_of(one.kind))));
    }
}

INSTANTIATE_TEST_SUITE_P(OfKernels, Findings, testing::ValuesIn(cases()),
                         [](const auto& instance) { return instance.param.name; });

TEST(FindingSink, CountsPerLineAndCanBeSwitchedOff) {
    TestKernel kernel(tile + "st.shared.u32 [tile], %r1;");
    kernel.block = {128, 1, 1};
    FindingSink lenient(FindingMode::lenient);
    kernel.run<U32>(std::vector<U32>(512, 1), 1, lenient);
    ASSERT_EQ(lenient.entries().size(), 1U);
    EXPECT_EQ(lenient.entries().begin()->second.first.where.line, 10U);
    EXPECT_GE(lenient.total(FindingKind::shared_race), 3U);
    FindingSink off(FindingMode::off);
    kernel.run<U32>(std::vector<U32>(512, 1), 1, off);
    EXPECT_TRUE(off.entries().empty());
}

}  // namespace
}  // namespace stcsim
