/// Result files: the format follows from the extension.
#pragma once

#include <filesystem>
#include <span>

#include "report/json_report.h"
#include "report/result_row.h"

namespace stcsim {

/// Throws InputError unless the file's extension names a format (.json or .csv) and the file can be written.
void check_report_file(const std::filesystem::path& file);

/// Writes the results to a .json or .csv file, whole or not at all.
void write_report_file(const std::filesystem::path& file, const RunProvenance& provenance,
                       std::span<const ResultRow> rows);

}  // namespace stcsim
