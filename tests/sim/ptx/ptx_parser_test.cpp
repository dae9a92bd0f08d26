#include "ptx/ptx_parser.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "compiler.h"
#include "module_text.h"

namespace stcsim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = PtxOperand::Kind;

std::string sample(const std::string& name) {
    return contents_of(STCSIM_SOURCE_DIR "/tests/sim/ptx/modules/" + name);
}

/// A kernel `k` with the statements in lines 4 and later.
PtxModule kernel_of(const std::string& statements) {
    return parse_ptx(".version 8.0\n.target sm_80\n.entry k(.param .u64 p, .param .u32 q)\n{" + statements + "\n}",
                     "k.ptx");
}

const char* const registers = ".reg .b32 %r<100>; .reg .b64 %rd<9>; .reg .pred %p<9>; .reg .f32 %f<9>;\n";

/// The first instruction of a kernel.
PtxInstruction instruction_of(const std::string& text) {
    return kernel_of(registers + text).kernels.front()->instructions.front();
}

/// The instructions of a kernel, one a line.
std::vector<std::string> texts_of(const std::string& statements) {
    const PtxModule module = kernel_of(registers + statements);
    std::vector<std::string> texts;
    for (const PtxInstruction& instruction : module.kernels.front()->instructions) {
        texts.push_back(text_of(instruction, *module.kernels.front()));
    }
    return texts;
}

const PtxVariable& variable_of(const PtxModule& module, const std::string& name) {
    for (const auto& variable : module.variables) {
        if (variable->name == name) return *variable;
    }
    throw std::out_of_range(name);
}

std::vector<int> initial_of(const PtxModule& module, const std::string& name) {
    std::vector<int> bytes;
    for (const std::byte byte : variable_of(module, name).initial) bytes.push_back(std::to_integer<int>(byte));
    return bytes;
}

TEST(ParsePtx, ReadsWhatAModuleSaysOfItself) {
    const PtxModule module = parse_ptx(sample("directives.ptx"), "directives.ptx");
    EXPECT_EQ(module.name, "directives.ptx");
    EXPECT_EQ(module.version_major, 8);
    EXPECT_EQ(module.version_minor, 1);
    EXPECT_EQ(module.target, "sm_80");
    EXPECT_EQ(module.files.at(7), "second.cuh");
    ASSERT_EQ(module.kernels.size(), 1);
    EXPECT_EQ(module.functions.size(), 5);
    EXPECT_TRUE(module.functions[1].defined);
    EXPECT_FALSE(module.functions[0].defined) << "an external function";
}

TEST(ParsePtx, ReadsFunctionsWithTheirParametersResultsAndBodies) {
    const PtxModule module = parse_ptx(
        ".version 8.0 .target sm_80 .func (.param .align 8 .b8 r[24], .reg .u32 s) f(.reg .f64 x, .param .b32 y)\n"
        "{ .reg .b32 %r1; ld.param.b32 %r1, [y]; add.u32 s, %r1, 1; call f, (x, y); ret; }\n"
        ".func g; .func g { } .alias h, g;",
        "functions.ptx");
    ASSERT_EQ(module.functions.size(), 3);
    const PtxFunction& f = module.functions[0];
    ASSERT_NE(f.body, nullptr);
    EXPECT_EQ(f.body->instructions.size(), 4);
    EXPECT_EQ(f.body->instructions[2].operands[1].index, 0) << "itself";
    ASSERT_EQ(f.results.size(), 2);
    EXPECT_EQ(f.results[0].variable->name, "r");
    EXPECT_EQ(f.results[0].bytes, 24);
    EXPECT_EQ(f.body->registers[f.results[1].reg].name, "s");
    ASSERT_EQ(f.parameters.size(), 2);
    EXPECT_EQ(f.parameters[0].bytes, 8);
    EXPECT_EQ(f.body->instructions[0].operands[1].variable, f.parameters[1].variable);
    EXPECT_NE(module.functions[1].body, nullptr);
    EXPECT_EQ(module.functions[2].alias_of, 1);
}

