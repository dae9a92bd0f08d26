/// A GEMM cut into tiles for a kernel: the geometry of the launch and of its operands in memory.
#pragma once

#include <cstdint>

#include "isa/instruction_stream.h"
#include "isa/metadata_layout.h"
#include "kernel/gemm_kernel.h"
#include "kernel/stream_k.h"
#include "memory/shared_regions.h"
#include "workload/gemm_problem.h"

namespace stcsim {

/// A CTA's place in the problem.
struct TileCoordinate {
    std::uint64_t batch;
    std::uint64_t row;     ///< of the tile grid, along m
    std::uint64_t column;  ///< along n
};

/// Operand matrices in global memory, named as the kernel sees them (GemmPlan::transposed). A is rows x stored k and B
/// is columns x k (k contiguous in both), D is m x n; the metadata is in the order of isa/metadata_layout.h, padded to
/// whole tiles. Batches follow each other.
struct OperandAddresses {
    std::uint64_t a;
    std::uint64_t b;
    std::uint64_t e;
    std::uint64_t d;           ///< parallel split-K: of the partial products, [batch][slice]
    std::uint64_t result;      ///< parallel split-K: of the finished D; otherwise d
    std::uint64_t semaphores;  ///< of 4 bytes: serial split-K: [tile]; Stream-K: [CTA]
    std::uint64_t workspace;   ///< Stream-K: accumulators of whole tiles in the order of their registers, [CTA]
};

/// Of a semaphore in global memory.
inline constexpr std::uint32_t semaphore_bytes = 4;

/// The k-tiles of a slice: from `first` on, `count` of them.
struct KSlice {
    std::uint64_t first;
    std::uint64_t count;
};

/// The launch of a kernel for a problem.
///
/// A kernel multiplies a first operand of `rows` rows, which may be sparse, with a second of `columns` columns: A and B
/// of the problem, but B^T and A^T if B is the sparse one. Everything here speaks of the kernel's A and B, and of rows
/// and columns of its product; only D in memory is the problem's.
class GemmPlan {
  public:
    /// Throws InputError for types or sizes the kernel cannot run. A kernel that splits k has no more slices than the
    /// problem has k-tiles; Stream-K no more CTAs than stream_k.h says.
    GemmPlan(const GemmProblem& problem, const GemmKernel& kernel);

    [[nodiscard]] const GemmProblem& problem() const { return problem_; }
    [[nodiscard]] const GemmKernel& kernel() const { return kernel_; }
    [[nodiscard]] const MmaInstruction& instruction() const { return *instruction_; }
    [[nodiscard]] bool sparse() const { return instruction_->sparse; }

    /// The kernel computes the transposed product.
    [[nodiscard]] bool transposed() const { return sparse() && problem_.sparse_operand == SparseOperand::b; }
    [[nodiscard]] std::uint64_t rows() const { return transposed() ? problem_.n : problem_.m; }
    [[nodiscard]] std::uint64_t columns() const { return transposed() ? problem_.m : problem_.n; }

    // Geometry of a stage: rows of B are twice as long as those of A for 2:4.
    [[nodiscard]] std::uint32_t a_chunks_per_row() const { return kernel_.row_bytes / 16; }
    [[nodiscard]] std::uint32_t b_chunks_per_row() const { return a_chunks_per_row() * (sparse() ? 2 : 1); }
    [[nodiscard]] std::uint32_t tile_k() const { return b_chunks_per_row() * 128 / bits_of(problem_.input); }
    [[nodiscard]] std::uint32_t k_groups() const { return tile_k() / instruction_->shape.k; }
    [[nodiscard]] std::uint32_t a_stage_bytes() const { return kernel_.tile_m * a_chunks_per_row() * 16; }
    [[nodiscard]] std::uint32_t b_stage_bytes() const { return kernel_.tile_n * b_chunks_per_row() * 16; }
    /// Metadata: a block of 128 bytes (isa/metadata_layout.h) per k-group and `e_block_rows` rows.
    [[nodiscard]] std::uint32_t e_block_rows() const {
        return static_cast<std::uint32_t>(metadata_block_rows(problem_.input));
    }
    [[nodiscard]] std::uint32_t e_stage_bytes() const {
        const auto block = static_cast<std::uint32_t>(metadata_block_bytes.value());
        return sparse() ? kernel_.tile_m / e_block_rows() * k_groups() * block : 0;
    }
    [[nodiscard]] std::uint32_t stage_bytes() const { return a_stage_bytes() + b_stage_bytes() + e_stage_bytes(); }

