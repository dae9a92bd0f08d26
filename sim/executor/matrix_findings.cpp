#include "executor/matrix_findings.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace stcsim {
namespace {

using U32 = std::uint32_t;

constexpr U32 matrix_rows = 8;
constexpr U32 row_bytes = 16;
constexpr U32 row_banks = 8;  ///< rows of 16 bytes that fit into a wavefront of 128

/// Wavefronts of one matrix: the most different rows that lie in the same banks.
U32 wavefronts(const StepAccess& access, U32 matrix) {
    std::array<std::array<std::uint64_t, matrix_rows>, row_banks> rows{};
    std::array<U32, row_banks> counts{};
    U32 most = 1;
    for (U32 row = 0; row < matrix_rows; ++row) {
        const std::uint64_t address = access.addresses[matrix * matrix_rows + row] / row_bytes;
        auto& known = rows[address % row_banks];
        U32& count = counts[address % row_banks];
        if (std::find(known.begin(), known.begin() + count, address) != known.begin() + count) continue;
        known[count++] = address;
        most = std::max(most, count);
    }
    return most;
}

}  // namespace

void count_bank_conflicts(WarpState& w, U32 matrices) {
    U32 extra = 0;
    for (U32 matrix = 0; matrix < matrices; ++matrix) extra += wavefronts(w.step->access, matrix) - 1;
    if (extra == 0) return;
    w.report(
        FindingKind::bank_conflict, 0,
        [&] {
            return fmt::format(
                "{} wavefronts instead of {}: rows of a matrix lie in the same banks; pad the rows or "
                "swizzle them so that their addresses differ modulo 128",
                matrices + extra, matrices);
        },
        extra);
}

void report_wrong_selector(WarpState& w, const DecodedInstruction& i) {
    w.report(FindingKind::wrong_selector, 0, [&] {
        return fmt::format(
            "sparsity selector {}, but {} has selectors 0 to {}: it names the threads of each quad whose "
            "metadata are read",
            i.selector, i.mma->name(), sparsity_selectors(*i.mma) - 1);
    });
}

void report_undefined_operands(WarpState& w, const DecodedInstruction& i, U32 selector) {
    const U32 lanes = w.step->active;
    for (const U32 number : i.reads) {
        U32 undefined = lanes & ~w.defined[number];
        if (undefined == 0) continue;
        if (i.mma != nullptr && i.mma->sparse && number + 1 == i.immediate) {
            for (U32 lane = 0; lane < warp_lanes; ++lane) {
                if (!supplies_metadata(*i.mma, selector, LaneIndex(lane))) undefined &= ~(1U << lane);
            }
            if (undefined == 0) continue;
        }
        const bool by_shared = (w.undefined_by_shared[number] & undefined) != 0;
        w.report(by_shared ? FindingKind::uninitialized_shared : FindingKind::uninitialized_register,
                 WarpState::first_lane(undefined), [&] {
                     const std::string& name = w.kernel->ptx().registers[number].name;
                     return by_shared ? fmt::format(
                                            "{} holds what was read from shared memory that nothing has written", name)
                                      : fmt::format("{} holds nothing that was ever written", name);
                 });
        w.defined[number] |= undefined;  // once is enough
    }
}

void report_metadata(WarpState& w, const DecodedInstruction& i, const MmaProduct& product, const MmaSources& sources) {
    const CodeOrder order = i.mma->metadata_order;
    const MetadataNibble* const found = product.illegal_nibble(sources.e, sources.selector, order);
    if (found == nullptr) return;
    const U32 nibble = sources.e[found->lane] >> found->shift & 0xFU;
    const bool only_order = is_legal_nibble(i.mma->a, nibble, CodeOrder::any);
    w.report(only_order ? FindingKind::unordered_metadata : FindingKind::illegal_metadata, found->lane, [&] {
        return fmt::format(
            "the metadata of row {}, group {} of A (bits {} to {} of the lane's register) are {:#x}: legal "
            "are {}",
            found->row, found->group, found->shift, found->shift + 3, nibble, legal_nibbles(i.mma->a, order));
    });
}

}  // namespace stcsim
