/// Properties of the parser: white space, scopes, constants; every opcode of the reference.
#include <array>
#include <bit>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "compiler.h"
#include "module_text.h"
#include "ptx/ptx_parser.h"

namespace stcsim {
namespace {

const std::filesystem::path folder(STCSIM_SOURCE_DIR "/tests/sim/ptx");

/// Something that separates tokens; at least one character if `needed`.
std::string random_blank(bool needed) {
    static const std::array<std::string, 8> blanks{" ",  "\t",  "\n", "\r\n", "// one; { line\n", "/* two\n lines */",
                                                   "  ", "/**/"};
    std::string blank;
    const int count = *rc::gen::inRange(needed ? 1 : 0, 3);
    for (int i = 0; i < count; ++i) blank += *rc::gen::elementOf(blanks);
    return blank;
}

/// The text with its blanks replaced and others put around punctuation marks.
std::string respaced(const std::string& text) {
    constexpr std::string_view marks = "{}()[],;@";
    std::string result;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"' && (i == 0 || text[i - 1] != '\\')) in_string = !in_string;
        if (!in_string && text.compare(i, 2, "//") == 0) i = text.find('\n', i);
        if (in_string || (!std::isspace(static_cast<unsigned char>(text[i])) && marks.find(c) == std::string::npos)) {
            result += c;
        } else if (marks.find(c) != std::string::npos) {
            result += random_blank(false) + c + random_blank(false);
        } else {
            result += random_blank(true);
        }
    }
    return result;
}

RC_GTEST_PROP(ParsePtx, WhiteSpaceAndCommentsDoNotMatter, ()) {
    const auto name = *rc::gen::element<std::string>("directives.ptx", "instructions.ptx");
    const std::string text = contents_of(folder / "modules" / name);
    RC_ASSERT(text_of(parse_ptx(respaced(text), "a")) == text_of(parse_ptx(text, "a")));
}

/// A kernel of nested scopes that declare and use few names, and for every use the number of its declaration.
struct ScopedKernel {
    std::string text = ".version 8.0 .target sm_80 .entry k {\n";
    std::vector<int> declarations;
};

ScopedKernel random_scopes() {
    ScopedKernel kernel;
    std::vector<std::map<std::string, int>> scopes(1);
    int next = 0;
    const auto declare = [&](const std::string& name, int count) {
        if (!scopes.back().emplace(name + (count > 0 ? "<" : ""), next).second) return;
        for (int i = 0; i < count; ++i) scopes.back()[name + std::to_string(i)] = next + i;
        next += std::max(count, 1);
        kernel.text +=
            count > 0 ? fmt::format(".reg .b32 {}<{}>;\n", name, count) : fmt::format(".reg .b32 {};\n", name);
    };
    const auto use = [&](const std::string& name) {
        for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope) {
            const auto found = scope->find(name);
            if (found == scope->end()) continue;
            kernel.text += fmt::format("neg.s32 {}, 0;\n", name);
            kernel.declarations.push_back(found->second);
            return;
        }
    };
    for (const int action : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 10))) {
        if (action == 0 && scopes.size() < 20) {
            kernel.text += "{\n";
            scopes.emplace_back();
        } else if (action == 1 && scopes.size() > 1) {
            kernel.text += "}\n";
            scopes.pop_back();
        } else if (action < 4) {
            declare(*rc::gen::element<std::string>("p", "q"), 0);
        } else if (action < 6) {
            declare(*rc::gen::element<std::string>("r", "s"), *rc::gen::inRange(1, 4));
        } else {
            use(*rc::gen::element<std::string>("p", "q", "r0", "r1", "r2", "s0", "s1", "s2"));
        }
    }
    kernel.text += std::string(scopes.size(), '}');
    return kernel;
}

RC_GTEST_PROP(ParsePtx, ANameIsWhatTheInnermostScopeDeclares, ()) {
    const ScopedKernel kernel = random_scopes();
    const PtxModule module = parse_ptx(kernel.text, "a");
    const auto& instructions = module.kernels.front()->instructions;
    RC_ASSERT(instructions.size() == kernel.declarations.size());
    std::map<int, std::uint32_t> index_of;
    for (std::size_t i = 0; i < instructions.size(); ++i) {
        const std::uint32_t index = instructions[i].operands[0].index;
        RC_ASSERT(index_of.emplace(kernel.declarations[i], index).first->second == index);
    }
    RC_ASSERT(module.kernels.front()->registers.size() == index_of.size());
}

