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
#include "numerics/integer_format.h"
#include "numerics/moderate_numbers.h"
#include "numerics/reference_gemm.h"
#include "numerics/vector_fused_dot.h"

namespace stcsim {
namespace {

constexpr std::size_t most_rows = 16;
constexpr std::size_t columns = 8;
constexpr std::size_t most_k = 256;

/// Of each register and lane the position of its first element in row-major (B, unless floats: column-major) storage.
std::vector<std::uint16_t> positions(const MmaInstruction& instruction, Operand operand) {
    const bool by_columns = operand == Operand::b && !is_float(instruction.b);
    const OperandShape shape = operand_shape(instruction, operand);
    std::vector<std::uint16_t> result;
    for (std::uint32_t r = 0; r < shape.registers(); r += shape.registers_per_element()) {
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            const MatrixCoordinate at = coordinate_of(instruction, operand, {LaneIndex(lane), r, 0});
            const std::uint32_t position =
                by_columns ? at.column * shape.rows + at.row : at.row * shape.columns + at.column;
            result.push_back(static_cast<std::uint16_t>(position));
        }
    }
    return result;
}

}  // namespace

struct MmaProduct::Scratch {
    // Raw elements as they lie in registers, A [row][stored k], B [column][k].
    alignas(64) std::uint8_t a_raw[most_rows * most_k * 4 / 8];
    alignas(64) std::uint8_t b_raw[columns * most_k * 4 / 8];
    // Floats: A [row][stored k], B [k][column].
    alignas(64) float a[most_rows * 32];
    alignas(64) float b[64 * columns];
    alignas(64) std::int8_t a_exponents[most_rows * 32];
    alignas(64) std::int8_t b_exponents[64 * columns];
    alignas(64) float sums[most_rows * columns];
    std::uint32_t b_rows[most_rows * 32];
    // Integers: A [row][k], B [column][k].
    alignas(64) std::int16_t a_integers[most_rows * 128];
    alignas(64) std::int16_t b_integers[columns * 128];
};

