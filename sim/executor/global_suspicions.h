/// Which bytes of global memory hold values that a suspicion is about (suspicions.h).
///
/// Kernels may store such values and never use them: whole tiles of partial sums, those past the matrix' edge among
/// them. So the suspicion stays with the bytes: loads take it along, other stores end it, and it becomes a finding when
/// the host reads them. What a launch leaves behind that neither a kernel nor the host has read is worth a warning.
/// Only pages with such bytes take memory.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/units.h"
#include "executor/finding.h"

namespace stcsim {

class DecodedKernel;

class GlobalSuspicions {
  public:
    static constexpr std::uint32_t none = 0;

    /// What is suspected of bytes.
    struct Origin {
        Finding finding;
        std::uint64_t launch = 0;  ///< KernelLaunch::number of the last one that stored such bytes
    };

    /// The number of this suspicion of a CTA, from 1 on.
    std::uint32_t origin_of(const DecodedKernel& kernel, std::uint64_t launch, const Finding& finding);
    [[nodiscard]] const Origin& origin(std::uint32_t number) const { return origins_[number - 1]; }
    /// The origins have the numbers 1 to this.
    [[nodiscard]] std::uint32_t origins() const { return static_cast<std::uint32_t>(origins_.size()); }

    /// Whether no byte is suspicious.
    [[nodiscard]] bool empty() const { return pages_.empty(); }

    void mark(std::uint64_t address, std::uint64_t bytes, std::uint32_t origin);
    void clear(std::uint64_t address, std::uint64_t bytes);
    /// A kernel reads these bytes: the origin of the first suspicious one, or none.
    std::uint32_t read(std::uint64_t address, std::uint64_t bytes);
    /// Bytes were copied, as by memmove.
    void copy(std::uint64_t to, std::uint64_t from, std::uint64_t bytes);

    /// Bytes of one origin.
    struct Found {
        std::uint32_t origin = none;
        std::uint64_t first = 0;  ///< address
        std::uint64_t bytes = 0;
    };
    /// The suspicious ones of these bytes, by their first addresses. From now on they count as defined: what has
    /// become a finding is not one again.
    std::vector<Found> take(std::uint64_t address, std::uint64_t bytes);
    /// Suspicious bytes that this launch has stored and nobody has read since, by their first addresses.
    [[nodiscard]] std::vector<Found> unread(std::uint64_t launch) const;

  private:
    static constexpr std::uint64_t page_bytes = 4096;
    static constexpr std::uint32_t unread_bit = 0x80000000U;
    struct Page {
        std::array<std::uint32_t, page_bytes> origins{};  ///< of each byte, with unread_bit until a kernel reads it
        std::uint32_t suspicious = 0;                     ///< bytes that have an origin
    };
    /// An origin's finding, apart from what it says.
    struct Key {
        const DecodedKernel* kernel;
        FindingKind kind;
        std::uint32_t line;
        CtaIndex cta;
        auto operator<=>(const Key&) const = default;
    };

    /// visit(address, entry of Page::origins) for the suspicious ones of these bytes.
    template <typename Visit>
    void for_each_suspicious(std::uint64_t address, std::uint64_t bytes, Visit visit) const;
    void set(std::uint64_t address, std::uint64_t bytes, std::uint32_t entry);
    /// Of addresses and their entries.
    static std::vector<Found> by_origin(std::vector<std::pair<std::uint64_t, std::uint32_t>> bytes);

    std::vector<Origin> origins_;
    std::map<Key, std::uint32_t> numbers_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Page>> pages_;  ///< by address / page_bytes
};

}  // namespace stcsim