PtxOperand constant(const std::string& text) {
    const PtxModule module =
        parse_ptx(".version 8.0 .target sm_80 .entry k { .reg .b64 r; mov.b64 r, " + text + "; }", "constant.ptx");
    return module.kernels.front()->instructions.front().operands.at(1);
}

RC_GTEST_PROP(PtxConstant, IsTheSameInEveryBase, (std::uint64_t value)) {
    const bool suffix = *rc::gen::arbitrary<bool>();
    for (const std::string& text :
         {fmt::format("{}", value), fmt::format("0x{:x}", value), fmt::format("0X{:X}", value),
          fmt::format("0{:o}", value), fmt::format("0b{:b}", value)}) {
        const PtxOperand operand = constant(text + (suffix ? "U" : ""));
        RC_ASSERT(operand.bits == value);
        RC_ASSERT(!operand.immediate_type.has_value());
    }
}

RC_GTEST_PROP(PtxConstant, KeepsTheBitsOfFloats, (std::uint32_t single, std::uint64_t twice)) {
    const PtxOperand f32 = constant(fmt::format("0f{:08X}", single));
    RC_ASSERT(f32.bits == single);
    RC_ASSERT(f32.immediate_type == PtxType::f32);
    RC_ASSERT(constant(fmt::format("-0f{:08x}", single)).bits == (single ^ 0x80000000U));
    const PtxOperand f64 = constant(fmt::format("0D{:016x}", twice));
    RC_ASSERT(f64.bits == twice);
    RC_ASSERT(f64.immediate_type == PtxType::f64);
}

RC_GTEST_PROP(PtxConstant, DecimalFloatsAreDoubles, (double value)) {
    const double positive = std::abs(value);
    RC_ASSERT(constant(fmt::format("{:.17e}", positive)).bits == std::bit_cast<std::uint64_t>(positive));
}

/// An expression of signed numbers in parentheses, and its value as C++ computes it.
struct Expression {
    std::string text;
    std::int64_t value = 0;
};

Expression random_expression(int depth) {
    if (depth == 0 || *rc::gen::inRange(0, 4) == 0) {
        const auto value = *rc::gen::inRange<std::int64_t>(0, 1000000);
        return {fmt::format("{}", value), value};
    }
    const Expression a = random_expression(depth - 1);
    const Expression b = random_expression(depth - 1);
    const std::int64_t divisor = b.value == 0 ? 1 : b.value;
    const auto u = [](std::int64_t x) { return static_cast<std::uint64_t>(x); };
    const auto s = [](std::uint64_t x) { return static_cast<std::int64_t>(x); };
    const auto text = [&](const char* sign) { return fmt::format("({}{}{})", a.text, sign, b.text); };
    switch (*rc::gen::inRange(0, 12)) {
        case 0: return {text("+"), s(u(a.value) + u(b.value))};
        case 1: return {text("-"), s(u(a.value) - u(b.value))};
        case 2: return {text("*"), s(u(a.value) * u(b.value))};
        case 3:
            return {fmt::format("({}/ ({}))", a.text, divisor), divisor == -1 ? s(0 - u(a.value)) : a.value / divisor};
        case 4: return {fmt::format("({}% ({}))", a.text, divisor), divisor == -1 ? 0 : a.value % divisor};
        case 5: return {text("<"), a.value < b.value ? 1 : 0};
        case 6: return {text("&"), a.value & b.value};
        case 7: return {text("^"), a.value ^ b.value};
        case 8: return {fmt::format("(~{})", a.text), ~a.value};
        case 9: return {fmt::format("({}>>5)", a.text), a.value >> 5};
        case 10: return {fmt::format("({}?{}:{})", a.text, b.text, a.text), a.value != 0 ? b.value : a.value};
        default: return {text("=="), a.value == b.value ? 1 : 0};
    }
}

RC_GTEST_PROP(PtxConstant, ExpressionsHaveTheValuesOfC, ()) {
    const Expression expression = random_expression(5);
    RC_ASSERT(constant(expression.text).bits == static_cast<std::uint64_t>(expression.value));
}

