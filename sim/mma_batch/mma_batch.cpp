#include "mma_batch/mma_batch.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "base/error.h"
#include "isa/metadata_fragment.h"
#include "mma_batch/matrix_array.h"
#include "mma_batch/sparse_arrays.h"
#include "npy/npy_writer.h"
#include "numerics/reference_gemm.h"

namespace stcsim {
namespace {

/// Cases that are read, executed and written together.
constexpr std::size_t block_cases = 1024;

/// The arrays of a batch, open and checked against each other.
class MmaBatch {
  public:
    MmaBatch(const MmaInstruction& instruction, const MmaBatchFiles& files)
        : instruction_(instruction),
          selector_(files.selector),
          a_("--a", files.a, instruction, Operand::a),
          b_("--b", files.b, instruction, Operand::b) {
        STCSIM_ASSERT(instruction.sparse == (files.index.has_value() || files.meta.has_value()));
        STCSIM_ASSERT(!files.index || !files.meta);
        if (files.c) c_ = std::make_unique<MatrixArray>("--c", *files.c, instruction, Operand::c);
        if (files.index) positions_ = std::make_unique<PositionArray>("--index", *files.index, instruction);
        if (files.meta) metadata_ = std::make_unique<MetadataArray>("--meta", *files.meta, instruction, files.selector);
        if (cases() == 0) throw InputError(a_.array().where(), "a batch of 0 cases", "at least one");
        for (const CaseArray* array : arrays()) array->match_cases(a_.array());
    }

    [[nodiscard]] std::size_t cases() const { return a_.array().cases(); }

    /// Reads cases [first, first + count).
    std::vector<MmaCase> read(std::size_t first, std::size_t count) {
        for (CaseArray* array : arrays()) array->load(first, count);
        std::vector<MmaCase> block;
        block.reserve(count);
        for (std::size_t i = first; i < first + count; ++i) block.push_back(loaded_case(i));
        return block;
    }

  private:
    std::vector<CaseArray*> arrays() {
        std::vector<CaseArray*> arrays{&a_.array(), &b_.array()};
        if (c_) arrays.push_back(&c_->array());
        if (positions_) arrays.push_back(&positions_->array());
        if (metadata_) arrays.push_back(&metadata_->array());
        return arrays;
    }

    [[nodiscard]] MmaCase loaded_case(std::size_t i) const {
        MmaCase loaded{.a = a_.matrix(i), .b = b_.matrix(i), .c = {}, .codes = {}};
        loaded.c = c_ ? c_->matrix(i) : BitMatrix(instruction_.shape.m, instruction_.shape.n, instruction_.c);
        if (positions_) {
            loaded.codes = positions_->codes(i);
            encode_metadata(instruction_, loaded.codes, 0, loaded.e);
        }
        if (metadata_) {
            loaded.codes = metadata_->codes(i);
            loaded.e = metadata_->words(i);
            loaded.selector = selector_;
        }
        return loaded;
    }

    const MmaInstruction& instruction_;
    std::uint32_t selector_;
    MatrixArray a_;
    MatrixArray b_;
    // Null where there is no such file.
    std::unique_ptr<MatrixArray> c_;
    std::unique_ptr<PositionArray> positions_;
    std::unique_ptr<MetadataArray> metadata_;
};

/// The results of a block as rows of the written file.
NpyArray rows_of(const MmaInstruction& instruction, std::span<const BitMatrix> results) {
    NpyArray rows(written_type_of(instruction.d), {results.size(), instruction.shape.m, instruction.shape.n});
    std::size_t position = 0;
    for (const BitMatrix& d : results) {
        STCSIM_ASSERT(d.rows == instruction.shape.m && d.columns == instruction.shape.n && d.type == instruction.d);
        rows.set_bits(position, d.storage);
        position += d.storage.size();
    }
    return rows;
}

}  // namespace

std::size_t run_mma_batch(const MmaInstruction& instruction, const MmaBatchFiles& files, const MmaExecutor& execute,
                          const std::function<void(double)>& progress) {
    MmaBatch batch(instruction, files);
    NpyWriter writer(files.d, written_type_of(instruction.d),
                     {batch.cases(), instruction.shape.m, instruction.shape.n});
    for (std::size_t first = 0; first < batch.cases(); first += block_cases) {
        const std::size_t count = std::min(block_cases, batch.cases() - first);
        const std::vector<BitMatrix> results = execute(instruction, batch.read(first, count));
        STCSIM_ASSERT(results.size() == count);
        writer.append(rows_of(instruction, results));
        if (progress) progress(static_cast<double>(first + count) / static_cast<double>(batch.cases()));
    }
    writer.finish();
    return batch.cases();
}

std::vector<BitMatrix> execute_by_numerics(const MmaInstruction& instruction, std::span<const MmaCase> cases) {
    const GemmOptions options{.padded_k = instruction.shape.k,
                              .overflow = instruction.overflow,
                              .bit_operation = instruction.bit_operation,
                              .instruction_k = instruction.shape.k};
    std::vector<BitMatrix> results;
    results.reserve(cases.size());
    for (const MmaCase& one : cases) {
        results.push_back(instruction.sparse ? reference_sparse_gemm(one.a, one.codes, one.b, one.c, options)
                                             : reference_gemm(one.a, one.b, one.c, options));
    }
    return results;
}

}  // namespace stcsim
