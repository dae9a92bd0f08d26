/// Some rows and columns of a product, in which hypotheses about a dump are tried.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "check/accumulation_order.h"
#include "check/gemm_dump.h"
#include "check/misreading.h"

namespace stcsim {

/// Rows and columns, ascending.
struct SampleChoice {
    std::vector<std::size_t> rows;
    std::vector<std::size_t> columns;
};

/// At most so many, evenly spread over a matrix, the first and the last among them.
SampleChoice spread_sample(std::size_t rows, std::size_t columns, std::size_t most_rows, std::size_t most_columns);

/// As many again from the rows and columns of marked elements (one mark for each element of an m x n matrix).
SampleChoice focused_sample(std::span<const std::uint8_t> marks, std::size_t columns, std::size_t most_rows,
                            std::size_t most_columns);

/// How the dump compares with one hypothesis on a sample.
struct SampleComparison {
    std::vector<std::uint8_t> known;  ///< for each element of the sample: the dump has it
    std::vector<std::uint8_t> exact;  ///< equal to the bit
    std::vector<std::uint8_t> close;  ///< within the bound of error_bound.h

    [[nodiscard]] std::size_t count_known() const;
    [[nodiscard]] std::size_t count_exact() const;
    [[nodiscard]] std::size_t count_close() const;
    [[nodiscard]] bool all_exact() const { return count_exact() == count_known(); }
};

/// The operands of a sample as a mistaken kernel read them, or as they are in the dump.
class DumpSample {
  public:
    DumpSample(const GemmDump& dump, const SampleChoice& choice, const Misreading* misreading = nullptr);

    /// Compares with what the order gives; nothing if the order's unit cannot compute these operands. Without `bounds`
    /// no element counts as close, which is quicker.
    [[nodiscard]] std::optional<SampleComparison> compare(const AccumulationOrder& order, bool bounds) const;

  private:
    void read_operands(const GemmDump& dump, const SampleChoice& choice, const Misreading& mistake);
    void read_results(const GemmDump& dump, const SampleChoice& choice, const Misreading& mistake);
    [[nodiscard]] std::vector<double> magnitudes() const;

    GemmDump part_;
    std::vector<std::uint8_t> known_;
    std::optional<ProductUnit> unit_;
    std::size_t whole_k_;
};

}  // namespace stcsim