TEST(ParsePtx, ReadsAKernelsLimitsAndParameters) {
    const PtxModule module = parse_ptx(sample("directives.ptx"), "directives.ptx");
    const PtxKernel& kernel = module.kernel("kernel");
    EXPECT_EQ(kernel.max_threads_per_cta, 256);
    EXPECT_EQ(kernel.min_ctas_per_sm, 2);
    EXPECT_EQ(kernel.max_registers, 128);
    ASSERT_EQ(kernel.parameters.size(), 4);
    std::vector<std::uint64_t> offsets;
    for (const PtxVariable& parameter : kernel.parameters) offsets.push_back(kernel.parameter_offset(parameter));
    EXPECT_THAT(offsets, ElementsAre(0, 8, 32, 40));
    EXPECT_EQ(kernel.parameter_bytes(), 48);
    ASSERT_EQ(kernel.variables.size(), 2);
    EXPECT_EQ(kernel.variables[0].space, PtxSpace::local);
    EXPECT_EQ(kernel.variables[1].bytes, 8 * 33 * 4);
}

TEST(ParsePtx, ReadsInitialValues) {
    const PtxModule module = parse_ptx(sample("directives.ptx"), "directives.ptx");
    EXPECT_THAT(initial_of(module, "bytes"), ElementsAre(1, 2, 3, 4, 5, 255, 20));
    EXPECT_EQ(variable_of(module, "bytes").bytes, 16);
    EXPECT_THAT(initial_of(module, "word"), ElementsAre(255, 255, 255, 255));
    EXPECT_THAT(initial_of(module, "single"), ElementsAre(0, 0, 0x80, 0x3F));
    EXPECT_THAT(initial_of(module, "from_decimal"), ElementsAre(0, 0, 0xC0, 0x3F, 0, 0, 0, 0xC0));
    EXPECT_THAT(initial_of(module, "doubled"), ElementsAre(0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F));
    EXPECT_THAT(initial_of(module, "rows"), ElementsAre(1, 0, 2, 0, 3, 0, 4, 0));
    EXPECT_THAT(initial_of(module, "text"), ElementsAre('a', 'b', '\n', 'A', 0));
    EXPECT_EQ(variable_of(module, "text").bytes, 5);
    EXPECT_EQ(variable_of(module, "open").bytes, 12) << "three rows, the last of which is short";
    EXPECT_EQ(variable_of(module, "two").bytes, 12);
    EXPECT_EQ(variable_of(module, "two").space, PtxSpace::constant);
    EXPECT_EQ(variable_of(module, "pairs").alignment, 8);
    EXPECT_EQ(variable_of(module, "dynamic").bytes, 0);
}

TEST(ParsePtx, ReadsAddressesInInitialValues) {
    const PtxModule module = parse_ptx(sample("directives.ptx"), "directives.ptx");
    const PtxVariable& bytes = variable_of(module, "bytes");
    const auto& pointer = variable_of(module, "pointer").addresses;
    ASSERT_EQ(pointer.size(), 1);
    EXPECT_EQ(pointer[0].variable, &bytes);
    EXPECT_EQ(pointer[0].addend, 4);
    EXPECT_TRUE(pointer[0].generic);
    const auto& pointers = variable_of(module, "pointers").addresses;
    ASSERT_EQ(pointers.size(), 3);
    EXPECT_EQ(pointers[2].variable, nullptr) << "that of a function";
    EXPECT_EQ(module.functions[pointers[2].function].name, "vprintf");
    EXPECT_EQ(pointers[1].at, 8);
    EXPECT_EQ(pointers[1].addend, 8);
    EXPECT_FALSE(pointers[1].generic);
    const auto& split = variable_of(module, "split").addresses;
    ASSERT_EQ(split.size(), 2);
    EXPECT_EQ(split[1].mask, 0xFF00);
    EXPECT_EQ(split[1].bytes, 1);
}

