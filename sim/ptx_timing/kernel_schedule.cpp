#include "ptx_timing/kernel_schedule.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/error.h"
#include "ptx/ptx_control_flow.h"
#include "ptx/ptx_live_ranges.h"
#include "ptx/ptx_register_use.h"
#include "ptx_timing/block_graph.h"
#include "ptx_timing/list_schedule.h"
#include "ptx_timing/machine_program.h"

namespace stcsim {
namespace {

/// Of P0 to P6 ptxas keeps one free for what it adds itself (assumed).
constexpr std::uint32_t predicates = 6;

void reorder(PtxKernel& kernel, const std::vector<std::uint32_t>& order) {
    STCSIM_ASSERT(order.size() == kernel.instructions.size());
    std::vector<PtxInstruction> instructions;
    instructions.reserve(order.size());
    for (const std::uint32_t number : order) instructions.push_back(std::move(kernel.instructions[number]));
    kernel.instructions = std::move(instructions);
}

}  // namespace

std::vector<std::uint32_t> scheduled_order(const DecodedKernel& kernel, std::uint32_t registers_per_thread,
                                           const GpuParameters& gpu) {
    const PtxKernel& ptx = kernel.ptx();
    const MachineProgram program(kernel, registers_per_thread);
    std::vector<PtxRegisterUse> uses;
    for (const PtxInstruction& instruction : ptx.instructions) uses.push_back(registers_of(instruction));
    const std::vector<PtxBlock> blocks = basic_blocks(ptx);
    const auto live = live_ranges(ptx, blocks, uses, ptx.registers.size());
    const ResidencyParameters& sm = gpu.sm.residency;
    const std::uint32_t unit = std::max(sm.register_allocation_unit / warp_lanes, 1U);
    const std::uint32_t for_every_warp = sm.registers / (sm.maximum_warps * warp_lanes);
    const RegisterCounts limit{.words = std::max(round_up(registers_per_thread, unit), for_every_warp),
                               .predicates = predicates};
    std::vector<std::uint32_t> order;
    order.reserve(ptx.instructions.size());
    for (const PtxBlock& block : blocks) {
        const BlockGraph graph = block_graph(program, block, live, gpu);
        for (const std::uint32_t number : list_schedule(graph, limit)) order.push_back(block.begin + number);
    }
    return order;
}

DecodedKernel reordered(DecodedKernel decoded, PtxKernel& kernel, const std::vector<std::uint32_t>& order) {
    const PtxModule& module = decoded.module();
    if (std::unique_ptr<PtxKernel> linked = std::move(decoded).take_linked()) {
        reorder(*linked, order);
        return DecodedKernel::decode_linked(module, std::move(linked));
    }
    reorder(kernel, order);
    return DecodedKernel::decode(module, kernel);
}

}  // namespace stcsim
