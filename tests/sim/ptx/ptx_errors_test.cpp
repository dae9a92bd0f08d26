/// Bad PTX: what the message says, and that there is one whatever the text.
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "compiler.h"
#include "ptx/ptx_parser.h"

namespace stcsim {
namespace {

using testing::HasSubstr;

std::string sample(const std::string& name) {
    return contents_of(STCSIM_SOURCE_DIR "/tests/sim/ptx/modules/" + name);
}

/// The message for the text; "none" if there is no error.
std::string message_of(const std::string& text) {
    try {
        parse_ptx(text, "bad.ptx");
    } catch (const InputError& error) {
        return error.what();
    }
    return "none";
}

std::string in_module(const std::string& text) {
    return message_of(".version 8.0\n.target sm_80\n" + text);
}

std::string in_kernel(const std::string& text) {
    return in_module(".entry k() {\n.reg .b32 %r<5>; .reg .pred p;\n" + text + "\n}");
}

TEST(PtxErrors, NameModuleLineAndColumn) {
    EXPECT_EQ(in_kernel("  add.s32 %r1, %r9;"),
              "bad.ptx:5: found the undeclared name '%r9' in column 16, expected a register, variable or function "
              "declared before, or a special register");
    EXPECT_EQ(in_kernel("ret\n"), "bad.ptx:7: found '}' in column 1, expected an operand or ';'");
    EXPECT_EQ(in_module("\n\n  .entri k {}"),
              "bad.ptx:5: found '.entri' in column 3, expected a directive such as '.entry'");
}

TEST(PtxErrors, SayWhatATextBeginsWith) {
    EXPECT_EQ(message_of(""),
              "bad.ptx:1: found the end of the text in column 1, expected '.version', with which PTX begins");
    EXPECT_THAT(message_of("\x7F"
                           "ELF"),
                HasSubstr("found '\\x7F' in column 1, expected PTX"));
    EXPECT_THAT(message_of(".version 8\n"), HasSubstr("expected a version such as 7.8"));
    EXPECT_THAT(message_of(".version 8.0\n"), HasSubstr("expected '.target'"));
}

TEST(PtxErrors, TokensWithoutAnEnd) {
    EXPECT_THAT(in_module("/* no end"), HasSubstr("bad.ptx:3: found a comment without an end in column 1"));
    EXPECT_THAT(in_module(".file 1 \"no end\n"), HasSubstr("bad.ptx:3: found a string without an end in column 9"));
    EXPECT_THAT(in_module(".file 1 \"no end\\"), HasSubstr("a string without an end"));
    EXPECT_THAT(in_module(std::string("\0.entry", 7)), HasSubstr("bad.ptx:3: found '\\x00' in column 1"));
}

TEST(PtxErrors, MalformedNumbers) {
    for (const std::string number : {"0x", "0xG", "12ab", "08", "0b2", "0f3F80000", "0f3F8000000", "0d3FF", "1e",
                                     "1e999", "1.5.2", "0x1ULL", "5UU"}) {
        EXPECT_THAT(in_kernel("mov.u32 %r1, " + number + ";"), HasSubstr("bad.ptx:5: found ")) << number;
    }
    EXPECT_THAT(in_kernel("mov.u64 %r1, 18446744073709551616;"), HasSubstr("expected an integer below 2^64"));
    EXPECT_THAT(in_kernel("mov.u64 %r1, 0x1FFFFFFFFFFFFFFFFF;"), HasSubstr("expected an integer below 2^64"));
}

TEST(PtxErrors, Expressions) {
    EXPECT_THAT(in_kernel("mov.u32 %r1, 1/0;"),
                HasSubstr("found '0' in column 16, expected a divisor other than zero"));
    EXPECT_THAT(in_kernel("mov.u32 %r1, 1.5+1;"), HasSubstr("no arithmetic on floats"));
    EXPECT_THAT(in_kernel("mov.u32 %r1, (.f32)1;"), HasSubstr("expected '.s64' or '.u64'"));
    EXPECT_THAT(in_kernel("mov.u32 %r1, " + std::string(100000, '(') + "1;"), HasSubstr("64 levels of nesting"));
    EXPECT_THAT(in_kernel("mov.u32 %r1, " + std::string(100000, '-') + "1;"), HasSubstr("64 levels of nesting"));
}

TEST(PtxErrors, Names) {
    EXPECT_THAT(in_kernel("bra nowhere;"), HasSubstr("bad.ptx:5: found the undeclared label 'nowhere' in column 5"));
    EXPECT_THAT(in_kernel("x: ret; x: ret;"), HasSubstr("a second declaration of 'x' in column 9"));
    EXPECT_THAT(in_kernel(".reg .b32 y; .reg .b64 y;"), HasSubstr("a second declaration of 'y'"));
    EXPECT_THAT(in_kernel(".reg .b32 %r<9>;"), HasSubstr("a second declaration of '%r'"));
    EXPECT_THAT(in_kernel("{ .reg .b32 z; } mov.u32 z, 0;"), HasSubstr("the undeclared name 'z'"));
    EXPECT_THAT(in_kernel("{ x: } bra x;"), HasSubstr("the undeclared label 'x'"));
    EXPECT_THAT(in_kernel("mov.u32 %r05, 0;"), HasSubstr("the undeclared name '%r05'"));
    EXPECT_THAT(in_kernel("mov.u32 %r1, %tid;"), HasSubstr("the undeclared name '%tid'"));
    EXPECT_THAT(in_kernel("mov.u32 %r1, %tid.w;"), HasSubstr("the undeclared name '%tid'"));
    EXPECT_THAT(in_kernel("call missing;"), HasSubstr("the undeclared name 'missing'"));
    EXPECT_THAT(in_module(".global .u32 a; .global .u32 a;"), HasSubstr("a second declaration of 'a'"));
    EXPECT_THAT(in_module(".entry a {ret;} .entry a {ret;}"), HasSubstr("a second declaration of 'a'"));
    EXPECT_THAT(in_module(".entry a(.param .u32 x, .param .u32 x) {}"), HasSubstr("a second declaration of 'x'"));
}

TEST(PtxErrors, Statements) {
    EXPECT_THAT(in_kernel("@%r1 ret;"), HasSubstr("found '%r1' in column 2, expected a predicate register"));
    EXPECT_THAT(in_kernel("5;"), HasSubstr("expected an instruction, a label, a directive or '}'"));
    EXPECT_THAT(in_kernel("%r1;"), HasSubstr("found '%r1' in column 1, expected an instruction"));
    EXPECT_THAT(in_kernel("mov.u32 {%r1, {%r2}}, 1;"), HasSubstr("expected a register, a constant or '_'"));
    EXPECT_THAT(in_kernel("ld.u32 %r1, [%r1;"), HasSubstr("found ';' in column 17"));
    EXPECT_THAT(in_kernel("ld.u32 %r1, [%r2+x];"), HasSubstr("found 'x' in column 18, expected a constant"));
    EXPECT_THAT(in_kernel("ld.u32 %r1, [1.5];"), HasSubstr("expected an offset that is an integer"));
    EXPECT_THAT(in_kernel(".global .u32 x;"), HasSubstr("expected '.reg', '.local'"));
    EXPECT_THAT(in_kernel(".reg .x32 x;"), HasSubstr("expected the type of a register"));
    EXPECT_THAT(in_kernel(std::string(100000, '{')), HasSubstr("at most 256 levels of braces"));
    EXPECT_THAT(in_module(".entry k {"), HasSubstr("expected '}' for the '{' of line 3"));
    EXPECT_THAT(in_module(".func f { { }"), HasSubstr("expected '}' for the '{' of line 3"));
}

TEST(PtxErrors, Declarations) {
    EXPECT_THAT(in_module(".address_size 32"), HasSubstr("expected 64: addresses of 64 bits"));
    EXPECT_THAT(in_module(".global .align 3 .u32 x;"), HasSubstr("found '3' in column 16, expected a power of two"));
    EXPECT_THAT(in_module(".global .u32 x[];"), HasSubstr("expected an array size, an initial value, or '.extern'"));
    EXPECT_THAT(in_module(".global .u32 x[0];"), HasSubstr("expected an array size between 1 and 2^40"));
    EXPECT_THAT(in_module(".global .u32 x[1099511627776];"), HasSubstr("expected a variable below 2^40 bytes"));
    EXPECT_THAT(in_module(".global .u32 x[99999999][99999999];"), HasSubstr("expected a variable below 2^40 bytes"));
    EXPECT_THAT(in_module(".global .texref t;"), HasSubstr("textures, samplers and surfaces are not supported"));
    EXPECT_THAT(in_module(".shared .u32 x = 1;"), HasSubstr("only variables in global and constant space"));
    EXPECT_THAT(in_module(".entry k(.param .b8 x[32765]) {}"), HasSubstr("at most 32764 bytes of parameters"));
}

TEST(PtxErrors, InitialValues) {
    EXPECT_THAT(in_module(".global .u32 x[2] = {1, 2, 3};"), HasSubstr("expected no more than the 8 bytes of 'x'"));
    EXPECT_THAT(in_module(".global .u32 x[2] = {1, 2.5};"), HasSubstr("expected an integer"));
    EXPECT_THAT(in_module(".global .u32 x[2] = \"ab\";"), HasSubstr("only arrays of bytes are strings"));
    EXPECT_THAT(in_module(".global .b8 x[2] = \"a\\q\";"), HasSubstr("a string whose escapes are"));
    EXPECT_THAT(in_module(".global .b8 x[2] = {{1}};"), HasSubstr("there are no more dimensions"));
    EXPECT_THAT(in_module(".global .b8 x[2][2] = {{1}, {2, 3}};"), HasSubstr("found a row of 1 bytes in column 24"));
    EXPECT_THAT(in_module(".global .u64 x = y;"), HasSubstr("the name of a variable or function declared before"));
}

TEST(PtxErrors, EveryTruncationIsAnErrorOrAModule) {
    for (const std::string name : {"directives.ptx", "instructions.ptx"}) {
        const std::string whole = sample(name);
        ASSERT_EQ(message_of(whole), "none");
        for (std::size_t length = 0; length < whole.size(); ++length) {
            const std::string message = message_of(whole.substr(0, length));
            ASSERT_TRUE(message == "none" || message.starts_with("bad.ptx:")) << message;
        }
    }
}

TEST(PtxErrors, EveryGarbledTextIsAnErrorOrAModule) {
    constexpr std::string_view replacements("\0;{}()[]<>.,:@%\"/*\\0Ax-", 23);
    std::mt19937 random(1);
    for (const std::string name : {"directives.ptx", "instructions.ptx"}) {
        const std::string whole = sample(name);
        for (int i = 0; i < 3000; ++i) {
            std::string garbled = whole;
            for (int change = 0; change < 3; ++change) {
                garbled[random() % garbled.size()] = replacements[random() % replacements.size()];
            }
            const std::string message = message_of(garbled);
            ASSERT_TRUE(message == "none" || message.starts_with("bad.ptx:")) << message;
        }
    }
}

}  // namespace
}  // namespace stcsim
