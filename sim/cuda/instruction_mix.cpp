#include "cuda/instruction_mix.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string>

#include "base/error.h"

namespace stcsim {

std::vector<NamedCount> instruction_mix(const DecodedKernel& kernel, std::span<const std::uint64_t> executed) {
    STCSIM_ASSERT(executed.size() == kernel.instructions().size());
    std::map<std::string, std::uint64_t> counts;
    for (std::size_t i = 0; i < executed.size(); ++i) {
        if (executed[i] > 0) counts[kernel.instructions()[i].ptx->name()] += executed[i];
    }
    std::vector<NamedCount> mix;
    for (const auto& [name, count] : counts) mix.push_back({name, count});
    std::ranges::stable_sort(mix, std::greater<>(), &NamedCount::count);
    return mix;
}

}  // namespace stcsim
