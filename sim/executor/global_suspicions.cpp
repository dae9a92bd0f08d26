#include "executor/global_suspicions.h"

#include <algorithm>
#include <utility>

namespace stcsim {

std::uint32_t GlobalSuspicions::origin_of(const DecodedKernel& kernel, std::uint64_t launch, const Finding& finding) {
    std::uint32_t& number = numbers_[{&kernel, finding.kind, finding.where.line, finding.cta}];
    if (number == none) {
        origins_.push_back({finding, launch});
        number = origins();
    }
    origins_[number - 1].launch = launch;
    return number;
}

template <typename Visit>
void GlobalSuspicions::for_each_suspicious(std::uint64_t address, std::uint64_t bytes, Visit visit) const {
    if (empty()) return;
    const std::uint64_t end = address + bytes;
    for (std::uint64_t at = address; at < end;) {
        const std::uint64_t page_end = std::min(end, (at / page_bytes + 1) * page_bytes);
        if (const auto page = pages_.find(at / page_bytes); page != pages_.end()) {
            for (std::uint64_t byte = at; byte < page_end; ++byte) {
                std::uint32_t& entry = page->second->origins[byte % page_bytes];
                if (entry != none) visit(byte, entry);
            }
        }
        at = page_end;
    }
}

void GlobalSuspicions::set(std::uint64_t address, std::uint64_t bytes, std::uint32_t entry) {
    const std::uint64_t end = address + bytes;
    for (std::uint64_t at = address; at < end;) {
        const std::uint64_t page_end = std::min(end, (at / page_bytes + 1) * page_bytes);
        auto found = pages_.find(at / page_bytes);
        if (found == pages_.end() && entry != none) {
            found = pages_.emplace(at / page_bytes, std::make_unique<Page>()).first;
        }
        if (found != pages_.end()) {
            Page& page = *found->second;
            for (std::uint64_t byte = at; byte < page_end; ++byte) {
                std::uint32_t& old = page.origins[byte % page_bytes];
                page.suspicious += (entry != none ? 1U : 0U) - (old != none ? 1U : 0U);
                old = entry;
            }
            if (page.suspicious == 0) pages_.erase(found);
        }
        at = page_end;
    }
}

void GlobalSuspicions::mark(std::uint64_t address, std::uint64_t bytes, std::uint32_t origin) {
    set(address, bytes, origin | unread_bit);
}

void GlobalSuspicions::clear(std::uint64_t address, std::uint64_t bytes) {
    if (!empty()) set(address, bytes, none);
}

std::uint32_t GlobalSuspicions::read(std::uint64_t address, std::uint64_t bytes) {
    std::uint32_t first = none;
    for_each_suspicious(address, bytes, [&](std::uint64_t, std::uint32_t& entry) {
        entry &= ~unread_bit;
        if (first == none) first = entry;
    });
    return first;
}

void GlobalSuspicions::copy(std::uint64_t to, std::uint64_t from, std::uint64_t bytes) {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> entries;  // by offset
    for_each_suspicious(from, bytes,
                        [&](std::uint64_t at, std::uint32_t entry) { entries.emplace_back(at - from, entry); });
    clear(to, bytes);
    for (const auto& [offset, entry] : entries) set(to + offset, 1, entry);
}

std::vector<GlobalSuspicions::Found> GlobalSuspicions::by_origin(
    std::vector<std::pair<std::uint64_t, std::uint32_t>> bytes) {
    std::ranges::sort(bytes);
    std::vector<Found> found;
    std::unordered_map<std::uint32_t, std::size_t> places;
    for (const auto& [address, entry] : bytes) {
        const std::uint32_t origin = entry & ~unread_bit;
        const auto [place, fresh] = places.try_emplace(origin, found.size());
        if (fresh) found.push_back({origin, address, 0});
        ++found[place->second].bytes;
    }
    return found;
}

std::vector<GlobalSuspicions::Found> GlobalSuspicions::take(std::uint64_t address, std::uint64_t bytes) {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> taken;
    for_each_suspicious(address, bytes, [&](std::uint64_t at, std::uint32_t entry) { taken.emplace_back(at, entry); });
    clear(address, bytes);
    return by_origin(std::move(taken));
}

std::vector<GlobalSuspicions::Found> GlobalSuspicions::unread(std::uint64_t launch) const {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> left;
    for (const auto& [number, page] : pages_) {
        for_each_suspicious(number * page_bytes, page_bytes, [&](std::uint64_t at, std::uint32_t entry) {
            const bool is_unread = (entry & unread_bit) != 0;
            if (is_unread && origin(entry & ~unread_bit).launch == launch) left.emplace_back(at, entry);
        });
    }
    return by_origin(std::move(left));
}

}  // namespace stcsim
