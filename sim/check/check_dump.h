/// Whether a kernel computed what the hardware would: the verdict on a dump.
///
/// The dump is first compared on a sample with one order of sums, then with the plausible ones; the best of them is
/// compared with every element of D. What stays different is held against the bound of check/error_bound.h, and the
/// usual mistakes (check/misreading.h) are tried on a sample of rows and columns that holds differences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "check/accumulation_order.h"
#include "check/gemm_dump.h"
#include "check/mismatches.h"

namespace stcsim {

enum class Agreement : std::uint8_t {
    bit_exact,     ///< every bit as the order gives it
    within_bound,  ///< every element as close as sums in any order are
    wrong,
};
std::string_view name_of(Agreement agreement);

/// A mistake that explains a dump.
struct Explanation {
    std::string name;
    std::string sentence;
    AccumulationOrder order;
    bool exact;            ///< every element of the sample to the bit; else within the bound
    std::size_t agreeing;  ///< elements of the sample that it explains
    std::size_t sampled;
    std::vector<std::string> others;  ///< sentences of mistakes that explain it as well
};

struct Verdict {
    Agreement agreement = Agreement::wrong;
    AccumulationOrder order;  ///< that D was compared with
    std::size_t tried_orders = 1;
    std::size_t equal_orders = 0;  ///< others that give the same bits on the sample
    Mismatches mismatches;
    std::vector<std::string> places;  ///< of what is wrong, or different
    std::optional<Explanation> explanation;
};

struct CheckOptions {
    std::optional<AccumulationOrder> order;  ///< else inferred
    unsigned threads = 1;
};

Verdict check_dump(const GemmDump& dump, const CheckOptions& options);

}  // namespace stcsim
