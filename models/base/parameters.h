/// How a module declares its parameters.
///
/// Each module has one plain struct of parameters with a member function template
///
///     template <typename Visitor>
///     void describe(Visitor& v) {
///         v.parameter("rows", rows, {1, 64}, "dot-product units along M");
///         v.group("accumulator", accumulator);   // a nested struct with its own describe()
///     }
///
/// which is the only list of them: reading a GPU description, range checks, command-line overrides, the listing and
/// the written-out configuration all walk it. A parameter is a bool, std::uint32_t, double, Cycle or Bytes; there are
/// no defaults in code, so that every value has a source in a GPU description.
#pragma once

namespace stcsim {

/// The inclusive range of legal values of a parameter.
struct Limits {
    double minimum;
    double maximum;
};

}  // namespace stcsim
