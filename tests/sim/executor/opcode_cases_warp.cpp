/// Branches, calls, synchronisation, exchange between lanes, atomics.
#include "opcode_values.h"

namespace stcsim::opcodes {

Table warp_cases() {
    const auto sum_to = [](U32 n) { return U64{n * (n + 1) / 2}; };
    return {
        {"<label>", {"mov.u32 %r20, 1;\nHERE: add.u32 %r20, %r20, 1;", "r", [](T) { return U64{2}; }}},
        {"bra (pred)",
         {"mov.u32 %r20, 1; @%p10 bra OVER; mov.u32 %r20, 2;\nOVER:", "r", [](T t) { return U64{t.p10 ? 1U : 2U}; }}},
        {"bra.uni", {"mov.u32 %r20, 1; bra.uni OVER; mov.u32 %r20, 2;\nOVER:", "r", [](T) { return U64{1}; }}},
        // The odd lanes leave; their results stay those of the store before.
        {"ret",
         {"mov.u32 %r40, 7; cvt.u64.u32 %d40, %r40; st.global.u64 [%d4], %d40; @%p10 ret; mov.u32 %r20, 8;", "r",
          [](T t) { return U64{t.p10 ? 7U : 8U}; }}},
        {"call.uni",
         {"{ .param .b32 a; st.param.b32 [a], %r10; .param .b32 b; call.uni (b), plus_one, (a);"
          "ld.param.b32 %r20, [b]; }",
          "r", [](T t) { return word(S64{t.r[0]} + 1); }}},
        {"st.param.b64",
         {"{ .param .b64 a; st.param.b64 [a], %d10; .param .b32 b; call.uni (b), low_word, (a);"
          "ld.param.b32 %r20, [b]; }",
          "r", [](T t) { return word(t.d[0]); }}},
        {"bar.sync",
         {"mov.u32 %r40, tile; mad.lo.u32 %r41, %r1, 4, %r40; st.shared.u32 [%r41], %r10; bar.sync 0;"
          "xor.b32 %r42, %r1, 32; mad.lo.u32 %r41, %r42, 4, %r40; ld.shared.u32 %r20, [%r41];",
          "r", [](T t) { return word(values_of_thread(t.thread ^ 32U).r[0]); }}},
        {"barrier.sync",
         {"mov.u32 %r40, tile; mad.lo.u32 %r41, %r1, 4, %r40; st.shared.u32 [%r41], %r10;"
          "barrier.sync 2; xor.b32 %r42, %r1, 32; mad.lo.u32 %r41, %r42, 4, %r40;"
          "ld.shared.u32 %r20, [%r41];",
          "r", [](T t) { return word(values_of_thread(t.thread ^ 32U).r[0]); }}},
        {"bar.red.and.pred",
         {"setp.lt.u32 %p40, %r1, 64; bar.red.and.pred %p41, 0, %p40;"
          "bar.red.and.pred %p42, 0, %p10; selp.u32 %r40, 1, 0, %p41; selp.u32 %r41, 2, 0, %p42;"
          "add.u32 %r20, %r40, %r41;",
          "r", [](T) { return U64{1}; }}},
        {"bar.warp.sync",
         {"mov.u32 %r40, tile; mad.lo.u32 %r41, %r1, 4, %r40; st.shared.u32 [%r41], %r10;"
          "bar.warp.sync -1; xor.b32 %r42, %r1, 3; mad.lo.u32 %r41, %r42, 4, %r40;"
          "ld.shared.u32 %r20, [%r41];",
          "r", [](T t) { return word(values_of_thread(t.thread ^ 3U).r[0]); }}},
        {"shfl.sync.bfly.b32",
         {"shfl.sync.bfly.b32 %r20, %r10, 5, 31, -1;", "r",
          [](T t) { return word(values_of_thread(t.thread ^ 5U).r[0]); }}},
        {"shfl.sync.idx.b32",
         {"shfl.sync.idx.b32 %r20, %r10, 9, 31, -1;", "r",
          [](T t) { return word(values_of_thread(t.thread / 32 * 32 + 9).r[0]); }}},
        {"fence.acq_rel.gpu",
         {"st.global.u32 [%d30], %r10; fence.acq_rel.gpu; ld.global.u32 %r20, [%d30];", "r",
          [](T t) { return word(t.r[0]); }}},
        {"atom.global.cas.b32",
         {"st.global.u32 [%d30], 5; selp.u32 %r40, 5, 6, %p10;"
          "atom.global.cas.b32 %r41, [%d30], %r40, %r10; ld.global.u32 %r42, [%d30];"
          "mad.lo.u32 %r20, %r41, 1000, %r42;",
          "r", [](T t) { return word(5000 + (t.p10 ? S64{t.r[0]} : 5)); }}},
        // All threads add their numbers to one word.
        {"red.relaxed.gpu.global.add.s32",
         {"mov.u64 %d40, scratch; red.relaxed.gpu.global.add.s32 [%d40], %r1;"
          "bar.sync 0; ld.global.u32 %r20, [%d40];",
          "r", [=](T) { return sum_to(63); }}},
        {"red.gpu.global.add.noftz.f16x2",
         {"st.global.b32 [%d30], %x10; red.gpu.global.add.noftz.f16x2 [%d30], %x11;"
          "ld.global.u32 %r20, [%d30];",
          "r", [](T t) { return packed(t.x[0], t.x[1], [](double a, double b) { return a + b; }); }}},
        {"createpolicy.fractional.L2::evict_first.b64",
         {"createpolicy.fractional.L2::evict_first.b64 %d40, 1.0; st.global.u32 [%d30], %r10;"
          "ld.global.L2::cache_hint.u32 %r20, [%d30], %d40;",
          "r", [](T t) { return word(t.r[0]); }}},
    };
}

}  // namespace stcsim::opcodes
