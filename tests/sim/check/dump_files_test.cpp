#include "check/dump_files.h"

#include <filesystem>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "check/verdict_report.h"
#include "isa/metadata_layout.h"
#include "made_up_dump.h"
#include "npy/npy_array.h"
#include "sparsify/metadata_order.h"
#include "sparsity/metadata_word.h"

namespace stcsim {
namespace {

using namespace testing;
using enum ElementType;
using ::testing::HasSubstr;

class DumpFiles : public ::testing::Test {
  protected:
    DumpFiles() : folder_(std::filesystem::temp_directory_path() / ("stcsim_check_" + std::to_string(getpid()))) {
        std::filesystem::create_directories(folder_);
    }
    ~DumpFiles() override { std::filesystem::remove_all(folder_); }

    std::string save(const std::string& name, NpyType type, const BitMatrix& matrix) {
        NpyArray array(type, {matrix.rows, matrix.columns});
        array.set_bits(0, matrix.storage);
        return save(name, array);
    }
    std::string save(const std::string& name, const NpyArray& array) {
        write_npy(folder_ / name, array);
        return folder_ / name;
    }
    /// A dense f16 dump with f32 sums, in files.
    DumpRequest saved(const GemmDump& dump) {
        DumpRequest request;
        request.a = save("a.npy", NpyType::f2, dump.a);
        request.b = save("b.npy", NpyType::f2, dump.b);
        request.d = save("d.npy", NpyType::f4, dump.d);
        return request;
    }
    /// The error says where and what.
    static void expect_refused(const DumpRequest& request, const std::string& text) {
        try {
            read_dump(request);
            ADD_FAILURE() << "not refused, though " << text;
        } catch (const InputError& error) {
            EXPECT_THAT(error.what(), HasSubstr(text));
        }
    }

