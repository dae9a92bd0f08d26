#include "executor/matrix_findings.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace stcsim {
namespace {

using U32 = std::uint32_t;

constexpr U32 matrix_rows = 8;
constexpr U32 row_bytes = 16;
constexpr U32 row_banks = 8;  ///< rows of 16 bytes that fit into a wavefront of 128

/// Wavefronts of one matrix: the most different rows that lie in the same banks.
U32 wavefronts(const StepAccess& access, U32 matrix) {
    const std::uint64_t* const addresses = access.addresses.data() + std::size_t{matrix} * matrix_rows;
    U32 banks = 0;
    for (U32 row = 0; row < matrix_rows; ++row) banks |= 1U << addresses[row] / row_bytes % row_banks;
    if (banks == (1U << row_banks) - 1) return 1;
    std::array<std::array<std::uint64_t, matrix_rows>, row_banks> rows{};
    std::array<U32, row_banks> counts{};
    U32 most = 1;
    for (U32 row = 0; row < matrix_rows; ++row) {
        const std::uint64_t address = addresses[row] / row_bytes;
        auto& known = rows[address % row_banks];
        U32& count = counts[address % row_banks];
        if (std::find(known.begin(), known.begin() + count, address) != known.begin() + count) continue;
        known[count++] = address;
        most = std::max(most, count);
    }
    return most;
}

/// What is wrong with a register of which these lanes are undefined.
std::pair<FindingKind, std::string> undefined_register(const WarpState& w, U32 number, U32 undefined) {
    const std::string& name = w.kernel->ptx().registers[number].name;
    if ((w.undefined_by_shared[number] & undefined) != 0) {
        return {FindingKind::uninitialized_shared,
                fmt::format("{} holds what was read from shared memory that nothing has written", name)};
    }
    return {FindingKind::uninitialized_register, fmt::format("{} holds nothing that was ever written", name)};
}

/// Which elements of an mma's D are undefined: the rows that undefined elements of A or metadata belong to, the columns
/// of undefined elements of B, the elements of C. Rows and columns of fragments: models/isa/fragment.h.
class UndefinedProduct {
  public:
    UndefinedProduct(WarpState& w, const DecodedInstruction& i, const MmaProduct& product, const MmaSources& sources)
        : w_(&w), i_(&i), by_operand_(i.ptx->operands) {
        look_at_a();
        look_at_b();
        if (i.mma->sparse) look_at_metadata(product, sources);
    }

    /// Notes it of the registers of D.
    void write() {
        struct Written {
            U32 number, undefined, why;
        };
        std::vector<Written> written;  // D may be C
        const std::size_t per_register = i_->mma->d == ElementType::f16 ? 2 : 1;
        for_each_register(0, [&](std::size_t r, U32 number) {
            Written one{number, 0, why_};
            for (std::size_t q = r * per_register; q < (r + 1) * per_register; ++q) {
                one.undefined |= lanes_of_rows(rows_ >> 8 * (q / 2)) | lanes_of_columns(q % 2);
            }
            if (const U32 c = undefined_lanes_of_c(r); c != 0) {
                one.undefined |= c;
                const U32 before = w_->suspicion[register_of_c(r)];
                one.why = before != Suspicions::none ? before : why_;
            }
            written.push_back(one);
        });
        const U32 lanes = w_->step->active;
        for (const Written& one : written) {
            w_->defined[one.number] = (w_->defined[one.number] & ~lanes) | (lanes & ~one.undefined);
            w_->undefined_by_shared[one.number] &= ~lanes;
            if (one.undefined != 0) w_->suspect(one.number, lanes, one.why);
        }
    }

  private:
    static const PtxOperand* element(const PtxOperand& operand, std::size_t r) {
        if (operand.kind != PtxOperand::Kind::vector) return r == 0 ? &operand : nullptr;
        return r < operand.elements.size() ? &operand.elements[r] : nullptr;
    }

    /// visit(position in the operand, register) for those of its elements that are registers.
    template <typename Visit>
    void for_each_register(std::size_t operand, Visit&& visit) const {
        for (std::size_t r = 0; const PtxOperand* one = element(by_operand_[operand], r); ++r) {
            if (one->kind == PtxOperand::Kind::reg) visit(r, one->index);
        }
    }

    U32 register_of_c(std::size_t r) const {
        const PtxOperand* const one = element(by_operand_[3], r);
        return one != nullptr && one->kind == PtxOperand::Kind::reg ? one->index : PtxOperand::none;
    }
    U32 undefined_lanes_of_c(std::size_t r) {
        const U32 number = register_of_c(r);
        return number == PtxOperand::none ? 0 : suspect_register(number, ~0U);
    }

    /// The undefined lanes among `lanes` of a register; the first one that has any gives the reason.
    U32 suspect_register(U32 number, U32 lanes) {
        const U32 undefined = lanes & ~w_->defined[number];
        if (undefined == 0 || why_ != Suspicions::none) return undefined;
        why_ = w_->suspicion[number];
        if (why_ != Suspicions::none) return undefined;
        auto [kind, sentence] = undefined_register(*w_, number, undefined);
        why_ = suspicion(kind, WarpState::first_lane(undefined), [&] { return std::move(sentence); });
        return undefined;
    }

