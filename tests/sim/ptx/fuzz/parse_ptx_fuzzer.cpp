/// libFuzzer target: whatever the text, parse_ptx gives an InputError that says where, or a module all of whose
/// operands name something that is there, and that gets registers.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "module_text.h"
#include "ptx/ptx_allocation.h"
#include "ptx/ptx_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const stcsim::PtxModule module =
            stcsim::parse_ptx(std::string_view(reinterpret_cast<const char*>(data), size), "fuzzed.ptx");
        if (stcsim::text_of(module).empty()) std::abort();
        for (const auto& kernel : module.kernels) {
            const stcsim::RegisterAllocation allocation = stcsim::allocate_registers(*kernel);
            if (allocation.first.size() != kernel->registers.size() || allocation.count > 255) std::abort();
        }
    } catch (const stcsim::InputError& error) {
        if (error.where().line == 0 || error.found().empty() || error.expected().empty()) std::abort();
    }
    return 0;
}