    [[nodiscard]] std::uint64_t tile_rows() const { return tile_rows_; }
    [[nodiscard]] std::uint64_t tile_columns() const { return tile_columns_; }
    [[nodiscard]] std::uint64_t k_tiles() const { return k_tiles_; }
    [[nodiscard]] std::uint64_t padded_k() const { return k_tiles_ * tile_k(); }

    /// Tiles of D, of all batches.
    [[nodiscard]] std::uint64_t tiles() const { return tile_rows_ * tile_columns_ * problem_.batch; }

    // Parallel split-K (`split`). The CTAs of the first launch each multiply a tile over a slice of k; they store
    // accumulators ("D" below is then a partial product in the accumulator's type), which a second launch adds up.
    // Serial split-K: the same CTAs, without a second launch; D is the finished one.
    [[nodiscard]] std::uint64_t slices() const { return slices_; }
    [[nodiscard]] bool split() const { return slices_ > 1 && kernel_.decomposition == Decomposition::parallel; }
    [[nodiscard]] bool serial() const { return slices_ > 1 && kernel_.decomposition == Decomposition::serial; }
    [[nodiscard]] bool stream_k() const { return kernel_.decomposition == Decomposition::stream_k; }
    /// CTAs wait for what other CTAs of the same launch write.
    [[nodiscard]] bool waits() const { return serial() || stream_k(); }
    [[nodiscard]] std::uint64_t multiplying_ctas() const { return stream_k() ? stream().ctas() : tiles() * slices_; }
    /// How Stream-K shares the tiles.
    [[nodiscard]] StreamK stream() const;
    [[nodiscard]] std::uint64_t reducing_ctas() const;
    [[nodiscard]] std::uint64_t ctas() const { return multiplying_ctas() + reducing_ctas(); }
    [[nodiscard]] std::uint64_t slice_of(CtaIndex cta) const {
        return cta.value() / (tile_rows_ * tile_columns_) % slices_;
    }
    [[nodiscard]] KSlice slice(std::uint64_t index) const;
    /// Elements of D that a lane, a CTA of the second launch reduces.
    [[nodiscard]] std::uint32_t reduced_per_lane() const;
    [[nodiscard]] std::uint64_t reduced_per_cta() const;
    [[nodiscard]] std::uint64_t result_bytes() const { return problem_.m * problem_.n * bits_of(problem_.output) / 8; }
    /// The type that the first launch stores.
    [[nodiscard]] ElementType stored_type() const { return split() ? problem_.accumulator : problem_.output; }
    /// Of a tile's accumulators.
    [[nodiscard]] std::uint64_t workspace_bytes() const {
        return std::uint64_t{kernel_.tile_m} * kernel_.tile_n * bits_of(problem_.accumulator) / 8;
    }
    [[nodiscard]] std::uint64_t semaphores() const { return stream_k() ? multiplying_ctas() : tiles(); }

