/// The whole of a dump's D against what an accumulation order gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "check/accumulation_order.h"
#include "check/gemm_dump.h"

namespace stcsim {

/// An element of D that is not what was expected.
struct ElementDifference {
    std::size_t row;
    std::size_t column;
    ElementBits found;
    ElementBits expected;
    double error;    ///< |found - expected|; infinite if one of them is not finite
    double allowed;  ///< the bound of error_bound.h
};

struct Mismatches {
    std::uint64_t elements = 0;
    std::uint64_t different = 0;  ///< not equal to the bit
    std::uint64_t outside = 0;    ///< of these, apart by more than the bound
    /// For each element: 0 equal, 1 different but within the bound, 2 outside.
    std::vector<std::uint8_t> marks;
    std::vector<ElementDifference> first;  ///< the first that are outside, else the first that are different
    ElementDifference largest{};           ///< of the largest error, if any is different
};

/// How many differences `first` holds at most.
inline constexpr std::size_t described_differences = 8;

/// Computes D in the order, on `threads` threads, and compares every element.
Mismatches compare_all(const GemmDump& dump, const AccumulationOrder& order, unsigned threads);

/// Where the marked elements are: sentences about their rows, columns and tiles. `least` is the mark that counts.
std::vector<std::string> describe_places(const Mismatches& mismatches, std::size_t columns, std::uint8_t least);

}  // namespace stcsim