    template <typename Sentence>
    U32 suspicion(FindingKind kind, U32 lane, Sentence sentence) const {
        const PtxInstruction& at = *i_->ptx;
        return w_->cta->suspicions().number_of(kind, at.where.line, [&] {
            return Finding{kind, at.where, at.source, at.name(), w_->cta->index(), w_->warp, lane, sentence()};
        });
    }

    void look_at_a() {
        const bool two_halves = i_->mma->shape.m == 16;
        for_each_register(1, [&](std::size_t r, U32 number) {
            const U32 undefined = suspect_register(number, ~0U);
            if (undefined != 0) rows_ |= groups_of(undefined) << (two_halves ? 8 * (r % 2) : 0);
        });
    }

    void look_at_b() {
        for_each_register(2, [&](std::size_t, U32 number) { columns_ |= groups_of(suspect_register(number, ~0U)); });
    }

    void look_at_metadata(const MmaProduct& product, const MmaSources& sources) {
        const PtxOperand& e = by_operand_[4];
        if (e.kind == PtxOperand::Kind::reg) {
            U32 read = 0;
            for (U32 lane = 0; lane < warp_lanes; ++lane) {
                if (supplies_metadata(*i_->mma, sources.selector, LaneIndex(lane))) read |= 1U << lane;
            }
            rows_ |= product.metadata().rows_of_lanes(suspect_register(e.index, read), sources.selector);
        }
        const CodeOrder order = i_->mma->metadata_order;
        const U32 illegal = product.metadata().illegal_rows(sources.e, sources.selector, order);
        if ((illegal & ~rows_) == 0) return;
        rows_ |= illegal;
        const MetadataNibble& found = *product.metadata().illegal_nibble(sources.e, sources.selector, order);
        const U32 nibble = sources.e[found.lane] >> found.shift & 0xFU;
        const bool only_order = is_legal_nibble(i_->mma->a, nibble, CodeOrder::any);
        why_ = suspicion(only_order ? FindingKind::unordered_metadata : FindingKind::illegal_metadata, found.lane, [&] {
            return fmt::format(
                "the metadata of row {}, group {} of A (bits {} to {} of the lane's register) are {:#x}: legal "
                "are {}",
                found.row, found.group, found.shift, found.shift + 3, nibble, legal_nibbles(i_->mma->a, order));
        });
    }

    /// A bit for each group of four lanes with a lane among these.
    static U32 groups_of(U32 lanes) {
        U32 groups = 0;
        for (U32 g = 0; g < warp_lanes / 4; ++g) groups |= (lanes >> 4 * g & 0xFU) != 0 ? 1U << g : 0U;
        return groups;
    }
    /// The lanes that hold elements of D in these eight rows.
    static U32 lanes_of_rows(U32 rows) {
        U32 lanes = 0;
        for (U32 g = 0; g < warp_lanes / 4; ++g) lanes |= (rows >> g & 1U) * 0xFU << 4 * g;
        return lanes;
    }
    /// The lanes whose even or odd column is undefined.
    [[nodiscard]] U32 lanes_of_columns(std::size_t odd) const {
        U32 lanes = 0;
        for (U32 t = 0; t < 4; ++t) lanes |= (columns_ >> (2 * t + odd) & 1U) * 0x11111111U << t;
        return lanes;
    }

    WarpState* w_;
    const DecodedInstruction* i_;
    const std::vector<PtxOperand>& by_operand_;
    U32 rows_ = 0;     ///< of D
    U32 columns_ = 0;  ///< of D
    U32 why_ = Suspicions::none;
};

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

std::uint32_t suspicion_of_operands(WarpState& w, const DecodedInstruction& i) {
    const U32 lanes = w.step->active;
    U32 why = Suspicions::none;
    for (const U32 number : i.reads) {
        const U32 undefined = lanes & ~w.defined[number];
        if (undefined == 0) continue;
        if (w.suspicion[number] != Suspicions::none) {
            why = w.suspicion[number];
            continue;
        }
        const auto [kind, sentence] = undefined_register(w, number, undefined);
        w.report(kind, WarpState::first_lane(undefined), [&] { return sentence; });
        w.defined[number] |= undefined;  // once is enough
    }
    return why;
}

void track_product(WarpState& w, const DecodedInstruction& i, const MmaProduct& product, const MmaSources& sources) {
    U32 known = ~0U;
    for (const U32 number : i.reads) known &= w.defined[number];
    const bool illegal = i.mma->sparse && product.metadata().illegal_nibble(sources.e, sources.selector,
                                                                            i.mma->metadata_order) != nullptr;
    if (known == ~0U && !illegal) {
        for (const U32 number : i.writes) w.defined[number] |= w.step->active;
        return;
    }
    UndefinedProduct(w, i, product, sources).write();
}

}  // namespace stcsim
