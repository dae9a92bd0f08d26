#include "cuda/program_file.h"

#include <cstring>
#include <elf.h>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "files/temporary_folder.h"

namespace stcsim {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

std::vector<std::byte> own_program() {
    std::ifstream stream("/proc/self/exe", std::ios::binary);
    const std::vector<char> text{std::istreambuf_iterator<char>(stream), {}};
    std::vector<std::byte> bytes(text.size());
    std::memcpy(bytes.data(), text.data(), text.size());
    return bytes;
}

/// The message of the InputError that `run` throws.
template <typename F>
std::string refusal(F run) {
    try {
        run();
    } catch (const InputError& error) {
        return error.what();
    }
    return "accepted";
}

/// A small dynamic ELF file that needs one library; `section` names one section.
std::string small_elf(const std::string& library, const std::string& section) {
    const std::string strings = '\0' + library + '\0';
    const std::string names = '\0' + section + '\0';
    constexpr std::size_t header_end = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr);
    const std::array<Elf64_Dyn, 3> dynamic{
        {{DT_NEEDED, {1}}, {DT_STRTAB, {header_end + 3 * sizeof(Elf64_Dyn)}}, {DT_NULL, {0}}}};
    const std::size_t names_at = header_end + sizeof dynamic + strings.size();
    const std::size_t sections_at = names_at + names.size();
    Elf64_Ehdr header{};
    std::memcpy(static_cast<void*>(header.e_ident), ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_phoff = sizeof(Elf64_Ehdr);
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 2;
    header.e_shoff = sections_at;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = 1;
    Elf64_Phdr load{};
    load.p_type = PT_LOAD;
    load.p_filesz = sections_at;
    Elf64_Phdr table{};
    table.p_type = PT_DYNAMIC;
    table.p_offset = header_end;
    table.p_filesz = sizeof dynamic;
    Elf64_Shdr named{};
    named.sh_name = 1;
    named.sh_offset = names_at;
    std::string file;
    const auto add = [&](const void* from, std::size_t bytes) { file.append(static_cast<const char*>(from), bytes); };
    add(&header, sizeof header);
    add(&load, sizeof load);
    add(&table, sizeof table);
    add(dynamic.data(), sizeof dynamic);
    file += strings + names;
    add(&named, sizeof named);
    return file;
}

std::string check_of(const std::string& file) {
    const TemporaryFolder folder;
    return refusal([&] { check_program(folder.write("program", file)); });
}

TEST(ProgramFile, NamesTheLibrariesOfAnExecutable) {
    const auto elf = read_elf(own_program());
    ASSERT_TRUE(elf.has_value());
    EXPECT_TRUE(elf->dynamic);
    EXPECT_THAT(elf->libraries, Contains(StartsWith("libc.so")));
    EXPECT_FALSE(elf->device_code);
}

TEST(ProgramFile, IsRefusedWithTheFlagThatHelpsIfTheRuntimeIsLinkedIntoIt) {
    EXPECT_THAT(check_of(small_elf("libc.so.6", ".nv_fatbin")), HasSubstr("-cudart shared"));
    EXPECT_THAT(check_of(small_elf("libcuda.so.1", ".text")), HasSubstr("libcuda.so"));
    EXPECT_THAT(check_of(small_elf("libcudart.so.11.0", ".nv_fatbin")), HasSubstr("libcudart.so.12"));
}

TEST(ProgramFile, IsAcceptedIfItMayLoadTheRuntime) {
    EXPECT_EQ(check_of(small_elf("libcudart.so.13", ".nv_fatbin")), "accepted");
    EXPECT_EQ(check_of(small_elf("libcudart.so.12", ".nv_fatbin")), "accepted");
    EXPECT_EQ(check_of(small_elf("libneeds_cuda.so", ".text")), "accepted");
    EXPECT_EQ(check_of("#!/bin/sh\n"), "accepted");
}

TEST(ProgramFile, ThatDoesNotExistOrCannotBeExecutedIsNamed) {
    const TemporaryFolder folder;
    EXPECT_THAT(refusal([&] { find_program(folder.file("nowhere")); }), HasSubstr("does not exist"));
    EXPECT_THAT(refusal([&] { find_program(folder.write("data", "x")); }), HasSubstr("cannot be executed"));
    EXPECT_THAT(refusal([] { find_program("no-such-program-anywhere"); }), HasSubstr("$PATH"));
    EXPECT_EQ(find_program("sh").filename(), "sh");
}

RC_GTEST_PROP(ProgramFile, CutShortOrDamagedIsReadWithoutReachingOutside, ()) {
    static const std::string file = small_elf("libcudart.so.13", ".nv_fatbin");
    std::string damaged = file.substr(0, *rc::gen::inRange<std::size_t>(0, file.size() + 1));
    const auto changes = *rc::gen::inRange(0, 8);
    for (int i = 0; i < changes && !damaged.empty(); ++i) {
        damaged[*rc::gen::inRange<std::size_t>(0, damaged.size())] = *rc::gen::arbitrary<char>();
    }
    const auto bytes = std::as_bytes(std::span(damaged));
    const auto elf = read_elf(bytes);
    RC_ASSERT(!elf || elf->libraries.size() <= damaged.size());
}

}  // namespace
}  // namespace stcsim