    std::filesystem::path folder_;
};

TEST_F(DumpFiles, AreReadAsTheyWereWritten) {
    GemmDump dump = operands(16, 8, 32, f16, {f32, f32});
    dump.d = random_matrix(16, 8, f32, 3);
    const GemmDump read = read_dump(saved(dump));
    EXPECT_EQ(read.a, dump.a);
    EXPECT_EQ(read.b, dump.b);
    EXPECT_EQ(read.d, dump.d);
    EXPECT_FALSE(read.c.has_value());
    EXPECT_EQ(read.types, dump.types);
}

TEST_F(DumpFiles, TakeBTransposed) {
    const GemmDump dump = operands(16, 8, 32, f16, {f32, f32});
    DumpRequest request = saved(dump);
    BitMatrix other(8, 32, f16);
    for (std::size_t i = 0; i < 32; ++i) {
        for (std::size_t j = 0; j < 8; ++j) other.at(j, i) = dump.b.at(i, j);
    }
    request.b = save("bt.npy", NpyType::f2, other);
    request.b_transposed = true;
    EXPECT_EQ(read_dump(request).b, dump.b);
}

TEST_F(DumpFiles, TakeMetadataInEveryOrder) {
    for (const auto& [type, array_type] :
         {std::pair(f16, NpyType::f2), std::pair(tf32, NpyType::f4), std::pair(u8, NpyType::u1)}) {
        const ElementType sums = is_float(type) ? f32 : s32;
        const GemmDump dump = sparse_operands(48, 8, 128, type, {sums, sums});
        const std::size_t stored = dump.a.columns;
        DumpRequest request;
        request.values = save("v.npy", array_type, dump.a);
        request.b = save("b.npy", array_type, dump.b);
        request.d = save("d.npy", sums == s32 ? NpyType::i4 : NpyType::f4, dump.d);
        const std::vector<std::uint32_t> packed = pack_metadata(type, dump.codes, 48, stored);
        const char* const instruction = type == f16    ? "mma.sp.m16n8k32.f32.f16.f16.f32"
                                        : type == tf32 ? "mma.sp.m16n8k16.f32.tf32.tf32.f32"
                                                       : "mma.sp.m16n8k64.s32.u8.u8.s32";
        for (const std::string& order : metadata_order_names()) {
            request.form = {*metadata_order_named(order)};
            if (request.form.order == MetadataOrder::lanes)
                request.form.instruction = &mma_instruction_named(instruction);
            request.metadata = save("e.npy", metadata_array(request.form, {type, 48, stored}, packed));
            EXPECT_EQ(read_dump(request).codes, dump.codes) << order << ' ' << name_of(type);
        }
    }
}

TEST_F(DumpFiles, WhatDoesNotFitIsRefused) {
    const GemmDump dump = operands(16, 8, 32, f16, {f32, f32});
    const DumpRequest right = saved(dump);
    DumpRequest request = right;
    request.d.reset();
    expect_refused(request, "--d");
    request = right;
    request.values = right.a;
    expect_refused(request, "--a with --values");
    request = right;
    request.a.reset();
    expect_refused(request, "neither --a nor --values");
    request.values = right.a;
    expect_refused(request, "without --metadata or --index");
    request = right;
    request.metadata = right.a;
    expect_refused(request, "--metadata or --index with --a");
    request = right;
    request.beta = 1;
    expect_refused(request, "--beta without --c");
    request = right;
    request.b = right.a;
    expect_refused(request, "k = 32");
    request = right;
    request.d = right.b;
    expect_refused(request, "(16, 8)");
    request = right;
    request.a_type = bf16;
    expect_refused(request, "bf16");
    request = right;
    request.accumulator = s32;
    expect_refused(request, "A of f16");
    request = right;
    request.saturating = true;
    expect_refused(request, "--satfinite");
    request = right;
    request.a = save("cube.npy", NpyArray(NpyType::f2, {4, 4, 32}));
    expect_refused(request, "two axes");
    request = right;
    request.a = save("empty.npy", NpyArray(NpyType::f2, {0, 32}));
    expect_refused(request, "not empty");
    request = right;
    request.d = save("d8.npy", NpyArray(NpyType::i1, {16, 8}));
    expect_refused(request, "D of s8");
    request = right;
    request.archive = right.a;
    expect_refused(request, "archive");
    request = right;
    request.b = *right.b + ".npz:B";
    expect_refused(request, "no such file");
}

TEST_F(DumpFiles, IllegalMetadataIsRefused) {
    const GemmDump dump = sparse_operands(16, 8, 32, f16, {f32, f32});
    DumpRequest request;
    request.values = save("v.npy", NpyType::f2, dump.a);
    request.b = save("b.npy", NpyType::f2, dump.b);
    request.d = save("d.npy", NpyType::f4, dump.d);
    request.metadata = save("e.npy", NpyArray(NpyType::u2, {16, 2}));
    expect_refused(request, "illegal codes 0x0 of row 0, group 0");
    request.metadata = save("e.npy", NpyArray(NpyType::u2, {16, 3}));
    expect_refused(request, "metadata elements");
    request.metadata.reset();
    request.index = save("i.npy", NpyArray(NpyType::u1, {8, 16}));
    expect_refused(request, "--index");
}

TEST_F(DumpFiles, AreNamedOnceEach) {
    const DumpRequest request = saved(operands(16, 8, 32, f16, {f32, f32}));
    EXPECT_THAT(files_of(request), ::testing::ElementsAre(*request.a, *request.b, *request.d));
}

TEST(VerdictReport, HoldsTheVerdictForPeopleAndForScripts) {
    GemmDump dump = operands(32, 16, 64, f16, {f32, f32});
    dump.d = product_of(dump);
    const Verdict right = check_dump(dump, {});
    EXPECT_THAT(verdict_text(dump, right), HasSubstr("bit-exact: all 512 elements"));
    dump.d.at(4, 2) = 0x7F800000;
    const Verdict wrong = check_dump(dump, {});
    const std::string text = verdict_text(dump, wrong);
    EXPECT_THAT(text, HasSubstr("wrong: 1 of 512 elements"));
    EXPECT_THAT(text, HasSubstr("only in rows 4 of 32"));
    EXPECT_THAT(text, HasSubstr("[4,2]: inf (0x7f800000) instead of"));
    const auto json = nlohmann::json::parse(verdict_json(dump, wrong, {"1", {"stcsim", "check"}, {{"a.npy", 1}}}));
    const auto& row = json["results"].at(0);
    EXPECT_EQ(row["verdict"], "wrong");
    EXPECT_EQ(row["outside_bound"], 1);
    EXPECT_EQ(row["first"].at(0)["row"], 4);
    EXPECT_EQ(row["first"].at(0)["found"], "inf");
    EXPECT_TRUE(row["mistake"].is_null());
    EXPECT_EQ(json["provenance"]["inputs"].at(0)["hash"], "fnv1a64:0000000000000001");
}

}  // namespace
}  // namespace stcsim
