#include "npy/npz_archive.h"

#include <cstring>
#include <random>
#include <zlib.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "npy/npy_bytes.h"

namespace stcsim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A member of an archive that the tests write.
struct Written {
    std::string name;
    std::string content;
    bool deflated;
};

std::string little_endian(std::uint64_t value, std::size_t bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes; ++i, value >>= 8) text += static_cast<char>(value & 0xFFU);
    return text;
}

std::string deflate_bytes(const std::string& plain) {
    z_stream stream{};
    deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    std::string packed(deflateBound(&stream, plain.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

std::string archive_bytes(const std::vector<Written>& members, const std::string& comment = {}) {
    std::string file;
    std::string directory;
    for (const Written& member : members) {
        const std::string packed = member.deflated ? deflate_bytes(member.content) : member.content;
        const uLong checksum = crc32_z(0, reinterpret_cast<const Bytef*>(member.content.data()), member.content.size());
        const std::string common = little_endian(member.deflated ? 8 : 0, 2) + little_endian(0, 4) +
                                   little_endian(checksum, 4) + little_endian(packed.size(), 4) +
                                   little_endian(member.content.size(), 4) + little_endian(member.name.size(), 2);
        directory += "PK\x01\x02" + little_endian(20, 2) + little_endian(20, 2) + little_endian(0, 2) + common +
                     little_endian(0, 12) + little_endian(file.size(), 4) + member.name;
        // The local header has an extra field that the directory has not, as numpy's do.
        file += "PK\x03\x04" + little_endian(20, 2) + little_endian(0, 2) + common + little_endian(4, 2) + member.name +
                "abcd" + packed;
    }
    return file + directory + "PK\x05\x06" + little_endian(0, 4) + little_endian(members.size(), 2) +
           little_endian(members.size(), 2) + little_endian(directory.size(), 4) + little_endian(file.size(), 4) +
           little_endian(comment.size(), 2) + comment;
}

NpzArchive open_archive(const std::string& file) {
    const auto bytes = std::as_bytes(std::span(file));
    return {{bytes.begin(), bytes.end()}, {"made-up.npz"}};
}

NpyArray counting_array(std::size_t rows, std::size_t columns) {
    NpyArray array(NpyType::u2, {rows, columns});
    for (std::size_t i = 0; i < array.elements(); ++i) array.set_bits(i, std::vector<std::uint64_t>{i});
    return array;
}

/// Reading every array of these bytes throws an InputError with this text, or fails.
void expect_refused(const std::string& file, const std::string& text) {
    try {
        const NpzArchive archive = open_archive(file);
        for (const std::string& name : archive.names()) static_cast<void>(archive.read(name));
        FAIL() << "not refused";
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), HasSubstr(text));
        EXPECT_THAT(error.what(), HasSubstr("made-up.npz"));
    }
}

TEST(NpzArchive, GivesStoredAndDeflatedArraysByName) {
    const NpyArray small = counting_array(2, 3);
    const NpyArray large = counting_array(100, 70);
    const NpzArchive archive =
        open_archive(archive_bytes({{"A.npy", npy_bytes(small), false}, {"B.npy", npy_bytes(large), true}}));
    EXPECT_THAT(archive.names(), ElementsAre("A", "B"));
    EXPECT_TRUE(archive.holds("A"));
    EXPECT_FALSE(archive.holds("C"));
    EXPECT_EQ(archive.read("A"), small);
    EXPECT_EQ(archive.read("B"), large);
}

TEST(NpzArchive, FindsTheDirectoryBeforeAComment) {
    const NpzArchive archive =
        open_archive(archive_bytes({{"A.npy", npy_bytes(counting_array(1, 1)), true}}, std::string(300, 'x')));
    EXPECT_EQ(archive.read("A"), counting_array(1, 1));
}

TEST(NpzArchive, ReadsAnArchiveWithoutArrays) {
    EXPECT_TRUE(open_archive(archive_bytes({})).names().empty());
}

TEST(NpzArchive, NamesTheArraysThereAreWhenOneIsMissing) {
    const NpzArchive archive = open_archive(archive_bytes({{"A.npy", npy_bytes(counting_array(1, 2)), false}}));
    try {
        static_cast<void>(archive.read("D"));
        FAIL() << "not refused";
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), HasSubstr("made-up.npz:D"));
        EXPECT_THAT(error.what(), HasSubstr("one of A"));
    }
}

