/// libFuzzer target: whatever the bytes, parse_npy gives an InputError or an array that is what its shape says and that
/// survives being written and read.
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "npy/npy_array.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void check(const stcsim::NpyArray& array) {
    std::size_t bytes = stcsim::width_of(array.type);
    for (const std::size_t size : array.shape) bytes *= size;
    require(array.data.size() == bytes);
    const std::string written = stcsim::npy_bytes(array);
    require(stcsim::parse_npy(std::as_bytes(std::span(written)), {}) == array);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        check(stcsim::parse_npy(std::as_bytes(std::span(data, size)), {"fuzzed.npy"}));
    } catch (const stcsim::InputError& error) {
        require(!error.found().empty() && !error.expected().empty());
    }
    return 0;
}
