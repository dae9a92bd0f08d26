#include "fatbin/fatbin.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "compiler.h"
#include "made_fatbin.h"

namespace stcsim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

/// The chosen text, or the message.
std::string chosen(const std::string& fatbin, std::uint32_t architecture = 80) {
    try {
        return std::string(choose_ptx(find_ptx(bytes_of(fatbin), "prog"), architecture, "prog"));
    } catch (const InputError& error) {
        return error.what();
    }
}

RC_GTEST_PROP(FindPtx, GivesEveryTextWithItsArchitectureInOrder, ()) {
    std::vector<MadeEntry> entries;
    std::vector<std::pair<std::uint32_t, std::string>> expected;
    const int count = *rc::gen::inRange(0, 6);
    for (int i = 0; i < count; ++i) {
        MadeEntry entry;
        entry.kind = *rc::gen::element<std::uint16_t>(1, 1, 2, 7);
        entry.architecture = *rc::gen::inRange<std::uint32_t>(30, 130);
        entry.header_bytes = *rc::gen::element<std::uint32_t>(48, 64, 80);
        const std::string text(*rc::gen::inRange<std::size_t>(0, 50), 'x');
        entry.payload = text + std::string(*rc::gen::inRange<std::size_t>(0, 9), '\0');
        entries.push_back(entry);
        if (entry.kind == 1) expected.emplace_back(entry.architecture, text);
    }
    const std::string fatbin = made_fatbin(entries) + "what follows";
    const FatbinContents contents = find_ptx(bytes_of(fatbin), "prog");
    RC_ASSERT(contents.ptx.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        RC_ASSERT(contents.ptx[i] == (FatbinPtx{expected[i].first, false, expected[i].second}));
    }
    RC_ASSERT(fatbin_size(bytes_of(fatbin).first(16), "prog") == made_fatbin(entries).size());
}

TEST(FindPtx, AnEmptyContainerHasNothing) {
    const std::string fatbin = made_fatbin({});
    EXPECT_TRUE(find_ptx(bytes_of(fatbin), "prog").empty());
    EXPECT_EQ(chosen(fatbin).substr(0, 42), "prog: found a fat binary without kernels, ");
}

TEST(FindPtx, EveryTruncationIsAnError) {
    const std::string whole = made_fatbin({{.payload = "one"}, {.kind = 2, .payload = "two"}, {.payload = "three"}});
    for (std::size_t length = 0; length < whole.size(); ++length) {
        EXPECT_THROW(find_ptx(bytes_of(whole).first(length), "prog"), InputError) << length;
    }
}

TEST(FindPtx, HeadersThatDoNotFitAreErrors) {
    std::string whole = made_fatbin({{.payload = "one"}});
    const auto with = [&](std::size_t at, char value) {
        std::string changed = whole;
        changed[at] = value;
        return chosen(changed);
    };
    EXPECT_EQ(with(0, 'x'),
              "prog: found bytes that are no fat binary, expected a fat binary: 0xBA55ED50 and what follows it");
    EXPECT_EQ(with(4, 2), "prog: found a fat binary of version 2, expected version 1");
    EXPECT_THAT(with(6, 15), HasSubstr("a header of 15"));
    EXPECT_THAT(with(15, 1), HasSubstr("entries below 2^48 bytes"));
    EXPECT_THAT(with(20, 47), HasSubstr("whose entry at byte 16 does not fit"));
    EXPECT_THAT(with(20, 84), HasSubstr("whose entry at byte 16 does not fit")) << "the header ends behind the end";
    EXPECT_THAT(with(24, 4), HasSubstr("whose entry at byte 16 does not fit"));
    EXPECT_THAT(with(24, 2), HasSubstr("whose entry at byte 98 does not fit")) << "a byte is left";
    EXPECT_THAT(with(31, '\x80'), HasSubstr("whose entry at byte 16 does not fit")) << "2^63 bytes";
}

