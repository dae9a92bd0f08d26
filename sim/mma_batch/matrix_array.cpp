#include "mma_batch/matrix_array.h"

#include <cstdint>
#include <span>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"

namespace stcsim {
namespace {

constexpr std::size_t bits_per_word = 32;

std::vector<NpyType> types_of(ElementType type) {
    using enum NpyType;
    switch (type) {
        case ElementType::f16: return {u2, f2, i2};
        case ElementType::bf16: return {u2, i2};
        case ElementType::tf32:
        case ElementType::f32: return {u4, f4, i4};
        case ElementType::f64: return {f8, u8, i8};
        case ElementType::s32: return {i4, u4};
        case ElementType::s8: return {i1, u1};
        case ElementType::u8: return {u1, i1};
        case ElementType::s4: return {i1};
        case ElementType::u4: return {u1, i1};
        case ElementType::b1: return {b1, u1, i1, u4, i4};
    }
    return {};
}

/// Values of the types that do not fill an element of their array.
struct Range {
    std::int64_t least;
    std::int64_t most;
};

Range range_of(ElementType type) {
    if (type == ElementType::s4) return {-8, 7};
    return {0, type == ElementType::u4 ? 15 : 1};
}

/// The shapes a case of this operand can have: as the matrix is, and for b1 in words along k.
std::vector<std::vector<std::size_t>> shapes_of(const OperandShape& shape, bool rows_are_k) {
    std::vector<std::vector<std::size_t>> shapes{{shape.rows, shape.columns}};
    if (shape.type == ElementType::b1) {
        shapes.push_back(shapes.front());
        shapes.back()[rows_are_k ? 0 : 1] /= bits_per_word;
    }
    return shapes;
}

}  // namespace

MatrixArray::MatrixArray(std::string_view option, const std::filesystem::path& file, const MmaInstruction& instruction,
                         Operand operand)
    : shape_(operand_shape(instruction, operand)),
      rows_are_k_(operand == Operand::b),
      array_(option, file, types_of(shape_.type)),
      packed_(shape_.type == ElementType::b1 && width_of(array_.type()) > 1) {
    const auto shapes = shapes_of(shape_, rows_are_k_);
    // The type of b1 decides which of the two shapes it is.
    (void)array_.match_shape(std::span(shapes).subspan(packed_ ? 1 : 0, 1));
}

BitMatrix MatrixArray::matrix(std::size_t of_case) const {
    BitMatrix matrix(shape_.rows, shape_.columns, shape_.type);
    if (packed_) {
        unpack(of_case, matrix);
        return matrix;
    }
    array_.copy_bits(of_case, matrix.storage);
    if (bits_of(shape_.type) < 8) {
        check_range(of_case);
        const ElementBits mask = (ElementBits{1} << bits_of(shape_.type)) - 1;
        for (ElementBits& bits : matrix.storage) bits &= mask;
    }
    return matrix;
}

void MatrixArray::check_range(std::size_t of_case) const {
    const Range range = range_of(shape_.type);
    for (std::size_t i = 0; i < std::size_t{shape_.rows} * shape_.columns; ++i) {
        const std::int64_t value = array_.integer(of_case, i);
        if (value < range.least || value > range.most) {
            array_.refuse(of_case, i, fmt::format("{}", value),
                          fmt::format("{} to {}, the values of {}", range.least, range.most, name_of(shape_.type)));
        }
    }
}

void MatrixArray::unpack(std::size_t of_case, BitMatrix& matrix) const {
    std::vector<std::uint64_t> words(matrix.storage.size() / bits_per_word);
    array_.copy_bits(of_case, words);
    for (std::size_t row = 0; row < matrix.rows; ++row) {
        for (std::size_t column = 0; column < matrix.columns; ++column) {
            const std::size_t k = rows_are_k_ ? row : column;
            const std::size_t word = rows_are_k_ ? row / bits_per_word * matrix.columns + column
                                                 : (row * matrix.columns + column) / bits_per_word;
            matrix.at(row, column) = words[word] >> (k % bits_per_word) & 1U;
        }
    }
}

NpyType written_type_of(ElementType type) {
    switch (type) {
        case ElementType::f16: return NpyType::u2;
        case ElementType::f32: return NpyType::u4;
        case ElementType::f64: return NpyType::u8;
        default: STCSIM_ASSERT(type == ElementType::s32); return NpyType::i4;
    }
}

}  // namespace stcsim
