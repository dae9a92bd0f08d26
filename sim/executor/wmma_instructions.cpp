/// wmma.load, wmma.mma, wmma.store as sequences of machine instructions (wmma_tiles.h).
#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "base/error.h"
#include "executor/instruction_decoder.h"
#include "executor/lanes.h"
#include "executor/matrix_findings.h"
#include "executor/memory_access.h"
#include "executor/memory_modifiers.h"
#include "executor/mma_product.h"
#include "executor/wmma_tiles.h"
#include "isa/fragment.h"

namespace stcsim {
namespace {

using U32 = std::uint32_t;

/// An access of `bytes` at a lane's base plus an offset.
StepAccess part_of(const StepAccess& whole, U32 lane, std::uint64_t offset, U32 bytes) {
    StepAccess part = {};
    part.bytes_per_lane = bytes;
    part.writes = whole.writes;
    part.global_lanes = whole.global_lanes;
    part.shared_lanes = whole.shared_lanes;
    part.local_lanes = whole.local_lanes;
    part.param_lanes = whole.param_lanes;
    part.addresses[lane] = whole.addresses[lane] + offset;
    return part;
}

/// Of all registers that the instruction writes.
void write_definedness(WarpState& w, const DecodedInstruction& i, U32 lanes, U32 undefined, U32 why) {
    for (const U32 number : i.writes) {
        w.defined[number] = (w.defined[number] | lanes) & ~undefined;
        if (undefined != 0) w.suspect(number, lanes, why);
    }
}

void load_fragment(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const StepAccess& access = w.step->access;
    SharedWatch watch(w);
    GlobalWatch global(w, access.global_lanes);
    const WmmaWalk walk(i);
    U32 undefined = 0;  // lanes that have read something suspicious, in any register
    U32 why = Suspicions::none;
    for (const OperandPlace& place : i.list) {
        const U32 words = walk.bits == 64 ? 2 * warp_lanes : warp_lanes;
        if (place.present()) std::fill_n(w.destination(place), words, 0U);
    }
    walk(w.source(i.c), lanes, [&](U32 number, U32 shift, U32 lane, std::uint64_t offset) {
        const StepAccess part = part_of(access, lane, offset, walk.bytes());
        const std::byte* const memory = lane_memory(w, part, lane);
        if (memory == nullptr || !i.list[number].present()) return;
        std::uint64_t value = 0;
        std::memcpy(&value, memory, walk.bytes());
        U32* const to = w.destination(i.list[number]);
        if (walk.bits == 64) {
            write_lane<std::uint64_t>(to, lane, value);
        } else {
            to[lane] |= static_cast<U32>(value << shift);
        }
        if (watch.watches() && lane_space(part, lane) == PtxSpace::shared) {
            watch.read(part.addresses[lane], walk.bytes(), lane, false);
        }
        if (!global.watches(lane)) return;
        const U32 found = global.read(part.addresses[lane], walk.bytes());
        if (found == Suspicions::none) return;
        undefined |= 1U << lane;
        why = found;
    });
    if (w.tracks) write_definedness(w, i, lanes, undefined, why);
}

void store_fragment(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const StepAccess& access = w.step->access;
    SharedWatch watch(w);
    GlobalWatch global(w, access.global_lanes);
    U32 known = ~0U;
    if (w.tracks) {
        for (const U32 read : i.reads) known &= w.defined[read];
    }
    const U32 why = known != ~0U ? w.suspicion_of(i.reads, lanes) : Suspicions::none;
    const WmmaWalk walk(i);
    walk(w.source(i.c), lanes, [&](U32 number, U32 shift, U32 lane, std::uint64_t offset) {
        const StepAccess part = part_of(access, lane, offset, walk.bytes());
        std::byte* const memory = lane_memory(w, part, lane);
        if (memory == nullptr) return;
        const U32* const from = w.source(i.list[number]);
        const std::uint64_t value = walk.bits == 64 ? read_lane<std::uint64_t>(from, lane) : from[lane] >> shift;
        std::memcpy(memory, &value, walk.bytes());
        if (watch.watches() && lane_space(part, lane) == PtxSpace::shared) {
            watch.write(part.addresses[lane], walk.bytes(), lane, false, true);
        }
        global.write(part.addresses[lane], walk.bytes(), lane, (known >> lane & 1U) != 0 ? Suspicions::none : why);
    });
}

/// `list`: D, A, B, C as the fragments need them.
void multiply_tiles(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    static const std::array<U32, 2 * warp_lanes> zeros{};
    WarpState& w = warp.state();
    const WmmaTiles tiles = wmma_tiles(i);
    const U32 why = w.tracks ? suspicion_of_operands(w, i) : Suspicions::none;
    const auto gather = [&](Operand operand, std::size_t first, U32 wanted, auto& registers) {
        registers.fill(zeros.data());
        tiles.for_each_register(operand, [&](U32 number, U32 r, U32 tile) {
            if (tile == wanted) registers[r] = w.source(i.list[first + number]);
        });
    };
    const std::size_t first_a = tiles.registers(Operand::d);
    const std::size_t first_b = first_a + tiles.registers(Operand::a);
    const std::size_t first_c = first_b + tiles.registers(Operand::b);
    const MmaProduct& product = MmaProduct::of(*i.mma);
    std::vector<MmaResult> results(tiles.tiles(Operand::d));
    for (U32 tile = 0; tile < results.size(); ++tile) {
        MmaSources sources;
        gather(Operand::a, first_a, tile / tiles.across(), sources.a);
        gather(Operand::b, first_b, tile % tiles.across(), sources.b);
        gather(Operand::c, first_c, tile, sources.c);
        product.multiply(sources, results[tile]);
    }
    tiles.for_each_register(Operand::d, [&](U32 number, U32 r, U32 tile) {
        if (!i.list[number].present()) return;
        U32* const to = w.destination(i.list[number]);
        for_each_lane(lanes, [&](U32 lane) {
            std::copy_n(results[tile][r].data() + tiles.words() * lane, tiles.words(), to + tiles.words() * lane);
        });
    });
    // Where one operand is suspicious, all of D is.
    if (w.tracks) write_definedness(w, i, lanes, why != Suspicions::none ? lanes : 0, why);
}

MmaShape take_shape(InstructionDecoder& decoder) {
    static constexpr std::array<MmaShape, 7> shapes{
        {{16, 16, 16}, {32, 8, 16}, {8, 32, 16}, {16, 16, 8}, {8, 8, 32}, {8, 8, 128}, {8, 8, 4}}};
    for (const MmaShape& shape : shapes) {
        if (decoder.modifiers.take(fmt::format("m{}n{}k{}", shape.m, shape.n, shape.k))) return shape;
    }
    decoder.unsupported("no shape of sm_80");
}

/// The machine instruction behind a shape, an input and an accumulator type.
const MmaInstruction& machine_instruction(InstructionDecoder& decoder, const MmaShape& shape, std::string_view input,
                                          std::string_view second, std::string_view accumulator,
                                          std::string_view modifiers) {
    const bool small = shape.m == 8 && shape.n == 8;
    const std::string tile = fmt::format("m{}n8k{}", small ? 8 : 16, shape.k);
    const bool bits = input == "b1";
    const std::string name = fmt::format("mma.{}{}.{}.{}.{}.{}{}", tile, bits ? "" : modifiers, accumulator, input,
                                         second, accumulator, bits ? modifiers : "");
    try {
        return mma_instruction_named(name);
    } catch (const InputError&) {
        decoder.unsupported("no such shape and types on sm_80");
    }
}

/// An instruction whose fragments of this operand and type lie as those of the shape.
const MmaInstruction& instruction_like(InstructionDecoder& decoder, const MmaShape& shape, Operand operand,
                                       std::string_view type) {
    if (operand == Operand::a || operand == Operand::b) {
        const bool half = type == "f16" || type == "bf16" || type == "tf32";
        const std::string_view accumulator = half ? "f32" : type == "f64" ? "f64" : "s32";
        return machine_instruction(decoder, shape, type, type, accumulator, type == "b1" ? ".xor.popc" : "");
    }
    if (type == "f64") return machine_instruction(decoder, shape, "f64", "f64", type, "");
    if (type == "s32") {
        const std::string_view input = shape.k == 128 ? "b1" : shape.k == 32 ? "s4" : "s8";
        return machine_instruction(decoder, shape, input, input, type, input == "b1" ? ".xor.popc" : "");
    }
    const std::string_view input = shape.k == 8 ? "tf32" : "f16";
    return machine_instruction(decoder, shape, input, input, type, "");
}

void decode_transfer(InstructionDecoder& decoder, bool stores) {
    DecodedInstruction& out = decoder.out;
    Modifiers& modifiers = decoder.modifiers;
    const auto role = modifiers.take_one_of({"a", "b", "c", "d"});
    if (!role) decoder.unsupported();
    const auto operand = static_cast<Operand>(*role);
    const bool columns = modifiers.take_one_of({"row", "col"}).value_or(0) == 1;
    const MmaShape shape = take_shape(decoder);
    const MemoryModifiers memory = take_memory_modifiers(modifiers);
    if (modifiers.left().size() != 1) decoder.unsupported();
    const std::string_view type = modifiers.left().front();
    out.mma = &instruction_like(decoder, shape, operand, type);
    out.immediate = packed_shape(shape);
    out.variant = static_cast<std::uint16_t>(*role | (columns ? wmma_column_major : 0U));
    out.unit = stores ? ExecutionUnit::store : ExecutionUnit::load;
    out.warp_wide = WarpWide::all_lanes;
    decoder.expect_operands(2, 3);
    const std::size_t address = stores ? 0 : 1;
    const auto at = decoder.memory(address, memory.space);
    out.a = at.base;
    out.offset = at.offset;
    out.wide_address = at.wide;
    const WmmaTiles tiles{out.mma, shape};
    const OperandShape element = operand_shape(*out.mma, operand);
    const U32 bytes = std::max(1U, bits_of(element.type) / 8);
    out.access = {memory.space, static_cast<std::uint8_t>(bytes), 1, stores, false};
    const U32 rows = operand == Operand::b ? shape.k : shape.m;
    const U32 across = operand == Operand::a ? shape.k : shape.n;
    out.c = decoder.operands() == 3 ? decoder.source(2, PtxType::b32)
                                    : decoder.storage().constant(columns ? rows : across, false);
    const auto elements = decoder.elements(1 - address);
    if (elements.size() < tiles.registers(operand)) {
        decoder.misfit(fmt::format("{} registers", elements.size()), fmt::format("{}", tiles.registers(operand)));
    }
    const PtxType registers = tiles.words() == 2 ? PtxType::b64 : PtxType::b32;
    for (const PtxOperand* one : elements) {
        decoder.list.push_back(stores ? decoder.source(*one, registers) : decoder.destination(*one, registers));
    }
    out.tracks_definedness = true;
    out.handler = stores ? store_fragment : load_fragment;
}

const MmaInstruction& take_wmma_instruction(InstructionDecoder& decoder, const MmaShape& shape) {
    Modifiers& modifiers = decoder.modifiers;
    std::string special = modifiers.take("satfinite") ? ".satfinite" : "";
    const auto bits = modifiers.take_one_of({"xor", "and"});
    if (bits) special = *bits == 0 ? ".xor.popc" : ".and.popc";
    modifiers.take("popc");
    const auto& types = modifiers.left();
    if (types.size() == 2) {
        if (types[0] != types[1]) decoder.unsupported("sums of another type than the addends");
        return machine_instruction(decoder, shape, "f16", "f16", types[0], special);
    }
    if (types.size() != 4 || types[0] != types[3]) decoder.unsupported("types that do not exist");
    return machine_instruction(decoder, shape, types[1], types[2], types[0], special);
}

void decode_product(InstructionDecoder& decoder) {
    DecodedInstruction& out = decoder.out;
    const MmaShape shape = take_shape(decoder);
    // Layouts only tell how the operands were loaded.
    decoder.modifiers.drop({"row", "col", "row", "col", "rn"});
    out.mma = &take_wmma_instruction(decoder, shape);
    out.immediate = packed_shape(shape);
    out.unit = ExecutionUnit::mma;
    out.warp_wide = WarpWide::all_lanes;
    const WmmaTiles tiles{out.mma, shape};
    out.machine_instructions = static_cast<std::uint8_t>(tiles.tiles(Operand::d));
    decoder.expect_operands(4, 4);
    const PtxType registers = tiles.words() == 2 ? PtxType::b64 : PtxType::b32;
    const std::array operands{Operand::d, Operand::a, Operand::b, Operand::c};
    for (std::size_t k = 0; k < operands.size(); ++k) {
        const auto elements = decoder.elements(k);
        const U32 needed = tiles.registers(operands[k]);
        if (elements.size() < needed) {
            decoder.misfit(fmt::format("{} registers", elements.size()), fmt::format("{}", needed));
        }
        for (std::size_t r = 0; r < elements.size(); ++r) {
            const OperandPlace place =
                k == 0 ? decoder.destination(*elements[r], registers) : decoder.source(*elements[r], registers);
            if (r < needed) decoder.list.push_back(place);
        }
    }
    out.tracks_definedness = true;
    out.handler = multiply_tiles;
}

}  // namespace

void decode_wmma(InstructionDecoder& decoder) {
    Modifiers& modifiers = decoder.modifiers;
    modifiers.drop({"sync", "aligned"});
    if (modifiers.take("load")) return decode_transfer(decoder, false);
    if (modifiers.take("store")) return decode_transfer(decoder, true);
    if (modifiers.take("mma")) return decode_product(decoder);
    decoder.unsupported();
}

}  // namespace stcsim
