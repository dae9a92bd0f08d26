/// What the model says of a reference point.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "gpu/gpu_description.h"
#include "run/simulate.h"
#include "validate/reference_point.h"

namespace stcsim {

/// The model under test: simulate_gemm, measure and measure_memory_work, or stand-ins that keep their contracts.
struct ValidatedModel {
    std::function<SimulationResult(const GpuDescription&, const GemmProblem&, const SimulationOptions&)> simulate;
    std::function<MicrobenchResult(const MicrobenchSubject&, const MicrobenchLoad&, const GpuParameters&,
                                   std::uint32_t)>
        measure;
    std::function<double(const MemoryWork&, const GpuParameters&)> measure_memory;
};

/// Fields of a GEMM's result row (report/result_row.h) that are kept beside the prediction: what explains it.
inline constexpr std::array<std::string_view, 7> detail_names{
    "cycles", "clock_mhz", "launch_us", "average_power_w", "l2_read_bytes", "hbm_read_bytes", "hbm_written_bytes"};

struct Prediction {
    std::optional<double> value;                         ///< in the point's unit; nothing where the model cannot run it
    std::string kernel;                                  ///< of a GEMM
    std::string bound_by;                                ///< of a GEMM
    std::string reason;                                  ///< why there is no value
    std::map<std::string, double, std::less<>> details;  ///< those of detail_names that apply

    bool operator==(const Prediction&) const = default;
};

/// Runs the model. What it refuses (InputError) becomes the reason of a prediction without a value.
Prediction predict(const ReferencePoint& point, const GpuDescription& gpu, const SimulationOptions& options,
                   const ValidatedModel& model);

/// A prediction as one line of JSON without its end, and back. Numbers read back exactly. The latter gives nothing for
/// text that is no prediction.
std::string to_line(const Prediction& prediction);
std::optional<Prediction> prediction_in(std::string_view line);

/// A fingerprint of everything that the prediction depends on: `program` (whatever tells builds of the model apart),
/// the complete description `gpu_toml`, the options and the point's work. 16 hexadecimal digits.
std::string prediction_key(const ReferencePoint& point, std::string_view program, std::string_view gpu_toml,
                           const SimulationOptions& options);

}  // namespace stcsim
