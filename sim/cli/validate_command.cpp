#include "cli/validate_command.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <ostream>
#include <sstream>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/content_hash.h"
#include "base/error.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/validate_options.h"
#include "cli/version.h"
#include "report/result_row.h"
#include "validate/prediction_store.h"
#include "validate/reference_sets.h"
#include "validate/validation.h"
#include "validate/validation_report.h"
#include "validate/validation_table.h"

namespace stcsim {
namespace {

/// Version and content of the program: another build is another model.
std::string program_fingerprint() {
    std::ostringstream bytes;
    bytes << std::ifstream("/proc/self/exe", std::ios::binary).rdbuf();
    return fmt::format("{} {:016x}", version, content_hash(bytes.view()));
}

std::vector<ReferencePoint> wanted_points(const ValidateRequest& request) {
    std::vector<ReferencePoint> wanted;
    for (const ReferenceSet set : request.sets) {
        for (ReferencePoint& point : read_reference_set(set, request.references)) {
            const std::string name = fmt::format("{} {} {}", point.type, point.figure, point.name);
            if ((request.quick && !point.quick) || name.find(request.only) == std::string::npos) continue;
            if (request.gpu) point.gpu = *request.gpu;
            wanted.push_back(std::move(point));
        }
    }
    if (wanted.empty()) throw InputError({}, "no point to validate", "options that leave some (see --help)");
    return wanted;
}

/// The file that keeps the predictions while they are made, if one is wanted.
std::optional<std::filesystem::path> state_file(const ValidateRequest& request) {
    if (request.state || request.reports.empty()) return request.state;
    return std::filesystem::path(request.reports.front().string() + ".state");
}

std::vector<ValidatedPoint> validate_with(ValidationRequest& validation, const ValidateRequest& request,
                                          const Simulator& simulator, std::ostream& err) {
    const std::optional<std::filesystem::path> file = state_file(request);
    std::optional<PredictionStore> store;
    if (file) {
        store.emplace(*file);
        validation.store = &*store;
        validation.program = program_fingerprint();
    }
    Progress progress(err, isatty(STDERR_FILENO) != 0, validation.points.size());
    std::vector<ValidatedPoint> points =
        validate(validation, {simulator.simulate, simulator.measure, simulator.measure_memory_work},
                 [&](std::size_t done, std::size_t, const std::string& name) { progress.report(done - 1, name, 1); });
    validation.store = nullptr;
    return points;
}

}  // namespace

void validate_command(const std::vector<std::string>& arguments, const Simulator& simulator, std::ostream& out,
                      std::ostream& err) {
    const std::optional<ValidateRequest> request = parse_validate_request(arguments);
    if (!request) {
        out << "stcsim validate: the model against measurements of real GPUs\n\n" << validate_options();
        return;
    }
    ValidationRequest validation;
    validation.points = wanted_points(*request);
    validation.options = request->options;
    validation.workers = request->jobs;
    for (const ReferencePoint& point : validation.points) {
        if (!validation.gpus.contains(point.gpu)) {
            validation.gpus.emplace(point.gpu, gpu_in_force(point.gpu, request->overrides));
        }
    }
    for (const std::filesystem::path& file : request->reports) check_validation_file(file);

    const std::vector<ValidatedPoint> points = validate_with(validation, *request, simulator, err);
    for (const std::filesystem::path& file : request->reports) {
        write_validation_file(file, points, validation, version);
    }
    // Every prediction is in the reports now.
    if (!request->state && !request->reports.empty()) std::filesystem::remove(*state_file(*request));
    out << fmt::format("Errors: predicted / measured - 1. GEMMs: scope {}, kernel {}.\n\n{}",
                       name_of(request->options.scope), request->options.kernel,
                       validation_table(points, request->worst));
}

}  // namespace stcsim
