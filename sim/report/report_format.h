/// The formats of result files: the format follows from the extension.
#pragma once

#include <cstdint>
#include <filesystem>

namespace stcsim {

enum class ReportFormat : std::uint8_t { json, csv };

/// The format that the extension of `file` names, .json or .csv. Throws InputError for any other.
ReportFormat report_format_of(const std::filesystem::path& file);

}  // namespace stcsim
