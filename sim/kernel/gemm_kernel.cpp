#include "kernel/gemm_kernel.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/near_names.h"

namespace stcsim {
namespace {

/// Widths of cp.async (PTX ISA), widest first.
constexpr std::array<std::uint32_t, 3> copy_widths{16, 8, 4};
constexpr std::uint32_t most_stages = 6;
/// Dense stages of more bytes than a CTA of the A100 can have (CUDA C++ Programming Guide, compute capability 8.0) are
/// not worth a line in the catalogue.
constexpr std::uint32_t most_stage_bytes = 163 * 1024;

std::vector<GemmKernel> build_catalogue() {
    struct Tile {
        std::uint32_t m, n, warp_m, warp_n;
    };
    // Warp tiles as in the default configurations of public CUTLASS-style kernels: four or eight warps per CTA.
    constexpr std::array<Tile, 8> tiles{{{64, 64, 32, 32},
                                         {64, 128, 32, 64},
                                         {128, 64, 64, 32},
                                         {128, 128, 64, 64},
                                         {64, 256, 64, 64},
                                         {256, 64, 64, 64},
                                         {128, 256, 64, 64},
                                         {256, 128, 64, 64}}};
    std::vector<GemmKernel> kernels;
    for (const Tile& tile : tiles) {
        for (const std::uint32_t row_bytes : {64U, 128U}) {
            for (std::uint32_t stages = 2; stages <= most_stages; ++stages) {
                if (stages * (tile.m + tile.n) * row_bytes > most_stage_bytes) continue;
                kernels.push_back({.name = fmt::format("{}x{}x{}_s{}", tile.m, tile.n, row_bytes / 2, stages),
                                   .tile_m = tile.m,
                                   .tile_n = tile.n,
                                   .warp_m = tile.warp_m,
                                   .warp_n = tile.warp_n,
                                   .row_bytes = row_bytes,
                                   .stages = stages});
            }
        }
    }
    return kernels;
}

/// What the epilogues can store: the accumulators, or these rounded to the input type or, for integers, to floats.
std::vector<ElementType> output_types(ElementType input, ElementType accumulator) {
    using enum ElementType;
    if (input == tf32 || input == accumulator) return {accumulator};
    if (accumulator == s32) return {input, s32, f16, bf16};
    return {input, accumulator};
}

struct Suffix {
    std::string_view kind;
    std::uint32_t number;  ///< 0 without one
};

/// The letters and the number of a suffix such as "_c4" at the end of the name, or nothing.
std::optional<Suffix> last_suffix(std::string_view name) {
    const std::size_t begin = name.rfind('_');
    if (begin == std::string_view::npos) return std::nullopt;
    const std::string_view suffix = name.substr(begin + 1);
    const std::size_t letters = std::min(suffix.find_first_of("0123456789"), suffix.size());
    if (letters == suffix.size()) return Suffix{suffix, 0};
    std::uint32_t number = 0;
    const char* const end = suffix.data() + suffix.size();
    const auto [parsed, status] = std::from_chars(suffix.data() + letters, end, number);
    if (parsed != end || status != std::errc{} || number == 0) return std::nullopt;
    return Suffix{suffix.substr(0, letters), number};
}

/// Takes a suffix that says how k is divided, if it is one.
bool take_decomposition(const Suffix& suffix, GemmKernel& kernel) {
    const std::uint32_t number = suffix.number;
    if (suffix.kind == "k" && number >= 2 && number <= most_k_slices) {
        kernel.k_slices = number;
    } else if (suffix.kind == "serial" && number >= 2 && number <= most_serial_slices) {
        kernel.decomposition = Decomposition::serial;
        kernel.k_slices = number;
    } else if (suffix.kind == "stream" && number <= most_stream_ctas) {
        kernel.decomposition = Decomposition::stream_k;
        kernel.stream_ctas = number;
    } else {
        return false;
    }
    return true;
}

/// A name without the suffixes of raster, copies and division of k, each at most once, which go into `kernel`.
std::string_view strip_suffixes(std::string_view name, GemmKernel& kernel) {
    while (const auto suffix = last_suffix(name)) {
        const bool undivided = kernel.decomposition == Decomposition::parallel && kernel.k_slices == 1;
        if ((suffix->kind == "c" || suffix->kind == "r") && suffix->number > 0 && !kernel.raster) {
            kernel.raster =
                Raster{suffix->kind == "c" ? Raster::Strips::columns : Raster::Strips::rows, suffix->number};
        } else if (suffix->kind == "copy" && std::ranges::find(copy_widths, suffix->number) != copy_widths.end() &&
                   kernel.copy_bytes == 0) {
            kernel.copy_bytes = suffix->number;
        } else if (!undivided || !take_decomposition(*suffix, kernel)) {
            break;
        }
        name = name.substr(0, name.rfind('_'));
    }
    return name;
}

/// "128x256_s3" as "128x256x32_s3"; other names as they are.
std::string full_name(std::string_view name) {
    const std::size_t stages = name.find("_s");
    if (stages == std::string_view::npos || std::ranges::count(name, 'x') != 1) return std::string(name);
    return fmt::format("{}x32{}", name.substr(0, stages), name.substr(stages));
}

}  // namespace

std::span<const GemmKernel> kernel_catalogue() {
    static const std::vector<GemmKernel> kernels = build_catalogue();
    return kernels;
}

GemmKernel kernel_named(std::string_view name) {
    GemmKernel variant;
    const std::string_view base = strip_suffixes(name, variant);
    const auto kernels = kernel_catalogue();
    const auto found = std::ranges::find(kernels, full_name(base), &GemmKernel::name);
    if (found != kernels.end()) {
        GemmKernel kernel = *found;
        kernel.name += name.substr(base.size());
        kernel.raster = variant.raster;
        kernel.copy_bytes = variant.copy_bytes;
        kernel.decomposition = variant.decomposition;
        kernel.k_slices = variant.k_slices;
        kernel.stream_ctas = variant.stream_ctas;
        return kernel;
    }
    std::vector<std::string> names{"auto", "best"};
    for (const GemmKernel& kernel : kernels) names.push_back(kernel.name);
    throw InputError(
        {}, fmt::format("kernel '{}'", name),
        fmt::format("auto, best or a name of the catalogue (near: {}), which _cN or _rN (raster), _copy4, _copy8 "
                    "or _copy16 (bytes of a cp.async) and one of _kN (N slices of k, 2 to {}), _serialN (2 to {}), "
                    "_stream and _streamN (N CTAs, "
                    "up to {}) may follow",
                    fmt::join(near_names(full_name(base), names), ", "), most_k_slices, most_serial_slices,
                    most_stream_ctas));
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
    const bool has_kernels = bits_of(problem.input) >= 8 && problem.input != ElementType::f64;
    if (largest == nullptr || !has_kernels) {
        throw InputError(
            {}, fmt::format("a GEMM of {} with {} accumulation", name_of(problem.input), name_of(problem.accumulator)),
            "types that GEMM kernels exist for: f16 with f32 or f16 accumulation, bf16 and tf32 with f32 accumulation, "
            "s8 and u8 with s32 accumulation");
    }
    const std::vector<ElementType> outputs = output_types(problem.input, problem.accumulator);
    if (std::ranges::find(outputs, problem.output) == outputs.end()) {
        std::vector<std::string_view> names;
        for (const ElementType output : outputs) names.push_back(name_of(output));
        throw InputError({}, fmt::format("output type {}", name_of(problem.output)),
                         fmt::format("{}", fmt::join(names, " or ")));
    }
    return *largest;
}

std::uint32_t widest_copy(const GemmProblem& problem) {
    // Rows of B are as long as those of A or, where A is compressed, twice as long.
    const std::uint64_t stored_parts = problem.sparsity == Sparsity::two_four ? 2 : 1;
    const std::uint64_t row_bits = problem.k * bits_of(problem.input) / stored_parts;
    for (const std::uint32_t width : copy_widths) {
        if (problem.k % stored_parts == 0 && row_bits % (std::uint64_t{8} * width) == 0) return width;
    }
    return 0;
}

void check_alignment(const GemmProblem& problem) {
    if (widest_copy(problem) != 0) return;
    const bool sparse = problem.sparsity == Sparsity::two_four;
    const char operand = problem.sparse_operand == SparseOperand::a ? 'A' : 'B';
    const std::uint64_t stored = copy_widths.back() * 8 / bits_of(problem.input);
    const std::uint64_t granularity = sparse ? 2 * stored : stored;
    const std::uint64_t below = problem.k / granularity * granularity;
    const std::string nearest =
        below == 0 ? fmt::format("{}", granularity) : fmt::format("{} or {}", below, below + granularity);
    throw InputError({}, fmt::format("k = {} in {}", problem.k, problem.name),
                     fmt::format("a multiple of {} for {} {} (rows of {} are copied at least 4 bytes at a time); "
                                 "nearest: {}",
                                 granularity, sparse ? "2:4" : "dense", name_of(problem.input),
                                 sparse ? fmt::format("compressed {}", operand) : "A", nearest));
}

}  // namespace stcsim