namespace {

/// Lanes 4 g to 4 g + 3 hold neighbours of one row of A, of one column of B (PTX ISA, the fragments of mma).
constexpr std::size_t group_lanes = 4;

/// Registers written to where their elements lie: those of a group of lanes are neighbours.
void gather(const std::array<const std::uint32_t*, most_mma_registers>& registers,
            const std::vector<std::uint16_t>& places, std::uint32_t bits, std::uint8_t* raw) {
    const std::uint16_t* place = places.data();
    for (std::size_t r = 0; r < places.size() / warp_lanes; ++r, place += warp_lanes) {
        for (std::size_t lane = 0; lane < warp_lanes; lane += group_lanes) {
            std::memcpy(raw + std::size_t{place[lane]} * bits / 8, registers[r] + lane,
                        group_lanes * sizeof(std::uint32_t));
        }
    }
}

/// B of floats, by rows: a lane of each group has elements of the same rows, one register's one below the other.
template <typename Raw>
void gather_rows(const std::array<const std::uint32_t*, most_mma_registers>& registers,
                 const std::vector<std::uint16_t>& places, Raw* raw) {
    const std::uint16_t* place = places.data();
    for (std::size_t r = 0; r < places.size() / warp_lanes; ++r, place += warp_lanes) {
        const std::uint32_t* const words = registers[r];
        for (std::size_t lane = 0; lane < group_lanes; ++lane) {
            Raw* const row = raw + place[lane];
            for (std::size_t column = 0; column < columns; ++column) {
                const std::uint32_t word = words[column * group_lanes + lane];
                row[column] = static_cast<Raw>(word);
                if constexpr (sizeof(Raw) == 2) row[column + columns] = static_cast<Raw>(word >> 16U);
            }
        }
    }
}

/// Whether the lanes of a group lie `step` elements apart, and with `by_rows` the groups one column apart.
bool in_groups(const std::vector<std::uint16_t>& places, std::size_t step, bool by_rows) {
    for (std::size_t i = 0; i < places.size(); ++i) {
        const std::size_t lane = i % warp_lanes;
        const std::size_t first = by_rows ? i - lane : i - lane % group_lanes;
        const std::size_t group = by_rows ? lane / group_lanes : 0;
        if (places[i] != places[first] + lane % group_lanes * step + group) return false;
    }
    return true;
}

/// Whether two registers of f32 hold 64 elements that follow each other, each lane two.
bool in_pairs(const std::vector<std::uint16_t>& places) {
    for (std::size_t i = 0; i < places.size(); ++i) {
        const std::size_t r = i / warp_lanes;
        if (places[i] != r / 2 * 2 * warp_lanes + 2 * (i % warp_lanes) + r % 2) return false;
    }
    return true;
}

/// Whether 32 words of f32 are all moderate addends.
bool are_moderate(const std::uint32_t* words) {
    std::int32_t wild = 0;
    for (std::size_t lane = 0; lane < warp_lanes; ++lane) {
        const auto magnitude = static_cast<std::int32_t>(words[lane] & 0x7FFFFFFFU);
        const std::int32_t exponent = (magnitude >> 23) - 127;
        const bool far = exponent > moderate_addend_exponent || exponent < -moderate_addend_exponent;
        wild |= far && magnitude != 0 ? -1 : 0;
    }
    return wild == 0;
}

/// Addends as floats; whether all are moderate.
bool addends(ElementType type, const std::array<const std::uint32_t*, most_mma_registers>& c,
             const std::vector<std::uint16_t>& places, float* sums) {
    bool moderate = true;
    const std::size_t registers = places.size() / warp_lanes;
    if (type == ElementType::f32) {
        for (std::size_t r = 0; r < registers; r += 2, sums += 2 * warp_lanes) {
            moderate = moderate && are_moderate(c[r]) && are_moderate(c[r + 1]);
            for (std::size_t lane = 0; lane < warp_lanes; ++lane) {
                sums[2 * lane] = std::bit_cast<float>(c[r][lane]);
                sums[2 * lane + 1] = std::bit_cast<float>(c[r + 1][lane]);
            }
        }
        return moderate;
    }
    const std::uint16_t* place = places.data();
    for (std::size_t r = 0; r < registers; ++r, place += warp_lanes) {
        const std::uint32_t* const words = c[r];
        for (std::size_t lane = 0; lane < warp_lanes; ++lane) {
            const std::uint32_t word = words[lane];
            moderate = moderate && is_moderate<ElementType::f16>(word & 0xFFFFU, 0) &&
                       is_moderate<ElementType::f16>(word >> 16U, 0);
            sums[place[lane]] = moderate_value<ElementType::f16>(word & 0xFFFFU);
            sums[place[lane] + 1U] = moderate_value<ElementType::f16>(word >> 16U);
        }
    }
    return moderate;
}

void write_sums(ElementType type, const std::vector<std::uint16_t>& places, const float* sums, MmaResult& d) {
    const std::size_t registers = places.size() / warp_lanes;
    if (type == ElementType::f32) {
        for (std::size_t r = 0; r < registers; r += 2, sums += 2 * warp_lanes) {
            for (std::size_t lane = 0; lane < warp_lanes; ++lane) {
                d[r][lane] = std::bit_cast<std::uint32_t>(sums[2 * lane]);
                d[r + 1][lane] = std::bit_cast<std::uint32_t>(sums[2 * lane + 1]);
            }
        }
        return;
    }
    const std::uint16_t* place = places.data();
    for (std::size_t r = 0; r < registers; ++r, place += warp_lanes) {
        for (std::size_t lane = 0; lane < warp_lanes; ++lane) {
            const float* sum = sums + place[lane];
            d[r][lane] = static_cast<std::uint32_t>(bits_of_sum<ElementType::f16>(sum[0]) |
                                                    bits_of_sum<ElementType::f16>(sum[1]) << 16U);
        }
    }
}

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

/// The rows of B, in their group, that the two nibbles of a byte of metadata name; the second group is the next one.
using RowsOfByte = std::array<std::array<std::uint32_t, 4>, 256>;

constexpr RowsOfByte rows_of_bytes() {
    RowsOfByte rows{};
    for (std::uint32_t byte = 0; byte < rows.size(); ++byte) {
        for (std::uint32_t code = 0; code < 4; ++code) rows[byte][code] = (byte >> 2 * code & 3U) + (code < 2 ? 0 : 4);
    }
    return rows;
}

/// Nibbles by twos, as bytes, or nothing if they do not lie so.
std::vector<MetadataNibble> bytes_of(const std::vector<MetadataNibble>& nibbles) {
    std::vector<MetadataNibble> bytes;
    for (std::size_t i = 0; i + 1 < nibbles.size(); i += 2) {
        const MetadataNibble& low = nibbles[i];
        const MetadataNibble& high = nibbles[i + 1];
        if (low.row != high.row || low.lane != high.lane || low.group + 1 != high.group ||
            low.shift + 4 != high.shift) {
            return {};
        }
        bytes.push_back(low);
    }
    return bytes;
}

/// The lowest bit of each nibble of a word.
constexpr std::uint32_t low_bits = 0x11111111;

/// Of each nibble in its lowest bit: whether its two codes are different, the second is the greater one, or they name
/// the halves of one of two 32-bit elements.
constexpr std::uint32_t different_codes(std::uint32_t nibbles) {
    const std::uint32_t bits = nibbles ^ nibbles >> 2U;
    return (bits | bits >> 1U) & low_bits;
}
constexpr std::uint32_t ascending_codes(std::uint32_t nibbles) {
    const std::uint32_t greater = ~nibbles & nibbles >> 2U;  // bit by bit
    const std::uint32_t equal = ~(nibbles ^ nibbles >> 2U);
    return (greater >> 1U | (equal >> 1U & greater)) & low_bits;
}

constexpr std::uint32_t half_codes(std::uint32_t nibbles) {
    const std::uint32_t both_of_one = ~(nibbles >> 1U ^ nibbles >> 3U);
    return both_of_one & ~nibbles & nibbles >> 2U & low_bits;
}

/// A bit for each nibble of which this holds.
template <typename Holds>
constexpr std::uint32_t nibbles_where(Holds holds) {
    std::uint32_t set = 0;
    for (std::uint32_t nibble = 0; nibble < 16; ++nibble) set |= (holds(nibble) & 1U) << nibble;
    return set;
}
constexpr std::uint32_t different_pairs = nibbles_where(different_codes);
constexpr std::uint32_t ascending_pairs = nibbles_where(ascending_codes);
constexpr std::uint32_t word_halves = nibbles_where(half_codes);

/// The lanes that supply the nibbles, or nothing if some bits of theirs are not among them.
std::vector<std::uint32_t> whole_words_of(const std::vector<MetadataNibble>& nibbles) {
    std::array<std::uint32_t, warp_lanes> supplied{};
    for (const MetadataNibble& nibble : nibbles) supplied[nibble.lane] |= 0xFU << nibble.shift;
    std::vector<std::uint32_t> lanes;
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        if (supplied[lane] == ~0U) lanes.push_back(lane);
        if (supplied[lane] != 0 && supplied[lane] != ~0U) return {};
    }
    return lanes;
}

}  // namespace

