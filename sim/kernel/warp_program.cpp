#include "kernel/warp_program.h"

#include <algorithm>

#include "base/error.h"
#include "kernel/shared_layout.h"
#include "numerics/float_format.h"

namespace stcsim {
namespace {

/// Integer instructions per memory instruction of the main loop. In the machine code of a public sparse f16 kernel, 212
/// instructions of a k-tile are 64 mma, 26 ldmatrix, 13 cp.async, a barrier and 108 others (counted in disassembly).
constexpr std::uint32_t other_instructions = 108;
constexpr std::uint32_t per_memory_instructions = 39;

/// Chunks of a block of metadata, whose rows ldmatrix reads.
constexpr std::uint32_t block_chunks = 8;

RegisterRange range(std::uint32_t first, std::uint32_t count) {
    return {.first = static_cast<std::uint8_t>(first), .count = static_cast<std::uint8_t>(count)};
}

ProgramStep plain(OperationClass operation) {
    ProgramStep step;
    step.instruction.operation = operation;
    return step;
}

std::uint32_t first_lanes(std::uint32_t count) {
    return count >= warp_lanes ? ~0U : (1U << count) - 1U;
}

}  // namespace

WarpProgram::WarpProgram(const GemmPlan& plan, std::uint32_t warp, bool memory_steps)
    : plan_(plan),
      warp_(warp),
      warp_row_(warp % (plan.kernel().tile_m / plan.kernel().warp_m) * plan.kernel().warp_m),
      warp_column_(warp / (plan.kernel().tile_m / plan.kernel().warp_m) * plan.kernel().warp_n),
      memory_steps_(memory_steps) {
    STCSIM_ASSERT(plan.k_groups() >= 2);
    build_start();
    if (memory_steps) {
        build_copies();
        build_first_loads();
    }
    build_main_loop();
    build_epilogue();
}

std::uint32_t WarpProgram::a_register(std::uint32_t group) const {
    return plan_.accumulator_registers() + group % 2 * plan_.a_fragment_registers();
}

std::uint32_t WarpProgram::b_register(std::uint32_t group) const {
    return plan_.accumulator_registers() + 2 * plan_.a_fragment_registers() + group % 2 * plan_.b_fragment_registers();
}

std::uint32_t WarpProgram::e_register(std::uint32_t group) const {
    return plan_.accumulator_registers() + 2 * (plan_.a_fragment_registers() + plan_.b_fragment_registers()) +
           group % 2 * plan_.e_fragment_registers();
}

void WarpProgram::build_start() {
    ProgramStep clear = plain(OperationClass::clear);
    clear.instruction.destination = range(0, plan_.accumulator_registers());
    // One instruction zeroes a pair of registers (CS2R).
    clear.instruction.following_arithmetic = static_cast<std::uint8_t>(plan_.accumulator_registers() / 2 - 1);
    start_.push_back(clear);
}

void WarpProgram::build_copies() {
    const std::uint32_t a_bytes = plan_.a_stage_bytes();
    add_copies(StepAddress::copy_a, plan_.kernel().tile_m, plan_.a_chunks_per_row(), plan_.a_row_bytes(), 0);
    add_copies(StepAddress::copy_b, plan_.kernel().tile_n, plan_.b_chunks_per_row(), plan_.b_row_bytes(), a_bytes);
    if (plan_.sparse()) add_metadata_copies();
    prologue_ = copies_;
    prologue_.push_back(plain(OperationClass::commit_group));
}

void WarpProgram::append_wait_and_barrier(std::vector<ProgramStep>& steps) const {
    ProgramStep wait = plain(OperationClass::wait_group);
    wait.instruction.pending_groups = static_cast<std::uint8_t>(plan_.kernel().stages - 2);
    steps.push_back(wait);
    steps.push_back(plain(OperationClass::barrier));
}

void WarpProgram::build_first_loads() {
    append_wait_and_barrier(first_loads_);
    const std::vector<ProgramStep> loads = fragment_loads(0, StepAddress::load_current);
    first_loads_.insert(first_loads_.end(), loads.begin(), loads.end());
}

void WarpProgram::add_copies(StepAddress address, std::uint32_t rows, std::uint32_t chunks_per_row,
                             std::uint64_t row_bytes, std::uint32_t stage_offset) {
    const std::uint32_t warps = plan_.kernel().warps();
    const std::uint32_t chunks = rows * chunks_per_row;
    const std::uint32_t elements_per_chunk = plan_.tile_k() / chunks_per_row;
    for (std::uint32_t first = warp_ * warp_lanes; first < chunks; first += warps * warp_lanes) {
        LaneOffsets& shared = new_offsets();
        LaneOffsets& global = new_offsets();
        LanePositions& positions = positions_.emplace_back();
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            const std::uint32_t row = (first + lane) / chunks_per_row;
            const std::uint32_t chunk = (first + lane) % chunks_per_row;
            shared[lane] = stage_offset + swizzled_offset(row, chunk, chunks_per_row);
            global[lane] = row * row_bytes + std::uint64_t{chunk} * chunk_bytes;
            positions.row[lane] = row;
            positions.column[lane] = chunk * elements_per_chunk;
        }
        ProgramStep step = plain(OperationClass::copy_async);
        step.address = address;
        step.positions = &positions;
        step.instruction.shared = {.offsets = &shared, .active = ~0U, .bytes_per_lane = chunk_bytes};
        step.instruction.global = {.offsets = &global, .active = ~0U, .bytes_per_lane = chunk_bytes};
        copies_.push_back(step);
    }
}

