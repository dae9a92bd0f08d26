/// The warp instruction: the one language between what drives the machine and the machine.
///
/// A GEMM kernel, a microbenchmark, a real kernel's PTX and a recorded trace all reach the SM as a stream of these.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/units.h"
#include "isa/fragment.h"
#include "isa/mma_instruction.h"
#include "isa/register_set.h"

namespace stcsim {

/// What an instruction does, by the unit that executes it.
enum class OperationClass : std::uint8_t {
    mma,            ///< mma or mma.sp, in the tensor core
    load_matrix,    ///< ldmatrix.x1/.x2/.x4 (.m8n8.b16), from shared memory
    load_shared,    ///< ld.shared
    store_shared,   ///< st.shared
    load_global,    ///< ld.global
    store_global,   ///< st.global
    atomic_global,  ///< atom and red on global memory, at the L2; red has no destination
    atomic_shared,  ///< atom and red on shared memory
    /// fence.acq_rel.gpu, membar.gl: the warp waits until its accesses are performed for the whole GPU. With a
    /// destination only that is written then, when the warp's stores have reached the L2.
    fence,
    copy_async,    ///< cp.async from global to shared memory
    commit_group,  ///< cp.async.commit_group
    wait_group,    ///< cp.async.wait_group N: until at most N of the newest groups are pending
    barrier,       ///< bar.sync or bar.arrive
    warp_sync,     ///< __syncwarp(): bar.warp.sync over the lanes of the warp
    convert_pack,  ///< elements to another type, packed or one in a register (numerics/output_conversion.h)
    clear,         ///< zero a range of registers
    arithmetic,    ///< an operation of an arithmetic unit, or control; reads `a`; without modelled values but `adds`
    exit,          ///< the warp ends
};

inline constexpr std::size_t operation_classes = static_cast<std::size_t>(OperationClass::exit) + 1;

/// Where an operation of class `arithmetic` executes. Each sub-core has one of each; a unit takes its next instruction
/// an interval after the last one.
enum class ArithmeticUnit : std::uint8_t {
    any,         ///< wherever there is room: takes an issue slot only
    integer,     ///< 32-bit integer, logic, comparison, selection, address arithmetic
    float32,     ///< f32 add, multiply, fused multiply-add
    half,        ///< packed 16-bit floats
    float64,     ///< f64 add, multiply, fused multiply-add
    conversion,  ///< between types
    special,     ///< reciprocal, square root, exponential, logarithm, sine
    exchange,    ///< shuffles and votes between the lanes
};

inline constexpr std::size_t arithmetic_units = static_cast<std::size_t>(ArithmeticUnit::exchange) + 1;

/// What a global access has to do with the L1 data cache.
enum class CacheUse : std::uint8_t {
    l2,       ///< passes the L1 by: .cg, .cv, volatile; stores update what the L1 holds, and leave nothing new in it
    l1,       ///< loads and cp.async: looked up, and kept; stores: kept as well (local memory)
    acquire,  ///< passes the L1 by, and the L1 forgets all it has: others' data may have changed
};

/// How an atomic on shared memory is executed.
enum class AtomicForm : std::uint8_t {
    native,     ///< by the unit, one lane after the other where they share an address
    counting,   ///< an increment by one: lanes that share an address are counted and added at once
    swap_loop,  ///< by a loop around a compare-and-swap: one lane per address gets through in each round
};

/// Addresses of the lanes relative to a base, in bytes. Owned by the stream; must outlive the simulation unchanged.
using LaneOffsets = std::array<std::uint64_t, warp_lanes>;

/// One access by the lanes of a warp: lane l touches `bytes_per_lane` bytes at base + offsets[l] if bit l of `active`
/// is set. Shared-memory addresses are relative to the CTA's allocation. Offsets at the same address in memory always
/// hold the same values: what follows from them is remembered by that address.
struct LaneAccess {
    std::uint64_t base = 0;
    const LaneOffsets* offsets = nullptr;
    std::uint32_t active = 0;
    std::uint8_t bytes_per_lane = 0;

