/// The epilogue of a warp: D from the accumulators through shared memory to global memory, in whole rows.
///
/// The warp passes 16 rows of D at a time. They are 16 rows of its tile or, for the transposed product, 16 columns:
/// then neighbours in a row of D are in different lanes, and each element is written to shared memory by itself.
#include "base/error.h"
#include "kernel/shared_layout.h"
#include "kernel/warp_program.h"
#include "numerics/float_format.h"

namespace stcsim {
namespace {

/// Rows of D that pass at a time: what an mma has of rows, and two of columns.
constexpr std::uint32_t exchange_rows = 16;
constexpr std::uint32_t n_tile_columns = 8;

}  // namespace

void WarpProgram::build_epilogue() {
    if (memory_steps_) {
        // The exchange reuses the stages: nobody may still read them.
        epilogue_.push_back(plain_step(OperationClass::barrier));
        const std::uint32_t rows = plan_.transposed() ? plan_.kernel().warp_n : plan_.kernel().warp_m;
        for (std::uint32_t part = 0; part < rows / exchange_rows; ++part) {
            if (plan_.transposed()) {
                add_exchange_columns(part * exchange_rows / n_tile_columns);
            } else {
                add_exchange_rows(part);
            }
            add_stores(part);
        }
    }
    epilogue_.push_back(plain_step(OperationClass::exit));
    for (ProgramStep& step : epilogue_) step.instruction.after_last_mma = true;
}

RegisterRange WarpProgram::temporaries() const {
    return register_range(plan_.accumulator_registers(),
                          2 * (plan_.a_fragment_registers() + plan_.b_fragment_registers()));
}

/// Converts the pair of neighbours in a row that `accumulators` hold to D's type, into this many registers.
RegisterRange WarpProgram::add_conversion(RegisterRange accumulators, std::uint32_t registers,
                                          std::uint32_t& next_temporary) {
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
    epilogue_.push_back(convert);
    return convert.instruction.destination;
}

/// Writes registers to the warp's part of shared memory: each lane to its row and element.
void WarpProgram::add_exchange_store(RegisterRange data, std::uint32_t bytes, const LanePositions& places) {
    const std::uint64_t base = std::uint64_t{warp_} * plan_.exchange_bytes();
    LaneOffsets& offsets = new_offsets();
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        offsets[lane] = base + std::uint64_t{places.row[lane]} * plan_.exchange_row_bytes() +
                        std::uint64_t{places.column[lane]} * plan_.output_bytes();
    }
    ProgramStep store = plain_step(OperationClass::store_shared);
    store.instruction.a = data;
    store.instruction.shared = {.offsets = &offsets, .active = ~0U, .bytes_per_lane = static_cast<std::uint8_t>(bytes)};
    epilogue_.push_back(store);
}

void WarpProgram::add_exchange_rows(std::uint32_t m_tile) {
    const std::uint32_t n_tiles = plan_.kernel().warp_n / n_tile_columns;
    const std::uint32_t accumulators = plan_.instruction().d_registers();
    const bool converted = plan_.problem().accumulator != plan_.stored_type();
    std::uint32_t next_temporary = 0;
    for (std::uint32_t n_tile = 0; n_tile < n_tiles; ++n_tile) {
        for (std::uint32_t half = 0; half < 2; ++half) {
            RegisterRange data =
                register_range((m_tile * n_tiles + n_tile) * accumulators + half * accumulators / 2, accumulators / 2);
            if (converted) data = add_conversion(data, 1, next_temporary);
            LanePositions places;
            for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
                places.row[lane] = lane / 4 + half * 8;
                places.column[lane] = n_tile * n_tile_columns + lane % 4 * 2;
            }
            add_exchange_store(data, 2 * plan_.output_bytes(), places);
        }
    }
}

void WarpProgram::add_exchange_columns(std::uint32_t first_n_tile) {
    const std::uint32_t n_tiles = plan_.kernel().warp_n / n_tile_columns;
    const std::uint32_t accumulators = plan_.instruction().d_registers();
    const bool in_place = plan_.problem().accumulator == plan_.stored_type() && bits_of(plan_.stored_type()) == 32;
    std::uint32_t next_temporary = 0;
    // Per fragment of an mma two halves of rows; in each, a pair of columns.
    for (std::uint32_t i = 0; i < 4 * (plan_.kernel().warp_m / 16); ++i) {
        const std::uint32_t m_tile = i / 4;
        const std::uint32_t n_tile = first_n_tile + i / 2 % 2;
        const std::uint32_t half = i % 2;
        RegisterRange data =
            register_range((m_tile * n_tiles + n_tile) * accumulators + half * accumulators / 2, accumulators / 2);
        if (!in_place) data = add_conversion(data, 2, next_temporary);
        for (std::uint32_t element = 0; element < 2; ++element) {
            LanePositions places;
            for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
                places.row[lane] = (n_tile - first_n_tile) * n_tile_columns + lane % 4 * 2 + element;
                places.column[lane] = m_tile * 16 + half * 8 + lane / 4;
            }
            add_exchange_store(register_range(data.first + element, 1), plan_.output_bytes(), places);
        }
    }
}

/// Stores the 16 rows of D that are in shared memory, in the widest vectors that every row of D allows.
void WarpProgram::add_stores(std::uint32_t part) {
    const std::uint32_t output_bytes = plan_.output_bytes();
    const std::uint64_t base = std::uint64_t{warp_} * plan_.exchange_bytes();
    std::uint32_t vector = chunk_bytes;
    while (plan_.d_row_bytes() % vector != 0) vector /= 2;
    const std::uint32_t lanes_per_row = plan_.exchange_row_elements() * output_bytes / vector;
    const std::uint32_t vector_registers = ceil_divide(vector, 4U);
    const RegisterRange free = temporaries();
    for (std::uint32_t first = 0; first < exchange_rows * lanes_per_row; first += warp_lanes) {
        LaneOffsets& shared = new_offsets();
        LaneOffsets& global = new_offsets();
        LanePositions& positions = positions_.emplace_back();
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            const std::uint32_t row = (first + lane) / lanes_per_row;
            const std::uint32_t bytes = (first + lane) % lanes_per_row * vector;
            const std::uint32_t across = part * exchange_rows + row;
            const std::uint32_t along = bytes / output_bytes;
            positions.row[lane] = warp_row_ + (plan_.transposed() ? along : across);
            positions.column[lane] = warp_column_ + (plan_.transposed() ? across : along);
            shared[lane] = base + std::uint64_t{row} * plan_.exchange_row_bytes() + bytes;
            global[lane] = plan_.d_offset(positions.row[lane], positions.column[lane]);
        }
        const std::uint32_t slot = first / warp_lanes * 4 % (free.count / 4U * 4U);
        ProgramStep load = plain_step(OperationClass::load_shared);
        load.instruction.destination = register_range(free.first + slot, vector_registers);
        load.instruction.shared = {
            .offsets = &shared, .active = ~0U, .bytes_per_lane = static_cast<std::uint8_t>(vector)};
        epilogue_.push_back(load);
        ProgramStep store = plain_step(OperationClass::store_global);
        store.address = StepAddress::store_d;
        store.positions = &positions;
        store.instruction.a = load.instruction.destination;
        store.instruction.global = {
            .offsets = &global, .active = ~0U, .bytes_per_lane = static_cast<std::uint8_t>(vector)};
        epilogue_.push_back(store);
    }
}

}  // namespace stcsim
