/// The instruction sets that the vector kernels are compiled for; the best one that the machine has is used.
///
/// Highway (github.com/google/highway) compiles a source once per instruction set and chooses at run time. Only sets
/// that the tests run on are compiled: no AVX-512, and no set between SSE4 and Highway's emulation of vectors in plain
/// C++, which runs everywhere. On other processors than x86 Highway chooses its own sets.
#pragma once

#include <string>
#include <string_view>
#include <vector>

// Read by hwy/detect_targets.h: include this header before any of Highway's.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE_256 | HWY_SVE2 | HWY_SVE2_128)

namespace stcsim {

/// Names of the compiled instruction sets that this machine can run, best first, for instance "AVX2".
std::vector<std::string> vector_targets();

/// Makes all kernels use the instruction set of this name, one of vector_targets(): for tests and benchmarks.
void use_vector_target(std::string_view name);

/// Makes all kernels use the best instruction set again.
void use_best_vector_target();

}  // namespace stcsim
