#include "cuda/embedded_code.h"

#include <cstddef>
#include <cstring>
#include <exception>
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
    const std::byte* const* linked_containers;  ///< version 2: a list that ends with a null pointer
};

constexpr std::uint32_t wrapper_magic = 0x466243B1;
constexpr std::uint32_t whole_program_version = 1;
/// Code that was compiled to be linked (nvcc -rdc=true): a container for each source file and library.
constexpr std::uint32_t separate_version = 2;
constexpr std::size_t container_beginning = 16;

std::string ptx_in(const std::byte* container, std::uint32_t architecture, const std::string& program) {
    const std::uint64_t size = fatbin_size({container, container_beginning}, program);
    return std::string(choose_ptx(find_ptx({container, size}, program), architecture, program));
}

}  // namespace

std::vector<std::string> embedded_ptx(const void* address, std::uint32_t architecture, const std::string& program) {
    FatbinWrapper wrapper{};
    std::memcpy(&wrapper, address, sizeof wrapper);
    if (wrapper.magic != wrapper_magic || (wrapper.container == nullptr && wrapper.version == whole_program_version)) {
        throw InputError({program}, "embedded device code of an unknown form", "code that nvcc embeds");
    }
    if (wrapper.version == whole_program_version) return {ptx_in(wrapper.container, architecture, program)};
    if (wrapper.version != separate_version || wrapper.linked_containers == nullptr) {
        throw InputError({program}, fmt::format("embedded device code of form {}", wrapper.version), "form 1 or 2");
    }
    // The toolkit's own library, of which few programs use anything, comes as machine code.
    std::vector<std::string> texts;
    std::exception_ptr first_error;
    for (const std::byte* const* one = wrapper.linked_containers; *one != nullptr; ++one) {
        try {
            texts.push_back(ptx_in(*one, architecture, program));
        } catch (const InputError&) {
            if (first_error == nullptr) first_error = std::current_exception();
        }
    }
    if (texts.empty() && first_error != nullptr) std::rethrow_exception(first_error);
    return texts;
}

}  // namespace stcsim
