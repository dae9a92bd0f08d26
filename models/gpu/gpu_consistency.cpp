/// Parameters that are each in range but contradict each other.
#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "base/error.h"
#include "gpu/gpu_description.h"

namespace stcsim {
namespace {

/// Throws, naming the parameters that disagree, unless `holds`.
template <typename First, typename Second>
void require(bool holds, std::string_view first, First first_value, std::string_view second, Second second_value,
             std::string_view expected) {
    if (holds) return;
    throw InputError({}, fmt::format("{} = {} with {} = {}", first, first_value, second, second_value),
                     std::string(expected));
}

void check_residency(const SmParameters& sm) {
    const ResidencyParameters& r = sm.residency;
    require(r.maximum_warps % sm.sub_cores == 0, "sm.residency.maximum_warps", r.maximum_warps, "sm.sub_cores",
            sm.sub_cores, "the same number of warp slots in every sub-core");
    require(r.maximum_ctas <= r.maximum_warps, "sm.residency.maximum_ctas", r.maximum_ctas,
            "sm.residency.maximum_warps", r.maximum_warps, "at least one warp slot for each CTA");
    require(r.registers % sm.sub_cores == 0, "sm.residency.registers", r.registers, "sm.sub_cores", sm.sub_cores,
            "the same number of registers in every sub-core");
    const std::uint32_t largest_warp =
        round_up(r.maximum_registers_per_thread * warp_lanes, r.register_allocation_unit);
    require(largest_warp <= r.registers / sm.sub_cores, "sm.residency.registers", r.registers,
            "sm.residency.maximum_registers_per_thread", r.maximum_registers_per_thread,
            fmt::format("a sub-core's share of registers to hold the largest warp, {} registers", largest_warp));
    const std::uint64_t unit = r.shared_memory_allocation_unit.value();
    require(r.shared_memory.value() % unit == 0, "sm.residency.shared_memory", r.shared_memory.value(),
            "sm.residency.shared_memory_allocation_unit", unit, "a multiple of the allocation unit");
    require(r.shared_memory_reserved.value() % unit == 0, "sm.residency.shared_memory_reserved",
            r.shared_memory_reserved.value(), "sm.residency.shared_memory_allocation_unit", unit,
            "a multiple of the allocation unit");
    require(r.shared_memory_per_cta + r.shared_memory_reserved <= r.shared_memory, "sm.residency.shared_memory_per_cta",
            r.shared_memory_per_cta.value(), "sm.residency.shared_memory", r.shared_memory.value(),
            fmt::format("the largest CTA and the {} reserved bytes to fit the shared memory",
                        r.shared_memory_reserved.value()));
}

void check_l1(const SmParameters& sm) {
    require(sm.l1.unified_memory >= sm.residency.shared_memory, "sm.l1.unified_memory", sm.l1.unified_memory.value(),
            "sm.residency.shared_memory", sm.residency.shared_memory.value(),
            "the shared memory to fit the memory that it shares with the L1");
    require(std::ranges::is_sorted(sm.l1.carve_outs.sizes), "sm.l1.carve_outs.first",
            sm.l1.carve_outs.sizes.front().value(), "sm.l1.carve_outs.seventh", sm.l1.carve_outs.sizes.back().value(),
            "carve-outs in ascending order");
}

void check_tensor_core(const TensorCoreParameters& core) {
    const DotProductArrayParameters& array = core.dot_product_array;
    // m16n8 is the shape of every mma and mma.sp of sm_80's tensor cores that is modelled (PTX ISA, "mma").
    require(16 % array.rows == 0 && 8 % array.columns == 0, "sm.tensor_core.dot_product_array.rows", array.rows,
            "sm.tensor_core.dot_product_array.columns", array.columns,
            "rows that divide 16 and columns that divide 8, so that an m16n8 mma takes whole steps");
    require(std::has_single_bit(array.unit_bits), "sm.tensor_core.dot_product_array.unit_bits", array.unit_bits,
            "sm.tensor_core.dot_product_array.rows", array.rows, "a power of two of bits per unit");
    // Selection among the four elements of a 2:4 group (arXiv 2104.08378, section 3).
    require(!core.sparse_path || core.input_selector.mux_width >= 4, "sm.tensor_core.input_selector.mux_width",
            core.input_selector.mux_width, "sm.tensor_core.sparse_path", core.sparse_path,
            "a multiplexer that reaches all 4 elements of a 2:4 group");
}

void check_memory(const MemoryParameters& memory) {
    const L2CacheParameters& l2 = memory.l2;
    require(l2.line.value() % l2.sector.value() == 0, "memory.l2.line", l2.line.value(), "memory.l2.sector",
            l2.sector.value(), "a line of whole sectors");
    require(l2.line.value() / l2.sector.value() <= 8, "memory.l2.line", l2.line.value(), "memory.l2.sector",
            l2.sector.value(), "a line of at most 8 sectors");
    require(l2.slices % l2.partitions == 0, "memory.l2.slices", l2.slices, "memory.l2.partitions", l2.partitions,
            "the same number of slices in every partition");
    const std::uint64_t row = l2.line.value() * l2.ways * l2.slices;
    require(l2.capacity.value() % row == 0, "memory.l2.capacity", l2.capacity.value(), "memory.l2.slices", l2.slices,
            fmt::format("a multiple of line x ways x slices = {} bytes, so that every slice has whole sets", row));
    const HighBandwidthMemoryParameters& hbm = memory.hbm;
    require(hbm.row_bytes.value() % l2.line.value() == 0, "memory.hbm.row_bytes", hbm.row_bytes.value(),
            "memory.l2.line", l2.line.value(), "a row of whole lines");
    require(hbm.row_open_seconds <= hbm.row_cycle_seconds, "memory.hbm.row_open_seconds", hbm.row_open_seconds,
            "memory.hbm.row_cycle_seconds", hbm.row_cycle_seconds,
            "a bank to open a row in no more than the time between two openings");
}

}  // namespace

void check_consistency(const GpuDescription& gpu) {
    check_residency(gpu.parameters.sm);
    check_l1(gpu.parameters.sm);
    check_tensor_core(gpu.parameters.sm.tensor_core);
    check_memory(gpu.parameters.memory);
}

}  // namespace stcsim
