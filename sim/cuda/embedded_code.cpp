#include "cuda/embedded_code.h"

#include <cstddef>
#include <cstring>
#include <span>

#include <fmt/format.h>

#include "base/error.h"
#include "fatbin/fatbin.h"

namespace stcsim {
namespace {

/// What compiled code hands to __cudaRegisterFatBinary (fatbinary_section.h of the toolkit).
struct FatbinWrapper {
    std::uint32_t magic;
    std::uint32_t version;
    const std::byte* container;
    const void* linked_containers;  ///< version 2
};

constexpr std::uint32_t wrapper_magic = 0x466243B1;
/// Version 2 belongs to code that was linked on the device (nvcc -rdc=true).
constexpr std::uint32_t whole_program_version = 1;
constexpr std::size_t container_beginning = 16;

}  // namespace

std::string embedded_ptx(const void* address, std::uint32_t architecture, const std::string& program) {
    FatbinWrapper wrapper{};
    std::memcpy(&wrapper, address, sizeof wrapper);
    if (wrapper.magic != wrapper_magic || wrapper.container == nullptr) {
        throw InputError({program}, "embedded device code of an unknown form", "code that nvcc embeds");
    }
    if (wrapper.version != whole_program_version) {
        throw InputError({program}, fmt::format("device code to be linked (form {})", wrapper.version),
                         "a program built without separate compilation (nvcc -rdc=false, the default)");
    }
    const std::uint64_t size = fatbin_size({wrapper.container, container_beginning}, program);
    const FatbinContents contents = find_ptx({wrapper.container, size}, program);
    return std::string(choose_ptx(contents, architecture, program));
}

}  // namespace stcsim