TEST(ParsePtx, ADefinitionTakesThePlaceOfAnExternalDeclaration) {
    const PtxModule module = parse_ptx(
        ".version 8.0\n.target sm_80\n.extern .global .u32 x;\n.global .u64 y = x;\n.global .u32 x = 7;", "x.ptx");
    ASSERT_EQ(module.variables.size(), 2);
    EXPECT_FALSE(variable_of(module, "x").external);
    EXPECT_THAT(initial_of(module, "x"), ElementsAre(7, 0, 0, 0));
    EXPECT_EQ(variable_of(module, "y").addresses[0].variable, &variable_of(module, "x"));
}

TEST(ParsePtx, KeepsModifiersAsWritten) {
    const PtxInstruction instruction = instruction_of("ld.global.L1::no_allocate.L2::128B.v2.u32 {%r1, %r2}, [%rd1];");
    EXPECT_EQ(instruction.opcode, "ld");
    EXPECT_THAT(instruction.modifiers, ElementsAre("global", "L1::no_allocate", "L2::128B", "v2", "u32"));
    EXPECT_EQ(instruction.name(), "ld.global.L1::no_allocate.L2::128B.v2.u32");
    EXPECT_EQ(instruction_of("mma.sp::ordered_metadata.sync {%r1}, {%r2};").name(), "mma.sp::ordered_metadata.sync");
}

TEST(ParsePtx, ReadsOperandsOfEveryKind) {
    const PtxModule module = parse_ptx(sample("instructions.ptx"), "instructions.ptx");
    const PtxKernel& kernel = *module.kernels.front();
    const std::string all = text_of(module);
    EXPECT_THAT(all, HasSubstr("mov.u32 %r1#2.b32 %ctaid.x"));
    EXPECT_THAT(all, HasSubstr("mov.u32 %r2#3.b32 0x20 ")) << "WARP_SZ";
    EXPECT_THAT(all, HasSubstr("{%rs1#5.b16 _ } %r3"));
    EXPECT_THAT(all, HasSubstr("0xbf800000.f32"));
    EXPECT_THAT(all, HasSubstr("0x4008000000000000.f64"));
    EXPECT_THAT(all, HasSubstr("dynamic+256"));
    EXPECT_THAT(all, HasSubstr("0xfffffffffffffff0"));
    EXPECT_THAT(all, HasSubstr(" 0x0 0xe8 !%p1#"));
    EXPECT_THAT(all, HasSubstr("[absolute+4096 ]"));
    EXPECT_THAT(all, HasSubstr("[instructions_param_0+0 ]"));
    EXPECT_EQ(kernel.branch_targets.size(), 1);
}

TEST(ParsePtx, GivesTheLocationsOfInstructionsAndOperands) {
    const PtxModule module = kernel_of("\n.reg .b32 %r<9>; .reg .pred p;\n\t@p add.s32 %r1,\n [%r2+4];");
    const PtxInstruction& instruction = module.kernels.front()->instructions.front();
    EXPECT_EQ(instruction.where.line, 6);
    EXPECT_EQ(instruction.where.column, 5);
    EXPECT_EQ(instruction.operands[1].where.line, 7);
    EXPECT_EQ(instruction.operands[1].where.column, 2);
}

TEST(ParsePtx, GivesACallsResultsCalleeAndArguments) {
    const PtxModule module = parse_ptx(sample("instructions.ptx"), "instructions.ptx");
    std::vector<const PtxInstruction*> calls;
    for (const PtxInstruction& instruction : module.kernels.front()->instructions) {
        if (instruction.opcode == "call") calls.push_back(&instruction);
    }
    ASSERT_EQ(calls.size(), 2);
    ASSERT_EQ(calls[0]->operands.size(), 3);
    EXPECT_EQ(calls[0]->operands[0].elements.at(0).variable->name, "retval0");
    EXPECT_EQ(calls[0]->operands[0].elements.at(0).variable->space, PtxSpace::param);
    EXPECT_EQ(calls[0]->operands[1].text, "vprintf");
    EXPECT_EQ(calls[0]->operands[2].elements.size(), 2);
    ASSERT_EQ(calls[1]->operands.size(), 4);
    EXPECT_EQ(calls[1]->operands[1].kind, Kind::reg);
    EXPECT_EQ(calls[1]->operands[3].text, "prototype_0");
}

