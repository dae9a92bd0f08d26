/// Dumps that tests make up, and kernels as their definitions say, slowly.
#pragma once

#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "check/check_dump.h"
#include "check/gemm_dump.h"
#include "numerics/dot_add.h"
#include "numerics/float_format.h"
#include "numerics/fused_dot_add.h"
#include "numerics/output_conversion.h"
#include "sparsity/structured_sparsity.h"

namespace stcsim::testing {

/// Numbers that keep all bits of their type busy: their sums depend on the order.
inline BitMatrix random_matrix(std::size_t rows, std::size_t columns, ElementType type, unsigned seed) {
    std::mt19937 random(seed);
    BitMatrix matrix(rows, columns, type);
    for (ElementBits& element : matrix.storage) {
        const double value =
            (static_cast<double>(random()) / 0x1p31 - 1) * std::exp2(static_cast<double>(random() % 3));
        if (type == ElementType::tf32) {
            element = from_double(ElementType::f32, value);
        } else if (is_float(type)) {
            element = from_double(type, value);
        } else if (type == ElementType::f64) {
            element = std::bit_cast<ElementBits>(value);
        } else {
            element = random() & ((ElementBits{1} << bits_of(type)) - 1);
        }
    }
    return matrix;
}

/// A dump with no D yet.
inline GemmDump operands(std::size_t m, std::size_t n, std::size_t k, ElementType type, ProductTypes types) {
    GemmDump dump;
    dump.a = random_matrix(m, k, type, 1);
    dump.b = random_matrix(k, n, type, 2);
    dump.d = BitMatrix(m, n, types.output);
    dump.types = types;
    return dump;
}

/// The same with a structured-sparse A.
inline GemmDump sparse_operands(std::size_t m, std::size_t n, std::size_t k, ElementType type, ProductTypes types) {
    GemmDump dump = operands(m, n, k, type, types);
    CompressedMatrix compressed = compress(prune(dump.a));
    dump.a = std::move(compressed.values);
    dump.codes = std::move(compressed.codes);
    return dump;
}

inline ElementBits f32_bits(float value) {
    return std::bit_cast<std::uint32_t>(value);
}
inline float f32_value(ElementBits bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
}

/// The sum of kept elements [first, last) of a row of A and their partners, from an addend on, pass by pass.
inline ElementBits chain(const GemmDump& dump, std::size_t row, std::size_t column, std::size_t first, std::size_t last,
                         ElementBits sum) {
    const SparsePattern pattern = dump.pattern();
    const std::size_t length = pass_length_of(dump.a.type);
    const Arithmetic arithmetic{dump.a.type, dump.b.type, dump.types.accumulator, dump.types.overflow};
    for (std::size_t s = first; s < last; s += length) {
        std::vector<ElementBits> a;
        std::vector<ElementBits> b;
        for (std::size_t i = s; i < std::min(s + length, last); ++i) {
            const std::size_t code = dump.sparse() ? dump.codes[(row * dump.a.columns + i) / pattern.unit] : 0;
            a.push_back(dump.a.at(row, i));
            b.push_back(dump.b.at(i / pattern.kept * pattern.group + code * pattern.unit + i % pattern.unit, column));
        }
        sum = dot_add(arithmetic, a, b, sum);
    }
    return sum;
}

/// Fills D with what `element(row, column)` gives.
template <typename Element>
void fill(GemmDump& dump, Element element) {
    for (std::size_t row = 0; row < dump.d.rows; ++row) {
        for (std::size_t column = 0; column < dump.d.columns; ++column) {
            dump.d.at(row, column) = element(row, column);
        }
    }
}

/// One CTA, whole k, no C.
inline ElementBits plain_element(const GemmDump& dump, std::size_t row, std::size_t column) {
    return stored_element(dump.types.accumulator, dump.types.output, chain(dump, row, column, 0, dump.a.columns, 0));
}

/// What a kernel would write that was given these operands.
inline BitMatrix product_of(GemmDump operands) {
    fill(operands, [&](std::size_t row, std::size_t column) { return plain_element(operands, row, column); });
    return operands.d;
}

}  // namespace stcsim::testing
