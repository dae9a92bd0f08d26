#include "validate/reference_gpus.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace stcsim {
namespace {

struct MeasuredGpu {
    std::string_view name;  ///< as the measurements have it
    std::string_view description;
};

/// "A100" alone does not say which; what its figures are of does not differ between them. The 40 GB boards differ in
/// what power lets them do, not in their memory.
constexpr std::array measured_gpus{
    MeasuredGpu{"A100", "a100-sxm4-40gb"},
    MeasuredGpu{"A100(SKU n/s)", "a100-sxm4-40gb"},
    MeasuredGpu{"A100-40GB", "a100-sxm4-40gb"},
    MeasuredGpu{"A100-PCIe-40GB", "a100-sxm4-40gb"},
    MeasuredGpu{"A100-PCIe-40GB @1395MHz", "a100-sxm4-40gb"},
    MeasuredGpu{"A100-80GB-SXM4", "a100-sxm4-80gb"},
    MeasuredGpu{"A100-80GB-PCIe", "a100-pcie-80gb"},
};

}  // namespace

std::string described_gpu(const ReferenceRow& row) {
    const auto* const known = std::ranges::find(measured_gpus, row.word("gpu"), &MeasuredGpu::name);
    if (known != measured_gpus.end()) return std::string(known->description);
    std::vector<std::string_view> names;
    for (const MeasuredGpu& gpu : measured_gpus) names.push_back(gpu.name);
    throw row.refusal("gpu", fmt::format("one of {}", fmt::join(names, ", ")));
}

}  // namespace stcsim
