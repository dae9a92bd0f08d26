/// How a function of the C interface reaches the runtime: one at a time, constructed on first use, errors turned into
/// what programs expect or into the end of the program.
#pragma once

#include <cstdint>
#include <exception>
#include <mutex>
#include <utility>

#include "cuda/cuda_runtime.h"

namespace stcsim {

/// The major number of the toolkit whose interface this library stands for: 12 or 13.
extern const std::uint32_t runtime_major_version;

/// The runtime of this process, constructed from the environment variable that `stcsim exec` sets.
CudaRuntime& process_runtime();

/// Serialises calls. A callback of the program, called from within a call, may call again.
std::recursive_mutex& process_mutex();

/// Keeps an error for cudaGetLastError of this host thread, and returns it.
CudaError keep_error(CudaError error);

/// Ends the program with the exit status that this exception means: 1 what a kernel did, 2 bad input or what is not
/// supported, 3 an internal error. The program's own output is flushed, nothing of it runs any more.
[[noreturn]] void end_program(std::exception_ptr why);

/// Ends the program because it called this function.
[[noreturn]] void end_at_unsupported_call(const char* function);

/// Runs `body(CudaRuntime&)`, which returns an error code.
template <typename Body>
CudaError call(Body&& body) noexcept {
    try {
        const std::lock_guard lock(process_mutex());
        return keep_error(std::forward<Body>(body)(process_runtime()));
    } catch (...) {
        end_program(std::current_exception());
    }
}

}  // namespace stcsim