TEST(ChoosePtx, TakesTheNewestThatTheGpuUnderstands) {
    const std::string fatbin = made_fatbin({{.architecture = 90, .payload = "90"},
                                            {.architecture = 75, .payload = "75"},
                                            {.architecture = 80, .payload = "80"},
                                            {.architecture = 80, .payload = "second"},
                                            {.architecture = 52, .payload = "52"}});
    EXPECT_EQ(chosen(fatbin, 80), "80");
    EXPECT_EQ(chosen(fatbin, 86), "80");
    EXPECT_EQ(chosen(fatbin, 79), "75");
    EXPECT_EQ(chosen(fatbin, 120), "90");
    EXPECT_THAT(chosen(fatbin, 50), HasSubstr("PTX only for sm_52, sm_75, sm_80, sm_90, expected PTX for sm_50"));
}

TEST(ChoosePtx, NamesTheOptionThatHelps) {
    EXPECT_EQ(chosen(made_fatbin({{.kind = 2, .architecture = 86}, {.kind = 2, .architecture = 80}})),
              "prog: found only machine code, for sm_80, sm_86, expected PTX for sm_80 or older: compile with -gencode "
              "arch=compute_80,code=compute_80 --no-compress");
    EXPECT_EQ(chosen(made_fatbin({{.payload = "zipped", .compressed = true}})),
              "prog: found compressed PTX for sm_80, expected PTX as text: compile with --no-compress, or with older "
              "compilers -Xfatbin -compress=false");
    EXPECT_EQ(chosen(made_fatbin({{.payload = "text"}, {.architecture = 90, .payload = "zipped", .compressed = true}})),
              "text");
}

const char* const kernel = "__global__ void f(int* out) { out[0] = 1; }\nint main() { f<<<1, 1>>>(nullptr); }\n";

TEST(CompilersFatbin, HoldsPtxForEveryArchitectureAskedFor) {
    STCSIM_NEED_NVCC();
    const auto folder = fresh_folder("fatbin_several");
    ASSERT_TRUE(compile(folder, kernel,
                        "-fatbin --no-compress -o f.fatbin -gencode arch=compute_75,code=compute_75 "
                        "-gencode arch=compute_80,code=[compute_80,sm_80]"));
    const std::string fatbin = contents_of(folder / "f.fatbin");
    const FatbinContents contents = find_ptx(bytes_of(fatbin), "f.fatbin");
    ASSERT_EQ(contents.ptx.size(), 2);
    EXPECT_THAT(contents.machine_code, ElementsAre(80));
    EXPECT_THAT(chosen(fatbin, 80), HasSubstr(".target sm_80"));
    EXPECT_THAT(chosen(fatbin, 79), HasSubstr(".target sm_75"));
    EXPECT_EQ(fatbin_size(bytes_of(fatbin), "f.fatbin"), fatbin.size());
}

TEST(CompilersFatbin, CompressedPtxAndMachineCodeAreRecognised) {
    STCSIM_NEED_NVCC();
    const auto folder = fresh_folder("fatbin_refused");
    ASSERT_TRUE(compile(folder, kernel, "-fatbin -o f.fatbin -gencode arch=compute_80,code=compute_80"));
    EXPECT_THAT(chosen(contents_of(folder / "f.fatbin")), HasSubstr("found compressed PTX for sm_80"));
    ASSERT_TRUE(compile(folder, kernel, "-fatbin -o f.fatbin -gencode arch=compute_80,code=sm_80"));
    EXPECT_THAT(chosen(contents_of(folder / "f.fatbin")), HasSubstr("found only machine code, for sm_80"));
}

TEST(CompilersFatbin, LiesInExecutables) {
    STCSIM_NEED_NVCC();
    const auto folder = fresh_folder("fatbin_executable");
    ASSERT_TRUE(
        compile(folder, kernel, "-cudart shared --no-compress -gencode arch=compute_80,code=compute_80 -o prog"));
    const std::string program = contents_of(folder / "prog");
    const std::string beginning = made_fatbin({}).substr(0, 8);
    std::vector<std::string> texts;
    for (std::size_t at = 0; (at = program.find(beginning, at)) != std::string::npos; at += beginning.size()) {
        const FatbinContents contents = find_ptx(bytes_of(program).subspan(at), "prog");
        if (!contents.empty()) texts.emplace_back(choose_ptx(contents, 80, "prog"));
    }
    EXPECT_THAT(texts, ElementsAre(HasSubstr(".visible .entry _Z1fPi")));
}

}  // namespace
}  // namespace stcsim
