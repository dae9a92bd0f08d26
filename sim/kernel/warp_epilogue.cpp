/// The epilogue of a warp: D from the accumulators through shared memory to global memory, in whole rows.
///
/// The warp passes 16 rows of D at a time. They are 16 rows of its tile or, for the transposed product, 16 columns:
/// then neighbours in a row of D are in different lanes, and each element is written to shared memory by itself.
#include <algorithm>

#include "base/error.h"
#include "base/units.h"
#include "kernel/shared_layout.h"
#include "kernel/warp_program.h"
#include "numerics/float_format.h"

namespace stcsim {
namespace {

/// Rows of D that pass at a time: what an mma has of rows, and two of columns.
constexpr std::uint32_t exchange_rows = 16;
constexpr std::uint32_t n_tile_columns = 8;

}  // namespace

void WarpProgram::build_epilogue(bool adds_stored, std::vector<ProgramStep>& steps) {
    // The exchange reuses the stages: nobody may still read them.
    steps.push_back(plain_step(OperationClass::barrier));
    const std::uint32_t rows = plan_.transposed() ? plan_.kernel().warp_n : plan_.kernel().warp_m;
    for (std::uint32_t part = 0; part < rows / exchange_rows; ++part) {
        if (plan_.serial()) {
            add_exchange_and_sums(part, adds_stored, steps);
        } else {
            add_exchange(part, steps);
            add_stores(row_vectors(part), steps);
        }
    }
}

void WarpProgram::add_exchange(std::uint32_t part, std::vector<ProgramStep>& steps) {
    if (plan_.transposed()) {
        add_exchange_columns(part * exchange_rows / n_tile_columns, steps);
    } else {
        add_exchange_rows(part, steps);
    }
}

RegisterRange WarpProgram::temporaries() const {
    return register_range(plan_.accumulator_registers(),
                          2 * (plan_.a_fragment_registers() + plan_.b_fragment_registers()));
}

/// Converts the pair of neighbours in a row that `accumulators` hold to D's type, into this many registers.
RegisterRange WarpProgram::add_conversion(RegisterRange accumulators, std::uint32_t registers,
                                          std::uint32_t& next_temporary, std::vector<ProgramStep>& steps) const {
    const GemmProblem& problem = plan_.problem();
    const RegisterRange free = temporaries();
    ProgramStep convert = plain_step(OperationClass::convert_pack);
    convert.instruction.a = accumulators;
    convert.instruction.unpacked = problem.accumulator;
    convert.instruction.packed = plan_.stored_type();
    convert.instruction.destination = register_range(free.first + next_temporary, registers);
    // Each register beyond the first is an instruction of its own, and integers become f32 one by one (I2F) first.
    const bool integer_to_float = !is_float(problem.accumulator) && is_float(plan_.stored_type());
    convert.instruction.following_arithmetic = static_cast<std::uint8_t>(registers - 1 + (integer_to_float ? 2 : 0));
    next_temporary = (next_temporary + registers) % (free.count / 2U * 2U);
    steps.push_back(convert);
    return convert.instruction.destination;
}

/// Writes registers to the warp's part of shared memory: each lane to its row and element.
void WarpProgram::add_exchange_store(RegisterRange data, std::uint32_t bytes, const LanePositions& places,
                                     std::vector<ProgramStep>& steps) {
    const std::uint64_t base = std::uint64_t{warp_} * plan_.exchange_bytes();
    LaneOffsets& offsets = new_offsets();
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        offsets[lane] = base + std::uint64_t{places.row[lane]} * plan_.exchange_row_bytes() +
                        std::uint64_t{places.column[lane]} * plan_.exchanged_bytes();
    }
    ProgramStep store = plain_step(OperationClass::store_shared);
    store.instruction.a = data;
    store.instruction.shared = {.offsets = &offsets, .active = ~0U, .bytes_per_lane = static_cast<std::uint8_t>(bytes)};
    steps.push_back(store);
}

