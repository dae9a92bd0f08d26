#include "executor/mma_product.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <mutex>
#include <unordered_map>

#include "base/error.h"
#include "isa/fragment.h"
#include "numerics/dot_add.h"
#include "numerics/float_format.h"
#include "numerics/integer_format.h"
#include "numerics/reference_gemm.h"
#include "numerics/vector_fused_dot.h"

namespace stcsim {
namespace {

constexpr std::size_t most_rows = 16;
constexpr std::size_t most_k = 256;

}  // namespace

struct MmaProduct::Scratch {
    // Raw elements as they lie in registers, A [row][stored k], B [column][k].
    alignas(64) std::uint8_t a_raw[most_rows * most_k * 4 / 8];
    alignas(64) std::uint8_t b_raw[mma_columns * most_k * 4 / 8];
    // Floats: A [row][stored k], B [k][column].
    alignas(64) float a[most_rows * 32];
    alignas(64) float b[64 * mma_columns];
    alignas(64) std::int8_t a_exponents[most_rows * 32];
    alignas(64) std::int8_t b_exponents[64 * mma_columns];
    alignas(64) float sums[most_rows * mma_columns];
    std::uint32_t b_rows[most_rows * 32];
    // Integers: A [row][k], B [column][k].
    alignas(64) std::int16_t a_integers[most_rows * 128];
    alignas(64) std::int16_t b_integers[mma_columns * 128];
};

namespace {

/// Raw 8- or 4-bit integers as 16-bit ones.
void widen(ElementType type, const std::uint8_t* raw, std::size_t count, std::int16_t* values) {
    switch (type) {
        case ElementType::s8:
            for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<std::int8_t>(raw[i]);
            return;
        case ElementType::u8:
            for (std::size_t i = 0; i < count; ++i) values[i] = raw[i];
            return;
        case ElementType::s4:
            for (std::size_t i = 0; i < count / 2; ++i) {
                values[2 * i] = static_cast<std::int16_t>(static_cast<std::int8_t>(raw[i] << 4U) >> 4U);
                values[2 * i + 1] = static_cast<std::int16_t>(static_cast<std::int8_t>(raw[i]) >> 4U);
            }
            return;
        default:
            for (std::size_t i = 0; i < count / 2; ++i) {
                values[2 * i] = raw[i] & 0xFU;
                values[2 * i + 1] = static_cast<std::int16_t>(raw[i] >> 4U);
            }
    }
}

}  // namespace

MmaProduct::MmaProduct(const MmaInstruction& instruction)
    : instruction_(&instruction),
      a_(fragment_positions(instruction, Operand::a)),
      b_(fragment_positions(instruction, Operand::b)),
      c_(fragment_positions(instruction, Operand::c)),
      metadata_(instruction) {
    if (instruction.a != ElementType::f64) {
        const std::size_t elements = 32 / bits_of(instruction.a);
        const bool by_rows = is_float(instruction.b);
        STCSIM_ASSERT(in_groups(a_, elements, false));
        STCSIM_ASSERT(in_groups(b_, by_rows ? elements * mma_columns : elements, by_rows));
    }
    STCSIM_ASSERT(instruction.c != ElementType::f32 || in_pairs(c_));
}

MmaProduct::~MmaProduct() = default;

const MmaProduct& MmaProduct::of(const MmaInstruction& instruction) {
    static std::mutex mutex;
    static std::unordered_map<const MmaInstruction*, std::unique_ptr<MmaProduct>> known;
    const std::lock_guard lock(mutex);
    std::unique_ptr<MmaProduct>& product = known[&instruction];
    if (!product) product = std::make_unique<MmaProduct>(instruction);
    return *product;
}

void MmaProduct::multiply(const MmaSources& sources, MmaResult& d) const {
    if (instruction_->a == ElementType::f64) return multiply_doubles(sources, d);
    if (instruction_->a == ElementType::b1) return multiply_bits(sources, d);
    if (is_integer_operand(instruction_->a)) return multiply_integers(sources, d);
    multiply_floats(sources, d);
}

void MmaProduct::multiply_floats(const MmaSources& sources, MmaResult& d) const {
    const MmaInstruction& instruction = *instruction_;
    const std::size_t stored = instruction.stored_k();
    const std::size_t k = instruction.shape.k;
    const std::uint32_t bits = bits_of(instruction.a);
    Scratch scratch;
    gather(sources.a, a_, bits, scratch.a_raw);
    gather_rows(sources.b, b_, bits, scratch.b_raw);
    const bool moderate =
        decode_factors(instruction.a, scratch.a_raw, instruction.shape.m * stored, scratch.a, scratch.a_exponents) &&
        decode_factors(instruction.b, scratch.b_raw, k * mma_columns, scratch.b, scratch.b_exponents) &&
        addends(instruction.c, sources.c, c_, scratch.sums);
    if (!moderate) return multiply_plainly(sources, d);
    if (instruction.sparse) {
        metadata_.select_rows(sources.e, sources.selector, scratch.b_rows);
    } else {
        for (std::uint32_t i = 0; i < k; ++i) scratch.b_rows[i] = i;
    }
    const FusedPanelProduct product{.rows = instruction.shape.m,
                                    .length = stored,
                                    .a_values = scratch.a,
                                    .a_exponents = scratch.a_exponents,
                                    .b_rows = scratch.b_rows,
                                    .b_rows_stride = instruction.sparse ? stored : 0,
                                    .b_values = scratch.b,
                                    .b_exponents = scratch.b_exponents,
                                    .sums = scratch.sums,
                                    .sums_stride = mma_columns};
    add_narrow_fused_products(instruction.d, instruction.pass_length(), product);
    write_sums(instruction.d, c_, scratch.sums, d);
}

void MmaProduct::expand_integers(const MmaSources& sources, Scratch& scratch) const {
    const SparsePattern pattern = sparse_pattern_of(instruction_->a);
    const std::uint32_t stored = instruction_->stored_k();
    const std::uint32_t k = instruction_->shape.k;
    std::int16_t kept[most_rows * 64];
    widen(instruction_->a, scratch.a_raw, instruction_->shape.m * stored, kept);
    std::fill_n(scratch.a_integers, instruction_->shape.m * k, std::int16_t{0});
    for (const MetadataNibble& nibble : metadata_.nibbles(sources.selector)) {
        const GroupCodes codes = decode_nibble(instruction_->a, sources.e[nibble.lane] >> nibble.shift & 0xFU);
        const std::int16_t* from = kept + nibble.row * stored + nibble.group * pattern.kept;
        std::int16_t* to = scratch.a_integers + nibble.row * k + nibble.group * pattern.group;
        for (std::uint32_t i = 0; i < pattern.kept; ++i) {
            // Adding: codes that are equal, which is illegal, name the same element of B twice.
            std::int16_t& element = to[codes[i / pattern.unit] * pattern.unit + i % pattern.unit];
            element = static_cast<std::int16_t>(element + from[i]);
        }
    }
}

void MmaProduct::multiply_integers(const MmaSources& sources, MmaResult& d) const {
    const MmaInstruction& instruction = *instruction_;
    const std::size_t k = instruction.shape.k;
    Scratch scratch;
    gather(sources.a, a_, bits_of(instruction.a), scratch.a_raw);
    gather(sources.b, b_, bits_of(instruction.b), scratch.b_raw);
    widen(instruction.b, scratch.b_raw, mma_columns * k, scratch.b_integers);
    if (instruction.sparse) {
        expand_integers(sources, scratch);
    } else {
        widen(instruction.a, scratch.a_raw, instruction.shape.m * k, scratch.a_integers);
    }
    for (std::size_t i = 0; i < c_.size(); ++i) {
        const std::size_t row = c_[i] / mma_columns;
        const std::size_t column = c_[i] % mma_columns;
        const auto addend = static_cast<std::int32_t>(sources.c[i / warp_lanes][i % warp_lanes]);
        std::int32_t sum = 0;
        const std::int16_t* a = scratch.a_integers + row * k;
        const std::int16_t* b = scratch.b_integers + column * k;
        for (std::size_t j = 0; j < k; ++j) sum += std::int32_t{a[j]} * b[j];
        std::int64_t total = std::int64_t{addend} + sum;
        if (instruction.overflow == Overflow::saturate) {
            total = std::clamp<std::int64_t>(total, std::numeric_limits<std::int32_t>::min(),
                                             std::numeric_limits<std::int32_t>::max());
        }
        d[i / warp_lanes][i % warp_lanes] = static_cast<std::uint32_t>(total);
    }
}

void MmaProduct::multiply_bits(const MmaSources& sources, MmaResult& d) const {
    const std::size_t words = instruction_->shape.k / 32;
    Scratch scratch;
    gather(sources.a, a_, 1, scratch.a_raw);
    gather(sources.b, b_, 1, scratch.b_raw);
    const auto word = [](const std::uint8_t* raw, std::size_t i) {
        std::uint32_t value = 0;
        std::memcpy(&value, raw + 4 * i, sizeof value);
        return value;
    };
    const bool exclusive = instruction_->bit_operation == BitOperation::xor_popc;
    for (std::size_t i = 0; i < c_.size(); ++i) {
        std::uint32_t sum = sources.c[i / warp_lanes][i % warp_lanes];
        for (std::size_t j = 0; j < words; ++j) {
            const std::uint32_t a = word(scratch.a_raw, c_[i] / mma_columns * words + j);
            const std::uint32_t b = word(scratch.b_raw, c_[i] % mma_columns * words + j);
            sum += static_cast<std::uint32_t>(std::popcount(exclusive ? a ^ b : a & b));
        }
        d[i / warp_lanes][i % warp_lanes] = sum;
    }
}

void MmaProduct::multiply_doubles(const MmaSources& sources, MmaResult& d) const {
    const std::size_t k = instruction_->shape.k;
    double a[most_rows * 4];
    double b[mma_columns * 4];
    const auto element = [](const std::uint32_t* words, std::size_t lane) {
        double value = 0.0;
        std::memcpy(&value, words + 2 * lane, sizeof value);
        return value;
    };
    for (std::size_t i = 0; i < a_.size(); ++i) a[a_[i]] = element(sources.a[i / warp_lanes], i % warp_lanes);
    for (std::size_t i = 0; i < b_.size(); ++i) b[b_[i]] = element(sources.b[i / warp_lanes], i % warp_lanes);
    for (std::size_t i = 0; i < c_.size(); ++i) {
        double sum = element(sources.c[i / warp_lanes], i % warp_lanes);
        for (std::size_t j = 0; j < k; ++j)
            sum = std::fma(a[c_[i] / mma_columns * k + j], b[c_[i] % mma_columns * k + j], sum);
        if (std::isnan(sum)) sum = std::bit_cast<double>(canonical_nan_f64);
        std::memcpy(&d[i / warp_lanes][2 * (i % warp_lanes)], &sum, sizeof sum);
    }
}

void MmaProduct::multiply_plainly(const MmaSources& sources, MmaResult& d) const {
    const MmaInstruction& instruction = *instruction_;
    const auto matrix = [&](Operand operand, const auto& words) {
        std::vector<WarpRegister> registers(operand_shape(instruction, operand).registers());
        for (std::size_t r = 0; r < registers.size(); ++r) std::copy_n(words[r], warp_lanes, registers[r].begin());
        return assemble_fragment(instruction, operand, registers);
    };
    const BitMatrix a = matrix(Operand::a, sources.a);
    const BitMatrix b = matrix(Operand::b, sources.b);
    const BitMatrix c = matrix(Operand::c, sources.c);
    BitMatrix result;
    if (instruction.sparse) {
        WarpRegister e;
        std::copy_n(sources.e, warp_lanes, e.begin());
        result = reference_sparse_gemm(a, decode_metadata(instruction, e, sources.selector), b, c);
    } else {
        result = reference_gemm(a, b, c);
    }
    const std::vector<WarpRegister> registers = distribute_fragment(instruction, Operand::d, result);
    for (std::size_t r = 0; r < registers.size(); ++r)
        std::copy(registers[r].begin(), registers[r].end(), d[r].begin());
}

}  // namespace stcsim