void WarpProgram::add_metadata_copies() {
    const std::uint32_t warps = plan_.kernel().warps();
    const std::uint32_t chunks = plan_.e_stage_bytes() / chunk_bytes;
    const std::uint32_t lanes = std::min(warp_lanes, ceil_divide(chunks, warps));
    const std::uint32_t chunks_per_row_block = plan_.k_groups() * block_chunks;
    const std::uint64_t row_block_bytes = plan_.k_tiles() * chunks_per_row_block * chunk_bytes;
    for (std::uint32_t first = warp_ * lanes; first < chunks; first += warps * lanes) {
        LaneOffsets& shared = new_offsets();
        LaneOffsets& global = new_offsets();
        for (std::uint32_t lane = 0; lane < lanes; ++lane) {
            const std::uint32_t chunk = first + lane;
            shared[lane] = plan_.a_stage_bytes() + plan_.b_stage_bytes() + std::uint64_t{chunk} * chunk_bytes;
            global[lane] = chunk / chunks_per_row_block * row_block_bytes +
                           std::uint64_t{chunk % chunks_per_row_block} * chunk_bytes;
        }
        ProgramStep step = plain(OperationClass::copy_async);
        step.address = StepAddress::copy_e;
        const std::uint32_t active = first_lanes(std::min(lanes, chunks - first));
        step.instruction.shared = {.offsets = &shared, .active = active, .bytes_per_lane = chunk_bytes};
        step.instruction.global = {.offsets = &global, .active = active, .bytes_per_lane = chunk_bytes};
        copies_.push_back(step);
    }
}

ProgramStep WarpProgram::load_matrix(RegisterRange destination, const LaneOffsets& offsets, StepAddress address) {
    ProgramStep step = plain(OperationClass::load_matrix);
    step.address = address;
    step.instruction.destination = destination;
    step.instruction.shared = {
        .offsets = &offsets, .active = first_lanes(8U * destination.count), .bytes_per_lane = chunk_bytes};
    return step;
}

std::vector<ProgramStep> WarpProgram::fragment_loads(std::uint32_t group, StepAddress address) {
    std::vector<ProgramStep> loads;
    const std::uint32_t a_chunks = plan_.a_chunks_per_row() / plan_.k_groups();
    const std::uint32_t b_chunks = plan_.b_chunks_per_row() / plan_.k_groups();
    if (plan_.sparse()) {
        LaneOffsets& offsets = new_offsets();
        const std::uint32_t first_block = warp_row_ / plan_.e_block_rows();
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            const std::uint32_t block = (first_block + lane / 8) * plan_.k_groups() + group;
            offsets[lane] = plan_.a_stage_bytes() + plan_.b_stage_bytes() + block * 128U + lane % 8 * chunk_bytes;
        }
        loads.push_back(load_matrix(range(e_register(group), plan_.e_fragment_registers()), offsets, address));
    }
    // A: 16 rows x 16 stored elements per ldmatrix.x4.
    for (std::uint32_t tile = 0; tile < plan_.kernel().warp_m / 16; ++tile) {
        LaneOffsets& offsets = new_offsets();
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            const std::uint32_t row = warp_row_ + tile * 16 + lane / 8 % 2 * 8 + lane % 8;
            offsets[lane] = swizzled_offset(row, group * a_chunks + lane / 16, plan_.a_chunks_per_row());
        }
        loads.push_back(load_matrix(range(a_register(group) + tile * 4, 4), offsets, address));
    }
    // B: 16 columns x 16 k dense, 8 columns x 32 k sparse per ldmatrix.x4.
    const std::uint32_t columns = 32 / b_chunks;
    for (std::uint32_t tile = 0; tile < plan_.kernel().warp_n / columns; ++tile) {
        LaneOffsets& offsets = new_offsets();
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            const std::uint32_t matrix = lane / 8;
            const std::uint32_t column = warp_column_ + tile * columns + matrix / b_chunks * 8 + lane % 8;
            offsets[lane] = plan_.a_stage_bytes() +
                            swizzled_offset(column, group * b_chunks + matrix % b_chunks, plan_.b_chunks_per_row());
        }
        loads.push_back(load_matrix(range(b_register(group) + tile * 4, 4), offsets, address));
    }
    return loads;
}

