#include "report/report_format.h"

#include <string>

#include <fmt/format.h>

#include "base/error.h"

namespace stcsim {

ReportFormat report_format_of(const std::filesystem::path& file) {
    const std::string extension = file.extension().string();
    if (extension == ".json") return ReportFormat::json;
    if (extension == ".csv") return ReportFormat::csv;
    throw InputError({file.string()},
                     extension.empty() ? std::string("no extension") : fmt::format("the extension {}", extension),
                     ".json or .csv");
}

}  // namespace stcsim
