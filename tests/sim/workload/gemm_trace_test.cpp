#include "workload/gemm_trace.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/error.h"
#include "workload/gemm_types.h"

namespace stcsim {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view header = "name,m,n,k,batch,dtype,acc,sparsity,count\n";
constexpr std::string_view line_of_layer = "layer,1024,512,256,2,f16,f32,2:4,24\n";

class GemmTrace : public ::testing::Test {
  protected:
    GemmTrace() { std::filesystem::create_directories(folder_); }
    ~GemmTrace() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::filesystem::path file() const { return folder_ / "trace.csv"; }

    std::vector<GemmProblem> read(std::string_view text) {
        std::ofstream(file(), std::ios::binary) << text;
        return read_gemm_trace(file());
    }

    /// The error of a trace with this text.
    InputError error_of(std::string_view text) {
        try {
            read(text);
        } catch (const InputError& error) {
            return error;
        }
        ADD_FAILURE() << "accepted: " << text;
        return {{}, "", ""};
    }

    /// Expects that the trace is refused at this line of the file, for what is found, saying what was expected.
    void expect_refused(std::string_view text, std::uint64_t line, std::string_view found, std::string_view expected) {
        const InputError error = error_of(text);
        EXPECT_EQ(error.where().file, file().string());
        EXPECT_EQ(error.where().line, line) << error.what();
        EXPECT_THAT(error.found(), HasSubstr(std::string(found)));
        EXPECT_THAT(error.expected(), HasSubstr(std::string(expected)));
    }

    /// A trace of one GEMM whose field in `column` (by position) is replaced.
    static std::string with_field(std::size_t column, std::string_view value) {
        std::vector<std::string> fields{"layer", "1024", "512", "256", "2", "f16", "f32", "2:4", "24"};
        fields.at(column) = value;
        std::string text(header);
        for (std::size_t i = 0; i < fields.size(); ++i) text += (i == 0 ? "" : ",") + fields[i];
        return text + "\n";
    }

  private:
    std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) /
                                    fmt::format("stcsim-trace-{}-{}", ::getpid(), static_cast<const void*>(this));
};

TEST_F(GemmTrace, ReadsEveryColumn) {
    const auto problems = read(fmt::format("{}{}", header, line_of_layer));
    ASSERT_EQ(problems.size(), 1U);
    const GemmProblem& problem = problems.front();
    EXPECT_EQ(problem.name, "layer");
    EXPECT_EQ(problem.m, 1024U);
    EXPECT_EQ(problem.n, 512U);
    EXPECT_EQ(problem.k, 256U);
    EXPECT_EQ(problem.batch, 2U);
    EXPECT_EQ(problem.input, ElementType::f16);
    EXPECT_EQ(problem.accumulator, ElementType::f32);
    EXPECT_EQ(problem.output, ElementType::f16);
    EXPECT_EQ(problem.sparsity, Sparsity::two_four);
    EXPECT_EQ(problem.count, 24U);
}

TEST_F(GemmTrace, MatchesColumnsByNameInAnyOrder) {
    const auto problems = read("sparsity,count,k,n,m,acc,dtype,batch,name\ndense,3,64,32,16,s32,s8,1,x\n");
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(problems[0].m, 16U);
    EXPECT_EQ(problems[0].n, 32U);
    EXPECT_EQ(problems[0].k, 64U);
    EXPECT_EQ(problems[0].input, ElementType::s8);
    EXPECT_EQ(problems[0].sparsity, Sparsity::dense);
    EXPECT_EQ(problems[0].count, 3U);
}

TEST_F(GemmTrace, TakesTheOutputTypeFromItsColumnAndTheDefaultWhereItIsEmpty) {
    const auto problems = read(
        "name,m,n,k,batch,dtype,acc,sparsity,count,output\n"
        "a,8,8,32,1,f16,f32,dense,1,f32\n"
        "b,8,8,32,1,tf32,f32,dense,1,\n");
    ASSERT_EQ(problems.size(), 2U);
    EXPECT_EQ(problems[0].output, ElementType::f32);
    EXPECT_EQ(problems[1].output, ElementType::f32);
}

