/// How much memory the machine has that runs the simulator: more than that is refused rather than asked for, because
/// the operating system may promise it and end the process when it is used.
#pragma once

#include <cstdint>
#include <unistd.h>

namespace stcsim {

/// In bytes.
inline std::uint64_t host_memory_bytes() {
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page)
                                 : ~std::uint64_t{0};
}

}  // namespace stcsim
