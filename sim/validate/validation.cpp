#include "validate/validation.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "validate/forked_tasks.h"
#include "validate/reference_sets.h"

namespace stcsim {
namespace {

std::string label_of(const ReferencePoint& point) {
    return fmt::format("{} {} {} {}", name_of(point.set), point.type, point.figure, point.name);
}

/// Nothing, the kernel that both used, or both kernels.
std::string both(const std::string& dense, const std::string& sparse) {
    return dense == sparse ? dense : fmt::format("{} / {}", dense, sparse);
}

/// The speedup of 2:4 over dense. Without a value where one of them has none.
ValidatedPoint speedup_of(const ValidatedPoint& dense, const ValidatedPoint& sparse) {
    ValidatedPoint speedup{dense.point, {}};
    speedup.point.figure = std::string("speedup");
    speedup.point.unit = std::string("x");
    speedup.point.measured = dense.point.measured / sparse.point.measured;
    Prediction& prediction = speedup.prediction;
    if (dense.prediction.value && sparse.prediction.value) {
        prediction.value = *dense.prediction.value / *sparse.prediction.value;
        prediction.kernel = both(dense.prediction.kernel, sparse.prediction.kernel);
        prediction.bound_by = both(dense.prediction.bound_by, sparse.prediction.bound_by);
    } else {
        prediction.reason = dense.prediction.value ? sparse.prediction.reason : dense.prediction.reason;
    }
    return speedup;
}

bool are_pair(const ReferencePoint& dense, const ReferencePoint& sparse) {
    const auto* first = std::get_if<GemmWork>(&dense.work);
    const auto* second = std::get_if<GemmWork>(&sparse.work);
    return first != nullptr && second != nullptr && first->problem.sparsity == Sparsity::dense &&
           second->problem.sparsity == Sparsity::two_four && dense.name == sparse.name && dense.type == sparse.type &&
           dense.gpu == sparse.gpu;
}

}  // namespace

std::vector<ValidatedPoint> validate(
    const ValidationRequest& request, const ValidatedModel& model,
    const std::function<void(std::size_t, std::size_t, const std::string&)>& progress) {
    const std::vector<ReferencePoint>& points = request.points;
    std::map<std::string, std::string, std::less<>> gpu_texts;
    for (const auto& [name, gpu] : request.gpus) gpu_texts[name] = to_toml(gpu);

    std::vector<std::optional<Prediction>> predictions(points.size());
    std::vector<std::string> keys;
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < points.size(); ++i) {
        keys.push_back(prediction_key(points[i], request.program, gpu_texts.at(points[i].gpu), request.options));
        if (request.store != nullptr) predictions[i] = request.store->find(keys[i]);
        if (!predictions[i]) open.push_back(i);
    }
    std::size_t done = points.size() - open.size();
    run_forked(
        open, request.workers,
        [&](std::size_t i) {
            return to_line(predict(points[i], request.gpus.at(points[i].gpu), request.options, model));
        },
        [&](std::size_t i, const std::string& answer) {
            predictions[i] = prediction_in(answer);
            STCSIM_ASSERT(predictions[i].has_value());
            if (request.store != nullptr) request.store->add(keys[i], label_of(points[i]), *predictions[i]);
            progress(++done, points.size(), label_of(points[i]));
        },
        [&](std::size_t i) { return label_of(points[i]); });

    std::vector<ValidatedPoint> validated;
    for (std::size_t i = 0; i < points.size(); ++i) {
        validated.push_back({points[i], *std::move(predictions[i])});
        if (i == 0 || !are_pair(points[i - 1], points[i])) continue;
        ValidatedPoint speedup = speedup_of(validated.rbegin()[1], validated.back());
        validated.push_back(std::move(speedup));
    }
    return validated;
}

}  // namespace stcsim
