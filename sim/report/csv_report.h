/// Results as CSV.
#pragma once

#include <span>
#include <string>

#include "report/result_row.h"

namespace stcsim {

/// The header and one line per row. Numbers read back exactly; fields are quoted as in RFC 4180 where needed; a field
/// that does not apply to a row is empty.
std::string csv_report(std::span<const ResultRow> rows);

}  // namespace stcsim