void WarpProgram::add_exchange_rows(std::uint32_t m_tile, std::vector<ProgramStep>& steps) {
    const std::uint32_t n_tiles = plan_.kernel().warp_n / n_tile_columns;
    const std::uint32_t accumulators = plan_.instruction().d_registers();
    const bool converted = plan_.problem().accumulator != plan_.exchanged_type();
    std::uint32_t next_temporary = 0;
    for (std::uint32_t n_tile = 0; n_tile < n_tiles; ++n_tile) {
        for (std::uint32_t half = 0; half < 2; ++half) {
            RegisterRange data =
                register_range((m_tile * n_tiles + n_tile) * accumulators + half * accumulators / 2, accumulators / 2);
            if (converted) data = add_conversion(data, 1, next_temporary, steps);
            LanePositions places;
            for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
                places.row[lane] = lane / 4 + half * 8;
                places.column[lane] = n_tile * n_tile_columns + lane % 4 * 2;
            }
            add_exchange_store(data, 2 * plan_.exchanged_bytes(), places, steps);
        }
    }
}

void WarpProgram::add_exchange_columns(std::uint32_t first_n_tile, std::vector<ProgramStep>& steps) {
    const std::uint32_t n_tiles = plan_.kernel().warp_n / n_tile_columns;
    const std::uint32_t accumulators = plan_.instruction().d_registers();
    const bool in_place = plan_.problem().accumulator == plan_.exchanged_type() && plan_.exchanged_bytes() == 4;
    std::uint32_t next_temporary = 0;
    // Per fragment of an mma two halves of rows; in each, a pair of columns.
    for (std::uint32_t i = 0; i < 4 * (plan_.kernel().warp_m / 16); ++i) {
        const std::uint32_t m_tile = i / 4;
        const std::uint32_t n_tile = first_n_tile + i / 2 % 2;
        const std::uint32_t half = i % 2;
        RegisterRange data =
            register_range((m_tile * n_tiles + n_tile) * accumulators + half * accumulators / 2, accumulators / 2);
        if (!in_place) data = add_conversion(data, 2, next_temporary, steps);
        for (std::uint32_t element = 0; element < 2; ++element) {
            LanePositions places;
            for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
                places.row[lane] = (n_tile - first_n_tile) * n_tile_columns + lane % 4 * 2 + element;
                places.column[lane] = m_tile * 16 + half * 8 + lane / 4;
            }
            add_exchange_store(register_range(data.first + element, 1), plan_.exchanged_bytes(), places, steps);
        }
    }
}

/// The 16 rows of D that are in shared memory, in the widest vectors that every row of D allows.
std::vector<WarpProgram::RowVectors> WarpProgram::row_vectors(std::uint32_t part) {
    const std::uint32_t stored_bytes = plan_.output_bytes();
    const std::uint32_t exchanged_bytes = plan_.exchanged_bytes();
    const std::uint64_t base = std::uint64_t{warp_} * plan_.exchange_bytes();
    std::uint32_t elements = chunk_bytes / std::max(stored_bytes, exchanged_bytes);
    while (plan_.d_row_bytes() % (std::uint64_t{elements} * stored_bytes) != 0) elements /= 2;
    const std::uint32_t lanes_per_row = plan_.exchange_row_elements() / elements;
    const auto access = [&](const LaneOffsets& offsets, std::uint32_t element_bytes) {
        return LaneAccess{
            .offsets = &offsets, .active = ~0U, .bytes_per_lane = static_cast<std::uint8_t>(elements * element_bytes)};
    };
    std::vector<RowVectors> vectors;
    for (std::uint32_t first = 0; first < exchange_rows * lanes_per_row; first += warp_lanes) {
        LaneOffsets& shared = new_offsets();
        LaneOffsets& global = new_offsets();
        LanePositions& positions = positions_.emplace_back();
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            const std::uint32_t row = (first + lane) / lanes_per_row;
            const std::uint32_t across = part * exchange_rows + row;
            const std::uint32_t along = (first + lane) % lanes_per_row * elements;
            positions.row[lane] = warp_row_ + (plan_.transposed() ? along : across);
            positions.column[lane] = warp_column_ + (plan_.transposed() ? across : along);
            shared[lane] =
                base + std::uint64_t{row} * plan_.exchange_row_bytes() + std::uint64_t{along} * exchanged_bytes;
            global[lane] = plan_.d_offset(positions.row[lane], positions.column[lane]);
        }
        vectors.push_back({access(shared, exchanged_bytes), access(global, stored_bytes), &positions});
    }
    return vectors;
}

/// A load or store of D.
ProgramStep WarpProgram::stored_step(OperationClass operation, const RowVectors& vectors) const {
    ProgramStep step = plain_step(operation);
    step.address = operation == OperationClass::load_global ? StepAddress::load_d : StepAddress::store_d;
    step.positions = vectors.positions;
    step.instruction.global = vectors.stored;
    return step;
}

