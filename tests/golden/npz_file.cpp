#include "npz_file.h"

#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string_view>
#include <zlib.h>

#include <fmt/format.h>

#include "npy/npy_array.h"

namespace stcsim::testing {
namespace {

using Bytes = std::vector<unsigned char>;

void require(bool condition, std::string_view what) {
    if (!condition) throw std::runtime_error(fmt::format("not a readable npz archive: {}", what));
}

std::uint32_t little_endian(std::span<const unsigned char> bytes, std::size_t offset, std::size_t size) {
    require(offset + size <= bytes.size(), "truncated");
    std::uint32_t value = 0;
    for (std::size_t i = size; i-- > 0;) value = value << 8U | bytes[offset + i];
    return value;
}

std::span<const unsigned char> part(std::span<const unsigned char> bytes, std::size_t offset, std::size_t size) {
    require(offset <= bytes.size() && size <= bytes.size() - offset, "truncated");
    return bytes.subspan(offset, size);
}

/// Raw deflate, as zip members are.
Bytes inflate_member(std::span<const unsigned char> compressed, std::size_t size) {
    Bytes plain(size);
    z_stream stream{};
    require(inflateInit2(&stream, -MAX_WBITS) == Z_OK, "zlib cannot start");
    stream.next_in = const_cast<unsigned char*>(compressed.data());
    stream.avail_in = static_cast<uInt>(compressed.size());
    stream.next_out = plain.data();
    stream.avail_out = static_cast<uInt>(plain.size());
    const int status = inflate(&stream, Z_FINISH);
    inflateEnd(&stream);
    require(status == Z_STREAM_END && stream.total_out == size, "bad deflate data");
    return plain;
}

NpzArray widened(const std::string& name, std::span<const unsigned char> member) {
    const NpyArray npy = parse_npy(std::as_bytes(member), {name + ".npy"});
    require(width_of(npy.type) <= sizeof(std::uint32_t), "an array of 64-bit elements");
    NpzArray array{npy.shape, {}};
    for (std::size_t i = 0; i < npy.elements(); ++i) array.values.push_back(static_cast<std::uint32_t>(npy.bits(i)));
    return array;
}

}  // namespace

std::map<std::string, NpzArray> read_npz(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    require(file.good(), fmt::format("cannot open {}", path.string()));
    const Bytes archive{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};

    // The directory at the end of a zip file: an end record (without comment, as numpy writes it), then one entry each.
    constexpr std::size_t end_record = 22;
    require(archive.size() >= end_record, "too short");
    const std::size_t end = archive.size() - end_record;
    require(little_endian(archive, end, 4) == 0x06054b50, "no end record");
    std::map<std::string, NpzArray> arrays;
    std::size_t entry = little_endian(archive, end + 16, 4);
    for (std::uint32_t i = 0; i < little_endian(archive, end + 10, 2); ++i) {
        require(little_endian(archive, entry, 4) == 0x02014b50, "bad directory entry");
        const std::uint32_t method = little_endian(archive, entry + 10, 2);
        const std::size_t compressed_size = little_endian(archive, entry + 20, 4);
        const std::size_t size = little_endian(archive, entry + 24, 4);
        const std::size_t name_size = little_endian(archive, entry + 28, 2);
        const std::size_t extra = little_endian(archive, entry + 30, 2) + little_endian(archive, entry + 32, 2);
        const std::size_t local = little_endian(archive, entry + 42, 4);
        const auto name_bytes = part(archive, entry + 46, name_size);
        std::string name(name_bytes.begin(), name_bytes.end());
        if (name.ends_with(".npy")) name.resize(name.size() - 4);

        const std::size_t data =
            local + 30 + little_endian(archive, local + 26, 2) + little_endian(archive, local + 28, 2);
        const auto member = part(archive, data, compressed_size);
        require(method == 0 || method == 8, "unknown compression");
        arrays[name] = widened(name, method == 0 ? member : inflate_member(member, size));
        entry += 46 + name_size + extra;
    }
    return arrays;
}

}  // namespace stcsim::testing
