/// libFuzzer target: whatever the bytes, the readers of .npy files and .npz archives give an InputError or arrays that
/// are what their shapes say and that survive being written and read.
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "npy/npy_array.h"
#include "npy/npz_archive.h"

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
    const auto bytes = std::as_bytes(std::span(data, size));
    try {
        if (size > 1 && data[0] == 'P' && data[1] == 'K') {
            const stcsim::NpzArchive archive({bytes.begin(), bytes.end()}, {"fuzzed.npz"});
            for (const std::string& name : archive.names()) check(archive.read(name));
        } else {
            check(stcsim::parse_npy(bytes, {"fuzzed.npy"}));
        }
    } catch (const stcsim::InputError& error) {
        require(!error.found().empty() && !error.expected().empty());
    }
    return 0;
}
