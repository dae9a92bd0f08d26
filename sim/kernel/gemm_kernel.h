/// The GEMM kernels the simulator can run, by threadblock tile and number of stages.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gpu/gpu_parameters.h"
#include "isa/instruction_stream.h"
#include "isa/mma_instruction.h"
#include "workload/gemm_problem.h"

namespace stcsim {

/// The order in which CTAs, as they are launched, walk the tiles of D: strips of `width` tile columns, each row of a
/// strip after the other, or the same with rows and columns exchanged. CTAs that run together then share rows and
/// columns of tiles.
struct Raster {
    enum class Strips : std::uint8_t { columns, rows };
    Strips strips = Strips::columns;
    std::uint32_t width = 1;

    bool operator==(const Raster&) const = default;
};

/// How the k-tiles of D's tiles become the work of CTAs.
enum class Decomposition : std::uint8_t {
    parallel,  ///< a CTA for each tile and slice of k; if there are several slices, a second launch adds them up
    serial,    ///< likewise, but each CTA adds its sums to what the CTA of the slice before has stored in D
    stream_k,  ///< as many CTAs as run at once share the k-tiles of all tiles evenly (stream_k.h)
};

/// A multistage tensor-core kernel: a CTA computes a tile of D with `warps()` warps of warp_m x warp_n each, keeping
/// `stages` tiles along k in shared memory. Sizes in elements.
///
/// The machine moves bytes, so a kernel is named by what its stages hold for 16-bit types: "128x256x32_s3" keeps three
/// stages of 32 columns, which are 64 bytes, of each row of A as stored. That is 64 logical columns of a 2:4 A, 64
/// columns of s8 and 16 of tf32. A suffix names the raster: "128x256x32_s3_c4" walks strips of 4 tile columns, "_r4" of
/// 4 tile rows; without it the plan takes its default. One more suffix says how k is divided: "_k4" into 4 slices
/// (parallel split-K): each CTA stores its slice's sums, and a second launch adds them up; "_serial4" into 4 slices
/// that are added up in D, each CTA waiting for the one before it (serial split-K); "_stream" evenly among the CTAs
/// that the GPU holds at once, "_stream108" among 108 (Stream-K). A suffix "_copy4", "_copy8" or "_copy16" sets the
/// bytes of a cp.async of A and B, which is the widest that the problem's rows allow.
struct GemmKernel {
    std::string name = {};
    std::uint32_t tile_m = 0;
    std::uint32_t tile_n = 0;
    std::uint32_t warp_m = 0;
    std::uint32_t warp_n = 0;
    std::uint32_t row_bytes = 0;  ///< of a row of A in a stage: 64 or 128
    std::uint32_t stages = 0;
    std::optional<Raster> raster = std::nullopt;
    std::uint32_t copy_bytes = 0;  ///< of a cp.async of A and B; 0: widest_copy() of the problem
    Decomposition decomposition = Decomposition::parallel;
    std::uint32_t k_slices = 1;     ///< parallel, serial
    std::uint32_t stream_ctas = 0;  ///< stream_k; 0: what the GPU holds at once (with_one_wave), not for a GemmPlan

    [[nodiscard]] std::uint32_t warps() const { return tile_m / warp_m * (tile_n / warp_n); }
};

/// As many slices of k as the reduction loads at the same time.
inline constexpr std::uint32_t most_k_slices = 16;
inline constexpr std::uint32_t most_serial_slices = 64;
/// Beyond what any GPU holds at once.
inline constexpr std::uint32_t most_stream_ctas = 65536;

/// All kernels, small tiles first.
std::span<const GemmKernel> kernel_catalogue();

/// The kernel of this name: one of the catalogue, with a raster and a division of k if the name says so; "128x256_s3"
/// is short for "128x256x32_s3". Throws InputError naming the nearest ones.
GemmKernel kernel_named(std::string_view name);

/// The instruction a kernel uses for the problem: the large-k shape of its types. Throws InputError for a combination
/// of types that the instruction set does not have.
const MmaInstruction& instruction_for(const GemmProblem& problem);

/// The widest cp.async, of 16, 8 or 4 bytes, whose width all rows of A, its compressed form included, and of B are
/// multiples of; 0 if there is none.
std::uint32_t widest_copy(const GemmProblem& problem);

/// Throws InputError for sizes the kernels cannot run, with the nearest legal size: those for which there is no
/// widest_copy(), since cp.async moves no fewer than 4 bytes (PTX ISA).
void check_alignment(const GemmProblem& problem);

}  // namespace stcsim