TEST(NpzArchive, RefusesWhatIsNoArchive) {
    expect_refused("", "too short");
    expect_refused(std::string(1000, 'x'), "without the end of a zip archive");
    expect_refused(npy_bytes(counting_array(20, 20)), "without the end of a zip archive");
}

TEST(NpzArchive, RefusesDamagedMembers) {
    for (const bool deflated : {false, true}) {
        std::string file = archive_bytes({{"A.npy", npy_bytes(counting_array(30, 30)), deflated}});
        file[200] = static_cast<char>(file[200] ^ 0x10);
        EXPECT_THROW(static_cast<void>(open_archive(file).read("A")), InputError) << deflated;
    }
    expect_refused(archive_bytes({{"A.npy", "no array", true}}), "A");
    expect_refused(archive_bytes({{"A.npy", "x", false}, {"A.npy", "y", false}}), "twice");
}

TEST(NpzArchive, RefusesWhatItDoesNotUnpack) {
    const std::string file = archive_bytes({{"A.npy", npy_bytes(counting_array(3, 3)), true}});
    const std::size_t entry = file.rfind("PK\x01\x02");
    std::string other = file;
    other[entry + 10] = 12;
    expect_refused(other, "compression method 12");
    other = file;
    other[entry + 8] = 1;
    expect_refused(other, "encrypted");
    other = file;
    other.replace(entry + 24, 4, "\xFF\xFF\xFF\xFF");
    expect_refused(other, "zip64");
    other.replace(entry + 24, 4, std::string("\xF0\xFF\xFF\x7F", 4));
    expect_refused(other, "said to unpack to");
}

TEST(NpzArchive, EveryTruncationIsRefused) {
    const std::string file = archive_bytes({{"A.npy", npy_bytes(counting_array(3, 3)), true}});
    for (std::size_t size = 0; size < file.size(); ++size) {
        EXPECT_THROW(open_archive(file.substr(0, size)), InputError) << size;
    }
}

TEST(NpzArchive, DamagedBytesGiveAnErrorOrTheArray) {
    const NpyArray array = counting_array(9, 9);
    const std::string file = archive_bytes({{"A.npy", npy_bytes(array), true}, {"B.npy", npy_bytes(array), false}});
    std::mt19937 random(1);
    for (int run = 0; run < 5000; ++run) {
        std::string damaged = file;
        for (unsigned flips = 1 + random() % 4; flips > 0; --flips) {
            damaged[random() % damaged.size()] = static_cast<char>(random());
        }
        try {
            const NpzArchive archive = open_archive(damaged);
            for (const std::string& name : archive.names()) {
                // The checksum covers all that makes up the array.
                EXPECT_EQ(archive.read(name), array);
            }
        } catch (const InputError& error) {
            EXPECT_FALSE(error.found().empty());
        }
    }
}

TEST(NpzFile, IsReadFromTheDisk) {
    EXPECT_THROW(NpzArchive("/nowhere/x.npz"), InputError);
    EXPECT_THROW(NpzArchive("/dev/null"), InputError);
    const NpzArchive archive(std::string(STCSIM_SOURCE_DIR) + "/tests/golden/m16n8k16.f16.f16.f16.f16.npz", "--a");
    EXPECT_THAT(archive.names(), ::testing::UnorderedElementsAre("A", "B", "C", "D"));
    EXPECT_THAT(archive.read("D").shape, ElementsAre(70U, 16U, 8U));
    EXPECT_THAT(archive.where("D").file, ::testing::StartsWith("--a "));
}

}  // namespace
}  // namespace stcsim
