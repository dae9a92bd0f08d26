#include "base/counters.h"

#include <algorithm>

#include <fmt/format.h>

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

std::uint64_t CounterReport::at(std::string_view path) const {
    const auto found = std::ranges::find(values_, path, &CounterValue::path);
    return found == values_.end() ? 0 : found->value;
}

}  // namespace stcsim
