/// Validations as CSV and as JSON.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "validate/validation.h"

namespace stcsim {

/// "set,type,figure,name,m,n,k,unit,measured,predicted,error_percent,kernel,bound_by,gpu,note" and a line per point. m,
/// n and k are those of the measurement and empty for all but GEMMs; what was not predicted leaves predicted and
/// error_percent empty and says why in note.
std::string validation_csv(std::span<const ValidatedPoint> points);

/// {"version", "gpus": [{"name", "hash"}], "statistics": [...], "points": [...]}, a point with the fields of the CSV.
std::string validation_json(std::span<const ValidatedPoint> points, const ValidationRequest& request,
                            std::string_view version);

/// Throws InputError unless the extension is .csv or .json and the file can be written.
void check_validation_file(const std::filesystem::path& file);

/// Writes the file in the format of its extension, whole or not at all.
void write_validation_file(const std::filesystem::path& file, std::span<const ValidatedPoint> points,
                           const ValidationRequest& request, std::string_view version);

}  // namespace stcsim