TEST_F(GemmTrace, IgnoresCommentsBlankLinesByteOrderMarkAndCarriageReturns) {
    const auto problems = read(fmt::format("\xEF\xBB\xBF# origin\r\n\r\n{}\r\n  \t\r\n# more\r\n{}",
                                           header.substr(0, header.size() - 1), line_of_layer));
    EXPECT_EQ(problems.size(), 1U);
}

TEST_F(GemmTrace, NeedsNoNewlineAtTheEnd) {
    EXPECT_EQ(read(fmt::format("{}a,8,8,32,1,f16,f32,dense,1", header)).size(), 1U);
}

TEST_F(GemmTrace, ReadsQuotedFieldsWithCommasQuotesAndHashes) {
    const auto problems = read(fmt::format("{}\"#1, \"\"q\"\", k\" , 8 ,8,32,1,f16,f32,\"dense\",1\n", header));
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(problems[0].name, "#1, \"q\", k");
}

TEST_F(GemmTrace, KeepsNamesInAnyLanguage) {
    const auto problems = read(fmt::format("{}слой-π-𝛑,8,8,32,1,f16,f32,dense,1\n", header));
    EXPECT_EQ(problems.at(0).name, "слой-π-𝛑");
}

TEST_F(GemmTrace, RefusesAMissingColumnAndNamesIt) {
    expect_refused("name,m,n,batch,dtype,acc,count\n", 1, "no column 'k', 'sparsity'", "name,m,n,k,batch");
}

TEST_F(GemmTrace, RefusesAnUnknownColumnAndNamesTheNearest) {
    expect_refused("name,m,n,k,batch,dtype,acc,sparsty,count\n", 1, "'sparsty'", "did you mean 'sparsity'?");
    expect_refused("name,m,n,k,batch,dtype,acc,sparsity,count,\n", 1, "''", "one of name, m, n, k");
    expect_refused("Layer name, M, N, K,\n", 1, "'Layer name'", "one of name, m, n, k");
}

TEST_F(GemmTrace, RefusesAColumnGivenTwice) {
    expect_refused("name,m,n,k,batch,dtype,acc,sparsity,count,k\n", 1, "column 'k' twice", "once");
}

TEST_F(GemmTrace, RefusesALineWithMoreOrFewerFieldsThanTheHeader) {
    expect_refused(fmt::format("{}{}a,8,8,32,1,f16,f32,dense\n", header, line_of_layer), 3, "8 fields", "9");
    expect_refused(fmt::format("{}a,8,8,32,1,f16,f32,dense,1,\n", header), 2, "10 fields", "9");
}

TEST_F(GemmTrace, RefusesWhatIsNoPositiveNumberInEveryNumericColumn) {
    for (const std::size_t column : {1U, 2U, 3U, 4U, 8U}) {
        for (const char* value : {"0", "-8", "", "many", "8x", "1e3", "8.0", "+8", "0x10", "\"1,024\"", "1099511627777",
                                  "18446744073709551616", "99999999999999999999999"}) {
            expect_refused(with_field(column, value), 2, "in column", "a whole number from 1 to 1099511627776");
        }
    }
}

TEST_F(GemmTrace, AcceptsTheLargestNumberInEveryNumericColumnButNotTheirProduct) {
    const std::string largest = std::to_string(largest_trace_number);
    const auto one_large = read(fmt::format("{}a,{},8,32,1,f16,f32,dense,1\n", header, largest));
    EXPECT_EQ(one_large.at(0).m, largest_trace_number);
    expect_refused(fmt::format("{}a,{},{},32,1,f16,f32,dense,1\n", header, largest, largest), 2, "m * n * k",
                   "below 2^63");
}

