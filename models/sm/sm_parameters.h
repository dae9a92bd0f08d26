/// Parameters of the streaming multiprocessor's modules. Values and their sources are in models/gpus/.
#pragma once

#include <array>
#include <cstdint>

#include "base/parameters.h"
#include "base/units.h"
#include "isa/warp_instruction.h"
#include "tensor_core/tensor_core_parameters.h"

namespace stcsim {

/// What limits how many CTAs are resident on an SM (CUDA C++ Programming Guide, technical specifications per compute
/// capability).
struct ResidencyParameters {
    std::uint32_t maximum_warps;
    std::uint32_t maximum_ctas;
    std::uint32_t registers;                 ///< 32-bit registers
    std::uint32_t register_allocation_unit;  ///< registers a warp's share is rounded up to
    std::uint32_t maximum_registers_per_thread;
    Bytes shared_memory;           ///< for all CTAs together
    Bytes shared_memory_per_cta;   ///< most one CTA can have
    Bytes shared_memory_reserved;  ///< taken by the system for each CTA
    Bytes shared_memory_allocation_unit;

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("maximum_warps", maximum_warps, {1, 64}, "resident warps");
        v.parameter("maximum_ctas", maximum_ctas, {1, 64}, "resident CTAs");
        v.parameter("registers", registers, {1024, 1 << 20}, "32-bit registers");
        v.parameter("register_allocation_unit", register_allocation_unit, {1, 4096},
                    "granularity of a warp's registers");
        v.parameter("maximum_registers_per_thread", maximum_registers_per_thread, {16, 255}, "registers of one thread");
        v.parameter("shared_memory", shared_memory, {1024, 1 << 24}, "shared memory of all resident CTAs");
        v.parameter("shared_memory_per_cta", shared_memory_per_cta, {1024, 1 << 24}, "shared memory of one CTA");
        v.parameter("shared_memory_reserved", shared_memory_reserved, {0, 1 << 20},
                    "shared memory the system takes per CTA");
        v.parameter("shared_memory_allocation_unit", shared_memory_allocation_unit, {1, 4096},
                    "granularity of shared memory");
    }
};

/// One arithmetic unit of a sub-core.
struct ArithmeticUnitParameters {
    Cycle interval;  ///< between two instructions
    Cycle latency;   ///< until a dependent instruction can issue

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("interval", interval, {1, 1024}, "cycles between two warp instructions");
        v.parameter("latency", latency, {1, 1024}, "dependent latency");
    }
};

/// WarpScheduler: issue and the units beside the tensor core.
struct WarpSchedulerParameters {
    std::uint32_t shared_unit_queue_depth;  ///< requests queued per sub-core towards the units the SM shares
    Cycle arithmetic_latency;               ///< dependent latency of integer and f32 operations
    Cycle warp_sync_latency;                ///< from a __syncwarp() to the warp's next instruction
    ArithmeticUnitParameters integer, float32, half, float64, conversion, special, exchange;

    /// The parameters of a unit other than `any`.
    [[nodiscard]] const ArithmeticUnitParameters& unit(ArithmeticUnit which) const;

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("shared_unit_queue_depth", shared_unit_queue_depth, {1, 64},
                    "requests queued per sub-core towards the units that the SM shares");
        v.parameter("arithmetic_latency", arithmetic_latency, {1, 64},
                    "dependent latency of operations without a unit of their own");
        v.parameter("warp_sync_latency", warp_sync_latency, {1, 64},
                    "cycles from a __syncwarp() to the warp's next instruction");
        v.group("integer", integer);
        v.group("float32", float32);
        v.group("half", half);
        v.group("float64", float64);
        v.group("conversion", conversion);
        v.group("special", special);
        v.group("exchange", exchange);
    }
};

