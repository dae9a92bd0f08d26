/// Fat binaries: the container in which a CUDA program carries its kernels, as PTX text and as machine code for several
/// architectures.
///
/// Source of the format: containers that nvcc 13.0 makes, read byte by byte (README.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stcsim {

/// One PTX text of a container.
struct FatbinPtx {
    std::uint32_t architecture = 0;  ///< 80: for sm_80 and newer
    bool compressed = false;         ///< `text` is then empty
    std::string_view text;           ///< a view into the container, without the NUL bytes at its end

    bool operator==(const FatbinPtx&) const = default;
};

struct FatbinContents {
    std::vector<FatbinPtx> ptx;
    std::vector<std::uint32_t> machine_code;  ///< architecture of each

    /// Neither kernels nor other code: what the linker leaves in programs of which nothing is linked on the device.
    [[nodiscard]] bool empty() const { return ptx.empty() && machine_code.empty(); }
};

/// Bytes of the whole container, from its first 16. Throws InputError, whose location is `name`, if that is no
/// container.
std::uint64_t fatbin_size(std::span<const std::byte> beginning, const std::string& name);

/// What is in a container; what follows its end is not looked at. Throws InputError, whose location is `name`, for a
/// container that is cut short or whose entries do not fit it.
FatbinContents find_ptx(std::span<const std::byte> fatbin, const std::string& name);

/// The text for a GPU of this architecture (80: sm_80): that for the newest architecture up to it, and of several the
/// first. Throws InputError, which names the option of the compiler that helps, if there is none or it is compressed.
std::string_view choose_ptx(const FatbinContents& contents, std::uint32_t architecture, const std::string& name);

}  // namespace stcsim
