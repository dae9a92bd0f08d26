#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "files/temporary_folder.h"
#include "npy/npy_reader.h"
#include "npy/npy_writer.h"
#include "npy_bytes.h"

namespace stcsim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// 6 x 2 x 3 elements 0, 1, 2 ... of two bytes.
NpyArray counting() {
    NpyArray array(NpyType::u2, {6, 2, 3});
    for (std::size_t i = 0; i < array.elements(); ++i) array.set_bits(i, {{i}});
    return array;
}

std::string counting_in_fortran_order() {
    std::string data;
    for (std::size_t k = 0; k < 3; ++k) {
        for (std::size_t j = 0; j < 2; ++j) {
            for (std::size_t i = 0; i < 6; ++i) data += {static_cast<char>(i * 6 + j * 3 + k), '\0'};
        }
    }
    return npy_file(npy_dictionary("<u2", true, "(6, 2, 3)"), data);
}

TEST(NpyReader, GivesTheSameRowsInBlocksInEitherOrder) {
    const TemporaryFolder folder;
    const NpyArray whole = counting();
    write_npy(folder.file("c.npy"), whole);
    const std::string fortran = folder.write("fortran.npy", counting_in_fortran_order());
    for (const std::string& file : {folder.file("c.npy"), fortran}) {
        EXPECT_EQ(read_npy(file), whole) << file;
        const NpyReader reader(file);
        for (std::size_t first = 0; first <= 6; ++first) {
            for (std::size_t count = 0; first + count <= 6; ++count) {
                const NpyArray block = reader.read_rows(first, count);
                EXPECT_THAT(block.shape, ElementsAre(count, 2, 3));
                ASSERT_EQ(block.elements(), count * 6);
                for (std::size_t i = 0; i < block.elements(); ++i) ASSERT_EQ(block.bits(i), first * 6 + i) << file;
            }
        }
    }
}

TEST(NpyReader, ReadsAnArrayWithoutDimensionsAsOneRow) {
    const TemporaryFolder folder;
    const NpyArray scalar = read_npy(folder.write("scalar.npy", npy_file(npy_dictionary("|u1", false, "()"), "x")));
    EXPECT_THAT(scalar.shape, IsEmpty());
    EXPECT_EQ(scalar.bits(0), std::uint64_t{'x'});
}

TEST(NpyReader, NamesAFileThatCannotBeRead) {
    const TemporaryFolder folder;
    ASSERT_EQ(mkfifo(folder.file("pipe.npy").c_str(), 0600), 0);
    const auto message = [](const std::string& file) -> std::string {
        try {
            read_npy(file);
        } catch (const InputError& error) {
            return error.what();
        }
        return "accepted";
    };
    const std::string expected = ", expected a readable .npy file";
    EXPECT_EQ(message(folder.file("missing.npy")), folder.file("missing.npy") + ": found no such file" + expected);
    EXPECT_EQ(message(folder.path()), folder.path().string() + ": found a directory" + expected);
    EXPECT_EQ(message(folder.file("pipe.npy")),
              folder.file("pipe.npy") + ": found something that is not a regular file" + expected);
    EXPECT_THAT(message(folder.write("empty.npy", "")), HasSubstr("empty.npy: found an empty file"));
    EXPECT_THAT(message(folder.write("short.npy", counting_in_fortran_order().substr(0, 100))),
                HasSubstr("bytes of data, expected 72"));
}

TEST(NpyReader, NoticesAFileThatBecameShorterSinceItWasOpened) {
    const TemporaryFolder folder;
    for (const std::string& bytes : {npy_bytes(counting()), counting_in_fortran_order()}) {
        const std::string file = folder.write("a.npy", bytes);
        const NpyReader reader(file);
        ASSERT_EQ(truncate(file.c_str(), static_cast<off_t>(bytes.size() - 1)), 0);
        EXPECT_NO_THROW((void)reader.read_rows(0, 2));
        EXPECT_THROW((void)reader.read_rows(0, 6), InputError);
    }
}

TEST(NpyWriter, WritesInBlocksWhatIsWrittenAtOnce) {
    const TemporaryFolder folder;
    const NpyArray whole = counting();
    write_npy(folder.file("at once.npy"), whole);
    const NpyReader reader(folder.file("at once.npy"));
    NpyWriter writer(folder.file("in blocks.npy"), NpyType::u2, {6, 2, 3});
    for (const auto& [first, count] : {std::pair<std::size_t, std::size_t>{0, 1}, {1, 0}, {1, 4}, {5, 1}}) {
        writer.append(reader.read_rows(first, count));
    }
    EXPECT_THAT(folder.names(), testing::Not(testing::Contains("in blocks.npy")));
    writer.finish();
    EXPECT_EQ(text_of(folder.file("in blocks.npy")), npy_bytes(whole));
    EXPECT_EQ(text_of(folder.file("at once.npy")), npy_bytes(whole));
}

TEST(NpyWriter, LeavesNothingWhenItIsDropped) {
    const TemporaryFolder folder;
    { const NpyWriter dropped(folder.file("d.npy"), NpyType::u2, {6, 2, 3}); }
    EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(NpyWriter, DoesNotFinishWithRowsMissingOrTakeTooMany) {
    const TemporaryFolder folder;
    NpyWriter writer(folder.file("d.npy"), NpyType::u2, {6, 2, 3});
    EXPECT_THROW(writer.finish(), InvariantError);
    EXPECT_THROW(writer.append(NpyArray(NpyType::u2, {7, 2, 3})), InvariantError);
    EXPECT_THROW(writer.append(NpyArray(NpyType::i2, {1, 2, 3})), InvariantError);
    EXPECT_THROW(writer.store(), InvariantError);
}

TEST(NpyWriter, StoresSeveralFilesBeforeAnyGetsItsName) {
    const TemporaryFolder folder;
    NpyWriter writer(folder.file("s.npy"), NpyType::u2, {2, 3});
    writer.append(NpyArray(NpyType::u2, {4}));
    writer.append(NpyArray(NpyType::u2, {2}));
    writer.store();
    EXPECT_THAT(folder.names(), testing::Not(testing::Contains("s.npy")));
    writer.finish();
    EXPECT_EQ(read_npy(folder.file("s.npy")), NpyArray(NpyType::u2, {2, 3}));
}

TEST(NpyReader, ReadsElementsWhereverRowsBegin) {
    const TemporaryFolder folder;
    const NpyArray whole = counting();
    write_npy(folder.file("e.npy"), whole);
    const NpyReader reader(folder.file("e.npy"));
    const NpyArray part = reader.read_elements(5, 8);
    EXPECT_EQ(part.shape, std::vector<std::size_t>{8});
    for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(part.bits(i), whole.bits(5 + i));
    EXPECT_EQ(reader.read_elements(whole.elements(), 0).elements(), 0);
    EXPECT_THROW((void)reader.read_elements(whole.elements() - 1, 2), InvariantError);
}

}  // namespace
}  // namespace stcsim
