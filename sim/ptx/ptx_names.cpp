#include "ptx/ptx_names.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/message_text.h"

namespace stcsim {
namespace {

/// Digits of the largest register number, 2^32 - 1.
constexpr std::size_t most_digits = 10;

bool is_decimal_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

void PtxNames::close_scope() {
    STCSIM_ASSERT(!scopes_.empty());
    for (; declarations_.size() > scopes_.back(); declarations_.pop_back()) {
        declarations_.back().table->at(declarations_.back().name).pop_back();
    }
    scopes_.pop_back();
}

bool PtxNames::declare(std::string_view name, const PtxSymbol& symbol) {
    return declare_in(names_, name, symbol);
}

bool PtxNames::declare_range(std::string_view prefix, const PtxSymbol& symbol) {
    if (is_decimal_digit(prefix.back())) prefixes_end_in_digits_ = true;
    return declare_in(ranges_, prefix, symbol);
}

bool PtxNames::declare_in(Table& table, std::string_view name, const PtxSymbol& symbol) {
    std::vector<Entry>& entries = table[name];
    if (!entries.empty() && entries.back().depth == scopes_.size()) return false;
    entries.push_back({symbol, scopes_.size()});
    declarations_.push_back({&table, name});
    return true;
}

std::pair<const PtxNames::Entry*, std::uint32_t> PtxNames::find_in_ranges(std::string_view name) const {
    const Entry* best = nullptr;
    std::uint64_t best_number = 0;
    const std::size_t least = name.size() - std::min(most_digits, name.size() - 1);
    std::size_t begin = name.size();
    while (begin > least && is_decimal_digit(name[begin - 1])) --begin;
    for (; begin < name.size(); ++begin) {
        if (name[begin] == '0' && begin + 1 < name.size()) continue;  // r<20> declares r5, not r05
        const auto place = ranges_.find(name.substr(0, begin));
        if (place != ranges_.end()) {
            std::uint64_t number = 0;
            std::from_chars(name.data() + begin, name.data() + name.size(), number);
            const auto has_number = [&](const Entry& entry) { return number < entry.symbol.count; };
            const auto entry = std::find_if(place->second.rbegin(), place->second.rend(), has_number);
            if (entry != place->second.rend() && (best == nullptr || entry->depth > best->depth)) {
                best = &*entry;
                best_number = number;
            }
        }
        if (!prefixes_end_in_digits_) break;
    }
    return {best, static_cast<std::uint32_t>(best_number)};
}

PtxNames::Meaning PtxNames::find(std::string_view name) const {
    const auto [range, number] = find_in_ranges(name);
    const auto place = names_.find(name);
    const Entry* const single = place != names_.end() && !place->second.empty() ? &place->second.back() : nullptr;
    if (single != nullptr && (range == nullptr || single->depth >= range->depth)) return {&single->symbol, 0};
    if (range == nullptr) return {};
    return {&range->symbol, number};
}

const PtxSymbol* PtxNames::find_in_scope(std::string_view name) const {
    const auto place = names_.find(name);
    if (place == names_.end() || place->second.empty() || place->second.back().depth != scopes_.size()) return nullptr;
    return &place->second.back().symbol;
}

std::uint32_t PtxRegisterNumbers::index_of(const PtxSymbol& symbol, std::uint32_t number, std::string_view name) {
    const auto next = static_cast<std::uint32_t>(kernel_.registers.size());
    const auto [place, is_new] = indices_.try_emplace(std::uint64_t{symbol.declaration} << 32U | number, next);
    if (is_new) kernel_.registers.push_back({std::string(name), symbol.type});
    return place->second;
}

void PtxLabels::resolve(const Use& use, std::uint32_t instruction) {
    if (use.in_list) {
        kernel_.branch_targets[use.outer][use.inner] = instruction;
    } else {
        kernel_.instructions[use.outer].operands[use.inner].index = instruction;
    }
}

void PtxLabels::close_scope(const PtxTokens& tokens) {
    STCSIM_ASSERT(!scopes_.empty());
    const Scope closed = std::move(scopes_.back());
    scopes_.pop_back();
    for (const Use& use : closed.waiting) {
        const auto label = closed.labels.find(use.name);
        if (label != closed.labels.end()) {
            resolve(use, label->second);
        } else if (!scopes_.empty()) {
            scopes_.back().waiting.push_back(use);
        } else {
            tokens.fail(use.where, fmt::format("the undeclared label {}", quoted_for_message(use.name)),
                        "a label of this kernel");
        }
    }
}

}  // namespace stcsim