    [[nodiscard]] std::uint64_t address(std::uint32_t lane) const { return base + (*offsets)[lane]; }
    [[nodiscard]] bool is_active(std::uint32_t lane) const { return ((active >> lane) & 1U) != 0; }
};

/// Takes the result of an mma whose operands the stream provides.
class MmaResultReceiver {
  public:
    virtual ~MmaResultReceiver() = default;
    MmaResultReceiver() = default;
    MmaResultReceiver(const MmaResultReceiver&) = delete;
    MmaResultReceiver& operator=(const MmaResultReceiver&) = delete;

    /// The fragment of D, when the tensor core writes it.
    virtual void take(std::span<const WarpRegister> d) = 0;
};

/// Operands of an mma that the stream provides itself, instead of the warp's registers.
struct ProvidedOperands {
    std::vector<WarpRegister> a, b, e;
    std::vector<WarpRegister> c;                  ///< empty: the warp's registers
    std::shared_ptr<MmaResultReceiver> receiver;  ///< of D; null: the warp's registers
};

/// One instruction of one warp.
struct WarpInstruction {
    OperationClass operation = OperationClass::exit;
    RegisterRange destination;
    /// mma: A, B, C and (mma.sp) E. Stores: the data in `a`. convert_pack: the elements in `a`.
    RegisterRange a, b, c, e;
    /// Registers that must have no write pending either, or null; valid while the instruction waits.
    const RegisterSet* further_reads = nullptr;
    const MmaInstruction* mma = nullptr;  ///< an element of mma_instructions()
    std::uint8_t selector = 0;            ///< sparsity selector of mma.sp
    bool transposed = false;              ///< ldmatrix.trans
    // convert_pack: the elements of type `unpacked` that fill the registers `a` become `packed` ones, spread evenly
    // over the destination's registers from their low bits on.
    ElementType unpacked = ElementType::f32;
    ElementType packed = ElementType::f16;
    /// Operations of class `arithmetic` that follow in the program and depend on nothing pending: they take this many
    /// issue slots directly after the instruction. A compressed notation for address and loop arithmetic.
    std::uint8_t following_arithmetic = 0;
    ArithmeticUnit unit = ArithmeticUnit::any;  ///< arithmetic
    /// arithmetic: adds the elements of type `unpacked` in `a`, one in a register, to those in `destination`.
    bool adds = false;
    std::uint8_t barrier = 0;         ///< barrier: its number, 0 to 15
    std::uint8_t barrier_warps = 0;   ///< barrier: warps that take part; 0: all of the CTA that have not ended
    bool barrier_waits = true;        ///< barrier: bar.sync; false: bar.arrive
    std::uint8_t pending_groups = 0;  ///< wait_group: groups that may still be pending
    /// mma: values that go through the tensor core, or null: the registers' contents, if values are simulated. Valid
    /// until the next instruction is asked for.
    const ProvidedOperands* provided = nullptr;
    bool after_last_mma = false;  ///< the warp issues no mma any more (accounting only)
    /// The first instruction of an iteration of the warp's main loop: a good moment to see whether the machine repeats.
    bool begins_iteration = false;
    CacheUse cache = CacheUse::l2;           ///< global accesses
    AtomicForm atomic = AtomicForm::native;  ///< atomic_shared
    LaneAccess shared;                       ///< shared-memory side of the access
    /// Global side of the access. cp.async zero-fills lanes that are active in `shared` and not here.
    LaneAccess global;
};

// What of an access the timing depends on: its pattern, and where it starts in a bank or a line.
void visit_shared_access(StateVisitor& state, LaneAccess& access);
void visit_global_access(StateVisitor& state, LaneAccess& access);
/// Values that the stream provides are not part of the state.
void visit_state(StateVisitor& state, WarpInstruction& instruction);

}  // namespace stcsim
