// Speed of the functional executor in warp instructions per second, with findings off and on: a loop of scalar
// arithmetic and memory accesses, one of ldmatrix and mma, one of ldmatrix and mma.sp.
#include <cstring>
#include <string>

#include <benchmark/benchmark.h>

#include "executor/functional_run.h"
#include "ptx/ptx_parser.h"

namespace stcsim {
namespace {

const std::string head = R"(.version 7.8
.target sm_80
.address_size 64
.shared .align 128 .b8 tile[16384];
.visible .entry kernel(.param .u64 data, .param .u32 n)
{
.reg .pred %p<4>; .reg .b32 %r<64>; .reg .b64 %d<8>; .reg .f32 %f<64>;
ld.param.u64 %d1, [data]; ld.param.u32 %r3, [n]; mov.u32 %r1, %tid.x; mov.u32 %r2, 0; mov.u32 %r10, tile;
shl.b32 %r11, %r1, 4; add.s32 %r12, %r10, %r11; mul.wide.u32 %d2, %r1, 4; add.s64 %d3, %d1, %d2;
st.shared.v4.u32 [%r12], {0, 0, 0, 0};
)";
const std::string tail = R"(
add.s32 %r2, %r2, 1; setp.lt.u32 %p1, %r2, %r3; @%p1 bra LOOP;
ret;
}
)";

const std::string scalar = head + R"(mov.f32 %f1, 0f3F800000; mov.f32 %f2, 0f3F800000; mov.u32 %r20, 7;
LOOP:
ld.global.f32 %f3, [%d3]; fma.rn.f32 %f1, %f3, %f2, %f1; mul.f32 %f4, %f1, %f2; add.f32 %f2, %f4, %f3;
mad.lo.s32 %r20, %r20, %r1, %r2; shl.b32 %r21, %r20, 2; xor.b32 %r20, %r20, %r21; and.b32 %r22, %r20, 1023;
setp.gt.u32 %p2, %r22, 512; selp.b32 %r23, %r20, %r22, %p2; shr.u32 %r24, %r23, 3; add.s32 %r20, %r20, %r24;
st.global.f32 [%d3], %f1;
)" + tail;

std::string matrices(const std::string& product) {
    std::string text = head + "mov.b32 %r40, 0x44444444;\n";
    for (int i = 0; i < 32; ++i) text += "mov.f32 %f" + std::to_string(i) + ", 0f00000000;\n";
    text +=
        "LOOP:\nldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r20,%r21,%r22,%r23}, [%r12];\n"
        "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r24,%r25,%r26,%r27}, [%r12];\n";
    for (int i = 0; i < 32; i += 4) {
        std::string sums = "{";
        for (int j = 0; j < 4; ++j) sums += (j > 0 ? ",%f" : "%f") + std::to_string(i + j);
        sums += "}";
        text += product + sums +
                (product.find("sp") != std::string::npos
                     ? ", {%r20,%r21,%r22,%r23}, {%r24,%r25,%r26,%r27}, " + sums + ", %r40, 0;\n"
                     : ", {%r20,%r21,%r22,%r23}, {%r24,%r25}, " + sums + ";\n");
    }
    return text + tail;
}

void run(benchmark::State& state, const std::string& text) {
    const PtxModule module = parse_ptx(text, "benchmark");
    const DecodedKernel kernel = DecodedKernel::decode(module, *module.kernels.front());
    AllocationTable memory;
    const ModuleMemory variables(module, memory);
    const std::uint64_t data = memory.allocate(1U << 20U, "data");
    KernelLaunch launch{.kernel = &kernel,
                        .grid = {},
                        .block = {128, 1, 1},
                        .dynamic_shared = Bytes(0),
                        .arguments = std::vector<std::byte>(12),
                        .memory = &memory,
                        .variables = &variables};
    const std::uint32_t loops = 2000;
    std::memcpy(launch.arguments.data(), &data, sizeof data);
    std::memcpy(launch.arguments.data() + 8, &loops, sizeof loops);
    std::uint64_t executed = 0;
    for (auto _ : state) {
        FindingSink findings(state.range(0) == 0 ? FindingMode::off : FindingMode::lenient);
        executed += run_functional(launch, findings).warp_instructions;
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(executed));
}

void scalar_code(benchmark::State& state) {
    run(state, scalar);
}
void dense_mma(benchmark::State& state) {
    run(state, matrices("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "));
}
void sparse_mma(benchmark::State& state) {
    run(state, matrices("mma.sp.sync.aligned.m16n8k32.row.col.f32.f16.f16.f32 "));
}

BENCHMARK(scalar_code)->ArgName("findings")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);
BENCHMARK(dense_mma)->ArgName("findings")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);
BENCHMARK(sparse_mma)->ArgName("findings")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace stcsim

BENCHMARK_MAIN();
