/// What a launch executed, by opcode.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "cuda/launch_report.h"
#include "executor/decoded_kernel.h"

namespace stcsim {

/// Warp instructions by name as written, for instance "mad.lo.s32", most first. `executed`: per instruction of the
/// decoded kernel.
std::vector<NamedCount> instruction_mix(const DecodedKernel& kernel, std::span<const std::uint64_t> executed);

}  // namespace stcsim
