#include "npy/npy_array.h"

#include <limits>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "npy/npy_header.h"
#include "npy_bytes.h"

namespace stcsim {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::StartsWith;

constexpr std::array all_types{NpyType::b1, NpyType::i1, NpyType::u1, NpyType::i2, NpyType::u2, NpyType::i4,
                               NpyType::u4, NpyType::i8, NpyType::u8, NpyType::f2, NpyType::f4, NpyType::f8};

std::vector<std::uint64_t> all_bits(const NpyArray& array) {
    std::vector<std::uint64_t> bits(array.elements());
    array.copy_bits(0, bits);
    return bits;
}

/// A random array of at most four dimensions.
NpyArray random_array() {
    const auto type = *rc::gen::elementOf(all_types);
    const auto dimensions = *rc::gen::inRange<std::size_t>(0, 5);
    NpyArray array(type,
                   *rc::gen::container<std::vector<std::size_t>>(dimensions, rc::gen::inRange<std::size_t>(0, 5)));
    for (std::byte& byte : array.data) byte = static_cast<std::byte>(*rc::gen::inRange(0, 256));
    return array;
}

/// The file that numpy.save(asfortranarray) writes, from the definition of the order.
std::string in_fortran_order(const NpyArray& array) {
    std::string data;
    std::vector<std::size_t> index(array.shape.size());
    for (std::size_t i = 0; i < array.elements(); ++i) {
        std::size_t position = 0;
        for (std::size_t d = 0; d < index.size(); ++d) position = position * array.shape[d] + index[d];
        const std::size_t width = width_of(array.type);
        data.append(reinterpret_cast<const char*>(array.data.data()) + position * width, width);
        for (std::size_t d = 0; d < index.size() && ++index[d] == array.shape[d]; ++d) index[d] = 0;
    }
    return npy_file(npy_dictionary(descr_of(array.type), true, shape_text(array.shape)), data);
}

TEST(ParseNpy, ReadsAFileAsNumpyWritesIt) {
    const NpyArray array =
        parse(npy_file(npy_dictionary("<u2", false, "(2, 3)"), std::string("\1\0\2\0\3\0\4\0\5\0\6\x80", 12)));
    EXPECT_EQ(array.type, NpyType::u2);
    EXPECT_THAT(array.shape, ElementsAre(2, 3));
    EXPECT_THAT(all_bits(array), ElementsAre(1, 2, 3, 4, 5, 0x8006));
}

TEST(ParseNpy, ReadsEveryVersion) {
    for (const unsigned major : {1U, 2U, 3U}) {
        EXPECT_THAT(all_bits(parse(npy_file(npy_dictionary("|u1", false, "(2,)"), "ab", major))),
                    ElementsAre('a', 'b'));
    }
}

TEST(ParseNpy, ReadsEveryType) {
    for (const NpyType type : all_types) {
        const std::size_t width = width_of(type);
        const NpyArray array = parse(npy_file(npy_dictionary(descr_of(type), false, "()"),
                                              std::string("\x81\x82\x83\x84\x85\x86\x87\x88", width)));
        EXPECT_EQ(array.type, type);
        const std::uint64_t all = 0x8887868584838281U;
        EXPECT_EQ(array.bits(0), width == 8 ? all : all & ((std::uint64_t{1} << (8 * width)) - 1)) << descr_of(type);
    }
}

TEST(ParseNpy, TakesKeysInAnyOrderAndAnyWhiteSpace) {
    for (const std::string_view dictionary :
         {"{'shape': (2,), 'fortran_order': False, 'descr': '|u1'}",
          " {\"descr\":\"|u1\",'fortran_order':False,'shape':(2,)}\n",
          "{ 'descr'  : '|u1' ,\n'fortran_order' :False,\t'shape': ( 2 , ) , }          \n"}) {
        EXPECT_THAT(parse(npy_file(dictionary, "ab")).shape, ElementsAre(2)) << dictionary;
    }
}

TEST(ParseNpy, TurnsFortranOrderIntoRowMajorOrder) {
    const NpyArray matrix = parse(npy_file(npy_dictionary("|u1", true, "(2, 3)"), "abcdef"));
    EXPECT_THAT(all_bits(matrix), ElementsAre('a', 'c', 'e', 'b', 'd', 'f'));
}

TEST(ParseNpy, ReadsFortranOrderOfAnyShapeAsTheSameArray) {
    const bool holds = rc::check("the order of the file does not show", [] {
        const NpyArray array = random_array();
        RC_ASSERT(parse(in_fortran_order(array)) == array);
    });
    EXPECT_TRUE(holds);
}

TEST(NpyBytes, ReadBackUnchanged) {
    const bool holds = rc::check("parse_npy(npy_bytes(x)) == x", [] {
        const NpyArray array = random_array();
        RC_ASSERT(parse(npy_bytes(array)) == array);
    });
    EXPECT_TRUE(holds);
}

TEST(NpyBytes, AlignTheDataAsNumpyDoes) {
    const std::string bytes = npy_bytes(NpyArray(NpyType::f4, {3}));
    EXPECT_EQ(bytes.size(), 128U + 12U);
    EXPECT_THAT(bytes.substr(10), StartsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }  "));
    EXPECT_EQ(bytes[127], '\n');
}

TEST(NpyArray, GivesIntegersTheirValue) {
    const auto value = [](NpyType type, std::uint64_t bits) {
        NpyArray array(type, {1});
        array.set_bits(0, {{bits}});
        return array.integer(0);
    };
    EXPECT_EQ(value(NpyType::i1, 0xFF), -1);
    EXPECT_EQ(value(NpyType::u1, 0xFF), 255);
    EXPECT_EQ(value(NpyType::i2, 0x8000), -32768);
    EXPECT_EQ(value(NpyType::i4, 0x80000000), -2147483648LL);
    EXPECT_EQ(value(NpyType::i8, ~std::uint64_t{0}), -1);
    EXPECT_EQ(value(NpyType::u8, ~std::uint64_t{0}), std::numeric_limits<std::int64_t>::max());
    EXPECT_EQ(value(NpyType::b1, 1), 1);
}

TEST(NpyArray, SetsWhatItGives) {
    for (const NpyType type : all_types) {
        NpyArray array(type, {2, 3});
        array.set_bits(2, {{7, 8, 9}});
        EXPECT_THAT(all_bits(array), ElementsAre(0, 0, 7, 8, 9, 0)) << descr_of(type);
    }
}

TEST(IndexText, CountsTheLastIndexFastest) {
    const std::vector<std::size_t> shape{2, 3, 4};
    EXPECT_EQ(index_text(shape, 0), "[0,0,0]");
    EXPECT_EQ(index_text(shape, 23), "[1,2,3]");
    EXPECT_EQ(index_text(shape, 13), "[1,0,1]");
}

struct BadFile {
    std::string bytes;
    std::string message;  ///< after the file's name
};

std::string with_dictionary(std::string_view dictionary) {
    return npy_file(dictionary, "");
}

void expect_refused(const std::vector<BadFile>& files) {
    for (const BadFile& bad : files) {
        try {
            parse(bad.bytes);
            ADD_FAILURE() << "accepted; should say " << bad.message;
        } catch (const InputError& error) {
            EXPECT_THAT(error.what(), StartsWith("made-up.npy: found " + bad.message));
        }
    }
}

TEST(ParseNpy, RefusesWhatIsNoNpyFile) {
    const std::string good = npy_file(npy_dictionary("|u1", false, "(2,)"), "ab");
    const std::string expected = ", expected one array in numpy's .npy format, version 1.0, 2.0 or 3.0";
    expect_refused(
        {{"", "an empty file" + expected},
         {"PK\3\4", "a zip archive, perhaps .npz" + expected},
         {"a,b\n", "a file that starts with 'a,b\\x0A'" + expected},
         {good.substr(0, 5), "a file that starts with '\\x93NUMP'" + expected},
         {good.substr(0, 7), "a file that ends in its version" + expected},
         {good.substr(0, 9), "a file that ends in the length of its header" + expected},
         {npy_file("{}", "", 4), "version 4.0 of the .npy format" + expected},
         {npy_file("{}", "", 0), "version 0.0 of the .npy format" + expected},
         {good.substr(0, 20), "a header of 58 bytes in a file of 20, expected a header within the file"},
         {npy_file(std::string((1U << 20U) + 1, ' '), "", 2),
          "a header of 1048577 bytes in a file of 1048589, expected a header within the file, of at most "}});
}

TEST(ParseNpy, RefusesTypesItDoesNotKnow) {
    const std::string expected = ", expected a little-endian type: |b1, |i1, |u1, <i2, <u2, <i4, <u4, <i8, <u8, <f2, ";
    const auto with_descr = [](std::string_view descr) {
        return with_dictionary(npy_dictionary(descr, false, "(1,)"));
    };
    expect_refused(
        {{with_descr(">f4"), "the big-endian type '>f4'" + expected},
         {with_descr(">u2"), "the big-endian type '>u2'" + expected},
         {with_descr("|O"), "an array of Python objects ('|O')" + expected},
         {with_descr("<U5"), "an array of strings ('<U5')" + expected},
         {with_descr("|S3"), "an array of strings ('|S3')" + expected},
         {with_descr("|V4"), "an array of raw bytes ('|V4')" + expected},
         {with_descr("<c16"), "an array of complex numbers ('<c16')" + expected},
         {with_descr("<f16"), "the type '<f16'" + expected},
         {with_descr("<M8[ns]"), "the type '<M8[ns]'" + expected},
         {with_descr(""), "the type ''" + expected},
         {with_dictionary("{'descr': [('a', '<f4'), ('b', '|u1', (2,))], 'fortran_order': False, 'shape': (1,)}"),
          "a structured type" + expected},
         {with_dictionary("{'descr': None, 'fortran_order': False, 'shape': (1,)}"),
          "a 'descr' that is no type" + expected}});
}

TEST(ParseNpy, RefusesHeadersThatAreNotTheDictionaryOfAnArray) {
    const std::string keys = ", expected a dictionary with the keys 'descr', 'fortran_order' and 'shape'";
    const auto with_shape = [](std::string_view shape) { return with_dictionary(npy_dictionary("|u1", false, shape)); };
    expect_refused(
        {{with_dictionary(""), "the end of the header, expected a value"},
         {with_dictionary("(1,)"), "a header that is no dictionary" + keys},
         {with_dictionary("{'descr': '|u1', 'shape': (1,)}"), "a header without the key 'fortran_order'" + keys},
         {with_dictionary("{'order': 1}"), "the key 'order' in the header" + keys},
         {with_dictionary("{'shape': (1,), 'shape': (1,)}"),
          "''shape': (1,)}' at byte 16 of the header, expected each key once"},
         {with_dictionary("{'descr': '|u1'} x"), "'x' at byte 17 of the header, expected the end of the header"},
         {with_dictionary("{'descr': '|u1'"), "the end of the header, expected ',' or '}'"},
         {with_dictionary("{'descr': '|u1"), "''|u1' at byte 10 of the header, expected a string that ends with its"},
         {with_dictionary("{'descr': '\\x41'}"),
          "''\\x41'}' at byte 10 of the header, expected a string without escapes"},
         {with_dictionary("{descr: 1}"), "'descr: 1}' at byte 1 of the header, expected a key in quotation marks"},
         {with_dictionary("{'descr' 1}"), "'1}' at byte 9 of the header, expected ':' after a key"},
         {with_dictionary(std::string("{'a': \0}", 8)), "'\\x00}' at byte 6 of the header, expected a value"},
         {with_dictionary("{'descr': true}"), "'true}' at byte 10 of the header, expected True, False or None"},
         {with_dictionary(std::string(100, '(')),
          "'((((((((((((((((((((' at byte 9 of the header, expected at most 8 levels"},
         {with_dictionary("{'descr': '|u1', 'fortran_order': 0, 'shape': (1,)}"),
          "a 'fortran_order' that is no truth value, expected True or False"},
         {with_shape("1"), "a 'shape' that is no tuple, expected a tuple of sizes"},
         {with_shape("[1]"), "a 'shape' that is no tuple, expected a tuple of sizes"},
         {with_shape("('1',)"), "a 'shape' with something else than sizes, expected a tuple of sizes"},
         {with_shape("(1)"), "'), }\\x0A' at byte 52 of the header, expected ',' after the only value of a tuple"},
         {with_shape("(-1,)"), "'-1,), }\\x0A' at byte 51 of the header, expected a value"},
         {with_shape("(1 2)"), "'2), }\\x0A' at byte 53 of the header, expected ',' or ')'"},
         {with_shape("(1.5,)"), "'1.5,), }\\x0A' at byte 51 of the header, expected a whole decimal number"},
         {with_shape("(18446744073709551616,)"),
          "'18446744073709551616' at byte 51 of the header, expected a number below"}});
}

TEST(ParseNpy, RefusesDataThatAreNotWhatTheShapeNeeds) {
    const auto with_shape = [](std::string_view shape) {
        return npy_file(npy_dictionary("<u4", false, shape), "1234567");
    };
    expect_refused(
        {{with_shape("(2,)"), "7 bytes of data, expected 8, as the shape (2,) of uint32 needs"},
         {with_shape("(1,)"), "7 bytes of data, expected 4, as the shape (1,) of uint32 needs"},
         {with_shape("(3, 0)"), "7 bytes of data, expected 0, as the shape (3, 0) of uint32 needs"},
         {with_shape("(1099511627776, 1024)"), "7 bytes of data, expected 4503599627370496, as the shape"},
         {with_shape("(4294967296, 4294967296)"),
          "the shape (4294967296, 4294967296), expected an array that fits the"},
         {with_shape("(18446744073709551615,)"), "the shape (18446744073709551615,), expected an array that fits the"},
         {with_shape("(0, 4294967296, 4294967296)"),
          "the shape (0, 4294967296, 4294967296), expected an array that fits"},
         {with_shape("(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)"),
          "33 dimensions, expected at most 32"}});
}

}  // namespace
}  // namespace stcsim
