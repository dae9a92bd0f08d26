#include "npy/npz_archive.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>
#include <zlib.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace stcsim {
namespace {

constexpr const char* an_archive = "an .npz archive as numpy writes it";

// Records of a zip file begin with these, little-endian.
constexpr std::uint32_t end_signature = 0x06054B50;
constexpr std::uint32_t entry_signature = 0x02014B50;
constexpr std::uint32_t local_signature = 0x04034B50;
constexpr std::size_t end_bytes = 22;
constexpr std::size_t entry_bytes = 46;
constexpr std::size_t local_bytes = 30;
constexpr std::size_t longest_comment = 0xFFFF;

constexpr std::uint32_t method_stored = 0;
constexpr std::uint32_t method_deflated = 8;
/// No deflated byte unpacks to more than this many (zlib, "Technical Details": 1032 to 1).
constexpr std::size_t most_expansion = 1032;

/// The little-endian integer of `size` bytes at `at`, or InputError if the file ends before.
std::uint32_t little_endian(std::span<const std::byte> bytes, std::size_t at, std::size_t size,
                            const InputLocation& where) {
    if (at > bytes.size() || size > bytes.size() - at) throw InputError(where, "a truncated archive", an_archive);
    std::uint32_t value = 0;
    for (std::size_t i = size; i-- > 0;) value = value << 8U | std::to_integer<std::uint32_t>(bytes[at + i]);
    return value;
}

std::span<const std::byte> part(std::span<const std::byte> bytes, std::size_t at, std::size_t size,
                                const InputLocation& where) {
    if (at > bytes.size() || size > bytes.size() - at) throw InputError(where, "a truncated archive", an_archive);
    return bytes.subspan(at, size);
}

std::vector<std::byte> file_bytes(const std::filesystem::path& file, const InputLocation& where) {
    std::error_code error;
    const auto status = std::filesystem::status(file, error);
    if (!std::filesystem::exists(status)) throw InputError(where, "no such file", "a readable .npz file");
    if (!std::filesystem::is_regular_file(status)) {
        throw InputError(where, "something that is not a regular file", "a readable .npz file");
    }
    std::ifstream stream(file, std::ios::binary | std::ios::ate);
    const std::streamoff size = stream ? std::streamoff{stream.tellg()} : -1;
    if (size < 0) throw InputError(where, "a file that cannot be read", "a readable .npz file");
    std::vector<std::byte> bytes(static_cast<std::size_t>(size));
    stream.seekg(0);
    if (!bytes.empty() && !stream.read(reinterpret_cast<char*>(bytes.data()), size)) {
        throw InputError(where, "a file that cannot be read", "a readable .npz file");
    }
    return bytes;
}

/// Raw deflate, as zip members are, to exactly `size` bytes.
std::vector<std::byte> inflated(std::span<const std::byte> packed, std::size_t size, const InputLocation& where) {
    if (size / most_expansion > packed.size()) {
        throw InputError(where, fmt::format("{} bytes said to unpack to {}", packed.size(), size), an_archive);
    }
    std::vector<std::byte> plain(size);
    z_stream stream{};
    STCSIM_ASSERT(inflateInit2(&stream, -MAX_WBITS) == Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    // zlib refuses to start without room, even if nothing is to come.
    std::byte nothing{};
    stream.next_out = reinterpret_cast<Bytef*>(plain.empty() ? &nothing : plain.data());
    stream.avail_out = static_cast<uInt>(plain.size());
    const int status = inflate(&stream, Z_FINISH);
    const bool whole = status == Z_STREAM_END && stream.total_out == size;
    inflateEnd(&stream);
    if (!whole) throw InputError(where, "damaged deflated data", an_archive);
    return plain;
}

}  // namespace

NpzArchive::NpzArchive(const std::filesystem::path& file, std::string_view role)
    : where_{role.empty() ? file.string() : fmt::format("{} {}", role, file.string())} {
    bytes_ = file_bytes(file, where_);
    read_directory();
}

NpzArchive::NpzArchive(std::vector<std::byte> bytes, InputLocation where)
    : bytes_(std::move(bytes)), where_(std::move(where)) {
    read_directory();
}

/// The directory stands before the end record, which may be followed by a comment.
void NpzArchive::read_directory() {
    const std::span<const std::byte> all(bytes_);
    if (all.size() < end_bytes) throw InputError(where_, "a file that is too short", an_archive);
    std::size_t end = all.size() - end_bytes;
    const std::size_t first = end - std::min(end, longest_comment);
    while (little_endian(all, end, 4, where_) != end_signature) {
        if (end == first) throw InputError(where_, "a file without the end of a zip archive", an_archive);
        --end;
    }
    const std::uint32_t count = little_endian(all, end + 10, 2, where_);
    std::size_t at = little_endian(all, end + 16, 4, where_);
    if (count == 0xFFFF || at == 0xFFFFFFFF) {
        throw InputError(where_, "a zip64 archive", "one of at most 4 GiB and 65534 arrays");
    }
    for (std::uint32_t i = 0; i < count; ++i) {
        Member member = read_entry(at);
        at += entry_bytes + little_endian(all, at + 28, 2, where_) + little_endian(all, at + 30, 2, where_) +
              little_endian(all, at + 32, 2, where_);
        if (find(member.name) != nullptr) throw InputError(where(member.name), "the array twice", an_archive);
        members_.push_back(std::move(member));
    }
}

NpzArchive::Member NpzArchive::read_entry(std::size_t at) const {
    const std::span<const std::byte> all(bytes_);
    const auto field = [&](std::size_t offset, std::size_t size) {
        return little_endian(all, at + offset, size, where_);
    };
    if (field(0, 4) != entry_signature) throw InputError(where_, "a damaged directory", an_archive);
    const auto name_bytes = part(all, at + entry_bytes, field(28, 2), where_);
    std::string name(reinterpret_cast<const char*>(name_bytes.data()), name_bytes.size());
    if (name.ends_with(".npy")) name.resize(name.size() - 4);
    const InputLocation place = where(name);
    if ((field(8, 2) & 1U) != 0) throw InputError(place, "an encrypted member", an_archive);
    const std::uint32_t method = field(10, 2);
    if (method != method_stored && method != method_deflated) {
        throw InputError(place, fmt::format("compression method {}", method), "a stored or deflated member");
    }
    const std::uint32_t packed_size = field(20, 4);
    const std::uint32_t size = field(24, 4);
    const std::size_t local = field(42, 4);
    if (packed_size == 0xFFFFFFFF || size == 0xFFFFFFFF || local == 0xFFFFFFFF) {
        throw InputError(place, "a zip64 member", "one of less than 4 GiB");
    }
    if (little_endian(all, local, 4, place) != local_signature) {
        throw InputError(place, "a damaged member", an_archive);
    }
    // The local header repeats the directory's, with a name and extra fields of its own lengths.
    const std::size_t data =
        local + local_bytes + little_endian(all, local + 26, 2, place) + little_endian(all, local + 28, 2, place);
    if (method == method_stored && size != packed_size) throw InputError(place, "a damaged member", an_archive);
    return {std::move(name), method, field(16, 4), size, part(all, data, packed_size, place)};
}

const NpzArchive::Member* NpzArchive::find(std::string_view name) const {
    const auto found = std::ranges::find(members_, name, &Member::name);
    return found == members_.end() ? nullptr : &*found;
}

std::vector<std::string> NpzArchive::names() const {
    std::vector<std::string> names;
    for (const Member& member : members_) names.push_back(member.name);
    return names;
}

bool NpzArchive::holds(std::string_view name) const {
    return find(name) != nullptr;
}

InputLocation NpzArchive::where(std::string_view name) const {
    return {fmt::format("{}:{}", where_.file, name)};
}

NpyArray NpzArchive::read(std::string_view name) const {
    const Member* const member = find(name);
    if (member == nullptr) {
        throw InputError(
            where(name), "no such array in the archive",
            members_.empty() ? "an archive that holds arrays" : fmt::format("one of {}", fmt::join(names(), ", ")));
    }
    const InputLocation place = where(name);
    std::vector<std::byte> unpacked;
    std::span<const std::byte> plain = member->packed;
    if (member->method == method_deflated) {
        unpacked = inflated(member->packed, member->size, place);
        plain = unpacked;
    }
    const uLong checksum = crc32_z(crc32_z(0, nullptr, 0), reinterpret_cast<const Bytef*>(plain.data()), plain.size());
    if (!plain.empty() && checksum != member->checksum) {
        throw InputError(place, "a member whose checksum does not match", an_archive);
    }
    return parse_npy(plain, place);
}

}  // namespace stcsim