TEST_F(GemmTrace, DrawsTheLineOfTheProductAtTwoToThe63) {
    // 2^63 - 1 = 7 * 7 * 73 * 127 * 337 * 92737 * 649657.
    EXPECT_NO_THROW(read(fmt::format("{}a,3577,42799,92737,649657,f16,f32,dense,1\n", header)));
    // 2^62 fits, 2^63 does not.
    EXPECT_NO_THROW(read(fmt::format("{}a,1099511627776,2097152,2,1,f16,f32,dense,1\n", header)));
    expect_refused(fmt::format("{}a,1099511627776,2097152,2,1,f16,f32,dense,2\n", header), 2, "m * n * k", "2^63");
}

TEST_F(GemmTrace, RefusesAnUnknownTypeAndNamesTheNearest) {
    expect_refused(with_field(5, "bf61"), 2, "'bf61' in column 'dtype'", "did you mean 'bf16'?");
    expect_refused(with_field(6, "float"), 2, "'float' in column 'acc'", "one of f16, bf16, tf32");
    expect_refused(with_field(5, ""), 2, "'' in column 'dtype'", "one of f16");
}

TEST_F(GemmTrace, RefusesTypesThatNoInstructionCombines) {
    expect_refused(with_field(6, "s32"), 2, "accumulator type s32", "f32 or f16 for f16 operands");
    expect_refused(with_field(5, "f32"), 2, "input type f32", "f16 or bf16");
    expect_refused(fmt::format("{}a,8,8,32,1,f64,f64,2:4,1\n", header), 2, "sparsity 2:4", "dense");
}

TEST_F(GemmTrace, RefusesAnUnknownSparsity) {
    for (const char* value : {"", "sparse", "4:2", "2/4", "Dense", "50%"}) {
        expect_refused(with_field(7, value), 2, "in column 'sparsity'", "one of dense, 2:4");
    }
}

TEST_F(GemmTrace, RefusesAnEmptyName) {
    expect_refused(with_field(0, ""), 2, "an empty name", "a name");
}

TEST_F(GemmTrace, RefusesATraceWithoutGemms) {
    expect_refused("", 0, "nothing", "the header name,m,n,k");
    expect_refused("# only a comment\n\n", 0, "nothing", "the header");
    expect_refused(header, 0, "a header only", "at least one GEMM");
}

TEST_F(GemmTrace, RefusesBrokenQuotes) {
    expect_refused(with_field(0, "\"layer"), 2, "without its closing quote", "closes on the same line");
    expect_refused(with_field(0, "lay\"er"), 2, "a quote inside 'lay\"er'", "quotes");
    expect_refused(with_field(0, "\"lay\"er"), 2, "after a quoted field", "a comma");
}

