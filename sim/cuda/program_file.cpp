#include "cuda/program_file.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <fstream>
#include <iterator>
#include <string_view>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"

namespace stcsim {
namespace {

namespace fs = std::filesystem;

/// The bytes of a file as structures, each read checked against its end.
class ElfBytes {
  public:
    explicit ElfBytes(std::span<const std::byte> file) : file_(file) {}

    template <typename T>
    [[nodiscard]] std::optional<T> at(std::uint64_t offset) const {
        if (offset > file_.size() || file_.size() - offset < sizeof(T)) return std::nullopt;
        T value;
        std::memcpy(&value, file_.data() + offset, sizeof(T));
        return value;
    }
    /// Text up to the next zero byte; nothing if there is none.
    [[nodiscard]] std::optional<std::string> text(std::uint64_t offset) const {
        if (offset >= file_.size()) return std::nullopt;
        const auto* const begin = reinterpret_cast<const char*>(file_.data()) + offset;
        const std::string_view rest(begin, file_.size() - offset);
        const std::size_t end = rest.find('\0');
        if (end == std::string_view::npos) return std::nullopt;
        return std::string(rest.substr(0, end));
    }

  private:
    std::span<const std::byte> file_;
};

bool is_elf64(const Elf64_Ehdr& header) {
    return std::memcmp(static_cast<const void*>(header.e_ident), ELFMAG, SELFMAG) == 0 &&
           header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB;
}

std::optional<std::vector<Elf64_Phdr>> segments_of(const ElfBytes& file, const Elf64_Ehdr& header) {
    std::vector<Elf64_Phdr> segments;
    for (std::uint32_t i = 0; i < header.e_phnum; ++i) {
        const auto segment = file.at<Elf64_Phdr>(header.e_phoff + std::uint64_t{i} * header.e_phentsize);
        if (!segment) return std::nullopt;
        segments.push_back(*segment);
    }
    return segments;
}

/// Where in the file the byte at a virtual address lies.
std::optional<std::uint64_t> file_offset(const std::vector<Elf64_Phdr>& segments, std::uint64_t address) {
    for (const Elf64_Phdr& s : segments) {
        if (s.p_type == PT_LOAD && address >= s.p_vaddr && address - s.p_vaddr < s.p_filesz) {
            return s.p_offset + (address - s.p_vaddr);
        }
    }
    return std::nullopt;
}

/// Fills in what the dynamic section says; false if it is broken.
bool read_dynamic_section(const ElfBytes& file, const std::vector<Elf64_Phdr>& segments, const Elf64_Phdr& dynamic,
                          ElfSummary& summary) {
    std::vector<std::uint64_t> names;
    std::optional<std::uint64_t> strings;
    for (std::uint64_t i = 0; i < dynamic.p_filesz / sizeof(Elf64_Dyn); ++i) {
        const auto entry = file.at<Elf64_Dyn>(dynamic.p_offset + i * sizeof(Elf64_Dyn));
        if (!entry) return false;
        if (entry->d_tag == DT_NULL) break;
        if (entry->d_tag == DT_NEEDED) names.push_back(entry->d_un.d_val);
        if (entry->d_tag == DT_RPATH) summary.old_run_path = true;
        if (entry->d_tag == DT_STRTAB) strings = file_offset(segments, entry->d_un.d_ptr);
    }
    if (names.empty()) return true;
    if (!strings) return false;
    for (const std::uint64_t name : names) {
        auto text = file.text(*strings + name);
        if (!text) return false;
        summary.libraries.push_back(std::move(*text));
    }
    return true;
}

/// Whether a section has a name that the CUDA compiler gives to embedded device code. Stripped files may have no
/// section headers.
bool has_device_code(const ElfBytes& file, const Elf64_Ehdr& header) {
    const auto section = [&](std::uint64_t i) { return file.at<Elf64_Shdr>(header.e_shoff + i * header.e_shentsize); };
    if (header.e_shoff == 0) return false;
    const auto names = section(header.e_shstrndx);
    for (std::uint32_t i = 0; names && i < header.e_shnum; ++i) {
        const auto one = section(i);
        if (!one) return false;
        const auto name = file.text(names->sh_offset + one->sh_name);
        if (name && (*name == ".nv_fatbin" || *name == ".nvFatBinSegment")) return true;
    }
    return false;
}

bool starts_with(const std::string& text, std::string_view start) {
    return std::string_view(text).substr(0, start.size()) == start;
}

std::vector<std::byte> bytes_of(const fs::path& program) {
    std::ifstream stream(program, std::ios::binary);
    if (!stream) throw InputError({program.string()}, "a program that cannot be read", "a readable program");
    std::vector<char> text{std::istreambuf_iterator<char>(stream), {}};
    std::vector<std::byte> bytes(text.size());
    std::memcpy(bytes.data(), text.data(), text.size());
    return bytes;
}

}  // namespace

std::optional<ElfSummary> read_elf(std::span<const std::byte> bytes) {
    const ElfBytes file(bytes);
    const auto header = file.at<Elf64_Ehdr>(0);
    if (!header || !is_elf64(*header)) return std::nullopt;
    const auto segments = segments_of(file, *header);
    if (!segments) return std::nullopt;
    ElfSummary summary;
    for (const Elf64_Phdr& segment : *segments) {
        if (segment.p_type != PT_DYNAMIC) continue;
        summary.dynamic = true;
        if (!read_dynamic_section(file, *segments, segment, summary)) return std::nullopt;
    }
    summary.device_code = has_device_code(file, *header);
    return summary;
}

fs::path find_program(const std::string& name) {
    const auto runnable = [](const fs::path& file) {
        std::error_code ignored;
        return fs::is_regular_file(file, ignored) && access(file.c_str(), X_OK) == 0;
    };
    if (name.find('/') != std::string::npos) {
        if (runnable(name)) return name;
        std::error_code ignored;
        throw InputError({name},
                         fs::exists(name, ignored) ? "a file that cannot be executed" : "a program that does not exist",
                         "an executable program after --");
    }
    const char* const search = std::getenv("PATH");
    std::string_view rest = search == nullptr ? "" : search;
    while (!rest.empty()) {
        const std::size_t colon = std::min(rest.find(':'), rest.size());
        const fs::path file = fs::path(colon == 0 ? "." : rest.substr(0, colon)) / name;
        if (runnable(file)) return file;
        rest.remove_prefix(std::min(colon + 1, rest.size()));
    }
    throw InputError({}, fmt::format("the program \"{}\", which is nowhere in $PATH", name),
                     fmt::format("an executable program after --{}", fs::exists(name) ? ", such as ./" + name : ""));
}

void check_program(const fs::path& program) {
    const std::vector<std::byte> bytes = bytes_of(program);
    const auto elf = read_elf(bytes);
    if (!elf) return;  // a script, or something that the system will refuse with its own words
    const auto needs = [&](std::string_view library) {
        return std::ranges::any_of(elf->libraries, [&](const auto& name) { return starts_with(name, library); });
    };
    if (needs("libcuda.so")) {
        throw InputError({program.string()}, "a program that needs libcuda.so, the CUDA driver's interface",
                         "one that uses the CUDA runtime only: the driver's interface is not supported");
    }
    if (needs("libcudart.so")) {
        if (!needs("libcudart.so.12") && !needs("libcudart.so.13")) {
            throw InputError({program.string()}, "a program that needs the CUDA runtime of another version",
                             "libcudart.so.12 or libcudart.so.13 (build with a CUDA toolkit 12 or 13)");
        }
        return;
    }
    if (elf->device_code) {
        throw InputError({program.string()}, "a CUDA program with the CUDA runtime linked into it",
                         "one that loads libcudart.so (build with nvcc -cudart shared)");
    }
    if (!elf->dynamic) {
        throw InputError({program.string()}, "a statically linked program without CUDA device code",
                         "a CUDA program built with nvcc -cudart shared");
    }
}

}  // namespace stcsim