TEST(ParsePtx, ACallWithoutResultsAndArgumentsHasEmptyLists) {
    const PtxModule module =
        parse_ptx(".version 8.0 .target sm_80 .func f; .entry k { call.uni f; call f, (1); ret; }", "call.ptx");
    const auto& instructions = module.kernels.front()->instructions;
    ASSERT_EQ(instructions[0].operands.size(), 3);
    EXPECT_THAT(instructions[0].operands[0].elements, IsEmpty());
    EXPECT_EQ(instructions[0].operands[1].text, "f");
    EXPECT_THAT(instructions[0].operands[2].elements, IsEmpty());
    EXPECT_EQ(instructions[1].operands[2].elements.size(), 1);
}

TEST(ParsePtx, LabelsAreInstructionNumbersAlsoBeforeTheyComeAndAtTheEnd) {
    const auto texts = texts_of("bra end; start: bra start; bra.uni end; end:");
    EXPECT_THAT(texts, ElementsAre("bra ->3 ;0:0", "bra ->1 ;0:0", "bra.uni ->3 ;0:0"));
}

TEST(ParsePtx, LabelsAreThoseOfTheInnermostScope) {
    const auto texts = texts_of("{ bra x; { bra x; ret; x: bra x; } ret; x: ret; } x: bra x;");
    EXPECT_THAT(texts, ElementsAre("bra ->5 ;0:0", "bra ->3 ;0:0", "ret ;0:0", "bra ->3 ;0:0", "ret ;0:0", "ret ;0:0",
                                   "bra ->6 ;0:0"));
}

TEST(ParsePtx, BranchTargetsAreResolved) {
    const PtxModule module = parse_ptx(sample("instructions.ptx"), "instructions.ptx");
    const PtxKernel& kernel = *module.kernels.front();
    const auto& targets = kernel.branch_targets.at(0);
    ASSERT_EQ(targets.size(), 3);
    EXPECT_EQ(kernel.instructions[targets[0]].opcode, "shfl");
    EXPECT_EQ(kernel.instructions[targets[1]].opcode, "ret");
    EXPECT_EQ(targets[2], targets[0]);
}

TEST(ParsePtx, OnlyRegistersThatAreNamedAreEntered) {
    const PtxModule module = kernel_of(".reg .b32 %r<4000000000>; mov.u32 %r3999999999, %r7;");
    const auto& entered = module.kernels.front()->registers;
    ASSERT_EQ(entered.size(), 2);
    EXPECT_EQ(entered[0].name, "%r3999999999");
}

TEST(ParsePtx, APrefixOfARangeMayEndInADigit) {
    const auto texts = texts_of(".reg .b32 a1<20>; .reg .b64 a<20>; mov a15, a3; mov a119, a110;");
    EXPECT_THAT(texts, ElementsAre("mov a15#0.b64 a3#1.b64 ;0:0", "mov a119#2.b32 a110#3.b32 ;0:0"));
}

TEST(ParsePtx, VectorRegistersAreTheirComponents) {
    const auto texts = texts_of(".reg .v2 .f32 v; ld.v2.f32 v, [%rd1]; mov.f32 v.y, v.x;");
    EXPECT_THAT(texts, ElementsAre("ld.v2.f32 {v.x#0.f32 v.y#1.f32 } [%rd1#2.b64+0 ] ;0:0",
                                   "mov.f32 v.y#1.f32 v.x#0.f32 ;0:0"));
}

TEST(ParsePtx, SpecialRegistersThatAreNotSimulatedKeepTheirNames) {
    for (const std::string name : {"%envreg3", "%reserved_smem_offset_1", "%clusterid.x", "%pm3"}) {
        const PtxOperand operand = instruction_of("mov.u32 %r1, " + name + ";").operands[1];
        EXPECT_EQ(operand.special, PtxSpecialRegister::unsupported) << name;
        EXPECT_EQ(operand.text, name);
    }
    EXPECT_EQ(instruction_of("mov.u32 %r1, %nctaid.z;").operands[1].special, PtxSpecialRegister::nctaid_z);
    EXPECT_EQ(instruction_of("mov.u64 %rd1, %clock64;").operands[1].special, PtxSpecialRegister::clock64);
}

