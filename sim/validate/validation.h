/// Runs the model over reference points.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gpu/gpu_description.h"
#include "validate/prediction.h"
#include "validate/prediction_store.h"
#include "validate/reference_point.h"

namespace stcsim {

struct ValidationRequest {
    std::vector<ReferencePoint> points;
    std::map<std::string, GpuDescription, std::less<>> gpus;  ///< by the names that the points have
    SimulationOptions options;                                ///< of the GEMMs
    std::string program;                                      ///< tells builds of the model apart, for the store
    std::size_t workers = 1;                                  ///< processes; above zero
    PredictionStore* store = nullptr;  ///< kept predictions are not made again, new ones are kept
};

/// A point and what the model says of it.
struct ValidatedPoint {
    ReferencePoint point;
    Prediction prediction;

    /// Whether the model predicts it and the measurement is sound.
    [[nodiscard]] bool counts() const { return prediction.value && point.caveat.empty(); }
};

/// The points in their order, and behind each pair of a dense and a 2:4 GEMM the speedup (unit "x", figure "speedup").
/// The same for any number of workers. `progress(done, of, name)` is called after each prediction that is made.
/// Throws std::runtime_error if a worker process fails; what was predicted until then is in the store.
std::vector<ValidatedPoint> validate(const ValidationRequest& request, const ValidatedModel& model,
                                     const std::function<void(std::size_t, std::size_t, const std::string&)>& progress);

}  // namespace stcsim