MmaProduct::MmaProduct(const MmaInstruction& instruction)
    : instruction_(&instruction),
      a_(positions(instruction, Operand::a)),
      b_(positions(instruction, Operand::b)),
      c_(positions(instruction, Operand::c)) {
    if (instruction.a != ElementType::f64) {
        const std::size_t elements = 32 / bits_of(instruction.a);
        const bool by_rows = is_float(instruction.b);
        STCSIM_ASSERT(in_groups(a_, elements, false));
        STCSIM_ASSERT(in_groups(b_, by_rows ? elements * columns : elements, by_rows));
    }
    STCSIM_ASSERT(instruction.c != ElementType::f32 || in_pairs(c_));
    for (std::uint32_t s = 0; s < sparsity_selectors(instruction); ++s) {
        nibbles_.push_back(metadata_nibbles(instruction, s));
        bytes_.push_back(bytes_of(nibbles_.back()));
        whole_words_.push_back(whole_words_of(nibbles_.back()));
    }
    for (std::uint32_t nibble = 0; nibble < 16; ++nibble) {
        if (is_legal_nibble(instruction.a, nibble, CodeOrder::any)) legal_any_ |= 1U << nibble;
        if (is_legal_nibble(instruction.a, nibble, CodeOrder::ascending)) legal_ascending_ |= 1U << nibble;
    }
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

bool MmaProduct::all_words_legal(const std::uint32_t* e, std::uint32_t selector, std::uint32_t legal) const {
    const auto all = [&](auto holds) {
        std::uint32_t in_all = low_bits;
        for (const std::uint32_t lane : whole_words_[selector]) in_all &= holds(e[lane]);
        return in_all == low_bits;
    };
    if (whole_words_[selector].empty()) return false;
    if (legal == different_pairs) return all([](std::uint32_t word) { return different_codes(word); });
    if (legal == ascending_pairs) return all([](std::uint32_t word) { return ascending_codes(word); });
    return legal == word_halves && all([](std::uint32_t word) { return half_codes(word); });
}

const MetadataNibble* MmaProduct::illegal_nibble(const std::uint32_t* e, std::uint32_t selector,
                                                 CodeOrder order) const {
    const std::uint32_t legal = order == CodeOrder::ascending ? legal_ascending_ : legal_any_;
    if (all_words_legal(e, selector, legal)) return nullptr;
    for (const MetadataNibble& nibble : nibbles_[selector]) {
        if ((legal >> (e[nibble.lane] >> nibble.shift & 0xFU) & 1U) == 0) return &nibble;
    }
    return nullptr;
}

std::uint32_t MmaProduct::illegal_rows(const std::uint32_t* e, std::uint32_t selector, CodeOrder order) const {
    const std::uint32_t legal = order == CodeOrder::ascending ? legal_ascending_ : legal_any_;
    std::uint32_t rows = 0;
    for (const MetadataNibble& nibble : nibbles_[selector]) {
        if ((legal >> (e[nibble.lane] >> nibble.shift & 0xFU) & 1U) == 0) rows |= 1U << nibble.row;
    }
    return rows;
}

std::uint32_t MmaProduct::metadata_rows(std::uint32_t lanes, std::uint32_t selector) const {
    std::uint32_t rows = 0;
    for (const MetadataNibble& nibble : nibbles_[selector]) rows |= (lanes >> nibble.lane & 1U) << nibble.row;
    return rows;
}

void MmaProduct::multiply(const MmaSources& sources, MmaResult& d) const {
    if (instruction_->a == ElementType::f64) return multiply_doubles(sources, d);
    if (instruction_->a == ElementType::b1) return multiply_bits(sources, d);
    if (is_integer_operand(instruction_->a)) return multiply_integers(sources, d);
    multiply_floats(sources, d);
}

void MmaProduct::select_rows(const MmaSources& sources, Scratch& scratch) const {
    // Nibbles come in the order of the stored elements.
    std::uint32_t* rows = scratch.b_rows;
    const std::uint32_t* const e = sources.e;
    if (instruction_->a == ElementType::tf32) {
        for (const MetadataNibble& nibble : nibbles_[sources.selector]) {
            *rows++ = 2 * nibble.group + (e[nibble.lane] >> (nibble.shift + 1) & 1U);
        }
        return;
    }
    if (!bytes_[sources.selector].empty()) {
        static constexpr RowsOfByte rows_of_byte = rows_of_bytes();
        for (const MetadataNibble& byte : bytes_[sources.selector]) {
            auto four = rows_of_byte[e[byte.lane] >> byte.shift & 0xFFU];
            for (std::uint32_t& row : four) row += 4 * byte.group;
            std::memcpy(rows, four.data(), sizeof four);
            rows += four.size();
        }
        return;
    }
    for (const MetadataNibble& nibble : nibbles_[sources.selector]) {
        const std::uint32_t codes = e[nibble.lane] >> nibble.shift;
        *rows++ = 4 * nibble.group + (codes & 3U);
        *rows++ = 4 * nibble.group + (codes >> 2U & 3U);
    }
}

void MmaProduct::multiply_floats(const MmaSources& sources, MmaResult& d) const {
    const MmaInstruction& instruction = *instruction_;
    const std::size_t stored = instruction.stored_k();
    const std::size_t k = instruction.shape.k;
    const std::uint32_t bits = bits_of(instruction.a);
    Scratch scratch;
    gather(sources.a, a_, bits, scratch.a_raw);
    bits == 16 ? gather_rows(sources.b, b_, reinterpret_cast<std::uint16_t*>(scratch.b_raw))
               : gather_rows(sources.b, b_, reinterpret_cast<std::uint32_t*>(scratch.b_raw));
    const bool moderate =
        decode_factors(instruction.a, scratch.a_raw, instruction.shape.m * stored, scratch.a, scratch.a_exponents) &&
        decode_factors(instruction.b, scratch.b_raw, k * columns, scratch.b, scratch.b_exponents) &&
        addends(instruction.c, sources.c, c_, scratch.sums);
    if (!moderate) return multiply_plainly(sources, d);
    if (instruction.sparse) {
        select_rows(sources, scratch);
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
                                    .sums_stride = columns};
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
    for (const MetadataNibble& nibble : nibbles_[sources.selector]) {
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
    widen(instruction.b, scratch.b_raw, columns * k, scratch.b_integers);
    if (instruction.sparse) {
        expand_integers(sources, scratch);
    } else {
        widen(instruction.a, scratch.a_raw, instruction.shape.m * k, scratch.a_integers);
    }
    for (std::size_t i = 0; i < c_.size(); ++i) {
        const std::size_t row = c_[i] / columns;
        const std::size_t column = c_[i] % columns;
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
            const std::uint32_t a = word(scratch.a_raw, c_[i] / columns * words + j);
            const std::uint32_t b = word(scratch.b_raw, c_[i] % columns * words + j);
            sum += static_cast<std::uint32_t>(std::popcount(exclusive ? a ^ b : a & b));
        }
        d[i / warp_lanes][i % warp_lanes] = sum;
    }
}

void MmaProduct::multiply_doubles(const MmaSources& sources, MmaResult& d) const {
    const std::size_t k = instruction_->shape.k;
    double a[most_rows * 4];
    double b[columns * 4];
    const auto element = [](const std::uint32_t* words, std::size_t lane) {
        double value = 0.0;
        std::memcpy(&value, words + 2 * lane, sizeof value);
        return value;
    };
    for (std::size_t i = 0; i < a_.size(); ++i) a[a_[i]] = element(sources.a[i / warp_lanes], i % warp_lanes);
    for (std::size_t i = 0; i < b_.size(); ++i) b[b_[i]] = element(sources.b[i / warp_lanes], i % warp_lanes);
    for (std::size_t i = 0; i < c_.size(); ++i) {
        double sum = element(sources.c[i / warp_lanes], i % warp_lanes);
        for (std::size_t j = 0; j < k; ++j) sum = std::fma(a[c_[i] / columns * k + j], b[c_[i] % columns * k + j], sum);
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
