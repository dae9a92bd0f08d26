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

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

void PtxNames::close_scope() {
    STCSIM_ASSERT(!scopes_.empty());
    for (; changes_.size() > scopes_.back(); changes_.pop_back()) {
        Change& change = changes_.back();
        if (change.before) {
            change.table->at(change.name) = *change.before;
        } else {
            change.table->erase(change.name);
        }
    }
    scopes_.pop_back();
}

bool PtxNames::declare(std::string_view name, const PtxSymbol& symbol) {
    return declare_in(names_, name, symbol);
}

bool PtxNames::declare_range(std::string_view prefix, const PtxSymbol& symbol) {
    if (is_digit(prefix.back())) prefixes_end_in_digits_ = true;
    return declare_in(ranges_, prefix, symbol);
}

bool PtxNames::declare_in(Table& table, std::string_view name, const PtxSymbol& symbol) {
    const auto [place, is_new] = table.try_emplace(name, Entry{symbol, scopes_.size()});
    if (is_new) {
        changes_.push_back({&table, name, std::nullopt});
        return true;
    }
    if (place->second.depth == scopes_.size()) return false;
    changes_.push_back({&table, name, place->second});
    place->second = {symbol, scopes_.size()};
    return true;
}

std::pair<const PtxNames::Entry*, std::uint32_t> PtxNames::find_in_ranges(std::string_view name) const {
    const Entry* best = nullptr;
    std::uint32_t best_number = 0;
    const std::size_t least = name.size() - std::min(most_digits, name.size() - 1);
    std::size_t begin = name.size();
    while (begin > least && is_digit(name[begin - 1])) --begin;
    for (; begin < name.size(); ++begin) {
        if (name[begin] == '0' && begin + 1 < name.size()) continue;  // r<20> declares r5, not r05
        const auto place = ranges_.find(name.substr(0, begin));
        if (place != ranges_.end() && (best == nullptr || place->second.depth > best->depth)) {
            std::uint64_t number = 0;
            std::from_chars(name.data() + begin, name.data() + name.size(), number);
            if (number < place->second.symbol.count) {
                best = &place->second;
                best_number = static_cast<std::uint32_t>(number);
            }
        }
        if (!prefixes_end_in_digits_) break;
    }
    return {best, best_number};
}

PtxNames::Meaning PtxNames::find(std::string_view name) const {
    const auto [range, number] = find_in_ranges(name);
    const auto place = names_.find(name);
    if (place != names_.end() && (range == nullptr || place->second.depth >= range->depth)) {
        return {&place->second.symbol, 0};
    }
    if (range == nullptr) return {};
    return {&range->symbol, number};
}

const PtxSymbol* PtxNames::find_in_scope(std::string_view name) const {
    const auto place = names_.find(name);
    return place != names_.end() && place->second.depth == scopes_.size() ? &place->second.symbol : nullptr;
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