TEST(PtxConstant, OperatorsBindAsInC) {
    EXPECT_EQ(constant("1+2*3").bits, 1 + 2 * 3);
    EXPECT_EQ(constant("10-4-3").bits, 3);
    EXPECT_EQ(constant("2*3+1").bits, 7);
    EXPECT_EQ(constant("1|2^3&6").bits, 1 | (2 ^ (3 & 6)));
    EXPECT_EQ(constant("1<<2+1").bits, 8);
    EXPECT_EQ(constant("7>>1==3").bits, 1);
    EXPECT_EQ(constant("0||2&&3").bits, 1);
    EXPECT_EQ(constant("!0+1").bits, 2);
    EXPECT_EQ(constant("-2+5").bits, 3);
    EXPECT_EQ(constant("1?2:0?3:4").bits, 2);
    EXPECT_EQ(constant("WARP_SZ-1").bits, 31);
    EXPECT_EQ(constant("(.u64)-1 > 0").bits, 1) << "as unsigned";
    EXPECT_EQ(constant("-1 > 0").bits, 0);
    EXPECT_EQ(constant("-8U>>1").bits, 0x7FFFFFFFFFFFFFFCU);
    EXPECT_EQ(constant("-8>>1").bits, static_cast<std::uint64_t>(-4));
    EXPECT_EQ(constant("1<<64").bits, 0);
    EXPECT_EQ(constant("-9223372036854775807-1").bits, std::uint64_t{1} << 63U);
    EXPECT_EQ(constant("(-9223372036854775807-1) / -1").bits, std::uint64_t{1} << 63U);
}

/// Operands as the opcode's mnemonic takes them.
std::string operands_for(const std::string& opcode) {
    const std::string mnemonic = opcode.substr(0, opcode.find('.'));
    const auto has = [&](const char* part) { return opcode.find(part) != std::string::npos; };
    const std::string value = has(".v4") ? "{%r1, %r2, %r3, %r4}" : has(".v2") ? "{%r1, %r2}" : "%r1";
    if (mnemonic == "mma" && has(".sp")) return "{%r1,%r2}, {%r3,%r4}, {%r5,%r6}, {%r7,%r8}, %r9, 0x0";
    if (mnemonic == "mma") return "{%r1,%r2}, {%r3}, {%r4}, {%r5,%r6}";
    if (mnemonic == "wmma") return "{%r1,%r2}, [%rd1], %r3";
    if (mnemonic == "ldmatrix") return "{%r1}, [%rd1+16]";
    if (mnemonic == "ld") return value + ", [%rd1+8]";
    if (mnemonic == "st") return "[%rd1], " + value;
    if (mnemonic == "red") return "[%rd1], %r1";
    if (mnemonic == "atom") return "%r1, [%rd1], %r2, %r3";
    if (opcode.starts_with("cp.async.c") && !has("commit")) return "[%r1], [%rd1], 16";
    if (opcode == "cp.async.wait_group" || mnemonic == "bar" || mnemonic == "barrier") return "1";
    if (mnemonic == "cp" || mnemonic == "fence" || mnemonic == "ret") return "";
    if (mnemonic == "bra") return "$label";
    if (mnemonic == "call") return "(result), function, (argument)";
    if (mnemonic == "shfl") return "%r1|%p1, %r2, 1, 31, -1";
    if (mnemonic == "setp") return "%p1, %r1, %r2";
    return "%r1, %r2, %r3";
}

TEST(ParsePtx, ReadsEveryOpcodeOfTheReference) {
    std::ifstream table(folder / "ptx_opcodes.csv");
    std::string line;
    int opcodes = 0;
    for (std::getline(table, line); std::getline(table, line); ++opcodes) {
        std::string opcode = line.substr(0, line.find(','));
        if (opcode == "<label>") continue;
        const bool guarded = opcode == "bra (pred)";
        if (guarded) opcode = "bra";
        const std::string text = fmt::format(
            ".version 8.0 .target sm_80 .func (.param .b32 r) function (.param .b32 x); .entry k {{\n"
            ".reg .b32 %r<10>; .reg .b64 %rd<3>; .reg .pred %p<2>; .param .b32 result, argument;\n"
            "$label: {}{} {};\n}}",
            guarded ? "@%p1 " : "", opcode, operands_for(opcode));
        const PtxModule module = parse_ptx(text, "opcode.ptx");
        const auto& instructions = module.kernels.front()->instructions;
        ASSERT_EQ(instructions.size(), 1);
        EXPECT_EQ(instructions[0].name(), opcode);
        EXPECT_EQ(instructions[0].guard.has_value(), guarded);
        EXPECT_EQ(instructions[0].operands.empty(), operands_for(opcode).empty()) << opcode;
    }
    EXPECT_EQ(opcodes, 255) << "254 and the labels";
}

}  // namespace
}  // namespace stcsim
