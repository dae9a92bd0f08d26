#include "kernel/warp_program.h"

#include <algorithm>

#include "base/error.h"
#include "kernel/shared_layout.h"

namespace stcsim {
namespace {

/// Integer instructions per memory instruction of the main loop. In the machine code of a public sparse f16 kernel, 212
/// instructions of a k-tile are 64 mma, 26 ldmatrix, 13 cp.async, a barrier and 108 others (counted in disassembly).
constexpr std::uint32_t other_instructions = 108;
constexpr std::uint32_t per_memory_instructions = 39;

/// Chunks of a block of metadata, whose rows ldmatrix reads.
constexpr std::uint32_t block_chunks = 8;

std::uint32_t first_lanes(std::uint32_t count) {
    return count >= warp_lanes ? ~0U : (1U << count) - 1U;
}

}  // namespace

RegisterRange register_range(std::uint32_t first, std::uint32_t count) {
    return {.first = static_cast<std::uint8_t>(first), .count = static_cast<std::uint8_t>(count)};
}

ProgramStep plain_step(OperationClass operation) {
    ProgramStep step;
    step.instruction.operation = operation;
    return step;
}

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
    exit_.push_back(plain_step(OperationClass::exit));
    if (memory_steps) restart_.push_back(plain_step(OperationClass::barrier));
    restart_.insert(restart_.end(), start_.begin(), start_.end());
    if (!memory_steps) return;
    build_epilogue(false, epilogue_);
    if (plan.serial()) build_epilogue(true, adding_epilogue_);
    if (plan.waits()) {
        build_wait();
        build_raise();
    }
    if (plan.stream_k()) build_workspace_steps();
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
    ProgramStep clear = plain_step(OperationClass::clear);
    clear.instruction.destination = register_range(0, plan_.accumulator_registers());
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
    prologue_.push_back(plain_step(OperationClass::commit_group));
}

void WarpProgram::append_wait_and_barrier(std::vector<ProgramStep>& steps) const {
    ProgramStep wait = plain_step(OperationClass::wait_group);
    wait.instruction.pending_groups = static_cast<std::uint8_t>(plan_.kernel().stages - 2);
    steps.push_back(wait);
    steps.push_back(plain_step(OperationClass::barrier));
}

void WarpProgram::build_first_loads() {
    append_wait_and_barrier(first_loads_);
    const std::vector<ProgramStep> loads = fragment_loads(0, StepAddress::load_current);
    first_loads_.insert(first_loads_.end(), loads.begin(), loads.end());
}

void WarpProgram::add_copies(StepAddress address, std::uint32_t rows, std::uint32_t chunks_per_row,
                             std::uint64_t row_bytes, std::uint32_t stage_offset) {
    const std::uint32_t warps = plan_.kernel().warps();
    // Copies of fewer than 16 bytes (cp.async.ca) take as many more instructions for the chunks of a stage.
    const std::uint32_t width = plan_.copy_bytes();
    const std::uint32_t copies_per_chunk = chunk_bytes / width;
    const std::uint32_t copies_per_row = chunks_per_row * copies_per_chunk;
    const std::uint32_t elements_per_copy = plan_.tile_k() / copies_per_row;
    for (std::uint32_t first = warp_ * warp_lanes; first < rows * copies_per_row; first += warps * warp_lanes) {
        LaneOffsets& shared = new_offsets();
        LaneOffsets& global = new_offsets();
        LanePositions& positions = positions_.emplace_back();
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            const std::uint32_t row = (first + lane) / copies_per_row;
            const std::uint32_t copy = (first + lane) % copies_per_row;
            shared[lane] = stage_offset + swizzled_offset(row, copy / copies_per_chunk, chunks_per_row) +
                           std::uint64_t{copy % copies_per_chunk} * width;
            global[lane] = row * row_bytes + std::uint64_t{copy} * width;
            positions.row[lane] = row;
            positions.column[lane] = copy * elements_per_copy;
        }
        ProgramStep step = plain_step(OperationClass::copy_async);
        step.address = address;
        step.positions = &positions;
        step.instruction.shared = {
            .offsets = &shared, .active = ~0U, .bytes_per_lane = static_cast<std::uint8_t>(width)};
        step.instruction.global = {
            .offsets = &global, .active = ~0U, .bytes_per_lane = static_cast<std::uint8_t>(width)};
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
        ProgramStep step = plain_step(OperationClass::copy_async);
        step.address = StepAddress::copy_e;
        const std::uint32_t active = first_lanes(std::min(lanes, chunks - first));
        step.instruction.shared = {.offsets = &shared, .active = active, .bytes_per_lane = chunk_bytes};
        step.instruction.global = {.offsets = &global, .active = active, .bytes_per_lane = chunk_bytes};
        copies_.push_back(step);
    }
}

ProgramStep WarpProgram::load_matrix(RegisterRange destination, const LaneOffsets& offsets, StepAddress address) {
    ProgramStep step = plain_step(OperationClass::load_matrix);
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
        loads.push_back(load_matrix(register_range(e_register(group), plan_.e_fragment_registers()), offsets, address));
    }
    // A: 16 rows x 16 stored elements per ldmatrix.x4.
    for (std::uint32_t tile = 0; tile < plan_.kernel().warp_m / 16; ++tile) {
        LaneOffsets& offsets = new_offsets();
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            const std::uint32_t row = warp_row_ + tile * 16 + lane / 8 % 2 * 8 + lane % 8;
            offsets[lane] = swizzled_offset(row, group * a_chunks + lane / 16, plan_.a_chunks_per_row());
        }
        loads.push_back(load_matrix(register_range(a_register(group) + tile * 4, 4), offsets, address));
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
        loads.push_back(load_matrix(register_range(b_register(group) + tile * 4, 4), offsets, address));
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
            ProgramStep step = plain_step(OperationClass::mma);
            WarpInstruction& instruction = step.instruction;
            step.fragment = {
                .row = warp_row_ + row * mma.shape.m, .column = warp_column_ + column * mma.shape.n, .group = group};
            instruction.mma = &mma;
            instruction.a = register_range(a_register(group) + row * mma.a_registers(), mma.a_registers());
            instruction.b = register_range(b_register(group) + column * mma.b_registers(), mma.b_registers());
            instruction.c = register_range((row * columns + column) * mma.c_registers(), mma.c_registers());
            instruction.destination = instruction.c;
            if (mma.sparse) {
                // A metadata register serves one or two steps of 16 rows: the selector says which.
                const std::uint32_t rows_served = plan_.e_block_rows() / mma.shape.m;
                instruction.e = register_range(e_register(group) + row / rows_served, 1);
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
            main_loop_.push_back(plain_step(OperationClass::commit_group));
            append_wait_and_barrier(main_loop_);
        }
    }
}

}  // namespace stcsim
