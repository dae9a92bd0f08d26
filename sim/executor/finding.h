/// What a kernel does wrong, for its author.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/units.h"
#include "ptx/ptx_module.h"

namespace stcsim {

enum class FindingKind : std::uint8_t {
    out_of_bounds,      ///< access outside every allocation, shared or local memory
    misaligned,         ///< address not a multiple of the access's size
    pending_copy_read,  ///< read of shared memory that an unawaited cp.async writes
    shared_race,        ///< two warps touch shared memory, at least one writing, with no barrier between
    // The next four are findings of an mma whose result the host reads where it depends on them (suspicions.h).
    uninitialized_shared,    ///< shared memory that nothing wrote reaches an mma
    uninitialized_register,  ///< a register that nothing wrote reaches an mma
    illegal_metadata,        ///< codes of mma.sp that the hardware does not define
    unordered_metadata,      ///< mma.sp::ordered_metadata with codes that do not ascend
    wrong_selector,          ///< a sparsity selector that the instruction does not have
    barrier_divergence,      ///< lanes of a warp meet a warp-wide instruction or barrier on different paths
    unreached_wait_group,    ///< the warp ended before it waited for its cp.async
    bank_conflict,           ///< ldmatrix takes more than one wavefront per 8x8 matrix
};

inline constexpr std::size_t finding_kinds = static_cast<std::size_t>(FindingKind::bank_conflict) + 1;

/// "out-of-bounds access", ...
std::string_view name_of(FindingKind kind);

/// Whether the kernel computes something undefined. The others, bank conflicts and copies nobody waits for, only warn.
bool is_error(FindingKind kind);

struct Finding {
    FindingKind kind = FindingKind::out_of_bounds;
    PtxLocation where;
    PtxSourceLine source;
    std::string instruction;  ///< as PtxInstruction::name()
    CtaIndex cta{0};
    std::uint32_t warp = 0;  ///< of the CTA
    std::uint32_t lane = 0;  ///< the first one concerned
    std::string sentence;

    /// "out-of-bounds access at PTX line 12 (ld.global.u32), CTA 0, warp 1, lane 3: ..."
    [[nodiscard]] std::string message() const;
};

/// The launch ended because of what the kernel did: a finding under FindingMode::strict, an access that cannot be
/// performed, a trap, a failed assertion, a deadlock, too many instructions.
class KernelFault : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

enum class FindingMode : std::uint8_t {
    off,      ///< only accesses that cannot be performed are noticed, and end the launch: fastest
    lenient,  ///< collected; undefined reads give 0, undefined writes are dropped
    strict,   ///< the first one that is an error ends the launch
};

/// Collects findings: the first of each kind and PTX line in full, and how many there were.
class FindingSink {
  public:
    struct Entry {
        Finding first;
        std::uint64_t count = 0;
    };

    explicit FindingSink(FindingMode mode) : mode_(mode) {}

    [[nodiscard]] FindingMode mode() const { return mode_; }
    /// Whether anything but accesses is looked at.
    [[nodiscard]] bool watches() const { return mode_ != FindingMode::off; }

    /// Whether this kind was already reported for the line: then count() is enough, and no sentence needs making.
    [[nodiscard]] bool knows(FindingKind kind, std::uint32_t line) const { return entries_.contains({kind, line}); }
    void count(FindingKind kind, std::uint32_t line, std::uint64_t times = 1);

    /// Throws KernelFault if the mode or the kind ends the launch.
    void report(Finding finding, std::uint64_t times = 1);

    /// By kind, then line.
    [[nodiscard]] const std::map<std::pair<FindingKind, std::uint32_t>, Entry>& entries() const { return entries_; }
    [[nodiscard]] std::uint64_t total(FindingKind kind) const;

  private:
    FindingMode mode_;
    std::map<std::pair<FindingKind, std::uint32_t>, Entry> entries_;
};

}  // namespace stcsim
