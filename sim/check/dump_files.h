/// A dump from files of numpy.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "check/gemm_dump.h"
#include "sparsify/metadata_order.h"

namespace stcsim {

/// Where the arrays are and what they mean. A place is "FILE.npy", "FILE.npz:NAME", or "FILE.npz" for the array named
/// as the option is ("a", "values", ...; in capitals too).
struct DumpRequest {
    std::optional<std::string> archive;  ///< a .npz file that has the arrays that no place is given for
    std::optional<std::string> a;
    std::optional<std::string> values;
    std::optional<std::string> metadata;
    std::optional<std::string> index;
    std::optional<std::string> b;
    std::optional<std::string> c;
    std::optional<std::string> d;

    std::optional<ElementType> a_type;       ///< else what A's array alone means (sparsify/elements.h)
    std::optional<ElementType> b_type;       ///< else A's, or of 8-bit integers what B's array means
    std::optional<ElementType> accumulator;  ///< else f32, f64 or s32 as the operands have
    std::optional<ElementType> output;       ///< of D; else what its array means
    std::optional<ElementType> c_type;       ///< else what its array means
    MetadataForm form{MetadataOrder::row_major};
    bool b_transposed = false;  ///< B's array is n x k
    bool saturating = false;
    double alpha = 1;
    std::optional<double> beta;  ///< else 1 if there is a C
};

/// Throws InputError, naming option and file, for what cannot be read, for missing and superfluous arrays, and for
/// types and shapes that do not fit together.
GemmDump read_dump(const DumpRequest& request);

/// The files of a request, each once, in its order.
std::vector<std::string> files_of(const DumpRequest& request);

}  // namespace stcsim
