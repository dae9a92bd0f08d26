/// Multiply-adds per second of the numerics on one core, for every type: whole products dense and sparse, the same by
/// their definition, single instructions and single passes. Names end in the types of A, B and the sums.
///
/// STCSIM_VECTOR_TARGET=NAME in the environment makes the products use that instruction set (vector_targets.h).

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "numerics/dot_add.h"
#include "numerics/float_format.h"
#include "numerics/plain_gemm.h"
#include "numerics/reference_gemm.h"
#include "numerics/vector_targets.h"

namespace stcsim {
namespace {

using enum ElementType;

/// Normally distributed numbers, or any integers.
BitMatrix random_matrix(std::size_t rows, std::size_t columns, ElementType type, std::uint32_t seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal;
    BitMatrix matrix(rows, columns, type);
    for (ElementBits& bits : matrix.storage) {
        if (type == f64) {
            bits = std::bit_cast<ElementBits>(normal(random));
        } else {
            bits = is_float(type) ? from_double(type, normal(random)) : random() >> (64 - bits_of(type));
        }
    }
    return matrix;
}

/// One product of square matrices; the pattern's first positions are kept.
struct Product {
    BitMatrix a, b, c;
    std::vector<std::uint8_t> codes;
    GemmOptions options;
    bool sparse;

    Product(const Arithmetic& arithmetic, std::size_t rows, std::size_t columns, std::size_t k, bool is_sparse)
        : options{0, arithmetic.overflow, arithmetic.bit_operation, arithmetic.overflow == Overflow::wrap ? 0U : 64U},
          sparse(is_sparse) {
        const SparsePattern pattern = sparse ? sparse_pattern_of(arithmetic.a) : SparsePattern{1, 1, 1};
        a = random_matrix(rows, pattern.stored(k), arithmetic.a, 1);
        b = random_matrix(k, columns, arithmetic.b, 2);
        c = random_matrix(rows, columns, arithmetic.accumulator, 3);
        if (sparse) codes.resize(a.storage.size() / pattern.unit);
        for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::uint8_t>(i % pattern.codes());
    }

    [[nodiscard]] GemmOperands operands() const {
        return sparse ? sparse_operands(a, codes, b, c, options) : dense_operands(a, b, c, options);
    }
    [[nodiscard]] BitMatrix reference() const {
        return sparse ? reference_sparse_gemm(a, codes, b, c, options) : reference_gemm(a, b, c, options);
    }
};

/// Counts the multiply-adds that are done: for a sparse A those of the kept values.
void count(benchmark::State& state, std::size_t multiply_adds) {
    state.counters["multiply_adds"] = benchmark::Counter(
        static_cast<double>(multiply_adds) * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void products(benchmark::State& state, const Arithmetic& arithmetic, std::size_t size, bool sparse) {
    const Product product(arithmetic, size, size, size, sparse);
    for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(product.reference());
    count(state, size * size * product.a.columns);
}

/// By the definition: what the fast path is worth.
void plain_products(benchmark::State& state, const Arithmetic& arithmetic) {
    constexpr std::size_t size = 64;
    const Product product(arithmetic, size, size, size, false);
    for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(plain_gemm(product.operands()));
    count(state, size * size * size);
}

/// One mma.m16n8k16 after the other.
void instructions(benchmark::State& state, const Arithmetic& arithmetic) {
    const Product product(arithmetic, 16, 8, 16, false);
    for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(product.reference());
    count(state, std::size_t{16} * 8 * 16);
}

/// One pass of eight products, as the modules of the tensor core compute it.
void passes(benchmark::State& state, const Arithmetic& arithmetic) {
    const BitMatrix a = random_matrix(1, 8, arithmetic.a, 1);
    const BitMatrix b = random_matrix(1, 8, arithmetic.b, 2);
    ElementBits sum = 0;
    for ([[maybe_unused]] auto _ : state) {
        sum = dot_add(arithmetic, a.storage, b.storage, sum & 0x3FFU);
        benchmark::DoNotOptimize(sum);
    }
    count(state, 8);
}

std::string types_of(const Arithmetic& arithmetic) {
    std::string name(name_of(arithmetic.a));
    name.append("_").append(name_of(arithmetic.b)).append("_").append(name_of(arithmetic.accumulator));
    if (arithmetic.overflow == Overflow::saturate) name += "_satfinite";
    if (arithmetic.bit_operation == BitOperation::xor_popc) name += "_xor";
    if (arithmetic.bit_operation == BitOperation::and_popc) name += "_and";
    return name;
}

void register_all() {
    const std::vector<Arithmetic> all{{f16, f16, f32},
                                      {f16, f16, f16},
                                      {bf16, bf16, f32},
                                      {tf32, tf32, f32},
                                      {f64, f64, f64},
                                      {s8, s8, s32},
                                      {u8, s8, s32},
                                      {s8, s8, s32, Overflow::saturate},
                                      {s4, s4, s32},
                                      {b1, b1, s32, Overflow::wrap, BitOperation::xor_popc},
                                      {b1, b1, s32, Overflow::wrap, BitOperation::and_popc}};
    const auto add = [](const std::string& name, auto run) {
        benchmark::RegisterBenchmark(name.c_str(), run)->Unit(benchmark::kMicrosecond);
    };
    for (const Arithmetic& arithmetic : all) {
        const std::string types = types_of(arithmetic);
        constexpr std::size_t size = 512;
        add("dense/" + types, [=](benchmark::State& state) { products(state, arithmetic, size, false); });
        if (arithmetic.a != f64 && arithmetic.a != b1) {
            add("sparse/" + types, [=](benchmark::State& state) { products(state, arithmetic, size, true); });
        }
        add("plain/" + types, [=](benchmark::State& state) { plain_products(state, arithmetic); });
        add("instruction/" + types, [=](benchmark::State& state) { instructions(state, arithmetic); });
        add("pass/" + types, [=](benchmark::State& state) { passes(state, arithmetic); });
    }
}

}  // namespace
}  // namespace stcsim

int main(int argc, char** argv) {
    if (const char* target = std::getenv("STCSIM_VECTOR_TARGET"); target != nullptr) stcsim::use_vector_target(target);
    stcsim::register_all();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