    /// The kernel's raster or the default: strips of 8 tile columns, or of a single one for the transposed product.
    /// (Assumed: measured 2:4 times of linear layers, models/reference/gemm_a100_pcie80.csv, grow with the rows of the
    /// weight as if as many different tiles of it were read as CTAs run together.)
    [[nodiscard]] Raster raster() const;
    /// The tile of this number, in the order of the raster, of all batches.
    [[nodiscard]] TileCoordinate tile_at(std::uint64_t tile) const;
    /// A CTA's tile; not for Stream-K.
    [[nodiscard]] std::uint64_t tile_number_of(CtaIndex cta) const;
    [[nodiscard]] TileCoordinate tile_of(CtaIndex cta) const { return tile_at(tile_number_of(cta)); }

    /// Of a cp.async of A and B.
    [[nodiscard]] std::uint32_t copy_bytes() const { return copy_bytes_; }

    // Bytes of one matrix, of one row of it, and where they start.
    [[nodiscard]] std::uint64_t a_row_bytes() const;
    [[nodiscard]] std::uint64_t b_row_bytes() const;
    [[nodiscard]] std::uint64_t d_row_bytes() const;
    [[nodiscard]] std::uint64_t a_bytes() const { return rows() * a_row_bytes(); }
    [[nodiscard]] std::uint64_t b_bytes() const { return columns() * b_row_bytes(); }
    [[nodiscard]] std::uint64_t e_bytes() const;
    [[nodiscard]] std::uint64_t d_bytes() const { return problem_.m * d_row_bytes(); }
    /// Where an element of the kernel's product lies in D.
    [[nodiscard]] std::uint64_t d_offset(std::uint64_t row, std::uint64_t column) const {
        return transposed() ? column * d_row_bytes() + row * output_bytes()
                            : row * d_row_bytes() + column * output_bytes();
    }
    [[nodiscard]] const OperandAddresses& addresses() const { return addresses_; }
    /// D of a batch element, or the partial product of one of its slices.
    [[nodiscard]] std::uint64_t partial_product(std::uint64_t batch, std::uint64_t slice) const {
        return addresses_.d + (batch * (split() ? slices_ : 1) + slice) * d_bytes();
    }

    /// What a CTA occupies: the registers count accumulators, two sets of fragments and `working_registers`, of
    /// which a compiler saves what is beyond the 255 that an instruction can name.
    [[nodiscard]] CtaResources resources() const;
    [[nodiscard]] std::uint32_t accumulator_registers() const;
    [[nodiscard]] std::uint32_t a_fragment_registers() const;
    [[nodiscard]] std::uint32_t b_fragment_registers() const;
    [[nodiscard]] std::uint32_t e_fragment_registers() const;

    // The epilogue's exchange: each warp passes parts of 16 rows of D through its part of shared memory. Serial split-K
    // adds the slice before it to accumulators, behind the exchange.
    [[nodiscard]] std::uint32_t output_bytes() const { return bits_of(stored_type()) / 8; }
    [[nodiscard]] ElementType exchanged_type() const { return serial() ? problem_.accumulator : stored_type(); }
    [[nodiscard]] std::uint32_t exchanged_bytes() const { return bits_of(exchanged_type()) / 8; }
    [[nodiscard]] std::uint32_t exchange_row_elements() const { return transposed() ? kernel_.warp_m : kernel_.warp_n; }
    [[nodiscard]] std::uint32_t exchange_row_bytes() const;
    [[nodiscard]] std::uint32_t exchange_bytes() const { return 16 * exchange_row_bytes(); }

    /// How many of the CTAs that run at the same time on `sms` SMs with `resident` CTAs each read the same bytes. Empty
    /// for Stream-K, whose CTAs move from tile to tile.
    [[nodiscard]] SharedRegions sharing(std::uint64_t sms, std::uint64_t resident) const;

  private:
    void check_partial_sums() const;

    GemmProblem problem_;
    GemmKernel kernel_;
    const MmaInstruction* instruction_;
    std::uint64_t tile_rows_;
    std::uint64_t tile_columns_;
    std::uint64_t k_tiles_;
    std::uint64_t slices_ = 1;
    std::uint32_t copy_bytes_ = 16;
    OperandAddresses addresses_{};
};

}  // namespace stcsim