std::vector<ProgramStep> WarpProgram::multiplications(std::uint32_t group) const {
    std::vector<ProgramStep> steps;
    const MmaInstruction& mma = plan_.instruction();
    const std::uint32_t rows = plan_.kernel().warp_m / mma.shape.m;
    const std::uint32_t columns = plan_.kernel().warp_n / mma.shape.n;
    for (std::uint32_t row = 0; row < rows; ++row) {
        for (std::uint32_t i = 0; i < columns; ++i) {
            const std::uint32_t column = row % 2 == 0 ? i : columns - 1 - i;
            ProgramStep step = plain(OperationClass::mma);
            WarpInstruction& instruction = step.instruction;
            step.fragment = {
                .row = warp_row_ + row * mma.shape.m, .column = warp_column_ + column * mma.shape.n, .group = group};
            instruction.mma = &mma;
            instruction.a = range(a_register(group) + row * mma.a_registers(), mma.a_registers());
            instruction.b = range(b_register(group) + column * mma.b_registers(), mma.b_registers());
            instruction.c = range((row * columns + column) * mma.c_registers(), mma.c_registers());
            instruction.destination = instruction.c;
            if (mma.sparse) {
                // A metadata register serves one or two steps of 16 rows: the selector says which.
                const std::uint32_t rows_served = plan_.e_block_rows() / mma.shape.m;
                instruction.e = range(e_register(group) + row / rows_served, 1);
                instruction.selector = static_cast<std::uint8_t>(row % rows_served);
            }
            steps.push_back(step);
        }
    }
    return steps;
}

void WarpProgram::interleave(const std::vector<ProgramStep>& multiplications, const std::vector<ProgramStep>& memory) {
    // Memory steps go into the first three quarters of the group, so that fragments are there when the next one starts.
    const std::size_t count = multiplications.size();
    const std::size_t others = memory.size() * other_instructions / per_memory_instructions;
    std::size_t emitted = 0;
    for (std::size_t i = 0; i < count; ++i) {
        ProgramStep step = multiplications[i];
        step.instruction.following_arithmetic =
            static_cast<std::uint8_t>((i + 1) * others / count - i * others / count);
        main_loop_.push_back(step);
        const std::size_t due = std::min(memory.size(), ((i + 1) * memory.size() * 4 + 3 * count - 1) / (3 * count));
        for (; emitted < due; ++emitted) main_loop_.push_back(memory[emitted]);
    }
}

void WarpProgram::build_main_loop() {
    const std::uint32_t groups = plan_.k_groups();
    for (std::uint32_t group = 0; group < groups; ++group) {
        std::vector<ProgramStep> memory;
        if (memory_steps_) {
            const bool last = group + 1 == groups;
            memory = fragment_loads((group + 1) % groups, last ? StepAddress::load_next : StepAddress::load_current);
            if (!last) {
                const std::size_t from = copies_.size() * group / (groups - 1);
                const std::size_t to = copies_.size() * (group + 1) / (groups - 1);
                memory.insert(memory.end(), copies_.begin() + static_cast<std::ptrdiff_t>(from),
                              copies_.begin() + static_cast<std::ptrdiff_t>(to));
            }
        }
        interleave(multiplications(group), memory);
        if (memory_steps_ && group + 2 == groups) {
            main_loop_.push_back(plain(OperationClass::commit_group));
            append_wait_and_barrier(main_loop_);
        }
    }
}

void WarpProgram::build_epilogue() {
    if (memory_steps_) {
        // The exchange reuses the stages: nobody may still read them.
        epilogue_.push_back(plain(OperationClass::barrier));
        for (std::uint32_t m_tile = 0; m_tile < plan_.kernel().warp_m / 16; ++m_tile) add_exchange(m_tile);
    }
    epilogue_.push_back(plain(OperationClass::exit));
    for (ProgramStep& step : epilogue_) step.instruction.after_last_mma = true;
}

