/// libFuzzer target: whatever the bytes, find_ptx gives an InputError or texts that lie within them.
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <span>

#include "base/error.h"
#include "fatbin/fatbin.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto* const begin = reinterpret_cast<const char*>(data);
    try {
        const stcsim::FatbinContents contents = stcsim::find_ptx(std::as_bytes(std::span(data, size)), "fuzzed");
        for (const stcsim::FatbinPtx& ptx : contents.ptx) {
            if (ptx.text.empty()) continue;
            if (std::less<>()(ptx.text.data(), begin) || ptx.text.data() + ptx.text.size() > begin + size) std::abort();
        }
        stcsim::choose_ptx(contents, 80, "fuzzed");
    } catch (const stcsim::InputError& error) {
        if (error.found().empty() || error.expected().empty()) std::abort();
    }
    return 0;
}
