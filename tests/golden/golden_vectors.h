/// The reference vectors of single instructions in this folder (see README.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "numerics/bit_matrix.h"

namespace stcsim::testing {

/// One instruction: D = A x B + C. For a sparse one, `a` holds the kept values and `codes` their positions in the
/// group.
struct GoldenCase {
    BitMatrix a;
    std::vector<std::uint8_t> codes;
    BitMatrix b;
    BitMatrix c;
    BitMatrix d;
};

/// All cases of one file.
struct GoldenVectors {
    std::string name;  ///< of the file, without ".npz": an instruction's name without "mma."
    bool sparse;
    ElementType input;
    ElementType accumulator;
    std::vector<GoldenCase> cases;
};

/// The names of all files.
std::vector<std::string> golden_names();

/// The vectors of one file. Throws std::runtime_error if it cannot be read.
GoldenVectors golden_vectors(const std::string& name);

}  // namespace stcsim::testing
