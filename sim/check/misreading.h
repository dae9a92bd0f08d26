/// The usual mistakes of GEMM kernels, as other ways of reading the operands of a dump.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "check/accumulation_order.h"
#include "check/gemm_dump.h"

namespace stcsim {

/// What a mistaken kernel computed instead. Functions that are empty leave the operand as it is in the dump, which they
/// refer to; it outlives them.
struct Misreading {
    std::string name;      ///< for scripts, for instance "a-transposed"
    std::string sentence;  ///< for people

    std::function<ElementBits(std::size_t row, std::size_t stored)> a;
    std::function<std::uint8_t(std::size_t row, std::size_t unit)> code;
    std::function<ElementBits(std::size_t k, std::size_t column)> b;
    std::function<ElementBits(std::size_t row, std::size_t column)> c;
    /// Where in the dump's D the element of this row and column of the product was put, if anywhere.
    std::function<std::optional<std::pair<std::size_t, std::size_t>>(std::size_t row, std::size_t column)> place;

    std::optional<std::size_t> k;       ///< only so many products of each sum
    std::optional<ElementType> a_type;  ///< A read as this type
    std::optional<ElementType> b_type;
    std::optional<ProductTypes> types;  ///< other sums or factors
    std::optional<ProductUnit> unit;    ///< computed by this
};

/// Every mistake that the types, shapes and form of the dump allow, those of operands before those of metadata and of
/// results. Metadata mistakes are for a dump in compressed form.
std::vector<Misreading> usual_mistakes(const GemmDump& dump);

/// The part of usual_mistakes that concerns which elements of A are kept: codes of a group exchanged, another memory
/// order read than was written, halves of words exchanged, rows exchanged, a wrong sparsity selector, no metadata.
std::vector<Misreading> metadata_mistakes(const GemmDump& dump);

}  // namespace stcsim
