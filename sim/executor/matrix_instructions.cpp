/// ldmatrix, mma and mma.sp.
#include <algorithm>
#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "base/error.h"
#include "executor/instruction_decoder.h"
#include "executor/lanes.h"
#include "executor/matrix_findings.h"
#include "executor/memory_access.h"
#include "executor/mma_product.h"

namespace stcsim {
namespace {

using U32 = std::uint32_t;

constexpr U32 matrix_rows = 8;
constexpr U32 row_bytes = 16;

struct LoadedMatrix {
    std::uint16_t elements[matrix_rows][matrix_rows];
    bool defined[matrix_rows];
    U32 suspicion = Suspicions::none;  ///< about rows that are not

    /// Two elements of a row, or of a column, as a register holds them.
    [[nodiscard]] U32 pair_beside(U32 row, U32 column) const {
        return elements[row][column] | U32{elements[row][column + 1]} << 16U;
    }
    [[nodiscard]] U32 pair_below(U32 row, U32 column) const {
        return elements[row][column] | U32{elements[row + 1][column]} << 16U;
    }
    /// Lanes that hold elements of rows that are not defined.
    [[nodiscard]] U32 undefined_lanes(bool transposed) const {
        U32 found = 0;
        for (U32 row = 0; row < matrix_rows; ++row) {
            if (!defined[row]) found |= transposed ? 0x11111111U << row / 2 : 0xFU << 4 * row;
        }
        return found;
    }
};

/// Reads matrix `number`, whose row r lies at the address that lane 8 number + r gives.
LoadedMatrix read_matrix(WarpState& w, U32 number) {
    const StepAccess& access = w.step->access;
    SharedWatch watch(w);
    LoadedMatrix matrix{};
    for (U32 row = 0; row < matrix_rows; ++row) {
        const U32 lane = number * matrix_rows + row;
        matrix.defined[row] = true;
        const std::byte* const memory = lane_memory(w, access, lane);
        if (memory == nullptr) continue;
        std::memcpy(matrix.elements[row], memory, row_bytes);
        if (!watch.watches() || lane_space(access, lane) != PtxSpace::shared) continue;
        matrix.defined[row] = watch.read(access.addresses[lane], row_bytes, lane, false);
        if (matrix.defined[row]) continue;
        matrix.suspicion = std::max(matrix.suspicion, watch.suspicion_at(access.addresses[lane], row_bytes));
    }
    return matrix;
}

void load_matrices(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    if (w.tracks) count_bank_conflicts(w, i.matrices);
    std::size_t written = 0;  // `writes` counts the registers that are not discarded
    for (U32 number = 0; number < i.matrices; ++number) {
        const LoadedMatrix matrix = read_matrix(w, number);
        if (!i.list[number].present()) continue;
        U32* const to = w.destination(i.list[number]);
        if (i.transposed) {
            write_lanes<U32>(to, lanes, [&](U32 lane) { return matrix.pair_below(2 * (lane % 4), lane / 4); });
        } else if (lanes == ~0U) {
            std::memcpy(to, matrix.elements, sizeof matrix.elements);  // lane by lane, as it happens
        } else {
            write_lanes<U32>(to, lanes, [&](U32 lane) { return matrix.pair_beside(lane / 4, 2 * (lane % 4)); });
        }
        if (!w.tracks) continue;
        const U32 undefined = matrix.undefined_lanes(i.transposed) & lanes;
        // Main loops load ahead of their end for nothing: undefined bytes matter where an mma reads them.
        const U32 kernel_register = i.writes[written++];
        U32& defined = w.defined[kernel_register];
        defined = (defined | lanes) & ~undefined;
        U32& by_shared = w.undefined_by_shared[kernel_register];
        by_shared = (by_shared & ~lanes) | undefined;
        if (undefined != 0) w.suspect(kernel_register, lanes, matrix.suspicion);
    }
}

void decode_matrix_load(InstructionDecoder& decoder) {
    DecodedInstruction& out = decoder.out;
    Modifiers& modifiers = decoder.modifiers;
    if (!modifiers.take("sync")) decoder.unsupported("no .sync");
    modifiers.drop({"aligned"});
    const auto count = modifiers.take_one_of({"x1", "x2", "x4"});
    if (!count || !modifiers.take("m8n8")) decoder.unsupported("a shape that sm_80 does not have");
    out.transposed = modifiers.take("trans");
    const bool shared = modifiers.take("shared") || modifiers.take("shared::cta");
    if (!modifiers.take("b16")) decoder.unsupported("elements that sm_80 does not load");
    decoder.finish();
    out.unit = ExecutionUnit::load_matrix;
    out.warp_wide = WarpWide::all_lanes;
    out.matrices = static_cast<std::uint8_t>(1U << *count);
    decoder.expect_operands(2, 2);
    const PtxSpace space = shared ? PtxSpace::shared : PtxSpace::generic;
    const auto at = decoder.memory(1, space);
    out.a = at.base;
    out.offset = at.offset;
    out.wide_address = at.wide;
    out.access = {space, row_bytes, 1, false, false};
    const auto elements = decoder.elements(0);
    if (elements.size() != out.matrices) {
        decoder.misfit(fmt::format("{} destinations", elements.size()), std::to_string(out.matrices));
    }
    for (const PtxOperand* element : elements) decoder.list.push_back(decoder.destination(*element, PtxType::b32));
    out.tracks_definedness = true;
    out.handler = load_matrices;
}

/// The operands in `list`: D, A, B, C, E.
struct MmaLists {
    std::size_t d, a, b, c;
};
MmaLists lists_of(const MmaInstruction& instruction) {
    const U32 words = instruction.d == ElementType::f64 ? 2 : 1;
    return {instruction.d_registers() / words, instruction.a_registers() / words, instruction.b_registers() / words,
            instruction.c_registers() / words};
}

MmaSources sources_of(const WarpState& w, const DecodedInstruction& i, const MmaLists& lists) {
    MmaSources sources;
    const OperandPlace* next = i.list.data() + lists.d;
    for (std::size_t r = 0; r < lists.a; ++r) sources.a[r] = w.source(*next++);
    for (std::size_t r = 0; r < lists.b; ++r) sources.b[r] = w.source(*next++);
    for (std::size_t r = 0; r < lists.c; ++r) sources.c[r] = w.source(*next++);
    if (i.mma->sparse) sources.e = w.source(*next);
    sources.selector = i.selector;
    return sources;
}

void multiply(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const MmaProduct& product = MmaProduct::of(*i.mma);
    const MmaLists lists = lists_of(*i.mma);
    MmaSources sources = sources_of(w, i, lists);
    if (i.mma->sparse && i.selector >= sparsity_selectors(*i.mma)) {
        report_wrong_selector(w, i);
        sources.selector = 0;
    }
    if (w.tracks) track_product(w, i, product, sources);
    MmaResult d;
    product.multiply(sources, d);
    const std::size_t words = i.mma->d == ElementType::f64 ? 2 : 1;
    for (std::size_t r = 0; r < lists.d; ++r) {
        if (!i.list[r].present()) continue;
        U32* const to = w.destination(i.list[r]);
        if (lanes == ~0U) {
            std::copy_n(d[r].data(), words * warp_lanes, to);
            continue;
        }
        for_each_lane(lanes, [&](U32 lane) { std::copy_n(d[r].data() + words * lane, words, to + words * lane); });
    }
}

std::string why_missing(const std::vector<std::string_view>& types, const std::string& shape) {
    for (const std::string_view type : types) {
        if (type == "e5m2" || type == "e4m3") return "8-bit floats need sm_89";
    }
    if (shape == "m8n8k4" && types.size() > 1 && types[1] == "f16") {
        return "m8n8k4 of f16 is Volta's; on sm_80 it is a sequence of other instructions";
    }
    return "no such shape and types on sm_80";
}

}  // namespace

const MmaInstruction& take_mma_instruction(InstructionDecoder& decoder) {
    Modifiers& modifiers = decoder.modifiers;
    std::string name = "mma";
    if (modifiers.take("sp::ordered_metadata")) name = "mma.sp::ordered_metadata";
    if (modifiers.take("sp")) name = "mma.sp";
    modifiers.drop({"sync", "aligned", "row", "col"});
    const bool saturates = modifiers.take("satfinite");
    const auto bits = modifiers.take_one_of({"xor", "and"});
    modifiers.take("popc");
    const auto shape = modifiers.take_prefixed("m");
    const std::vector<std::string_view> types = modifiers.left();
    if (!shape || types.size() != 4) decoder.unsupported("no shape and four types");
    name +=
        fmt::format(".{}{}.{}.{}.{}.{}", *shape, saturates ? ".satfinite" : "", types[0], types[1], types[2], types[3]);
    if (bits) name += *bits == 0 ? ".xor.popc" : ".and.popc";
    for (const std::string_view type : types) modifiers.take(type);
    try {
        return mma_instruction_named(name);
    } catch (const InputError&) {
        decoder.unsupported(why_missing(types, std::string(*shape)));
    }
}

void decode_load_matrix(InstructionDecoder& decoder) {
    decode_matrix_load(decoder);
}

void decode_mma(InstructionDecoder& decoder) {
    DecodedInstruction& out = decoder.out;
    const MmaInstruction& instruction = take_mma_instruction(decoder);
    decoder.finish();
    out.unit = ExecutionUnit::mma;
    out.warp_wide = WarpWide::all_lanes;
    out.mma = &instruction;
    decoder.expect_operands(instruction.sparse ? 6 : 4, instruction.sparse ? 6 : 4);
    const bool doubles = instruction.d == ElementType::f64;
    const PtxType type = doubles ? PtxType::b64 : PtxType::b32;
    const MmaLists lists = lists_of(instruction);
    const std::array sizes{lists.d, lists.a, lists.b, lists.c};
    for (std::size_t operand = 0; operand < sizes.size(); ++operand) {
        const auto elements = decoder.elements(operand);
        if (elements.size() != sizes[operand]) {
            decoder.misfit(fmt::format("{} registers of {}", elements.size(), "DABC"[operand]),
                           std::to_string(sizes[operand]));
        }
        for (const PtxOperand* element : elements) {
            decoder.list.push_back(operand == 0 ? decoder.destination(*element, type) : decoder.source(*element, type));
        }
    }
    if (instruction.sparse) {
        // The kernel register of E, plus one: only some of its lanes are read.
        out.immediate = decoder.operand(4).kind == PtxOperand::Kind::reg ? decoder.operand(4).index + 1 : 0;
        decoder.list.push_back(decoder.source(4, PtxType::b32));
        out.selector = static_cast<std::uint8_t>(std::min<std::uint64_t>(decoder.immediate(5), 255));
    }
    out.tracks_definedness = true;
    out.handler = multiply;
}

}  // namespace stcsim
