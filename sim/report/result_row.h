/// A row of results, and its fields in the order of the CSV report: the one list that CSV and JSON are written from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "run/simulate.h"

namespace stcsim {

/// One simulated GEMM.
struct ResultRow {
    SimulationResult result;
    std::optional<double> speedup;  ///< of a 2:4 row over the dense row it was compared with, in time
};

/// The two rows of a comparison: dense, then 2:4 with its speedup.
std::vector<ResultRow> compared_rows(SimulationResult dense, SimulationResult sparse);

/// Nothing where a field does not apply to a row.
using FieldValue = std::variant<std::monostate, std::string, std::uint64_t, double>;

/// One field. `group` is the JSON object it stands in, empty for the row itself; the CSV column is `group_name`.
struct ResultField {
    std::string_view group;
    std::string_view name;
    FieldValue value;
};

/// All fields of a row; names, groups and order are the same for every row.
std::vector<ResultField> fields_of(const ResultRow& row);

/// "core", "sm" or "chip".
std::string_view name_of(Scope scope);

/// "exact" or "sampled".
std::string_view name_of(Method method);

/// The scope with this name, or nothing.
std::optional<Scope> scope_named(std::string_view name);

}  // namespace stcsim
