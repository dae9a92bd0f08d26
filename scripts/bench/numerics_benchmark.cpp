/// Multiply-adds per second of the reference GEMM, dense and 2:4 sparse, on one core.

#include <cstddef>
#include <cstdint>
#include <random>

#include <benchmark/benchmark.h>

#include "numerics/float_format.h"
#include "numerics/fused_dot_add.h"
#include "numerics/reference_gemm.h"
#include "sparsity/structured_sparsity.h"

namespace stcsim {
namespace {

BitMatrix normal_matrix(std::size_t rows, std::size_t columns, ElementType type, std::uint32_t seed) {
    std::mt19937 generator(seed);
    std::normal_distribution<double> normal;
    BitMatrix matrix(rows, columns, type);
    for (ElementBits& bits : matrix.storage) bits = from_double(type, normal(generator));
    return matrix;
}

/// Counts the multiply-adds that are done: for a sparse A those of the kept values.
void count(benchmark::State& state, std::size_t multiply_adds) {
    state.counters["multiply_adds"] = benchmark::Counter(
        static_cast<double>(multiply_adds) * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void dense_gemm(benchmark::State& state, ElementType input, ElementType accumulator) {
    const auto size = static_cast<std::size_t>(state.range(0));
    const BitMatrix a = normal_matrix(size, size, input, 1);
    const BitMatrix b = normal_matrix(size, size, input, 2);
    const BitMatrix c(size, size, accumulator);
    for (auto _ : state) benchmark::DoNotOptimize(reference_gemm(a, b, c));
    count(state, size * size * size);
}

void sparse_gemm(benchmark::State& state, ElementType input, ElementType accumulator) {
    const auto size = static_cast<std::size_t>(state.range(0));
    const CompressedMatrix a = compress(prune(normal_matrix(size, size, input, 1)));
    const BitMatrix b = normal_matrix(size, size, input, 2);
    const BitMatrix c(size, size, accumulator);
    for (auto _ : state) benchmark::DoNotOptimize(reference_sparse_gemm(a.values, a.codes, b, c));
    count(state, size * size * a.values.columns);
}

/// The plain fused dot product, as the modules of the tensor core use it: one pass of eight products.
void one_pass(benchmark::State& state, ElementType input, ElementType accumulator) {
    const BitMatrix a = normal_matrix(1, 8, input, 1);
    const BitMatrix b = normal_matrix(1, 8, input, 2);
    std::uint32_t sum = 0;
    for (auto _ : state) {
        sum = fused_dot_add(input, accumulator, a.storage, b.storage, sum & 0x3FFU);
        benchmark::DoNotOptimize(sum);
    }
    count(state, 8);
}

using enum ElementType;

BENCHMARK_CAPTURE(dense_gemm, f16_f32, f16, f32)->Arg(256)->Arg(1024)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(dense_gemm, bf16_f32, bf16, f32)->Arg(256)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(dense_gemm, f16_f16, f16, f16)->Arg(256)->Arg(1024)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(sparse_gemm, f16_f32, f16, f32)->Arg(256)->Arg(1024)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(sparse_gemm, f16_f16, f16, f16)->Arg(256)->Arg(1024)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(one_pass, f16_f32, f16, f32);
BENCHMARK_CAPTURE(one_pass, f16_f16, f16, f16);

}  // namespace
}  // namespace stcsim

BENCHMARK_MAIN();
