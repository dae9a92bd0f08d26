/// Event counters: declared beside the code that counts, reported by one mechanism.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stcsim {

/// One counter's value with the path of the module that counted it, for instance "sm.shared_memory.wavefronts".
struct CounterValue {
    std::string path;
    std::string unit;
    std::string meaning;
    std::uint64_t value;
};

/// Collects counters from modules. Values reported under a path twice add up, so that the reports of 108 SMs become one
/// line; the order of first reports is kept.
class CounterReport {
  public:
    /// Adds `value` to the counter `prefix.name`.
    void add(std::string_view prefix, std::string_view name, std::string_view unit, std::string_view meaning,
             std::uint64_t value);
    /// Adds the counters of another report, `times` over.
    void add(const CounterReport& other, std::uint64_t times = 1);
    /// Takes off what an earlier report of the same modules had.
    void subtract(const CounterReport& earlier);
    [[nodiscard]] const std::vector<CounterValue>& values() const { return values_; }
    /// The counter at this path, or 0 if nobody reported it.
    [[nodiscard]] std::uint64_t at(std::string_view path) const;

  private:
    std::vector<CounterValue> values_;
};

}  // namespace stcsim
