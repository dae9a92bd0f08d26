#include "fatbin/fatbin.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"

namespace stcsim {
namespace {

constexpr std::uint32_t magic = 0xBA55ED50;
constexpr std::uint64_t supported_version = 1;

/// The container's header: u32 magic, u16 version, u16 bytes of this header, u64 bytes of the entries behind it.
constexpr std::uint64_t header_bytes = 16;

/// An entry's header: u16 kind, u16 version, u32 bytes of this header, u64 bytes of what follows, u32 bytes of it if it
/// is compressed (else 0), ..., u32 architecture at 28, ..., u64 flags at 40.
constexpr std::uint64_t entry_header_bytes = 48;
constexpr std::uint64_t kind_ptx = 1;
constexpr std::uint64_t kind_machine_code = 2;
constexpr std::uint64_t flag_compressed = 0x8000;

std::uint64_t little_endian(std::span<const std::byte> bytes, std::size_t at, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = count; i-- > 0;) value = value << 8U | std::to_integer<std::uint64_t>(bytes[at + i]);
    return value;
}

[[noreturn]] void fail(const std::string& name, std::string found, std::string expected) {
    throw InputError({name}, std::move(found), std::move(expected));
}

/// The header of the container is sound.
struct ContainerHeader {
    std::uint64_t header = 0;
    std::uint64_t entries = 0;
};

ContainerHeader container_header(std::span<const std::byte> fatbin, const std::string& name) {
    if (fatbin.size() < header_bytes || little_endian(fatbin, 0, 4) != magic) {
        fail(name, "bytes that are no fat binary", "a fat binary: 0xBA55ED50 and what follows it");
    }
    const std::uint64_t version = little_endian(fatbin, 4, 2);
    if (version != supported_version) fail(name, fmt::format("a fat binary of version {}", version), "version 1");
    const ContainerHeader header{little_endian(fatbin, 6, 2), little_endian(fatbin, 8, 8)};
    if (header.header < header_bytes || header.entries > (std::uint64_t{1} << 48U)) {
        fail(name,
             fmt::format("a fat binary with a header of {} and entries of {} bytes", header.header, header.entries),
             "a header of at least 16 bytes and entries below 2^48 bytes");
    }
    return header;
}

FatbinPtx ptx_of(std::span<const std::byte> header, std::span<const std::byte> text) {
    FatbinPtx ptx;
    ptx.architecture = static_cast<std::uint32_t>(little_endian(header, 28, 4));
    ptx.compressed = little_endian(header, 16, 4) != 0 || (little_endian(header, 40, 8) & flag_compressed) != 0;
    if (ptx.compressed) return ptx;
    ptx.text = {reinterpret_cast<const char*>(text.data()), text.size()};
    while (ptx.text.ends_with('\0')) ptx.text.remove_suffix(1);
    return ptx;
}

std::string option(std::uint32_t architecture) {
    return fmt::format("-gencode arch=compute_{0},code=compute_{0}", architecture);
}

std::string for_architectures(std::vector<std::uint32_t> architectures) {
    std::ranges::sort(architectures);
    architectures.erase(std::unique(architectures.begin(), architectures.end()), architectures.end());
    return fmt::format("for sm_{}", fmt::join(architectures, ", sm_"));
}

}  // namespace

std::uint64_t fatbin_size(std::span<const std::byte> beginning, const std::string& name) {
    const ContainerHeader header = container_header(beginning, name);
    return header.header + header.entries;
}

FatbinContents find_ptx(std::span<const std::byte> fatbin, const std::string& name) {
    const std::uint64_t size = fatbin_size(fatbin, name);
    if (fatbin.size() < size) {
        fail(name, fmt::format("{} bytes of a fat binary", fatbin.size()), fmt::format("{}, as its header says", size));
    }
    FatbinContents contents;
    std::span<const std::byte> rest = fatbin.first(size).subspan(container_header(fatbin, name).header);
    while (!rest.empty()) {
        const std::uint64_t position = size - rest.size();
        const std::uint64_t header = rest.size() < entry_header_bytes ? 0 : little_endian(rest, 4, 4);
        const std::uint64_t bytes = rest.size() < entry_header_bytes ? 0 : little_endian(rest, 8, 8);
        if (header < entry_header_bytes || header > rest.size() || bytes > rest.size() - header) {
            fail(name, fmt::format("a fat binary whose entry at byte {} does not fit", position),
                 fmt::format("a header of at least {} bytes, and what it announces, in {} bytes", entry_header_bytes,
                             rest.size()));
        }
        const std::uint64_t kind = little_endian(rest, 0, 2);
        if (kind == kind_ptx) contents.ptx.push_back(ptx_of(rest.first(header), rest.subspan(header, bytes)));
        if (kind == kind_machine_code) {
            contents.machine_code.push_back(static_cast<std::uint32_t>(little_endian(rest, 28, 4)));
        }
        rest = rest.subspan(header + bytes);
    }
    return contents;
}

std::string_view choose_ptx(const FatbinContents& contents, std::uint32_t architecture, const std::string& name) {
    const FatbinPtx* best = nullptr;
    std::vector<std::uint32_t> architectures;
    for (const FatbinPtx& ptx : contents.ptx) {
        architectures.push_back(ptx.architecture);
        if (ptx.architecture > architecture) continue;
        if (best == nullptr || ptx.architecture > best->architecture) best = &ptx;
    }
    if (best == nullptr) {
        const std::string expected =
            fmt::format("PTX for sm_{} or older: compile with {} --no-compress", architecture, option(architecture));
        if (!architectures.empty()) fail(name, "PTX only " + for_architectures(architectures), expected);
        if (contents.machine_code.empty()) fail(name, "a fat binary without kernels", expected);
        fail(name, "only machine code, " + for_architectures(contents.machine_code), expected);
    }
    if (best->compressed) {
        fail(name, fmt::format("compressed PTX for sm_{}", best->architecture),
             "PTX as text: compile with --no-compress, or with older compilers -Xfatbin -compress=false");
    }
    return best->text;
}

}  // namespace stcsim
