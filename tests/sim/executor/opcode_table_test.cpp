/// Every opcode that real kernels were found to use, row by row: decoded, executed, its effect compared.
#include <algorithm>
#include <fstream>
#include <random>

#include <gmock/gmock.h>

#include "base/error.h"
#include "mma_kernel.h"
#include "numerics/float_format.h"
#include "opcode_cases.h"

namespace stcsim {
namespace {

using U32 = std::uint32_t;
using U64 = std::uint64_t;

constexpr U32 threads = 64;
constexpr U32 parameter = 0x40490FDB;

std::vector<std::string> opcodes_of_the_reference() {
    std::ifstream file(std::string(STCSIM_SOURCE_DIR) + "/tests/sim/ptx/ptx_opcodes.csv");
    std::vector<std::string> opcodes;
    std::string line;
    for (std::getline(file, line); std::getline(file, line);) opcodes.push_back(line.substr(0, line.find(',')));
    return opcodes;
}

/// What the snippets find declared and set.
std::string body_of(const OpcodeCase& one) {
    std::string body =
        ".reg .b16 %g<64>; .reg .b32 %x<64>; .shared .align 16 .b8 tile[4096]; .local .align 16 .b8 own[64];\n"
        "mad.wide.u32 %d3, %r1, 96, %d1; mad.wide.u32 %d4, %r1, 8, %d2;\n";
    for (U32 i = 0; i < 3; ++i) {
        body += fmt::format(
            "ld.global.u32 %r{0}, [%d3+{1}]; ld.global.u64 %d{0}, [%d3+{2}]; cvt.u16.u32 %h{0}, %r{0};"
            "ld.global.f32 %f{0}, [%d3+{3}]; cvt.f64.f32 %e{0}, %f{0}; ld.global.u16 %g{0}, [%d3+{4}];"
            "ld.global.u32 %x{0}, [%d3+{5}];\n",
            10 + i, 4 * i, 16 + 8 * i, 40 + 4 * i, 52 + 4 * i, 64 + 4 * i);
    }
    body +=
        "and.b32 %r13, %r1, 1; setp.ne.u32 %p10, %r13, 0; setp.gt.u32 %p11, %r1, 9; mov.u32 %r30, tile;"
        "mad.lo.u32 %r30, %r1, 64, %r30; mov.u64 %d30, scratch; mad.wide.u32 %d30, %r1, 64, %d30; mov.u64 %d31, own;"
        "st.shared.v4.u32 [%r30], {0, 0, 0, 0}; bar.sync 0;\n";
    body += one.text + "\n";
    if (one.result == "r") body += "cvt.u64.u32 %d20, %r20;";
    if (one.result == "x") body += "cvt.u64.u32 %d20, %x20;";
    if (one.result == "h") body += "cvt.u64.u16 %d20, %h20;";
    if (one.result == "g") body += "cvt.u64.u16 %d20, %g20;";
    if (one.result == "f") body += "mov.b32 %r20, %f20; cvt.u64.u32 %d20, %r20;";
    if (one.result == "e") body += "mov.b64 %d20, %e20;";
    if (one.result == "p") body += "selp.u64 %d20, 1, 0, %p20;";
    return body + "\nst.global.u64 [%d4], %d20;";
}

const char* const module_scope =
    ".global .align 16 .b8 scratch[4096];\n"
    ".func (.param .b32 r) plus_one(.param .b32 x)\n{\n.reg .b32 %r<2>;\nld.param.b32 %r1, [x]; add.u32 %r1, %r1, 1;"
    "st.param.b32 [r], %r1; ret;\n}\n"
    ".func (.param .b32 r) low_word(.param .b64 x)\n{\n.reg .b64 %d<2>; .reg .b32 %r<2>;\nld.param.b64 %d1, [x];"
    "cvt.u32.u64 %r1, %d1; st.param.b32 [r], %r1; ret;\n}\n";

std::vector<std::byte> inputs() {
    std::vector<std::byte> bytes(std::size_t{96} * threads);
    for (U32 t = 0; t < threads; ++t) {
        const ThreadValues values = values_of_thread(t);
        std::byte* const at = bytes.data() + std::size_t{96} * t;
        for (std::size_t i = 0; i < 3; ++i) {
            std::memcpy(at + 4 * i, &values.r[i], 4);
            std::memcpy(at + 16 + 8 * i, &values.d[i], 8);
            std::memcpy(at + 40 + 4 * i, &values.f[i], 4);
            std::memcpy(at + 52 + 4 * i, &values.g[i], 2);
            std::memcpy(at + 64 + 4 * i, &values.x[i], 4);
        }
    }
    return bytes;
}

/// Whether the kernel has the instruction; a guarded branch counts as "bra (pred)".
bool has_instruction(const DecodedKernel& kernel, const std::string& opcode) {
    if (opcode == "<label>") return true;
    return std::ranges::any_of(kernel.instructions(), [&](const DecodedInstruction& one) {
        if (opcode == "bra (pred)") return one.ptx->opcode == "bra" && one.ptx->guard.has_value();
        return one.ptx->name() == opcode;
    });
}

void check_case(const std::string& opcode, const OpcodeCase& one) {
    TestKernel kernel(body_of(one), module_scope);
    kernel.block = {threads, 1, 1};
    EXPECT_TRUE(has_instruction(kernel.decoded(), opcode)) << opcode;
    const auto out = kernel.run<U64>(inputs(), threads, parameter);
    for (U32 t = 0; t < threads; ++t) {
        ASSERT_EQ(out[t], one.expected(values_of_thread(t)))
            << opcode << " in thread " << t << std::hex << ": " << out[t];
    }
}

/// mma: operands of any kind against the numerics. The instruction of sm_80 that the opcode is.
void check_mma(const std::string& opcode) {
    std::mt19937_64 random(11);
    std::string name = opcode;
    for (const std::string_view layout : {".sync", ".aligned", ".row", ".col"}) {
        if (const std::size_t at = name.find(layout); at != std::string::npos) name.erase(at, layout.size());
    }
    // The table has `.satfinite` last, PTX and the model's names before the types.
    constexpr std::string_view clamped = ".satfinite";
    if (name.ends_with(clamped)) {
        name.erase(name.size() - clamped.size());
        name.insert(name.find(".s32"), clamped);
    }
    const MmaInstruction& instruction = mma_instruction_named(name);
    for (U32 selector = 0; selector < std::max(1U, sparsity_selectors(instruction)); ++selector) {
        const MmaKernel kernel(instruction, selector, opcode);
        EXPECT_TRUE(has_instruction(TestKernel(kernel.text).decoded(), opcode)) << opcode;
        expect_bits_of_the_numerics(kernel, selector, random);
    }
}

/// wmma.load.a: rows in memory, through the product with the unit matrix.
void check_wmma_load(const std::string& opcode) {
    const bool is_f16 = opcode.ends_with("f16") && !opcode.ends_with("bf16");
    const U32 registers = is_f16 ? 8 : 4;
    const auto names = [](const std::string& prefix, U32 count) {
        std::vector<std::string> all;
        for (U32 i = 0; i < count; ++i) all.push_back(fmt::format("%{}{}", prefix, i));
        return fmt::format("{{{}}}", fmt::join(all, ", "));
    };
    const std::string type = is_f16 ? "f16" : "bf16";
    const std::string text = fmt::format(
        ".reg .b32 %A<8>; .reg .b32 %B<8>; .reg .f32 %C<8>; .reg .f32 %D<8>; .shared .align 32 .b8 a[512];\n"
        "mov.u32 %r10, a; mad.lo.u32 %r11, %r1, 16, %r10; mad.wide.u32 %d3, %r1, 16, %d1;"
        "ld.global.v4.u32 {{%r20, %r21, %r22, %r23}}, [%d3]; st.shared.v4.u32 [%r11], {{%r20, %r21, %r22, %r23}};"
        "bar.warp.sync -1; add.s64 %d4, %d1, 512;\n{} {}, [%r10], 16;\n"
        "wmma.load.b.sync.aligned.col.m16n16k16.global.{} {}, [%d4], 16;\n"
        "mov.f32 %C0, 0f00000000; mov.f32 %C1, %C0; mov.f32 %C2, %C0; mov.f32 %C3, %C0; mov.f32 %C4, %C0;"
        "mov.f32 %C5, %C0; mov.f32 %C6, %C0; mov.f32 %C7, %C0;\n"
        "wmma.mma.sync.aligned.row.col.m16n16k16.{} {}, {}, {}, {};\n"
        "wmma.store.d.sync.aligned.row.m16n16k16.global.f32 [%d2], {}, 16;\n",
        opcode, names("A", registers), type, names("B", registers), is_f16 ? "f32.f32" : "f32.bf16.bf16.f32",
        names("D", 8), names("A", registers), names("B", registers), names("C", 8), names("D", 8));
    TestKernel kernel(text);
    EXPECT_TRUE(has_instruction(kernel.decoded(), opcode)) << opcode;
    std::vector<std::uint16_t> in;
    const ElementType element = is_f16 ? ElementType::f16 : ElementType::bf16;
    for (U32 i = 0; i < 256; ++i) in.push_back(static_cast<std::uint16_t>(from_double(element, i % 200)));
    for (U32 i = 0; i < 256; ++i) {
        in.push_back(static_cast<std::uint16_t>(from_double(element, i / 16 == i % 16 ? 1 : 0)));
    }
    const auto out = kernel.run<float>(in, 256);
    for (U32 i = 0; i < 256; ++i) ASSERT_EQ(out[i], static_cast<float>(i % 200)) << opcode << " " << i;
}

TEST(OpcodeTable, EveryRowIsDecodedAndExecuted) {
    std::size_t rows = 0;
    for (const std::string& opcode : opcodes_of_the_reference()) {
        ++rows;
        SCOPED_TRACE(opcode);
        if (opcode.find("e5m2") != std::string::npos) {
            // Of sm_89; a kernel that has it is refused by name.
            const std::string message = message_of<InputError>([&] {
                TestKernel kernel(opcode +
                                  " {%f0, %f1, %f2, %f3}, {%r4, %r5, %r6, %r7}, {%r8, %r9, %r10, %r11}, "
                                  "{%f0, %f1, %f2, %f3}, %r12, 0;");
            });
            EXPECT_THAT(message, testing::HasSubstr(opcode));
        } else if (opcode.starts_with("mma.")) {
            check_mma(opcode);
        } else if (opcode.starts_with("wmma.load.a")) {
            check_wmma_load(opcode);
        } else {
            const OpcodeCase one = opcode_case(opcode);
            if (one.text.empty()) {
                ADD_FAILURE() << "no snippet executes " << opcode;
            } else {
                check_case(opcode, one);
            }
        }
    }
    EXPECT_EQ(rows, 255U) << "254 opcodes and the labels";
}

}  // namespace
}  // namespace stcsim
