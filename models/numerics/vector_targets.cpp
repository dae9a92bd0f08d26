#include "numerics/vector_targets.h"

#include <hwy/targets.h>

#include "base/error.h"

namespace stcsim {

std::vector<std::string> vector_targets() {
    std::vector<std::string> names;
    for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) names.emplace_back(hwy::TargetName(target));
    return names;
}

void use_vector_target(std::string_view name) {
    use_best_vector_target();
    for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
        if (hwy::TargetName(target) != name) continue;
        hwy::SetSupportedTargetsForTest(target);
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
        return;
    }
    STCSIM_ASSERT(false);
}

void use_best_vector_target() {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace stcsim