TEST_F(GemmTrace, RefusesTextThatIsNotUtf8) {
    for (const char* bytes : {"\xFF", "caf\xE9", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80"}) {
        expect_refused(with_field(0, bytes), 2, "byte 0x", "UTF-8");
    }
    expect_refused(std::string_view("\xFF\xFEn\0a\0", 6), 1, "a NUL byte", "UTF-8");  // UTF-16
}

TEST_F(GemmTrace, RefusesControlCharactersAndNulBytes) {
    expect_refused(with_field(0, "a\x1B[31m"), 2, "control character 0x1B in column 2", "printable");
    expect_refused("name,m\rlayer,8\r", 1, "control character 0x0D", "LF or CRLF");
    expect_refused(with_field(0, std::string_view("a\0b", 3)), 2, "a NUL byte", "UTF-8");
}

TEST_F(GemmTrace, RefusesAMissingFileADirectoryAndAnEndlessDevice) {
    const auto refuse = [](const std::filesystem::path& path, std::string_view found) {
        try {
            read_gemm_trace(path);
            ADD_FAILURE() << "accepted " << path;
        } catch (const InputError& error) {
            EXPECT_EQ(error.where().file, path.string());
            EXPECT_THAT(error.found(), HasSubstr(std::string(found)));
        }
    };
    refuse(file().parent_path() / "absent.csv", "no such file");
    refuse(file().parent_path(), "a directory");
    refuse("/dev/zero", "a NUL byte");
}

TEST_F(GemmTrace, CutsLongFieldsShortInMessages) {
    const InputError error = error_of(with_field(1, std::string(100000, '9')));
    EXPECT_LT(std::string(error.what()).size(), 600U);
}

TEST_F(GemmTrace, AnswersAnyBytesWithGemmsOrAnInputError) {
    const bool holds = rc::check("any bytes", [this](const std::vector<char>& bytes) {
        try {
            RC_ASSERT(!read(std::string_view(bytes.data(), bytes.size())).empty());
        } catch (const InputError& error) {
            RC_ASSERT(!error.found().empty());
            RC_ASSERT(!error.expected().empty());
        }
    });
    EXPECT_TRUE(holds);
}

TEST_F(GemmTrace, AnswersAnyMutationOfATraceWithGemmsOrAnInputError) {
    const std::string valid = fmt::format("{}{}\"b\",8,8,32,1,s8,s32,dense,1\n", header, line_of_layer);
    const bool holds = rc::check("one replaced, inserted or removed piece", [&] {
        std::string text = valid;
        const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
        const auto removed = *rc::gen::inRange<std::size_t>(0, 4);
        const auto inserted = *rc::gen::container<std::string>(
            rc::gen::oneOf(rc::gen::element(',', '"', '\n', '\r', '#', '-', '9', ' '), rc::gen::arbitrary<char>()));
        text.replace(at, removed, inserted);
        try {
            for (const GemmProblem& problem : read(text)) {
                RC_ASSERT(problem.m >= 1U && problem.n >= 1U && problem.k >= 1U);
                RC_ASSERT(problem.batch >= 1U && problem.count >= 1U);
                RC_ASSERT(!problem.name.empty());
            }
        } catch (const InputError& error) {
            RC_ASSERT(error.where().file == file().string());
        }
    });
    EXPECT_TRUE(holds);
}

TEST_F(GemmTrace, ReadsBackWhateverIsWritten) {
    const bool holds = rc::check("round trip of names and numbers", [&] {
        const auto number = rc::gen::inRange<std::uint64_t>(1, 4000);
        // Any printable ASCII name that is not blank at its ends is kept byte for byte.
        const std::string middle = *rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '~'));
        const std::string name = fmt::format("<{}>", middle);
        std::string quoted;
        for (const char c : name) quoted += c == '"' ? "\"\"" : std::string(1, c);
        const std::uint64_t m = *number;
        const std::uint64_t count = *number;
        const auto problems = read(fmt::format("{}\"{}\",{},8,32,1,bf16,f32,dense,{}\n", header, quoted, m, count));
        RC_ASSERT(problems.size() == 1U);
        RC_ASSERT(problems[0].name == name);
        RC_ASSERT(problems[0].m == m);
        RC_ASSERT(problems[0].count == count);
    });
    EXPECT_TRUE(holds);
}

TEST_F(GemmTrace, TakesTheSparseOperandFromAColumnOfItsOwn) {
    const std::string start(header.substr(0, header.size() - 1));
    const std::string line(line_of_layer.substr(0, line_of_layer.size() - 1));
    const auto problems = read(start + ",sparse_operand\n" + line + ",b\n" + line + ",a\n" + line + ",\n");
    ASSERT_EQ(problems.size(), 3U);
    EXPECT_EQ(problems[0].sparse_operand, SparseOperand::b);
    EXPECT_EQ(problems[1].sparse_operand, SparseOperand::a);
    EXPECT_EQ(problems[2].sparse_operand, SparseOperand::a);
    EXPECT_EQ(read(std::string(header) + std::string(line_of_layer)).front().sparse_operand, SparseOperand::a);
    expect_refused(start + ",sparse_operand\n" + line + ",c\n", 2, "'c'", "a or b");
}

}  // namespace
}  // namespace stcsim