TEST(ParsePtx, OffsetsMayBeNegativeAndExpressions) {
    EXPECT_EQ(instruction_of("ld.u32 %r1, [%rd1+-16];").operands[1].offset, -16);
    EXPECT_EQ(instruction_of("ld.u32 %r1, [%rd1-16];").operands[1].offset, -16);
    EXPECT_EQ(instruction_of("ld.u32 %r1, [%rd1+4*(2+1)];").operands[1].offset, 12);
    EXPECT_THAT(texts_of("ld.u32 %r1, [p+4];"), ElementsAre(HasSubstr(" [p+4 ]")));
    EXPECT_EQ(instruction_of("ld.u32 %r1, [0xFFFFFFFFFFFFFFFF];").operands[1].offset, -1);
}

TEST(ParsePtx, InstructionsKnowTheirSourceLine) {
    const PtxModule module = parse_ptx(sample("directives.ptx"), "directives.ptx");
    const auto& instructions = module.kernel("kernel").instructions;
    EXPECT_EQ(module.source_text(instructions[0].source), "first \\\"quoted\\\".cu:25");
    EXPECT_EQ(module.source_text(instructions[1].source), "second.cuh:3");
    EXPECT_EQ(module.source_text({}), "");
    EXPECT_EQ(module.source_text({99, 5}), "");
}

TEST(ParsePtx, ReadsWindowsLineEndsTabsAndNulAtTheEnd) {
    std::string text = sample("instructions.ptx");
    const std::string expected = text_of(parse_ptx(text, "a"));
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) text.replace(at, 1, "\r\n");
    EXPECT_EQ(text_of(parse_ptx(text + std::string(3, '\0'), "a")), expected);
}

TEST(PtxModule, NamesKernelsNearTheOneThatIsMissing) {
    const PtxModule module = parse_ptx(".version 8.0 .target sm_80 .entry gemm_nn {ret;} .entry other {ret;}", "m.ptx");
    EXPECT_EQ(&module.kernel("other"), module.kernels[1].get());
    try {
        (void)module.kernel("gemm_nt");
        FAIL();
    } catch (const InputError& error) {
        EXPECT_STREQ(error.what(), "m.ptx: found no kernel 'gemm_nt', expected for instance gemm_nn");
    }
}

TEST(RequireTarget, RefusesNewerAndSpecificArchitecturesAndNamesTheOption) {
    const auto module_for = [](const std::string& target) {
        return parse_ptx(".version 8.0\n.target " + target, "t.ptx");
    };
    for (const std::string older : {"sm_80", "sm_75", "sm_52", "sm_30"}) {
        EXPECT_NO_THROW(require_target(module_for(older), 80)) << older;
    }
    EXPECT_NO_THROW(require_target(module_for("sm_86"), 86));
    for (const std::string newer : {"sm_86", "sm_90", "sm_90a", "sm_100f", "sm_120", "compute_80", "sm_80a"}) {
        try {
            require_target(module_for(newer), 80);
            FAIL() << newer;
        } catch (const InputError& error) {
            EXPECT_EQ(error.where().line, 2);
            EXPECT_THAT(error.found(), HasSubstr(newer));
            EXPECT_THAT(error.expected(), HasSubstr("-gencode arch=compute_80,code=compute_80"));
        }
    }
}

TEST(ReadPtx, SaysWhichFileCannotBeRead) {
    EXPECT_THAT([] { read_ptx("/nowhere/k.ptx"); },
                testing::ThrowsMessage<InputError>(HasSubstr("/nowhere/k.ptx: found a file that cannot be read")));
    EXPECT_THAT([] { read_ptx(STCSIM_SOURCE_DIR "/tests"); },
                testing::ThrowsMessage<InputError>(HasSubstr("a folder")));
    EXPECT_EQ(read_ptx(STCSIM_SOURCE_DIR "/tests/sim/ptx/modules/instructions.ptx").kernels.size(), 1);
}

}  // namespace
}  // namespace stcsim
