/// The modifiers of an instruction, taken one after the other by what decodes it. What nobody takes is unsupported.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ptx/ptx_module.h"

namespace stcsim {

/// The type with this PTX name, or nothing.
std::optional<PtxType> ptx_type_named(std::string_view name);

class Modifiers {
  public:
    explicit Modifiers(const std::vector<std::string>& all) : left_(all.begin(), all.end()) {}

    /// Whether the modifier was there; it is gone then.
    bool take(std::string_view name) {
        const auto found = std::find(left_.begin(), left_.end(), name);
        if (found == left_.end()) return false;
        left_.erase(found);
        return true;
    }

    /// Takes the first of these names that is there: its position among them.
    std::optional<std::size_t> take_one_of(std::initializer_list<std::string_view> names) {
        std::size_t position = 0;
        for (const std::string_view name : names) {
            if (take(name)) return position;
            ++position;
        }
        return std::nullopt;
    }

    /// Takes every modifier that begins so; for hints without effect here.
    void drop_prefixed(std::string_view prefix) {
        std::erase_if(left_, [&](std::string_view modifier) { return modifier.starts_with(prefix); });
    }
    void drop(std::initializer_list<std::string_view> names) {
        for (const std::string_view name : names) take(name);
    }

    /// Takes the first modifier that names a type.
    std::optional<PtxType> take_type() {
        for (auto at = left_.begin(); at != left_.end(); ++at) {
            if (const auto type = ptx_type_named(*at)) {
                left_.erase(at);
                return type;
            }
        }
        return std::nullopt;
    }

    /// Takes the first modifier that begins so.
    std::optional<std::string_view> take_prefixed(std::string_view prefix) {
        for (auto at = left_.begin(); at != left_.end(); ++at) {
            if (!at->starts_with(prefix)) continue;
            const std::string_view found = *at;
            left_.erase(at);
            return found;
        }
        return std::nullopt;
    }

    [[nodiscard]] bool empty() const { return left_.empty(); }
    [[nodiscard]] const std::vector<std::string_view>& left() const { return left_; }

  private:
    std::vector<std::string_view> left_;
};

}  // namespace stcsim
