#include "report/report_file.h"

#include <cstdint>

#include <fmt/format.h>

#include "base/error.h"
#include "files/atomic_file.h"
#include "report/csv_report.h"

namespace stcsim {
namespace {

enum class ReportFormat : std::uint8_t { json, csv };

ReportFormat format_of(const std::filesystem::path& file) {
    const std::string extension = file.extension().string();
    if (extension == ".json") return ReportFormat::json;
    if (extension == ".csv") return ReportFormat::csv;
    throw InputError({file.string()},
                     extension.empty() ? std::string("no extension") : fmt::format("the extension {}", extension),
                     ".json or .csv");
}

}  // namespace

void check_report_file(const std::filesystem::path& file) {
    (void)format_of(file);
    check_writable(file);
}

void write_report_file(const std::filesystem::path& file, const RunProvenance& provenance,
                       std::span<const ResultRow> rows) {
    write_whole_file(file, format_of(file) == ReportFormat::json ? json_report(provenance, rows) : csv_report(rows));
}

}  // namespace stcsim
