#include "report/report_file.h"

#include "files/atomic_file.h"
#include "report/csv_report.h"
#include "report/report_format.h"

namespace stcsim {
void check_report_file(const std::filesystem::path& file) {
    (void)report_format_of(file);
    check_writable(file);
}

void write_report_file(const std::filesystem::path& file, const RunProvenance& provenance,
                       std::span<const ResultRow> rows) {
    write_whole_file(file,
                     report_format_of(file) == ReportFormat::json ? json_report(provenance, rows) : csv_report(rows));
}

}  // namespace stcsim