void WarpProgram::add_stores(const std::vector<RowVectors>& vectors, std::vector<ProgramStep>& steps) const {
    const RegisterRange free = temporaries();
    for (std::size_t i = 0; i < vectors.size(); ++i) {
        const auto slot = static_cast<std::uint32_t>(i % (free.count / 4U) * 4);
        ProgramStep load = plain_step(OperationClass::load_shared);
        load.instruction.destination =
            register_range(free.first + slot, ceil_divide<std::uint32_t>(vectors[i].exchanged.bytes_per_lane, 4U));
        load.instruction.shared = vectors[i].exchanged;
        steps.push_back(load);
        ProgramStep store = stored_step(OperationClass::store_global, vectors[i]);
        store.instruction.a = load.instruction.destination;
        steps.push_back(store);
    }
}

/// Serial split-K: the exchange is of accumulators, to which those are added that another CTA has stored in D, if any.
/// These are loaded before the exchange, as many as there are registers for.
void WarpProgram::add_exchange_and_sums(std::uint32_t part, bool adds_stored, std::vector<ProgramStep>& steps) {
    constexpr std::uint32_t slot_registers = 8;
    constexpr std::uint32_t slots = 2;
    const std::vector<RowVectors> vectors = row_vectors(part);
    const RegisterRange free = temporaries();
    const std::uint32_t source_registers = ceil_divide<std::uint32_t>(vectors[0].stored.bytes_per_lane, 4U);
    const std::size_t at_once = (free.count - slots * slot_registers) / source_registers;
    const auto source = [&](std::size_t i) {
        const auto index = static_cast<std::uint32_t>(i % at_once);
        return register_range(free.first + slots * slot_registers + index * source_registers, source_registers);
    };
    const auto load_sources = [&](std::size_t first) {
        for (std::size_t i = first; adds_stored && i < std::min(first + at_once, vectors.size()); ++i) {
            steps.push_back(stored_step(OperationClass::load_global, vectors[i]));
            steps.back().instruction.destination = source(i);
        }
    };
    load_sources(0);
    add_exchange(part, steps);
    for (std::size_t i = 0; i < vectors.size(); ++i) {
        if (i > 0 && i % at_once == 0) load_sources(i);
        const auto slot = static_cast<std::uint32_t>(i % slots);
        add_sum(vectors[i], register_range(free.first + slot * slot_registers, slot_registers),
                adds_stored ? std::optional(source(i)) : std::nullopt, steps);
    }
}

/// Accumulators from the exchange, plus `source` widened to their type, rounded to D's type and stored. The first half
/// of the slot takes the sums, the second what is converted.
void WarpProgram::add_sum(const RowVectors& vectors, RegisterRange slot, std::optional<RegisterRange> source,
                          std::vector<ProgramStep>& steps) const {
    const ElementType accumulator = plan_.problem().accumulator;
    const ElementType stored = plan_.stored_type();
    const std::uint32_t converted_first = slot.first + slot.count / 2U;
    const RegisterRange sums = register_range(slot.first, vectors.exchanged.bytes_per_lane / 4U);
    ProgramStep load = plain_step(OperationClass::load_shared);
    load.instruction.destination = sums;
    load.instruction.shared = vectors.exchanged;
    steps.push_back(load);
    const auto convert = [&](RegisterRange from, ElementType from_type, ElementType to_type, std::uint32_t registers) {
        ProgramStep step = plain_step(OperationClass::convert_pack);
        step.instruction.a = from;
        step.instruction.unpacked = from_type;
        step.instruction.packed = to_type;
        step.instruction.destination = register_range(converted_first, registers);
        step.instruction.following_arithmetic = static_cast<std::uint8_t>(registers - 1);
        steps.push_back(step);
        return step.instruction.destination;
    };
    if (source) {
        RegisterRange addends = *source;
        if (stored != accumulator) addends = convert(addends, stored, accumulator, addends.count * 2U);
        add_additions(sums, register_range(addends.first, sums.count), steps);
    }
    ProgramStep store = stored_step(OperationClass::store_global, vectors);
    store.instruction.a =
        stored == accumulator
            ? sums
            : convert(sums, accumulator, stored, ceil_divide<std::uint32_t>(vectors.stored.bytes_per_lane, 4U));
    steps.push_back(store);
}

}  // namespace stcsim