void WarpProgram::add_exchange(std::uint32_t m_tile) {
    const std::uint32_t warp_n = plan_.kernel().warp_n;
    const std::uint32_t output_bytes = plan_.output_bytes();
    const std::uint32_t pitch = plan_.exchange_row_bytes();
    const std::uint64_t base = std::uint64_t{warp_} * plan_.exchange_bytes();
    const std::uint32_t n_tiles = warp_n / 8;
    const std::uint32_t accumulators = plan_.instruction().d_registers();
    const bool pack = plan_.problem().accumulator != plan_.problem().output;
    const std::uint32_t stored_registers = output_bytes == 4 ? 2 : 1;
    // Integers become f32 one by one (I2F) before two are packed.
    const bool integer_to_float = pack && !is_float(plan_.problem().accumulator) && is_float(plan_.problem().output);
    const std::uint32_t temporary = plan_.accumulator_registers();
    const std::uint32_t temporaries = 2 * (plan_.a_fragment_registers() + plan_.b_fragment_registers());

    std::uint32_t next_temporary = 0;
    for (std::uint32_t n_tile = 0; n_tile < n_tiles; ++n_tile) {
        for (std::uint32_t half = 0; half < 2; ++half) {
            RegisterRange data =
                range((m_tile * n_tiles + n_tile) * accumulators + half * accumulators / 2, accumulators / 2);
            if (pack) {
                ProgramStep convert = plain(OperationClass::convert_pack);
                convert.instruction.a = data;
                convert.instruction.unpacked = plan_.problem().accumulator;
                convert.instruction.packed = plan_.problem().output;
                if (integer_to_float) convert.instruction.following_arithmetic = 2;
                data = range(temporary + next_temporary++ % temporaries, 1);
                convert.instruction.destination = data;
                epilogue_.push_back(convert);
            }
            STCSIM_ASSERT(data.count == stored_registers);
            LaneOffsets& offsets = new_offsets();
            for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
                offsets[lane] = base + std::uint64_t{lane / 4 + half * 8} * pitch +
                                std::uint64_t{n_tile * 8 + lane % 4 * 2} * output_bytes;
            }
            ProgramStep store = plain(OperationClass::store_shared);
            store.instruction.a = data;
            store.instruction.shared = {
                .offsets = &offsets, .active = ~0U, .bytes_per_lane = static_cast<std::uint8_t>(2 * output_bytes)};
            epilogue_.push_back(store);
        }
    }

    // The widest vector that every row of D allows.
    std::uint32_t vector = chunk_bytes;
    while (plan_.d_row_bytes() % vector != 0) vector /= 2;
    const std::uint32_t lanes_per_row = warp_n * output_bytes / vector;
    const std::uint32_t vector_registers = ceil_divide(vector, 4U);
    for (std::uint32_t first = 0; first < 16 * lanes_per_row; first += warp_lanes) {
        LaneOffsets& shared = new_offsets();
        LaneOffsets& global = new_offsets();
        LanePositions& positions = positions_.emplace_back();
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            const std::uint32_t row = (first + lane) / lanes_per_row;
            const std::uint32_t bytes = (first + lane) % lanes_per_row * vector;
            positions.row[lane] = warp_row_ + m_tile * 16 + row;
            positions.column[lane] = warp_column_ + bytes / output_bytes;
            shared[lane] = base + std::uint64_t{row} * pitch + bytes;
            global[lane] =
                positions.row[lane] * plan_.d_row_bytes() + std::uint64_t{positions.column[lane]} * output_bytes;
        }
        const std::uint32_t slot = first / warp_lanes * 4 % (temporaries / 4 * 4);
        ProgramStep load = plain(OperationClass::load_shared);
        load.instruction.destination = range(temporary + slot, vector_registers);
        load.instruction.shared = {
            .offsets = &shared, .active = ~0U, .bytes_per_lane = static_cast<std::uint8_t>(vector)};
        epilogue_.push_back(load);
        ProgramStep store = plain(OperationClass::store_global);
        store.address = StepAddress::store_d;
        store.positions = &positions;
        store.instruction.a = load.instruction.destination;
        store.instruction.global = {
            .offsets = &global, .active = ~0U, .bytes_per_lane = static_cast<std::uint8_t>(vector)};
        epilogue_.push_back(store);
    }
}

}  // namespace stcsim
