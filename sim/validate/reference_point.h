/// One measured figure, and what the model has to run to predict it.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "microbench/microbench.h"
#include "validate/memory_work.h"
#include "workload/gemm_problem.h"

namespace stcsim {

/// The groups of measurements that `stcsim validate --set` names.
enum class ReferenceSet : std::uint8_t { instructions, shared_memory, memory, gemm };

/// A microbenchmark, and which of its results was measured.
struct MicrobenchWork {
    enum class Figure : std::uint8_t { latency, throughput };

    MicrobenchSubject subject;
    MicrobenchLoad load;
    Figure figure = Figure::latency;
};

/// A GEMM whose time in microseconds was measured: A of m x k by weights of n x k, which are the operand that may be
/// 2:4.
struct GemmWork {
    GemmProblem problem;
};

/// A measurement of what the model does not have.
struct NothingToRun {
    std::string reason;
};

struct ReferencePoint {
    ReferenceSet set = ReferenceSet::gemm;
    std::string type;    ///< "f16", "mma.sp", "ldmatrix": what the report keeps apart
    std::string figure;  ///< "dense", "2:4", "speedup", "latency", "throughput"
    std::string name;    ///< with type and figure unique within the set
    std::string gpu;     ///< the GPU description of what it was measured on
    std::string unit;
    double measured = 0;
    std::string caveat;  ///< what makes the measurement doubtful; then it is reported, not counted. Usually empty
    bool quick = true;   ///< belongs to the subset of --quick
    std::variant<MicrobenchWork, GemmWork, MemoryWork, NothingToRun> work;
};

}  // namespace stcsim
