#include "executor/finding.h"

#include <fmt/format.h>

namespace stcsim {

std::string_view name_of(FindingKind kind) {
    switch (kind) {
        case FindingKind::out_of_bounds: return "out-of-bounds access";
        case FindingKind::misaligned: return "misaligned access";
        case FindingKind::pending_copy_read: return "read of unawaited cp.async data";
        case FindingKind::shared_race: return "shared-memory race";
        case FindingKind::uninitialized_shared: return "uninitialised shared memory";
        case FindingKind::uninitialized_register: return "uninitialised register";
        case FindingKind::illegal_metadata: return "illegal metadata";
        case FindingKind::unordered_metadata: return "unordered metadata";
        case FindingKind::wrong_selector: return "wrong sparsity selector";
        case FindingKind::barrier_divergence: return "barrier divergence";
        case FindingKind::unreached_wait_group: return "unreached wait_group";
        case FindingKind::bank_conflict: return "bank conflict";
    }
    return "unknown";
}

bool is_error(FindingKind kind) {
    return kind != FindingKind::bank_conflict && kind != FindingKind::unreached_wait_group;
}

std::string Finding::message() const {
    const std::string source_line = source.line > 0 ? fmt::format(", source line {}", source.line) : std::string();
    return fmt::format("{} at PTX line {}{} ({}), CTA {}, warp {}, lane {}: {}", name_of(kind), where.line, source_line,
                       instruction, cta.value(), warp, lane, sentence);
}

void FindingSink::count(FindingKind kind, std::uint32_t line, std::uint64_t times) {
    entries_[{kind, line}].count += times;
}

void FindingSink::report(Finding finding, std::uint64_t times) {
    const bool ends = is_error(finding.kind) && mode_ != FindingMode::lenient;
    const std::string message = ends ? finding.message() : std::string();
    auto [entry, is_new] = entries_.try_emplace({finding.kind, finding.where.line});
    entry->second.count += times;
    if (is_new) entry->second.first = std::move(finding);
    if (ends) throw KernelFault(message);
}

std::uint64_t FindingSink::total(FindingKind kind) const {
    std::uint64_t sum = 0;
    for (const auto& [key, entry] : entries_) sum += key.first == kind ? entry.count : 0;
    return sum;
}

}  // namespace stcsim
