#include "base/counters.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"

namespace stcsim {

void CounterReport::add(std::string_view prefix, std::string_view name, std::string_view unit, std::string_view meaning,
                        std::uint64_t value) {
    const std::string path = fmt::format("{}.{}", prefix, name);
    const auto found = std::ranges::find(values_, path, &CounterValue::path);
    if (found != values_.end()) {
        found->value += value;
    } else {
        values_.push_back({path, std::string(unit), std::string(meaning), value});
    }
}

void CounterReport::add(const CounterReport& other, std::uint64_t times) {
    for (const CounterValue& counter : other.values_) {
        const auto found = std::ranges::find(values_, counter.path, &CounterValue::path);
        CounterValue& sum = found != values_.end()
                                ? *found
                                : values_.emplace_back(counter.path, counter.unit, counter.meaning, std::uint64_t{0});
        sum.value += times * counter.value;
    }
}

void CounterReport::subtract(const CounterReport& earlier) {
    STCSIM_ASSERT(values_.size() == earlier.values_.size());
    for (std::size_t i = 0; i < values_.size(); ++i) {
        STCSIM_ASSERT(values_[i].path == earlier.values_[i].path && values_[i].value >= earlier.values_[i].value);
        values_[i].value -= earlier.values_[i].value;
    }
}

std::uint64_t CounterReport::at(std::string_view path) const {
    const auto found = std::ranges::find(values_, path, &CounterValue::path);
    return found == values_.end() ? 0 : found->value;
}

}  // namespace stcsim
