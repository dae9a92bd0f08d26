#include "sparsify/elements.h"

#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "sparsity/pattern_name.h"

namespace stcsim {
namespace {

/// What the array's type means alone.
std::optional<ElementType> meaning_of(NpyType type) {
    switch (type) {
        case NpyType::f2: return ElementType::f16;
        case NpyType::f4: return ElementType::tf32;
        case NpyType::f8: return ElementType::f64;
        case NpyType::i1: return ElementType::s8;
        case NpyType::u1: return ElementType::u8;
        default: return std::nullopt;
    }
}

bool holds(NpyType array, ElementType type) {
    if (array == NpyType::b1) return false;
    if (type == ElementType::s4 || type == ElementType::u4) return width_of(array) == 1;
    if (8 * width_of(array) != bits_of(type)) return false;
    return is_integer(array) || type != ElementType::bf16;
}

const char* arrays_for(ElementType type) {
    switch (type) {
        case ElementType::f16: return "float16, or uint16 or int16 holding its bits";
        case ElementType::bf16: return "uint16 or int16 holding its bits";
        case ElementType::tf32:
        case ElementType::f32: return "float32, or uint32 or int32 holding its bits";
        case ElementType::f64: return "float64, or uint64 or int64 holding its bits";
        default: return "int8 or uint8";
    }
}

/// A 4-bit integer from the byte that holds it, sign-extended or not.
std::optional<ElementBits> four_bits(ElementType type, std::int64_t value) {
    const bool inside = type == ElementType::s4 ? value >= -8 && value <= 7 : value >= 0 && value <= 15;
    if (!inside) return std::nullopt;
    return static_cast<ElementBits>(value) & 0xFU;
}

}  // namespace

ElementType element_type_of(const NpyRows& array, std::optional<ElementType> wanted) {
    const std::string found = fmt::format("an array of {}", numpy_name_of(array.type()));
    if (!wanted) {
        const auto meaning = meaning_of(array.type());
        if (!meaning) throw InputError(array.where(), found + " and no --dtype", "--dtype to say what it holds");
        return *meaning;
    }
    if (!holds(array.type(), *wanted)) {
        throw InputError(array.where(), fmt::format("{} with --dtype {}", found, name_of(*wanted)),
                         arrays_for(*wanted));
    }
    return *wanted;
}

void check_columns(const NpyRows& array, const SparsePattern& pattern) {
    try {
        check_columns(array.columns(), pattern);
    } catch (const InputError& error) {
        throw InputError(array.where(), fmt::format("shape {}, {}", shape_text(array.shape()), error.found()),
                         error.expected());
    }
}

SparsePattern pattern_for(ElementType type, const std::optional<SparsePattern>& wanted) {
    if (wanted) return *wanted;
    if (has_sparse_instruction(type)) return sparse_pattern_of(type);
    throw InputError({}, fmt::format("type {}, which no sparse instruction takes, and no --pattern", name_of(type)),
                     "--pattern 2:4, 1:2 or 4:8");
}

std::string described_in(const NpyRows& array, const PatternViolation& violation, const SparsePattern& pattern) {
    return fmt::format("{} (from {})", describe(violation, pattern),
                       array.index_text(violation.row, violation.group * pattern.group));
}

BitMatrix read_elements(const NpyRows& array, ElementType type, std::size_t first, std::size_t count) {
    const NpyArray block = array.read(first, count);
    BitMatrix matrix(count, array.columns(), type);
    if (bits_of(type) != 4) {
        block.copy_bits(0, matrix.storage);
        return matrix;
    }
    for (std::size_t i = 0; i < matrix.storage.size(); ++i) {
        const std::int64_t value = block.integer(i);
        const auto bits = four_bits(type, value);
        if (!bits) {
            throw InputError(
                array.where(),
                fmt::format("{} at {}", value, array.index_text(first + i / array.columns(), i % array.columns())),
                type == ElementType::s4 ? "an s4, -8 to 7" : "a u4, 0 to 15");
        }
        matrix.storage[i] = *bits;
    }
    return matrix;
}

NpyArray to_array(const BitMatrix& matrix, NpyType type) {
    NpyArray array(type, {matrix.rows, matrix.columns});
    if (matrix.type != ElementType::s4) {
        array.set_bits(0, matrix.storage);
        return array;
    }
    std::vector<ElementBits> extended(matrix.storage.size());
    for (std::size_t i = 0; i < extended.size(); ++i) extended[i] = (matrix.storage[i] ^ 8U) - 8U;
    array.set_bits(0, extended);
    return array;
}

}  // namespace stcsim
