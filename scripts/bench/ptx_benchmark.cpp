/// Bytes of PTX parsed per second on one core, and instructions per second of the register allocation.

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "ptx/ptx_allocation.h"
#include "ptx/ptx_parser.h"

namespace stcsim {
namespace {

constexpr int instructions_per_kernel = 2000;
constexpr int kernels = 24;

/// Statements in about the mixture of library kernels.
std::string statement(int number, std::mt19937& random) {
    const auto before = [&] { return number - 1 - static_cast<int>(random() % 40); };
    switch (random() % 8) {
        case 0:
            return fmt::format(
                "\tmma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {{%f{0},%f{1},%f{2},%f{3}}}, "
                "{{%r{4},%r{5},%r{6},%r{7}}}, {{%r{8},%r{9}}}, {{%f{0},%f{1},%f{2},%f{3}}};\n",
                before(), before(), before(), before(), before(), before(), before(), before(), before(), before());
        case 1:
            return fmt::format("\tldmatrix.sync.aligned.m8n8.x4.shared.b16 {{%r{}, %r{}, %r{}, %r{}}}, [%r{}+{}];\n",
                               number, number + 1, number + 2, number + 3, before(), random() % 4096);
        case 2:
            return fmt::format("\tld.global.v2.u32 \t{{%r{}, %r{}}}, [%rd{}];\n", number, number + 1, random() % 20);
        case 3:
            return fmt::format("\tsetp.lt.s32 \t%p1, %r{}, %r{};\n\t@%p1 bra \t$L_{};\n$L_{}:\n", before(), before(),
                               number, number);
        case 4: return fmt::format("\tmov.f32 \t%f{}, 0f3F800000;\n", number);
        default: return fmt::format("\tadd.s32 \t%r{}, %r{}, %r{};\n", number, before(), before());
    }
}

std::string module_text() {
    std::mt19937 random(1);
    std::string text = ".version 8.0\n.target sm_80\n.address_size 64\n";
    for (int kernel = 0; kernel < kernels; ++kernel) {
        text += fmt::format(
            ".visible .entry kernel_{}(.param .u64 p)\n{{\n.reg .b32 %r<{}>; .reg .f32 %f<{}>;\n"
            ".reg .pred %p<9>; .reg .b64 %rd<20>;\n",
            kernel, instructions_per_kernel + 50, instructions_per_kernel + 50);
        for (int i = 0; i < instructions_per_kernel; ++i) text += statement(i + 41, random);
        text += "ret;\n}\n";
    }
    return text;
}

void parse(benchmark::State& state) {
    const std::string text = module_text();
    for ([[maybe_unused]] auto step : state) benchmark::DoNotOptimize(parse_ptx(text, "benchmark"));
    state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * state.iterations());
}

void allocate(benchmark::State& state) {
    const PtxModule module = parse_ptx(module_text(), "benchmark");
    const PtxKernel& kernel = *module.kernels.front();
    for ([[maybe_unused]] auto step : state) benchmark::DoNotOptimize(allocate_registers(kernel));
    state.SetItemsProcessed(static_cast<std::int64_t>(kernel.instructions.size()) * state.iterations());
}

BENCHMARK(parse)->Unit(benchmark::kMillisecond);
BENCHMARK(allocate)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace stcsim

BENCHMARK_MAIN();
