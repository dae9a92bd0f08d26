/// ld, st and hints.
#include <algorithm>
#include <array>
#include <cstring>

#include "executor/instruction_decoder.h"
#include "executor/lanes.h"
#include "executor/memory_access.h"
#include "executor/memory_modifiers.h"

namespace stcsim {
namespace {

using U32 = std::uint32_t;
using U64 = std::uint64_t;

/// The lanes of a loaded register: those that lie in shared memory are defined as it is, those in global memory if
/// there is no suspicion.
void track_load(WarpState& w, const DecodedInstruction& i, U32 lanes, std::size_t element, U32 undefined, U32 why) {
    if (!w.tracks) return;
    // `writes` counts the elements that are not discarded.
    std::size_t number = 0;
    for (std::size_t k = 0; k < element; ++k) number += i.list[k].present() ? 1 : 0;
    const U32 kernel_register = i.writes[number];
    U32& defined = w.defined[kernel_register];
    defined = (defined | lanes) & ~undefined;
    U32& by_shared = w.undefined_by_shared[kernel_register];
    by_shared = (by_shared & ~lanes) | (undefined & w.step->access.shared_lanes);
    if (undefined != 0) w.suspect(kernel_register, lanes, why);
}

/// Elements of type Memory, extended to registers of type Register.
template <typename Memory, typename Register>
void load(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const StepAccess& access = w.step->access;
    SharedWatch watch(w);
    GlobalWatch global(w, access.global_lanes);
    std::array<U32, 4> undefined{};
    U32 why = Suspicions::none;
    for_each_lane(lanes, [&](U32 lane) {
        const std::byte* const memory = lane_memory(w, access, lane);
        const bool watched = watch.watches() && memory != nullptr && lane_space(access, lane) == PtxSpace::shared;
        for (std::size_t k = 0; k < i.list.size(); ++k) {
            Memory value{};
            if (memory != nullptr) std::memcpy(&value, memory + k * sizeof(Memory), sizeof value);
            if (watched &&
                !watch.read(access.addresses[lane] + k * sizeof(Memory), sizeof(Memory), lane, i.access.strong)) {
                undefined[k] |= 1U << lane;
                why = std::max(why, watch.suspicion_at(access.addresses[lane] + k * sizeof(Memory), sizeof(Memory)));
            }
            if (global.watches(lane)) {
                const U32 found = global.read(access.addresses[lane] + k * sizeof(Memory), sizeof(Memory));
                if (found != Suspicions::none) undefined[k] |= 1U << lane;
                why = std::max(why, found);
            }
            if (i.list[k].present()) {
                write_lane<Register>(w.destination(i.list[k]), lane, static_cast<Register>(value));
            }
        }
    });
    for (std::size_t k = 0; k < i.list.size(); ++k) {
        if (i.list[k].present()) track_load(w, i, lanes, k, undefined[k], why);
    }
}

template <typename Memory>
InstructionHandler load_of(PtxType destination) {
    if (is_wide(destination)) return load<Memory, U64>;
    return bytes_of(destination) <= 2 ? load<Memory, std::uint16_t> : load<Memory, U32>;
}

InstructionHandler load_handler(PtxType memory, PtxType destination) {
    switch (memory) {
        case PtxType::s8: return load_of<std::int8_t>(destination);
        case PtxType::s16: return load_of<std::int16_t>(destination);
        case PtxType::s32: return load_of<std::int32_t>(destination);
        default: break;
    }
    switch (bytes_of(memory)) {
        case 1: return load_of<std::uint8_t>(destination);
        case 2: return load_of<std::uint16_t>(destination);
        case 4: return load_of<U32>(destination);
        default: return load_of<U64>(destination);
    }
}

/// Lanes of a stored element that are defined. `reads` holds the guard, the address and then the elements that are
/// registers.
U32 defined_lanes(const WarpState& w, const DecodedInstruction& i) {
    U32 defined = ~0U;
    for (const U32 number : i.reads) defined &= w.defined[number];
    return defined;
}

/// The same of each element by itself: a vector may have some that are undefined.
std::array<U32, 4> defined_lanes_of_elements(const WarpState& w, const DecodedInstruction& i) {
    std::array<U32, 4> defined{};
    const PtxOperand& value = i.ptx->operands[1];
    U32 all = ~0U;
    for (std::size_t k = 0; k < i.list.size(); ++k) {
        const PtxOperand& element = value.kind == PtxOperand::Kind::vector ? value.elements[k] : value;
        defined[k] = element.kind == PtxOperand::Kind::reg ? w.defined[element.index] : ~0U;
        all &= defined[k];
    }
    // Where all elements are defined and the store is not, guard or address are undefined.
    const U32 by_place = all & ~defined_lanes(w, i);
    for (U32& one : defined) one &= ~by_place;
    return defined;
}

template <typename Memory, typename Register>
void store(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const StepAccess& access = w.step->access;
    SharedWatch watch(w);
    GlobalWatch global(w, access.global_lanes);
    const U32 defined = watch.watches() ? defined_lanes(w, i) : ~0U;
    U32 why = Suspicions::none;
    std::array<U32, 4> defined_elements{};
    if ((lanes & ~defined) != 0) {
        why = w.suspicion_of(i.reads, lanes);
        defined_elements = defined_lanes_of_elements(w, i);
    }
    for_each_lane(lanes, [&](U32 lane) {
        std::byte* const memory = lane_memory(w, access, lane);
        if (memory == nullptr) return;
        for (std::size_t k = 0; k < i.list.size(); ++k) {
            const auto value = static_cast<Memory>(read_lane<Register>(w.source(i.list[k]), lane));
            std::memcpy(memory + k * sizeof(Memory), &value, sizeof value);
        }
        if (!watch.watches()) return;
        const bool strong = i.access.strong;
        const bool is_shared = lane_space(access, lane) == PtxSpace::shared;
        if ((defined >> lane & 1U) != 0) {
            if (is_shared) watch.write(access.addresses[lane], access.bytes_per_lane, lane, strong, true);
            global.write(access.addresses[lane], access.bytes_per_lane, lane, Suspicions::none);
            return;
        }
        for (std::size_t k = 0; k < i.list.size(); ++k) {
            const std::uint64_t address = access.addresses[lane] + k * sizeof(Memory);
            const bool is_defined = (defined_elements[k] >> lane & 1U) != 0;
            if (is_shared) watch.write(address, sizeof(Memory), lane, strong, is_defined, why);
            global.write(address, sizeof(Memory), lane, is_defined ? Suspicions::none : why);
        }
    });
}

template <typename Memory>
InstructionHandler store_of(bool wide) {
    return wide ? store<Memory, U64> : store<Memory, U32>;
}

InstructionHandler store_handler(PtxType memory, bool wide) {
    switch (bytes_of(memory)) {
        case 1: return store_of<std::uint8_t>(wide);
        case 2: return store_of<std::uint16_t>(wide);
        case 4: return store_of<U32>(wide);
        default: return store_of<U64>(wide);
    }
}

}  // namespace

MemoryModifiers take_memory_modifiers(Modifiers& modifiers) {
    MemoryModifiers found;
    found.strong = modifiers.take("volatile") || modifiers.take("relaxed") || modifiers.take("acquire") ||
                   modifiers.take("release") || modifiers.take("acq_rel") || modifiers.take("mmio");
    modifiers.drop({"weak", "cta", "gpu", "sys", "cluster", "nc", "ca", "cg", "cs", "lu", "cv", "wb", "wt"});
    found.cache_policy = modifiers.take("L2::cache_hint");
    modifiers.drop_prefixed("L1::");
    modifiers.drop_prefixed("L2::");
    const auto space = modifiers.take_one_of(
        {"global", "shared", "local", "const", "param", "shared::cta", "param::entry", "param::func"});
    using enum PtxSpace;
    if (space) {
        found.space = std::array{global, shared, local, constant, param, shared, param, param}[*space];
    }
    return found;
}

namespace {

/// What ld and st share: space, vector, type, address.
PtxType take_access(InstructionDecoder& decoder, std::size_t address, bool writes) {
    DecodedInstruction& out = decoder.out;
    const MemoryModifiers modifiers = take_memory_modifiers(decoder.modifiers);
    const auto vector = decoder.modifiers.take_one_of({"v2", "v4", "v8"});
    if (vector == 2) decoder.unsupported("vectors of eight");
    const PtxType type = decoder.type();
    decoder.finish();
    decoder.expect_operands(2, modifiers.cache_policy ? 3 : 2);
    const auto at = decoder.memory(address, modifiers.space);
    out.a = at.base;
    out.offset = at.offset;
    out.wide_address = at.wide;
    PtxSpace space = modifiers.space;
    // Parameters of calls are the thread's own variables.
    const PtxVariable* variable = decoder.operand(address).variable;
    const bool of_kernel = variable == nullptr ? !decoder.in_function() : decoder.storage().is_parameter(*variable);
    if (space == PtxSpace::param && !of_kernel) {
        space = PtxSpace::local;
        out.call_parameter = true;
    } else if (space == PtxSpace::param && writes) {
        decoder.misfit("a store to the kernel's parameters", "another state space");
    }
    out.access = {space, static_cast<std::uint8_t>(bytes_of(type)),
                  static_cast<std::uint8_t>(vector ? 2U << *vector : 1U), writes, modifiers.strong};
    out.type = type;
    if (modifiers.cache_policy) decoder.source(2, PtxType::b64);
    return type;
}

PtxType register_type_of(const InstructionDecoder& decoder, const std::vector<const PtxOperand*>& elements,
                         PtxType type) {
    for (const PtxOperand* element : elements) {
        if (element->kind == PtxOperand::Kind::reg) return decoder.register_type(*element, type);
    }
    // Memory types of one byte have registers of 16 bits at least.
    return bytes_of(type) == 1 ? PtxType::b16 : type;
}

}  // namespace

void decode_load(InstructionDecoder& decoder) {
    DecodedInstruction& out = decoder.out;
    out.unit = ExecutionUnit::load;
    const PtxType type = take_access(decoder, 1, false);
    const auto elements = decoder.elements(0);
    if (elements.size() != out.access.elements) {
        decoder.misfit(std::to_string(elements.size()) + " destinations", std::to_string(out.access.elements));
    }
    const PtxType registers = register_type_of(decoder, elements, type);
    for (const PtxOperand* element : elements) decoder.list.push_back(decoder.destination(*element, registers));
    out.tracks_definedness = true;
    out.handler = load_handler(type, registers);
}

void decode_store(InstructionDecoder& decoder) {
    DecodedInstruction& out = decoder.out;
    out.unit = ExecutionUnit::store;
    const PtxType type = take_access(decoder, 0, true);
    const auto elements = decoder.elements(1);
    if (elements.size() != out.access.elements) {
        decoder.misfit(std::to_string(elements.size()) + " values", std::to_string(out.access.elements));
    }
    const PtxType registers = register_type_of(decoder, elements, type);
    for (const PtxOperand* element : elements) decoder.list.push_back(decoder.source(*element, registers));
    out.handler = store_handler(type, is_wide(registers));
}

/// Hints change no value; a cache policy is a register that nothing looks at.
void decode_hint(InstructionDecoder& decoder) {
    DecodedInstruction& out = decoder.out;
    out.unit = ExecutionUnit::none;
    if (decoder.ptx().opcode != "createpolicy") return;
    out.a = decoder.storage().constant(0, true);
    out.d = decoder.destination(0, PtxType::b64);
    out.handler = [](WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
        write_lanes<U64>(warp.state().destination(i.d), lanes, [](U32) { return U64{0}; });
    };
}

}  // namespace stcsim
