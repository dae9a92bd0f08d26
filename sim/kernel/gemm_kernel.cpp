#include "kernel/gemm_kernel.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/near_names.h"

namespace stcsim {
namespace {

constexpr std::uint64_t copy_bytes = 16;

std::vector<GemmKernel> build_catalogue() {
    struct Tile {
        std::uint32_t m, n, warp_m, warp_n;
    };
    // Warp tiles as in the default configurations of public CUTLASS-style kernels: four or eight warps per CTA.
    constexpr std::array<Tile, 7> tiles{{{64, 64, 32, 32},
                                         {64, 128, 32, 64},
                                         {128, 64, 64, 32},
                                         {128, 128, 64, 64},
                                         {64, 256, 64, 64},
                                         {128, 256, 64, 64},
                                         {256, 128, 64, 64}}};
    std::vector<GemmKernel> kernels;
    for (const Tile& tile : tiles) {
        for (const std::uint32_t stages : {3U, 4U}) {
            kernels.push_back({.name = fmt::format("{}x{}_s{}", tile.m, tile.n, stages),
                               .tile_m = tile.m,
                               .tile_n = tile.n,
                               .warp_m = tile.warp_m,
                               .warp_n = tile.warp_n,
                               .stages = stages});
        }
    }
    return kernels;
}

}  // namespace

std::span<const GemmKernel> kernel_catalogue() {
    static const std::vector<GemmKernel> kernels = build_catalogue();
    return kernels;
}

const GemmKernel& kernel_named(std::string_view name) {
    const auto kernels = kernel_catalogue();
    const auto found = std::ranges::find(kernels, name, &GemmKernel::name);
    if (found != kernels.end()) return *found;
    std::vector<std::string> names{"auto", "best"};
    for (const GemmKernel& kernel : kernels) names.push_back(kernel.name);
    throw InputError(
        {}, fmt::format("kernel '{}'", name),
        fmt::format("auto, best or a name of the catalogue (near: {})", fmt::join(near_names(name, names), ", ")));
}

const MmaInstruction& instruction_for(const GemmProblem& problem) {
    const bool sparse = problem.sparsity == Sparsity::two_four;
    const MmaInstruction* largest = nullptr;
    for (const MmaInstruction& instruction : mma_instructions()) {
        if (instruction.sparse != sparse || instruction.a != problem.input || instruction.b != problem.input ||
            instruction.c != problem.accumulator) {
            continue;
        }
        if (largest == nullptr || instruction.shape.k > largest->shape.k) largest = &instruction;
    }
    if (largest == nullptr || bits_of(problem.input) != 16) {
        throw InputError(
            {}, fmt::format("a GEMM of {} with {} accumulation", name_of(problem.input), name_of(problem.accumulator)),
            "types that GEMM kernels exist for: f16 with f32 or f16 accumulation, bf16 with f32 accumulation");
    }
    const bool output_fits = problem.output == problem.input || problem.output == problem.accumulator;
    if (!output_fits) {
        const bool one = problem.input == problem.accumulator;
        throw InputError({}, fmt::format("output type {}", name_of(problem.output)),
                         one ? std::string(name_of(problem.input))
                             : fmt::format("{} or {}", name_of(problem.input), name_of(problem.accumulator)));
    }
    return *largest;
}

void check_alignment(const GemmProblem& problem) {
    const bool sparse = problem.sparsity == Sparsity::two_four;
    const std::uint64_t stored = copy_bytes * 8 / bits_of(problem.input);
    const std::uint64_t granularity = sparse ? 2 * stored : stored;
    if (problem.k % granularity != 0) {
        const std::uint64_t below = problem.k / granularity * granularity;
        const std::string nearest =
            below == 0 ? fmt::format("{}", granularity) : fmt::format("{} or {}", below, below + granularity);
        throw InputError(
            {}, fmt::format("k = {} in {}", problem.k, problem.name),
            fmt::format("a multiple of {} for {} {} (rows of {}A are copied 16 bytes at a time); nearest: {}",
                        granularity, sparse ? "2:4" : "dense", name_of(problem.input), sparse ? "compressed " : "",
                        nearest));
    }
}

}  // namespace stcsim
