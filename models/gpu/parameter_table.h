/// The parameters of a GPU as a flat table, made by walking GpuParameters::describe().
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/parameters.h"
#include "base/units.h"
#include "gpu/gpu_parameters.h"

namespace stcsim {

/// A parameter's value whatever its type: a bool, an integer (std::uint32_t, Cycle, Bytes) or a double.
using ParameterValue = std::variant<bool, std::uint64_t, double>;

/// One parameter of a GpuParameters that outlives this reference.
class ParameterReference {
  public:
    using Target = std::variant<bool*, std::uint32_t*, double*, Cycle*, Bytes*>;

    ParameterReference(std::string path, Target target, Limits limits, std::string_view meaning)
        : path_(std::move(path)), target_(target), limits_(limits), meaning_(meaning) {}

    /// Dotted path, for instance "sm.tensor_core.dot_product_array.rows".
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string_view meaning() const { return meaning_; }

    [[nodiscard]] ParameterValue value() const;
    /// Stores `value` if its type and range fit, else leaves the parameter alone and returns false. An integer fits a
    /// double parameter; nothing is ever truncated.
    [[nodiscard]] bool assign(const ParameterValue& value) const;
    /// Parses `text` as a literal of the parameter's type and assigns it; false if it does not fit.
    [[nodiscard]] bool assign_text(std::string_view text) const;
    /// What fits, in words: "an integer from 1 to 64".
    [[nodiscard]] std::string expectation() const;

  private:
    std::string path_;
    Target target_;
    Limits limits_;
    std::string_view meaning_;
};

/// Every parameter, in declaration order. The references point into `parameters`.
std::vector<ParameterReference> parameter_table(GpuParameters& parameters);

/// The value as a TOML (and JSON) literal that reads back exactly; a double always carries a point or an exponent.
std::string literal(const ParameterValue& value);

}  // namespace stcsim