/// SharedMemory: banks, and the latency seen by ldmatrix and ld.shared.
struct SharedMemoryParameters {
    std::uint32_t banks;
    Bytes bank_width;
    Bytes fill_bytes_per_cycle;  ///< of cp.async data that arrive
    Cycle base_latency;          ///< completion latency is base + return x wavefronts
    Cycle return_per_wavefront;  ///< a sub-core's return path, cycles per wavefront
    Cycle atomic_latency;        ///< of an atomic operation beyond a load
    Cycle swap_loop_latency;     ///< of the instructions around a compare-and-swap in a loop of them

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("banks", banks, {1, 128}, "banks");
        v.parameter("bank_width", bank_width, {1, 64}, "bytes a bank serves per cycle");
        v.parameter("fill_bytes_per_cycle", fill_bytes_per_cycle, {1, 1024},
                    "bytes of arriving cp.async data that a cycle of the banks takes");
        v.parameter("base_latency", base_latency, {1, 1024}, "cycles of a load before its first wavefront returns");
        v.parameter("return_per_wavefront", return_per_wavefront, {1, 64},
                    "cycles a sub-core's return path takes per wavefront");
        v.parameter("atomic_latency", atomic_latency, {0, 1024}, "cycles of an atomic operation beyond a load");
        v.parameter("swap_loop_latency", swap_loop_latency, {1, 1024},
                    "cycles of the other instructions in a round of a compare-and-swap loop");
    }
};

/// The sizes of shared memory that the unified memory can be divided by, in ascending order; a GPU has those that do
/// not exceed its shared memory.
struct CarveOutParameters {
    std::array<Bytes, 7> sizes;

    template <typename Visitor>
    void describe(Visitor& v) {
        constexpr std::array<const char*, 7> names{"first", "second", "third", "fourth", "fifth", "sixth", "seventh"};
        for (std::size_t i = 0; i < sizes.size(); ++i) {
            v.parameter(names[i], sizes[i], {0, 1 << 24}, "a size that shared memory can have");
        }
    }
};

/// The L1 data cache in the SM's unified memory: what shared memory does not take.
struct L1CacheParameters {
    Bytes unified_memory;  ///< L1 and shared memory together
    CarveOutParameters carve_outs;
    std::uint32_t ways;
    std::uint32_t tags_per_cycle;             ///< lines looked up
    Cycle tag_latency;                        ///< of a hit beyond what a load from shared memory takes
    std::uint32_t wavefronts_per_lost_cycle;  ///< after so many, the array does nothing for a cycle

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("unified_memory", unified_memory, {1024, 1 << 24}, "bytes of L1 and shared memory together");
        v.parameter("ways", ways, {1, 64}, "lines per set");
        v.parameter("tags_per_cycle", tags_per_cycle, {1, 32}, "lines looked up per cycle");
        v.parameter("tag_latency", tag_latency, {1, 1024}, "cycles of a hit beyond a load from shared memory");
        v.parameter("wavefronts_per_lost_cycle", wavefronts_per_lost_cycle, {1, 1 << 20},
                    "wavefronts of hits after which the array loses a cycle");
        v.group("carve_outs", carve_outs);
    }
};

/// LoadStoreUnit: global loads, stores and cp.async through L1 to the interconnect.
struct LoadStoreUnitParameters {
    Cycle latency;                       ///< from issue to the interconnect
    Bytes bytes_per_cycle;               ///< L1 throughput
    std::uint32_t outstanding_requests;  ///< warp-level requests in flight

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("latency", latency, {1, 1024}, "cycles from issue to the interconnect");
        v.parameter("bytes_per_cycle", bytes_per_cycle, {1, 1024}, "bytes accepted per cycle");
        v.parameter("outstanding_requests", outstanding_requests, {1, 4096}, "warp-level requests in flight");
    }
};

/// BarrierUnit: bar.sync among the warps of a CTA.
struct BarrierUnitParameters {
    Cycle latency;  ///< from the last arrival to the release

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("latency", latency, {1, 1024}, "cycles from the last warp's arrival to the release");
    }
};

/// One streaming multiprocessor.
struct SmParameters {
    std::uint32_t sub_cores;
    ResidencyParameters residency;
    WarpSchedulerParameters warp_scheduler;
    TensorCoreParameters tensor_core;
    SharedMemoryParameters shared_memory;
    L1CacheParameters l1;
    LoadStoreUnitParameters load_store_unit;
    BarrierUnitParameters barrier_unit;

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("sub_cores", sub_cores, {1, 8},
                    "sub-cores, each with a scheduler, a register file and a tensor core");
        v.group("residency", residency);
        v.group("warp_scheduler", warp_scheduler);
        v.group("tensor_core", tensor_core);
        v.group("shared_memory", shared_memory);
        v.group("l1", l1);
        v.group("load_store_unit", load_store_unit);
        v.group("barrier_unit", barrier_unit);
    }
};

}  // namespace stcsim
