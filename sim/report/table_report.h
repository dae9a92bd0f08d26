/// Results as tables for people.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "gpu/gpu_description.h"
#include "report/result_row.h"

namespace stcsim {

/// The peaks, the table of results, the total over all counts, the account of the time and the verification.
std::string table_report(const GpuDescription& gpu, std::span<const ResultRow> rows);

/// The account in tenths of a percent, rounded so that the sum is exactly 1000 (largest remainders). All zero for an
/// empty account.
std::array<std::uint32_t, time_causes> shares_per_mille(const TimeAccount& account);

}  // namespace stcsim
