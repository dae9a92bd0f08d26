/// The order in which a kernel adds up the products of an element of D, as far as it can be seen in D's bits.
///
/// A kernel divides k among CTAs (split-K slices), the k-tiles of a slice among groups of warps (sliced-K), and adds
/// the partial sums up at the end. Within a partial sum k ascends, in passes of the tensor core (numerics/dot_add.h).
/// How the whole is written, keys in any order, those left out at their defaults:
///
/// | key           | values                | meaning (default)                                                      |
/// |---------------|-----------------------|------------------------------------------------------------------------|
/// | instruction   | mma, mma.sp, fma      | fma: f32 multiply-adds outside the tensor core (as A is stored)        |
/// | instruction-k | a k of the type's mma | only saturating sums depend on it: passes are the same (the larger)    |
/// | tile-k        | multiple of a pass    | k of a CTA's tile (the least k that 128 bits of A cover)               |
/// | split-k       | 1 to 1024             | CTAs that share an element; a slice is a whole number of tiles (1)     |
/// | slices        | ceiling, even         | all but the last slice as long as any, or lengths within one tile      |
/// | reduction     | parallel, serial      | slices added in the accumulator's type, or each onto D as stored       |
/// | sliced-k      | 1 to 16               | groups of warps that share each tile (1)                               |
/// | partial-k     | multiple of a pass    | k after which a sum is added to a total and begins anew (0: never)     |
/// | c             | epilogue, accumulator | where C is added                                                       |
/// | epilogue      | fused, separate, f16  | alpha x sum + beta C: a fused multiply-add of f32, a rounded product   |
/// |               |                       | and a rounded sum, or a fused multiply-add of f16                      |
/// | operands      | truncated, rounded    | what becomes of the low 13 bits of tf32: dropped by the hardware, or   |
/// |               |                       | rounded to nearest before (cvt.rna.tf32)                               |
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "check/gemm_dump.h"

namespace stcsim {

enum class ProductUnit : std::uint8_t { mma, mma_sp, fma };
enum class SliceLengths : std::uint8_t { ceiling, even };
enum class SliceReduction : std::uint8_t { parallel, serial };
enum class AddendPlace : std::uint8_t { epilogue, accumulator };
enum class EpilogueRounding : std::uint8_t { fused, separate, f16 };
enum class OperandRounding : std::uint8_t { truncated, rounded };

struct AccumulationOrder {
    ProductUnit unit = ProductUnit::mma;
    std::uint32_t instruction_k = 0;
    std::size_t tile_k = 0;
    std::uint32_t split_k = 1;
    SliceLengths slices = SliceLengths::ceiling;
    SliceReduction reduction = SliceReduction::parallel;
    std::uint32_t sliced_k = 1;
    std::size_t partial_k = 0;
    AddendPlace addend = AddendPlace::epilogue;
    EpilogueRounding epilogue = EpilogueRounding::fused;
    OperandRounding operands = OperandRounding::truncated;

    bool operator==(const AccumulationOrder&) const = default;
};

/// Logical k that one pass of the unit covers; partial sums are multiples of it.
std::size_t pass_k(ElementType input, ProductUnit unit);

/// The order of one CTA that goes through the whole k: what a dump is compared with first.
AccumulationOrder plain_order(const GemmDump& dump);

/// The order that `text` spells, for this dump. Throws InputError for an unknown key or value, a key twice, and for
/// what the dump's types do not have.
AccumulationOrder parse_order(std::string_view text, const GemmDump& dump);

/// As parse_order reads it; keys at their defaults are left out, except instruction and instruction-k.
std::string name_of(const AccumulationOrder& order);

/// Elements [first, last) of k.
struct KRange {
    std::size_t first;
    std::size_t last;

    bool operator==(const KRange&) const = default;
};
/// Ranges that one chain of passes goes through.
using PartialSum = std::vector<KRange>;
/// The partial sums of each slice, in the order in which they are added.
using KPartition = std::vector<std::vector<PartialSum>>;

KPartition partition_of(const AccumulationOrder& order, ElementType input, std::size_t k);

/// Orders that kernels plausibly have, the simplest first: split-K of 2 to 16 slices, sliced-K of 2 and 4, both, totals
/// of partial sums; with each of them the units that can have computed it, the places of C and the epilogues. No two
/// with the same sums.
std::vector<AccumulationOrder> plausible_orders(const GemmDump& dump);

}  // namespace stcsim
