/// Calls of functions of the module: parameters, results, frames, recursion, divergence, pointers.
#include <gmock/gmock.h>

#include "base/error.h"
#include "executor/generic_address.h"
#include "kernel_fixture.h"

namespace stcsim {
namespace {

using testing::HasSubstr;
using U32 = std::uint32_t;
using U64 = std::uint64_t;

/// The thread's number is in %r1; the body leaves its result in %r20.
std::vector<U32> results_of(TestKernel& kernel, FindingSink& findings) {
    return kernel.run<U32>(std::vector<U32>{0}, 32, findings);
}
std::vector<U32> results_of(const std::string& body, const std::string& functions) {
    TestKernel kernel(body + "mad.wide.u32 %d4, %r1, 4, %d2; st.global.u32 [%d4], %r20;", functions);
    FindingSink findings(FindingMode::strict);
    return results_of(kernel, findings);
}

const std::string square =
    ".func (.param .b32 result) square(.param .b32 x)\n{\n.reg .b32 %r<3>;\n"
    "ld.param.u32 %r1, [x]; mul.lo.u32 %r2, %r1, %r1; st.param.b32 [result], %r2; ret;\n}\n";
const std::string call_square =
    "{ .param .b32 a; st.param.b32 [a], %r1; .param .b32 b; call.uni (b), square, (a); ld.param.b32 %r20, [b]; }";

TEST(Calls, PassParametersAndResultsInParamSpace) {
    const std::vector<U32> out = results_of(call_square, square);
    for (U32 t = 0; t < 32; ++t) EXPECT_EQ(out[t], t * t);
}

TEST(Calls, KeepTheRegistersOfCallerAndFunctionApart) {
    // Both have a %r1 and a %r2.
    const std::vector<U32> out =
        results_of("mov.u32 %r2, 1000; " + call_square + "add.u32 %r20, %r20, %r2; add.u32 %r20, %r20, %r1;", square);
    for (U32 t = 0; t < 32; ++t) EXPECT_EQ(out[t], t * t + 1000 + t);
}

TEST(Calls, PassRegistersAndConstants) {
    const std::vector<U32> out =
        results_of("call (%r20), sum, (%r1, 7, %d3);",
                   ".func (.reg .u32 s) sum(.reg .u32 a, .reg .u32 b, .reg .b64 c)\n{\nadd.u32 s, a, b; ret;\n}\n");
    for (U32 t = 0; t < 32; ++t) EXPECT_EQ(out[t], t + 7);
}

TEST(Calls, PassAggregatesByValue) {
    // The function changes its copy; the caller's stays.
    const std::vector<U32> out = results_of(
        "{ .param .align 8 .b8 a[16]; st.param.b32 [a+4], %r1; st.param.b32 [a+12], 5; .param .align 4 .b8 b[8];"
        "call (b), change, (a); ld.param.b32 %r10, [b+4]; ld.param.b32 %r11, [a+4]; mad.lo.u32 %r20, %r10, 100, %r11; "
        "}",
        ".func (.param .align 4 .b8 result[8]) change(.param .align 8 .b8 all[16])\n{\n.reg .b32 %r<4>;\n"
        "ld.param.u32 %r1, [all+4]; ld.param.u32 %r2, [all+12]; add.u32 %r3, %r1, %r2; st.param.u32 [all+4], 77;"
        "st.param.b32 [result+4], %r3; ret;\n}\n");
    for (U32 t = 0; t < 32; ++t) EXPECT_EQ(out[t], 100 * (t + 5) + t);
}

TEST(Calls, NestAndReachFunctionsThatComeLater) {
    const std::vector<U32> out =
        results_of("call (%r20), outer, (%r1);",
                   ".func (.reg .u32 r) inner(.reg .u32 x);\n"
                   ".func (.reg .u32 r) outer(.reg .u32 x)\n{\n.reg .b32 %r<3>;\ncall (%r1), inner, (x);"
                   "call (%r2), inner, (%r1); add.u32 r, %r2, x;\n}\n"  // no ret: the end of the body returns
                   ".func (.reg .u32 r) inner(.reg .u32 x)\n{\nadd.u32 r, x, 3; ret;\n}\n");
    for (U32 t = 0; t < 32; ++t) EXPECT_EQ(out[t], 2 * t + 6);
}

TEST(Calls, OfSomeLanesLeaveTheOthersAsTheyWere) {
    const std::vector<U32> out = results_of(
        "mov.u32 %r20, 1; setp.gt.u32 %p1, %r1, 20; @%p1 call (%r20), add3, (%r1); activemask.b32 %r10;"
        "setp.ne.u32 %p2, %r10, -1; @%p2 mov.u32 %r20, 0;",
        ".func (.reg .u32 r) add3(.reg .u32 x)\n{\nadd.u32 r, x, 3; ret;\n}\n");
    for (U32 t = 0; t < 32; ++t) EXPECT_EQ(out[t], t > 20 ? t + 3 : 1) << "and all lanes are together again";
}

TEST(Calls, FromBothSidesOfABranchReconvergeBehindIt) {
    // The function branches itself; a shuffle behind the branch needs every lane.
    const std::vector<U32> out = results_of(
        "setp.lt.u32 %p1, %r1, 11; @%p1 bra LOW; add.u32 %r10, %r1, 100; call (%r11), half, (%r10); bra MEET;\n"
        "LOW: call (%r11), half, (%r1);\nMEET: shfl.sync.bfly.b32 %r20, %r11, 1, 31, -1;",
        ".func (.reg .u32 r) half(.reg .u32 x)\n{\n.reg .pred p; .reg .b32 %r<2>;\nand.b32 %r1, x, 1;"
        "setp.eq.u32 p, %r1, 0; @p bra EVEN; add.u32 x, x, 1000; @!p ret;\nEVEN: shr.u32 r, x, 1; ret;\n}\n");
    const auto half = [](U32 t) { return t % 2 == 0 ? (t < 11 ? t : t + 100) / 2 : 0; };
    for (U32 t = 1; t < 32; t += 2) EXPECT_EQ(out[t], half(t - 1));
}

/// Lanes below 16 call `exchange` with 100 more than the others, from another place.
std::vector<U32> exchanged(const std::string& body) {
    return results_of(
        "setp.lt.u32 %p1, %r1, 16; @%p1 bra LOW; call (%r20), exchange, (%r1); bra MEET;\n"
        "LOW: add.u32 %r10, %r1, 100; call (%r20), exchange, (%r10);\nMEET:\n",
        ".func (.reg .u32 r) exchange(.reg .u32 x)\n{\n.reg .pred p; .reg .b32 %r<4>;\n" + body + "ret;\n}\n");
}

TEST(Calls, FromDifferentPlacesMeetAtInstructionsThatWaitForNamedLanes) {
    const std::vector<U32> partners = exchanged("shfl.sync.bfly.b32 r, x, 16, 31, -1;");
    const std::vector<U32> votes = exchanged("setp.gt.u32 p, x, 30; vote.sync.ballot.b32 r, p, -1; bar.warp.sync -1;");
    const std::vector<U32> sums = exchanged("redux.sync.add.u32 r, x, -1;");
    for (U32 t = 0; t < 32; ++t) {
        EXPECT_EQ(partners[t], t < 16 ? t + 16 : t - 16 + 100);
        EXPECT_EQ(votes[t], 0x8000FFFFU);
        EXPECT_EQ(sums[t], 31U * 16 + 1600);
    }
}

TEST(Calls, FromDifferentPlacesStayApartWhereTheMaskNamesTheirOwnLanes) {
    const std::vector<U32> out = exchanged("activemask.b32 %r1; redux.sync.add.u32 r, x, %r1;");
    for (U32 t = 0; t < 32; ++t) EXPECT_EQ(out[t], t < 16 ? 1720U : 376U);
}

TEST(Calls, AtDifferentDepthsMeetToo) {
    const std::vector<U32> out = results_of(
        "and.b32 %r10, %r1, 3; call (%r20), deep, (%r10);",
        ".func (.reg .u32 r) deep(.reg .u32 n)\n{\n.reg .pred p; .reg .b32 %r<3>;\nsetp.eq.u32 p, n, 0; @p bra END;"
        "sub.u32 %r1, n, 1; call (%r2), deep, (%r1); add.u32 r, %r2, 100; ret;\n"
        "END: redux.sync.add.u32 r, 1, -1; ret;\n}\n");
    for (U32 t = 0; t < 32; ++t) EXPECT_EQ(out[t], 32 + 100 * (t % 4));
}

TEST(Calls, FromDifferentPlacesDoNotMeetAtWhatOneCallMustReach) {
    EXPECT_THAT(message_of<KernelFault>([] { exchanged("movmatrix.sync.aligned.m8n8.trans.b16 r, x;"); }),
                HasSubstr("lanes 0x0000ffff wait at it in another call of the function"));
}

TEST(Calls, RecurseWithLanesAtDifferentDepths) {
    const std::vector<U32> out = results_of(
        "and.b32 %r10, %r1, 7; call (%r20), fib, (%r10);",
        ".func (.reg .u32 r) fib(.reg .u32 n)\n{\n.reg .pred p; .reg .b32 %r<5>;\nmov.u32 r, n; setp.lt.u32 p, n, 2;"
        "@p ret; sub.u32 %r1, n, 1; sub.u32 %r2, n, 2; call (%r3), fib, (%r1); call (%r4), fib, (%r2);"
        "add.u32 r, %r3, %r4; ret;\n}\n");
    const std::vector<U32> fibonacci{0, 1, 1, 2, 3, 5, 8, 13};
    for (U32 t = 0; t < 32; ++t) EXPECT_EQ(out[t], fibonacci[t % 8]);
}

TEST(Calls, GiveEachActivationItsOwnVariables) {
    // Each depth adds its number to its caller's variable through a pointer: n + (n - 1) + ... + 1.
    const std::vector<U32> out = results_of(
        ".local .align 4 .b8 mine[4]; st.local.u32 [mine], 0; mov.u64 %d10, mine; cvta.local.u64 %d10, %d10;"
        "call add_below, (%r1, %d10); ld.local.u32 %r20, [mine];",
        ".func add_below(.param .u32 n, .param .u64 to)\n{\n.local .align 4 .b8 own[8]; .reg .pred p; .reg .b32 %r<5>;"
        ".reg .b64 %d<4>;\nld.param.u32 %r1, [n]; setp.eq.u32 p, %r1, 0; @p ret; ld.param.u64 %d1, [to];"
        "st.local.u32 [own+4], %r1; mov.u64 %d2, own; cvta.local.u64 %d2, %d2; add.u64 %d2, %d2, 4;"
        "sub.u32 %r2, %r1, 1; call add_below, (%r2, %d2); ld.local.u32 %r3, [own+4]; ld.u32 %r4, [%d1];"
        "add.u32 %r4, %r4, %r3; st.u32 [%d1], %r4; ret;\n}\n");
    for (U32 t = 0; t < 32; ++t) EXPECT_EQ(out[t], t * (t + 1) / 2);
}

TEST(Calls, ThroughRegistersGoWhereEachLaneSays) {
    const std::string functions =
        ".func (.param .b32 r) add1(.param .b32 x)\n{\n.reg .b32 %r<2>; ld.param.b32 %r1, [x]; add.u32 %r1, %r1, 1;"
        "st.param.b32 [r], %r1; ret;\n}\n"
        ".func (.param .b32 r) twice(.param .b32 x)\n{\n.reg .b32 %r<2>; ld.param.b32 %r1, [x]; shl.b32 %r1, %r1, 1;"
        "st.param.b32 [r], %r1; ret;\n}\n.global .align 8 .u64 table[2] = {add1, generic(twice)};\n";
    const std::vector<U32> out = results_of(
        "and.b32 %r10, %r1, 1; mov.u64 %d10, table; mad.wide.u32 %d11, %r10, 8, %d10; ld.global.u64 %d12, [%d11];"
        "{ .param .b32 a; st.param.b32 [a], %r1; .param .b32 b; P: .callprototype (.param .b32 _) _ (.param .b32 _);"
        "call (b), %d12, (a), P; ld.param.b32 %r20, [b]; } activemask.b32 %r11; setp.ne.u32 %p2, %r11, -1;"
        "@%p2 mov.u32 %r20, 0; mov.u64 %d13, twice; setp.eq.u64 %p3, %d12, %d13; @%p3 add.u32 %r20, %r20, 1000;",
        functions);
    for (U32 t = 0; t < 32; ++t) EXPECT_EQ(out[t], t % 2 == 0 ? t + 1 : 2 * t + 1000);
}

TEST(Calls, OfAnAliasRunTheFunctionItStandsFor) {
    const std::vector<U32> out = results_of("call (%r20), other, (%r1);",
                                            ".func (.reg .u32 r) first(.reg .u32 x)\n{\nadd.u32 r, x, 9;\n}\n"
                                            ".func (.reg .u32 r) other(.reg .u32 x);\n.alias other, first;\n");
    for (U32 t = 0; t < 32; ++t) EXPECT_EQ(out[t], t + 9);
}

TEST(Calls, EndAThreadThatExitsInAFunction) {
    TestKernel kernel(
        "mad.wide.u32 %d4, %r1, 4, %d2; mov.u32 %r20, 5; st.global.u32 [%d4], %r20; call leave, (%r1);"
        "mov.u32 %r20, 6; bar.sync 0; st.global.u32 [%d4], %r20;",
        ".func leave(.reg .u32 t)\n{\n.reg .pred p; setp.gt.u32 p, t, 3; @p exit; ret;\n}\n");
    FindingSink findings(FindingMode::strict);
    const std::vector<U32> out = results_of(kernel, findings);
    for (U32 t = 0; t < 32; ++t) EXPECT_EQ(out[t], t > 3 ? 5 : 6);
}

TEST(Calls, ThatCannotBeResolvedAreErrorsBeforeTheLaunch) {
    const std::string message = message_of<InputError>([] {
        results_of("call foo, (%r1);\ncall (%r20), bar;",
                   ".extern .func foo(.reg .u32 x);\n.extern .func (.reg .u32 r) bar();\n");
    });
    EXPECT_THAT(message,
                HasSubstr("test.ptx:11: found in kernel test calls of functions without a body: 'foo' (line 11), "
                          "'bar' (line 12)"));
}

TEST(Calls, ThatPassSomethingElseThanTheFunctionTakesAreErrors) {
    EXPECT_THAT(message_of<InputError>([] { results_of("call (%r20), square;", square); }),
                HasSubstr("0 arguments for square in call, expected 1"));
    EXPECT_THAT(message_of<InputError>([] { results_of("call (%r20), square, (%d1);", square); }),
                HasSubstr("8 bytes in number 1 of the arguments of square"));
}

TEST(Calls, ThroughRegistersThatHoldNoFunctionEndTheLaunch) {
    const std::string use = "mov.u64 %d10, square; ";
    EXPECT_THAT(message_of<KernelFault>([&] { results_of(use + "call (%r20), %d1, (%r1);", square); }),
                HasSubstr("which is no function whose address is taken, at PTX line"));
    EXPECT_THAT(message_of<KernelFault>([&] { results_of(use + "call %d10, (%r1);", square); }),
                HasSubstr("calls square with other parameters or results than it has"));
}

TEST(Calls, WithoutEndOverflowTheStackInsteadOfTheMemory) {
    EXPECT_THAT(message_of<KernelFault>([] {
                    results_of("call forever;", ".func forever()\n{\n.local .b8 space[4096]; call forever; ret;\n}\n");
                }),
                HasSubstr("the stack of a thread grows beyond 524288 bytes"));
}

TEST(Calls, CountTheirFramesInLocalMemory) {
    TestKernel kernel(".local .align 4 .b8 mine[20]; call outer;",
                      ".func leaf()\n{\n.local .b8 space[40]; ret;\n}\n"
                      ".func small()\n{\n.local .b8 space[8]; ret;\n}\n"
                      ".func outer()\n{\n.local .b8 space[100]; call leaf; call small; ret;\n}\n");
    EXPECT_EQ(kernel.decoded().local_bytes(), 32 + 112 + 48) << "each frame in units of 16 bytes, the deepest chain";
}

TEST(Calls, PrintFromFunctions) {
    testing::internal::CaptureStdout();
    results_of("setp.eq.u32 %p1, %r1, 3; @%p1 call (%r20), say, (%r1);",
               ".extern .func (.param .b32 n) vprintf(.param .b64 text, .param .b64 values);\n"
               ".global .align 1 .b8 text[7] = {\"is %d!\"};\n"
               ".func (.reg .u32 r) say(.reg .u32 x)\n{\n.local .align 8 .b8 v[8]; .reg .b64 %d<4>; .reg .b32 %r<2>;\n"
               "st.local.u32 [v], x; mov.u64 %d1, v; cvta.local.u64 %d1, %d1; mov.u64 %d2, text;"
               "cvta.global.u64 %d2, %d2; { .param .b64 a; st.param.b64 [a], %d2; .param .b64 b; st.param.b64 [b], %d1;"
               ".param .b32 n; call.uni (n), vprintf, (a, b); ld.param.b32 r, [n]; } ret;\n}\n");
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "is 3!");
}

}  // namespace
}  // namespace stcsim
