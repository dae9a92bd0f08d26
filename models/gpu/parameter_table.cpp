#include "gpu/parameter_table.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace stcsim {
namespace {

class Collector {
  public:
    template <typename T>
    void parameter(std::string_view name, T& value, Limits limits, std::string_view meaning) {
        table_.emplace_back(fmt::format("{}{}", prefix_, name), &value, limits, meaning);
    }
    template <typename Group>
    void group(std::string_view name, Group& group) {
        const std::size_t length = prefix_.size();
        prefix_ += name;
        prefix_ += '.';
        group.describe(*this);
        prefix_.resize(length);
    }
    std::vector<ParameterReference> take() { return std::move(table_); }

  private:
    std::string prefix_;
    std::vector<ParameterReference> table_;
};

/// The number that all of `text` spells, or nothing.
template <typename Number>
std::optional<Number> parse_whole(std::string_view text) {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return number;
}

std::optional<ParameterValue> parse_literal(std::string_view text) {
    if (text == "true") return ParameterValue{true};
    if (text == "false") return ParameterValue{false};
    if (const auto integer = parse_whole<std::uint64_t>(text)) return ParameterValue{*integer};
    if (const auto real = parse_whole<double>(text)) return ParameterValue{*real};
    return std::nullopt;
}

/// Integers above this are not all representable as a double.
constexpr std::uint64_t exact_integers = std::uint64_t{1} << std::numeric_limits<double>::digits;

}  // namespace

ParameterValue ParameterReference::value() const {
    return std::visit(
        [](const auto* target) -> ParameterValue {
            using T = std::remove_cvref_t<decltype(*target)>;
            if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, double>) {
                return *target;
            } else if constexpr (std::is_same_v<T, std::uint32_t>) {
                return std::uint64_t{*target};
            } else {
                return target->value();
            }
        },
        target_);
}

bool ParameterReference::assign(const ParameterValue& value) const {
    const auto in_range = [this](double x) { return x >= limits_.minimum && x <= limits_.maximum; };
    return std::visit(
        [&](auto* target) {
            using T = std::remove_cvref_t<decltype(*target)>;
            if constexpr (std::is_same_v<T, bool>) {
                const bool* const given = std::get_if<bool>(&value);
                if (given == nullptr) return false;
                *target = *given;
            } else if constexpr (std::is_same_v<T, double>) {
                const auto* const integer = std::get_if<std::uint64_t>(&value);
                const auto* const real = std::get_if<double>(&value);
                if (real == nullptr && (integer == nullptr || *integer > exact_integers)) return false;
                const double given = real != nullptr ? *real : static_cast<double>(*integer);
                if (!std::isfinite(given) || !in_range(given)) return false;
                *target = given;
            } else {
                const auto* const given = std::get_if<std::uint64_t>(&value);
                if (given == nullptr || *given > exact_integers || !in_range(static_cast<double>(*given))) return false;
                if constexpr (std::is_same_v<T, std::uint32_t>) {
                    STCSIM_ASSERT(*given <= std::numeric_limits<std::uint32_t>::max());
                    *target = static_cast<std::uint32_t>(*given);
                } else {
                    *target = T(*given);
                }
            }
            return true;
        },
        target_);
}

bool ParameterReference::assign_text(std::string_view text) const {
    const std::optional<ParameterValue> parsed = parse_literal(text);
    return parsed && assign(*parsed);
}

std::string ParameterReference::expectation() const {
    if (std::holds_alternative<bool*>(target_)) return "true or false";
    const std::string_view kind = std::holds_alternative<double*>(target_) ? "a number" : "an integer";
    return fmt::format("{} from {} to {}", kind, limits_.minimum, limits_.maximum);
}

std::vector<ParameterReference> parameter_table(GpuParameters& parameters) {
    Collector collector;
    parameters.describe(collector);
    return collector.take();
}

std::string literal(const ParameterValue& value) {
    std::string text = std::visit([](auto x) { return fmt::format("{}", x); }, value);
    if (std::holds_alternative<double>(value) && text.find_first_of(".e") == std::string::npos) text += ".0";
    return text;
}

}  // namespace stcsim
