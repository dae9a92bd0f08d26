/// Loads, stores, ldmatrix, cp.async.
#include <array>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "opcode_values.h"

namespace stcsim::opcodes {
namespace {

/// The four words that lie in memory before a load, and as they are stored.
std::array<U32, 4> words_of(T t) {
    return {static_cast<U32>(t.r[0]), static_cast<U32>(t.r[1]), static_cast<U32>(t.r[2]),
            static_cast<U32>(t.r[0] ^ t.r[2])};
}
U64 folded(const std::vector<U64>& elements) {
    U64 sum = 0;
    for (std::size_t i = 0; i < elements.size(); ++i) sum += (2 * i + 1) * elements[i];
    return sum;
}
/// Adds (2 i + 1) times element register i, whose bits are those of a type, to %d20.
std::string fold(const std::string& type, U32 elements) {
    std::string text = "mov.u64 %d20, 0;";
    for (U32 i = 0; i < elements; ++i) {
        const std::string r = letter_of(type);
        if (r == "h") text += fmt::format("cvt.u64.u16 %d40, %h{};", 60 + i);
        if (r == "r") text += fmt::format("cvt.u64.u32 %d40, %r{};", 60 + i);
        if (r == "f") text += fmt::format("mov.b32 %r40, %f{}; cvt.u64.u32 %d40, %r40;", 60 + i);
        if (r == "d") text += fmt::format("mov.u64 %d40, %d{};", 60 + i);
        if (r == "e") text += fmt::format("mov.b64 %d40, %e{};", 60 + i);
        text += fmt::format("mad.lo.u64 %d20, %d40, {}, %d20;", 2 * i + 1);
    }
    return text;
}
std::string element_registers(const std::string& type, U32 elements) {
    std::vector<std::string> names;
    for (U32 i = 0; i < elements; ++i) names.push_back(fmt::format("%{}{}", letter_of(type), 60 + i));
    return elements == 1 ? names[0] : fmt::format("{{{}}}", fmt::join(names, ", "));
}
const std::string word_registers =
    "mov.u32 %r50, %r10; mov.u32 %r51, %r11; mov.u32 %r52, %r12; xor.b32 %r53, %r10, %r12;";

struct Access {
    std::string type;
    U32 elements;
    std::string space;    ///< "global", "shared", "local"
    std::string address;  ///< the register
};
Access access_of(const std::vector<std::string>& parts) {
    Access access{parts.back(), 1, "global", "%d30"};
    if (has(parts, "v2")) access.elements = 2;
    if (has(parts, "v4")) access.elements = 4;
    if (has(parts, "shared")) access = {access.type, access.elements, "shared", "%r30"};
    if (has(parts, "local")) access = {access.type, access.elements, "local", "%d31"};
    return access;
}

OpcodeCase load(const std::string& opcode) {
    const Access a = access_of(parts_of(opcode));
    std::string text = word_registers;
    for (U32 i = 0; i < 4; ++i) text += fmt::format("st.{}.u32 [{}+{}], %r{};", a.space, a.address, 4 * i, 50 + i);
    text += fmt::format("{} {}, [{}];", opcode, element_registers(a.type, a.elements), a.address);
    return {text + fold(a.type, a.elements), "d", [=](T t) {
                const auto memory = words_of(t);
                std::vector<U64> elements(a.elements);
                for (U32 i = 0; i < a.elements; ++i) {
                    std::memcpy(&elements[i], reinterpret_cast<const char*>(memory.data()) + i * bytes_of_type(a.type),
                                bytes_of_type(a.type));
                }
                return folded(elements);
            }};
}

OpcodeCase store(const std::string& opcode) {
    const Access a = access_of(parts_of(opcode));
    const U32 bytes = bytes_of_type(a.type);
    std::string text = word_registers;
    for (U32 i = 0; i < a.elements; ++i) {
        const std::string r = letter_of(a.type);
        if (r == "h") text += fmt::format("cvt.u16.u32 %h{}, %r{};", 60 + i, 50 + i);
        if (r == "r") text += fmt::format("mov.u32 %r{}, %r{};", 60 + i, 50 + i);
        if (r == "f") text += fmt::format("mov.b32 %f{}, %r{};", 60 + i, 50 + i);
        if (r == "d") text += fmt::format("mov.b64 %d{}, {{%r{}, %r{}}};", 60 + i, 50 + 2 * i, 51 + 2 * i);
        if (r == "e") text += fmt::format("mov.b64 %e{}, {{%r{}, %r{}}};", 60 + i, 50 + 2 * i, 51 + 2 * i);
    }
    text += fmt::format("{} [{}], {};", opcode, a.address, element_registers(a.type, a.elements));
    for (U32 i = 0; i < 4; ++i) text += fmt::format("ld.{}.u32 %r{}, [{}+{}];", a.space, 60 + i, a.address, 4 * i);
    return {text + fold("u32", 4), "d", [=](T t) {
                const auto words = words_of(t);
                std::array<U32, 4> memory{};
                for (U32 i = 0; i < a.elements; ++i) {
                    const char* const from = reinterpret_cast<const char*>(words.data()) + (bytes == 8 ? 8 : 4) * i;
                    std::memcpy(reinterpret_cast<char*>(memory.data()) + i * bytes, from, bytes);
                }
                return folded({memory[0], memory[1], memory[2], memory[3]});
            }};
}

/// ld.param: the kernel's parameters are the addresses %d1 and %d2, and n = 0x40490FDB in %r3.
OpcodeCase load_parameter(const std::string& opcode) {
    const Access a = access_of(parts_of(opcode));
    const U32 bytes = a.elements * bytes_of_type(a.type);
    std::string text =
        fmt::format("{} {}, [{}];", opcode, element_registers(a.type, a.elements), bytes == 8 ? "in" : "n");
    if (bytes != 8) {
        return {text + fold(a.type, a.elements), "d", [=](T) {
                    constexpr U32 n = 0x40490FDB;
                    std::vector<U64> elements(a.elements);
                    for (U32 i = 0; i < a.elements; ++i) {
                        std::memcpy(&elements[i], reinterpret_cast<const char*>(&n) + i * bytes_of_type(a.type),
                                    bytes_of_type(a.type));
                    }
                    return folded(elements);
                }};
    }
    // Who knows where the input lies: its bits, compared.
    if (a.elements == 2 && letter_of(a.type) == "f") text += "mov.b32 %r60, %f60; mov.b32 %r61, %f61;";
    if (a.elements == 2) text += "mov.b64 %d60, {%r60, %r61};";
    if (a.elements == 1 && letter_of(a.type) == "e") text += "mov.b64 %d60, %e60;";
    return {text + "sub.u64 %d20, %d60, %d1; add.u64 %d20, %d20, 9;", "d", [](T) { return U64{9}; }};
}

// ldmatrix: thread t has written the words 4 t to 4 t + 3 as row t.

OpcodeCase load_matrix(const std::string& opcode) {
    const auto parts = parts_of(opcode);
    const U32 matrices = has(parts, "x4") ? 4 : has(parts, "x2") ? 2 : 1;
    const bool transposed = has(parts, "trans");
    std::string text =
        "mov.u32 %r40, tile; mad.lo.u32 %r40, %r1, 16, %r40; shl.b32 %r50, %r1, 2; add.u32 %r51, %r50, 1;"
        "add.u32 %r52, %r50, 2; add.u32 %r53, %r50, 3; st.shared.v4.u32 [%r40], {%r50, %r51, %r52, %r53}; bar.sync 0;";
    std::vector<std::string> names;
    for (U32 i = 0; i < matrices; ++i) names.push_back(fmt::format("%r{}", 60 + i));
    text += fmt::format("{} {{{}}}, [%r40];", opcode, fmt::join(names, ", "));
    return {text + fold("u32", matrices), "d", [=](T t) {
                const auto element = [&](U32 row, U32 column) {
                    return column % 2 == 0 ? 4 * row + column / 2 : 0U;  // words are below 2^16
                };
                std::vector<U64> words;
                for (U32 m = 0; m < matrices; ++m) {
                    U32 both = 0;
                    for (U32 i = 0; i < 2; ++i) {
                        const U32 across = 2 * (t.thread % 4) + i;
                        const U32 along = t.thread % 32 / 4;
                        const U32 row = t.thread / 32 * 32 + 8 * m;  // of the warp's own rows
                        both |= (transposed ? element(row + across, along) : element(row + along, across)) << 16 * i;
                    }
                    words.push_back(both);
                }
                return folded(words);
            }};
}

OpcodeCase copy(const std::string& opcode) {
    // The lane's words go to global memory first; the copy takes them to shared memory.
    std::string text = word_registers + "st.global.v4.u32 [%d30], {%r50, %r51, %r52, %r53};";
    const bool policy = opcode.ends_with("cache_hint");
    const bool all_levels = opcode.starts_with("cp.async.ca");
    if (policy) text += "createpolicy.fractional.L2::evict_first.b64 %d40, 1.0;";
    text +=
        fmt::format("{} [%r30], [%d30], {}{}; cp.async.wait_all;", opcode, all_levels ? 8 : 16, policy ? ", %d40" : "");
    for (U32 i = 0; i < 4; ++i) text += fmt::format("ld.shared.u32 %r{}, [%r30+{}];", 60 + i, 4 * i);
    return {text + fold("u32", 4), "d", [=](T t) {
                const auto w = words_of(t);
                return all_levels ? folded({w[0], w[1], 0, 0}) : folded({w[0], w[1], w[2], w[3]});
            }};
}

const std::string start_copy =
    word_registers + "st.global.u32 [%d30], %r50; cp.async.ca.shared.global [%r30], [%d30], 4;";

}  // namespace

Table async_copy_cases() {
    return {
        {"cp.async.commit_group",
         {start_copy + "cp.async.commit_group; cp.async.wait_group 0; ld.shared.u32 %r20, [%r30];", "r",
          [](T t) { return word(t.r[0]); }}},
        // The older of two groups has arrived, whatever the newer one does.
        {"cp.async.wait_group",
         {start_copy + "cp.async.commit_group; cp.async.ca.shared.global [%r30+8], [%d30], 4;"
                       "cp.async.commit_group; cp.async.wait_group 1; ld.shared.u32 %r20, [%r30];"
                       "cp.async.wait_group 0;",
          "r", [](T t) { return word(t.r[0]); }}},
        {"cp.async.wait_all",
         {start_copy + "cp.async.wait_all; ld.shared.u32 %r20, [%r30];", "r", [](T t) { return word(t.r[0]); }}},
    };
}

OpcodeCase memory_access(const std::string& opcode) {
    const auto parts = parts_of(opcode);
    if (parts[0] == "ld") return has(parts, "param") ? load_parameter(opcode) : load(opcode);
    if (parts[0] == "st") return store(opcode);
    if (parts[0] == "ldmatrix") return load_matrix(opcode);
    if (opcode.starts_with("cp.async.c")) return copy(opcode);
    return {};
}

}  // namespace stcsim::opcodes
