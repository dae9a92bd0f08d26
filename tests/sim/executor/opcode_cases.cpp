#include "opcode_cases.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "numerics/float_format.h"

namespace stcsim {
namespace {

using T = const ThreadValues&;
using S16 = std::int16_t;
using S32 = std::int32_t;
using S64 = std::int64_t;
using U16 = std::uint16_t;
using U32 = std::uint32_t;
using U64 = std::uint64_t;

U64 word(S64 x) {
    return static_cast<U32>(x);
}
U64 half(S64 x) {
    return static_cast<U16>(x);
}
U64 bits(float x) {
    return std::bit_cast<U32>(x);
}
U64 bits(double x) {
    return std::bit_cast<U64>(x);
}
U16 f16(double x) {
    return static_cast<U16>(from_double(ElementType::f16, x));
}
U16 bf16(double x) {
    return static_cast<U16>(from_double(ElementType::bf16, x));
}
double value(U16 x) {
    return to_double(ElementType::f16, x);
}
/// Of both halves of packed f16.
template <typename Operation>
U64 packed(U32 a, U32 b, Operation operation) {
    const auto one = [&](U32 shift) {
        return U32{f16(operation(value(static_cast<U16>(a >> shift)), value(static_cast<U16>(b >> shift))))} << shift;
    };
    return one(0) | one(16);
}

std::vector<std::string> parts_of(const std::string& opcode) {
    std::vector<std::string> parts{""};
    for (const char c : opcode) {
        if (c == '.') {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}
bool has(const std::vector<std::string>& parts, const std::string& part) {
    return std::find(parts.begin(), parts.end(), part) != parts.end();
}

/// The letter of the registers that a type goes into, as the snippets name them.
std::string letter_of(const std::string& type) {
    if (type == "f16") return "g";
    if (type == "f32") return "f";
    if (type == "f64") return "e";
    if (type == "pred") return "p";
    const std::string bits_of_type = type.substr(1);
    return bits_of_type == "64" ? "d" : bits_of_type == "32" ? "r" : "h";
}
U32 bytes_of_type(const std::string& type) {
    return static_cast<U32>(std::stoul(type.substr(type.find_first_of("0123456789")))) / 8;
}

// setp.

template <typename Number>
std::optional<bool> compared(const std::string& how, Number a, Number b) {
    const std::string plain = how.size() == 3 && how.back() == 'u' ? how.substr(0, 2) : how;  // there are no NaNs
    if (plain == "eq") return a == b;
    if (plain == "ne") return a != b;
    if (plain == "lt") return a < b;
    if (plain == "le") return a <= b;
    if (plain == "gt") return a > b;
    if (plain == "ge") return a >= b;
    return std::nullopt;
}

OpcodeCase comparison(const std::string& opcode) {
    const auto parts = parts_of(opcode);
    const std::string how = parts[1];
    const std::string type = parts[2];
    const std::string r = letter_of(type);
    return {fmt::format("{0} %p20, %{1}10, %{1}12;", opcode, r), "p", [=](T t) -> U64 {
                const auto compare = [&](auto a, auto b) { return U64{compared(how, a, b).value() ? 1U : 0U}; };
                if (type == "f16" || type == "f32" || type == "f64") return compare(t.f[0], t.f[2]);
                if (type == "s16") return compare(static_cast<S16>(t.r[0]), static_cast<S16>(t.r[2]));
                if (type == "s32") return compare(t.r[0], t.r[2]);
                if (type == "s64") return compare(t.d[0], t.d[2]);
                if (type == "u64") return compare(static_cast<U64>(t.d[0]), static_cast<U64>(t.d[2]));
                return compare(static_cast<U32>(t.r[0]), static_cast<U32>(t.r[2]));
            }};
}

// ld and st.

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

using Table = std::map<std::string, OpcodeCase>;

Table moves() {
    return {
        {"mov.b32", {"mov.b32 %r20, %f10;", "r", [](T t) { return bits(t.f[0]); }}},
        {"mov.b64", {"mov.b64 %d20, {%r10, %r11};", "d", [](T t) { return word(t.r[0]) | word(t.r[1]) << 32U; }}},
        {"mov.f32", {"mov.f32 %f20, %f10;", "f", [](T t) { return bits(t.f[0]); }}},
        {"mov.f64", {"mov.f64 %e20, %e10;", "e", [](T t) { return bits(double{t.f[0]}); }}},
        {"mov.u16", {"mov.u16 %h20, %h10;", "h", [](T t) { return half(t.r[0]); }}},
        {"mov.u32", {"mov.u32 %r20, %laneid;", "r", [](T t) { return U64{t.thread % 32}; }}},
        {"mov.u64", {"mov.u64 %d20, %d10;", "d", [](T t) { return static_cast<U64>(t.d[0]); }}},
        {"mov.pred", {"mov.pred %p20, %p10;", "p", [](T t) { return U64{t.p10}; }}},
        {"cvta.to.global.u64",
         {"cvta.to.global.u64 %d40, %d30; sub.u64 %d20, %d40, %d30;", "d", [](T) { return U64{0}; }}},
        {"cvta.global.u64",
         {"cvta.global.u64 %d40, %d30; st.global.u32 [%d30], 5; ld.u32 %r20, [%d40];", "r", [](T) { return U64{5}; }}},
        {"cvta.local.u64",
         {"cvta.local.u64 %d40, %d31; st.local.u32 [%d31], %r10; ld.u32 %r20, [%d40];", "r",
          [](T t) { return word(t.r[0]); }}},
        {"selp.u16", {"selp.u16 %h20, %h10, %h11, %p10;", "h", [](T t) { return half(t.p10 ? t.r[0] : t.r[1]); }}},
        {"selp.b16", {"selp.b16 %h20, %h10, %h11, %p10;", "h", [](T t) { return half(t.p10 ? t.r[0] : t.r[1]); }}},
        {"selp.u32", {"selp.u32 %r20, %r10, %r11, %p10;", "r", [](T t) { return word(t.p10 ? t.r[0] : t.r[1]); }}},
        {"selp.b32", {"selp.b32 %r20, %r10, 3, %p11;", "r", [](T t) { return word(t.p11 ? t.r[0] : 3); }}},
        {"selp.b64",
         {"selp.b64 %d20, %d10, %d11, %p10;", "d", [](T t) { return static_cast<U64>(t.p10 ? t.d[0] : t.d[1]); }}},
        {"selp.f32", {"selp.f32 %f20, %f10, %f11, %p10;", "f", [](T t) { return bits(t.p10 ? t.f[0] : t.f[1]); }}},
    };
}

Table integers() {
    const auto r = [](auto operation) {
        return [operation](T t) { return word(operation(S64{t.r[0]}, S64{t.r[1]}, S64{t.r[2]})); };
    };
    const auto d = [](auto operation) {
        return [operation](T t) { return operation(static_cast<U64>(t.d[0]), static_cast<U64>(t.d[1])); };
    };
    return {
        {"add.s32", {"add.s32 %r20, %r10, %r11;", "r", r([](S64 a, S64 b, S64) { return a + b; })}},
        {"add.s64", {"add.s64 %d20, %d10, %d11;", "d", d([](U64 a, U64 b) { return a + b; })}},
        {"add.u64", {"add.u64 %d20, %d10, %d11;", "d", d([](U64 a, U64 b) { return a + b; })}},
        {"sub.s32", {"sub.s32 %r20, %r10, %r11;", "r", r([](S64 a, S64 b, S64) { return a - b; })}},
        {"sub.s64", {"sub.s64 %d20, %d10, %d11;", "d", d([](U64 a, U64 b) { return a - b; })}},
        {"neg.s32", {"neg.s32 %r20, %r10;", "r", r([](S64 a, S64, S64) { return -a; })}},
        {"neg.s64", {"neg.s64 %d20, %d10;", "d", d([](U64 a, U64) { return 0 - a; })}},
        {"mul.lo.s32", {"mul.lo.s32 %r20, %r10, %r11;", "r", r([](S64 a, S64 b, S64) { return a * b; })}},
        {"mul.lo.s64", {"mul.lo.s64 %d20, %d10, %d11;", "d", d([](U64 a, U64 b) { return a * b; })}},
        {"mul.wide.s32",
         {"mul.wide.s32 %d20, %r10, %r11;", "d", [](T t) { return static_cast<U64>(S64{t.r[0]} * t.r[1]); }}},
        {"mul.wide.u32", {"mul.wide.u32 %d20, %r10, %r11;", "d", [](T t) { return word(t.r[0]) * word(t.r[1]); }}},
        {"mul.wide.u16", {"mul.wide.u16 %r20, %h10, %h11;", "r", [](T t) { return half(t.r[0]) * half(t.r[1]); }}},
        {"mul.hi.u32", {"mul.hi.u32 %r20, %r10, %r11;", "r", [](T t) { return word(t.r[0]) * word(t.r[1]) >> 32U; }}},
        {"mad.lo.s32", {"mad.lo.s32 %r20, %r10, %r11, %r12;", "r", r([](S64 a, S64 b, S64 c) { return a * b + c; })}},
        {"div.s32", {"div.s32 %r20, %r10, %r12;", "r", r([](S64 a, S64, S64 c) { return a / c; })}},
        {"div.u32", {"div.u32 %r20, %r10, %r12;", "r", [](T t) { return word(t.r[0]) / word(t.r[2]); }}},
        {"rem.s32", {"rem.s32 %r20, %r10, %r12;", "r", r([](S64 a, S64, S64 c) { return a % c; })}},
        {"min.s32", {"min.s32 %r20, %r10, %r11;", "r", r([](S64 a, S64 b, S64) { return std::min(a, b); })}},
        {"max.s32", {"max.s32 %r20, %r10, %r11;", "r", r([](S64 a, S64 b, S64) { return std::max(a, b); })}},
        {"shl.b32", {"shl.b32 %r20, %r10, %r12;", "r", r([](S64 a, S64, S64 c) { return a << c; })}},
        {"shr.u32", {"shr.u32 %r20, %r10, %r12;", "r", [](T t) { return word(t.r[0]) >> t.r[2]; }}},
        {"shr.s32", {"shr.s32 %r20, %r10, %r12;", "r", r([](S64 a, S64, S64 c) { return a >> c; })}},
        {"shl.b64", {"shl.b64 %d20, %d10, %r12;", "d", [](T t) { return static_cast<U64>(t.d[0]) << t.r[2]; }}},
        {"shr.u64", {"shr.u64 %d20, %d10, %r12;", "d", [](T t) { return static_cast<U64>(t.d[0]) >> t.r[2]; }}},
        {"shr.s64", {"shr.s64 %d20, %d10, %r12;", "d", [](T t) { return static_cast<U64>(t.d[0] >> t.r[2]); }}},
        {"shr.u16", {"shr.u16 %h20, %h10, %r12;", "h", [](T t) { return half(t.r[0]) >> t.r[2]; }}},
        {"and.b32", {"and.b32 %r20, %r10, %r11;", "r", r([](S64 a, S64 b, S64) { return a & b; })}},
        {"or.b32", {"or.b32 %r20, %r10, %r11;", "r", r([](S64 a, S64 b, S64) { return a | b; })}},
        {"xor.b32", {"xor.b32 %r20, %r10, %r11;", "r", r([](S64 a, S64 b, S64) { return a ^ b; })}},
        {"not.b32", {"not.b32 %r20, %r10;", "r", r([](S64 a, S64, S64) { return ~a; })}},
        {"and.b64", {"and.b64 %d20, %d10, %d11;", "d", d([](U64 a, U64 b) { return a & b; })}},
        {"or.b64", {"or.b64 %d20, %d10, %d11;", "d", d([](U64 a, U64 b) { return a | b; })}},
        {"and.b16", {"and.b16 %h20, %h10, %h11;", "h", [](T t) { return half(t.r[0] & t.r[1]); }}},
        {"or.b16", {"or.b16 %h20, %h10, %h11;", "h", [](T t) { return half(t.r[0] | t.r[1]); }}},
        {"xor.b16", {"xor.b16 %h20, %h10, %h11;", "h", [](T t) { return half(t.r[0] ^ t.r[1]); }}},
        {"and.pred", {"and.pred %p20, %p10, %p11;", "p", [](T t) { return U64{t.p10 && t.p11}; }}},
        {"or.pred", {"or.pred %p20, %p10, %p11;", "p", [](T t) { return U64{t.p10 || t.p11}; }}},
        {"xor.pred", {"xor.pred %p20, %p10, %p11;", "p", [](T t) { return U64{t.p10 != t.p11}; }}},
        {"not.pred", {"not.pred %p20, %p10;", "p", [](T t) { return U64{!t.p10}; }}},
        {"lop3.b32", {"lop3.b32 %r20, %r10, %r11, %r12, 0x96;", "r", r([](S64 a, S64 b, S64 c) { return a ^ b ^ c; })}},
        {"prmt.b32",
         {"prmt.b32 %r20, %r10, %r11, 0x5410;", "r", [](T t) { return half(t.r[0]) | half(t.r[1]) << 16U; }}},
        {"bfi.b32",
         {"bfi.b32 %r20, %r10, %r11, 4, 8;", "r",
          [](T t) { return (word(t.r[1]) & ~U64{0xFF0}) | (word(t.r[0]) & 0xFFU) << 4U; }}},
    };
}

Table floats() {
    const auto f = [](auto operation) {
        return [operation](T t) { return bits(static_cast<float>(operation(t.f[0], t.f[1], t.f[2]))); };
    };
    const auto e = [](auto operation) {
        return [operation](T t) { return bits(double{operation(double{t.f[0]}, double{t.f[1]}, double{t.f[2]})}); };
    };
    const auto x = [](auto operation) { return [operation](T t) { return packed(t.x[0], t.x[1], operation); }; };
    const auto g = [](auto operation) { return [operation](T t) { return U64{f16(operation(t.f[0], t.f[1]))}; }; };
    return {
        {"add.f32", {"add.f32 %f20, %f10, %f11;", "f", f([](float a, float b, float) { return a + b; })}},
        {"sub.f32", {"sub.f32 %f20, %f10, %f11;", "f", f([](float a, float b, float) { return a - b; })}},
        {"mul.f32", {"mul.f32 %f20, %f10, %f11;", "f", f([](float a, float b, float) { return a * b; })}},
        {"neg.f32", {"neg.f32 %f20, %f10;", "f", f([](float a, float, float) { return -a; })}},
        {"abs.f32", {"abs.f32 %f20, %f10;", "f", f([](float a, float, float) { return std::fabs(a); })}},
        {"max.f32", {"max.f32 %f20, %f10, %f11;", "f", f([](float a, float b, float) { return std::max(a, b); })}},
        {"max.NaN.f32",
         {"mov.b32 %f40, 0x7FC00001; selp.f32 %f40, %f40, %f11, %p10; max.NaN.f32 %f20, %f10, %f40;", "f",
          [](T t) { return t.p10 ? U64{0x7FFFFFFF} : bits(std::max(t.f[0], t.f[1])); }}},
        {"fma.rn.f32", {"fma.rn.f32 %f20, %f10, %f11, 0f33800000;", "f", f([](float a, float b, float) {
                            return std::fma(a, b, 0x1p-24F);
                        })}},
        // 2^-30 is lost, or takes the last bit: 1 - 2^-30 rounded down is 1 - 2^-24.
        {"fma.rm.f32",
         {"mov.f32 %f40, 0fB0800000; fma.rm.f32 %f20, %f12, %f40, 0f3F800000;", "f",
          [](T) { return bits(1 - 0x1p-24F); }}},
        {"rcp.rn.f32", {"rcp.rn.f32 %f20, %f12;", "f", f([](float, float, float c) { return 1 / c; })}},
        // Powers of two are exact in the hardware's approximation too.
        {"ex2.approx.ftz.f32",
         {"ex2.approx.ftz.f32 %f20, %f12;", "f", f([](float, float, float c) { return std::exp2(c); })}},
        {"fma.rn.f64", {"fma.rn.f64 %e20, %e10, %e11, %e12;", "e", e([](double a, double b, double c) {
                            return std::fma(a, b, c);
                        })}},
        {"mul.f64", {"mul.f64 %e20, %e10, %e11;", "e", e([](double a, double b, double) { return a * b; })}},
        {"div.rn.f64", {"div.rn.f64 %e20, %e10, %e12;", "e", e([](double a, double, double c) { return a / c; })}},
        {"add.f16", {"add.f16 %g20, %g10, %g11;", "g", g([](double a, double b) { return a + b; })}},
        {"mul.f16", {"mul.f16 %g20, %g10, %g11;", "g", g([](double a, double b) { return a * b; })}},
        {"add.f16x2", {"add.f16x2 %x20, %x10, %x11;", "x", x([](double a, double b) { return a + b; })}},
        {"sub.f16x2", {"sub.f16x2 %x20, %x10, %x11;", "x", x([](double a, double b) { return a - b; })}},
        {"mul.f16x2", {"mul.f16x2 %x20, %x10, %x11;", "x", x([](double a, double b) { return a * b; })}},
        {"fma.rn.f16x2",
         {"fma.rn.f16x2 %x20, %x10, %x11, %x10;", "x", x([](double a, double b) { return a * b + a; })}},
    };
}

Table conversions() {
    return {
        {"cvt.rn.f16.f32",
         {"mul.f32 %f40, %f10, 0f3F7FFF00; cvt.rn.f16.f32 %g20, %f40;", "g",
          [](T t) { return U64{f16(t.f[0] * std::bit_cast<float>(0x3F7FFF00U))}; }}},
        {"cvt.f32.f16", {"cvt.f32.f16 %f20, %g10;", "f", [](T t) { return bits(t.f[0]); }}},
        {"cvt.rn.f16x2.f32",
         {"cvt.rn.f16x2.f32 %x20, %f10, %f11;", "x", [](T t) { return U64{f16(t.f[1])} | U64{f16(t.f[0])} << 16U; }}},
        {"cvt.rn.bf16x2.f32",
         {"cvt.rn.bf16x2.f32 %r20, %f10, %f11;", "r",
          [](T t) { return U64{bf16(t.f[1])} | U64{bf16(t.f[0])} << 16U; }}},
        {"cvt.rn.bf16.f32", {"cvt.rn.bf16.f32 %h20, %f10;", "h", [](T t) { return U64{bf16(t.f[0])}; }}},
        {"cvt.rn.f16.f64", {"cvt.rn.f16.f64 %g20, %e10;", "g", [](T t) { return U64{f16(t.f[0])}; }}},
        {"cvt.rn.f16.s32", {"cvt.rn.f16.s32 %g20, %r10;", "g", [](T t) { return U64{f16(t.r[0])}; }}},
        {"cvt.f64.f32", {"cvt.f64.f32 %e20, %f10;", "e", [](T t) { return bits(double{t.f[0]}); }}},
        {"cvt.rn.f64.u64",
         {"cvt.rn.f64.u64 %e20, %d10;", "e", [](T t) { return bits(static_cast<double>(static_cast<U64>(t.d[0]))); }}},
        {"cvt.rn.f64.s32", {"cvt.rn.f64.s32 %e20, %r10;", "e", [](T t) { return bits(double(t.r[0])); }}},
        {"cvt.rn.f32.s32", {"cvt.rn.f32.s32 %f20, %r10;", "f", [](T t) { return bits(static_cast<float>(t.r[0])); }}},
        {"cvt.rn.f32.u32",
         {"cvt.rn.f32.u32 %f20, %r10;", "f", [](T t) { return bits(static_cast<float>(static_cast<U32>(t.r[0]))); }}},
        {"cvt.rn.f32.s64", {"cvt.rn.f32.s64 %f20, %d10;", "f", [](T t) { return bits(static_cast<float>(t.d[0])); }}},
        {"cvt.rzi.s32.f32", {"cvt.rzi.s32.f32 %r20, %f10;", "r", [](T t) { return word(static_cast<S32>(t.f[0])); }}},
        {"cvt.sat.f32.f32",
         {"mul.f32 %f40, %f10, 0f3DCCCCCD; cvt.sat.f32.f32 %f20, %f40;", "f",
          [](T t) { return bits(std::clamp(t.f[0] * std::bit_cast<float>(0x3DCCCCCDU), 0.0F, 1.0F)); }}},
        {"cvt.rna.tf32.f32",
         {"mov.f32 %f40, 0f3F801000; cvt.rna.tf32.f32 %r20, %f40;", "r", [](T) { return U64{0x3F802000}; }}},
        {"cvt.s64.s32", {"cvt.s64.s32 %d20, %r10;", "d", [](T t) { return static_cast<U64>(S64{t.r[0]}); }}},
        {"cvt.u64.u32", {"cvt.u64.u32 %d20, %r10;", "d", [](T t) { return word(t.r[0]); }}},
        {"cvt.u32.u64", {"cvt.u32.u64 %r20, %d10;", "r", [](T t) { return word(t.d[0]); }}},
        {"cvt.u32.u16", {"cvt.u32.u16 %r20, %h10;", "r", [](T t) { return half(t.r[0]); }}},
        {"cvt.u16.u32", {"cvt.u16.u32 %h20, %r10;", "h", [](T t) { return half(t.r[0]); }}},
        {"cvt.s32.s8",
         {"cvt.s32.s8 %r20, %r10;", "r",
          [](T t) { return word(static_cast<std::int8_t>(static_cast<std::uint8_t>(t.r[0]))); }}},
    };
}

/// Branches, synchronisation, exchange between lanes, atomics.
Table others() {
    const auto sum_to = [](U32 n) { return U64{n * (n + 1) / 2}; };
    return {
        {"<label>", {"mov.u32 %r20, 1;\nHERE: add.u32 %r20, %r20, 1;", "r", [](T) { return U64{2}; }}},
        {"bra (pred)",
         {"mov.u32 %r20, 1; @%p10 bra OVER; mov.u32 %r20, 2;\nOVER:", "r", [](T t) { return U64{t.p10 ? 1U : 2U}; }}},
        {"bra.uni", {"mov.u32 %r20, 1; bra.uni OVER; mov.u32 %r20, 2;\nOVER:", "r", [](T) { return U64{1}; }}},
        // The odd lanes leave; their results stay those of the store before.
        {"ret",
         {"mov.u32 %r40, 7; cvt.u64.u32 %d40, %r40; st.global.u64 [%d4], %d40; @%p10 ret; mov.u32 %r20, 8;", "r",
          [](T t) { return U64{t.p10 ? 7U : 8U}; }}},
        {"call.uni",
         {"{ .param .b32 a; st.param.b32 [a], %r10; .param .b32 b; call.uni (b), plus_one, (a);"
          "ld.param.b32 %r20, [b]; }",
          "r", [](T t) { return word(S64{t.r[0]} + 1); }}},
        {"st.param.b64",
         {"{ .param .b64 a; st.param.b64 [a], %d10; .param .b32 b; call.uni (b), low_word, (a);"
          "ld.param.b32 %r20, [b]; }",
          "r", [](T t) { return word(t.d[0]); }}},
        {"bar.sync",
         {"mov.u32 %r40, tile; mad.lo.u32 %r41, %r1, 4, %r40; st.shared.u32 [%r41], %r10; bar.sync 0;"
          "xor.b32 %r42, %r1, 32; mad.lo.u32 %r41, %r42, 4, %r40; ld.shared.u32 %r20, [%r41];",
          "r", [](T t) { return word(values_of_thread(t.thread ^ 32U).r[0]); }}},
        {"barrier.sync",
         {"mov.u32 %r40, tile; mad.lo.u32 %r41, %r1, 4, %r40; st.shared.u32 [%r41], %r10;"
          "barrier.sync 2; xor.b32 %r42, %r1, 32; mad.lo.u32 %r41, %r42, 4, %r40;"
          "ld.shared.u32 %r20, [%r41];",
          "r", [](T t) { return word(values_of_thread(t.thread ^ 32U).r[0]); }}},
        {"bar.red.and.pred",
         {"setp.lt.u32 %p40, %r1, 64; bar.red.and.pred %p41, 0, %p40;"
          "bar.red.and.pred %p42, 0, %p10; selp.u32 %r40, 1, 0, %p41; selp.u32 %r41, 2, 0, %p42;"
          "add.u32 %r20, %r40, %r41;",
          "r", [](T) { return U64{1}; }}},
        {"bar.warp.sync",
         {"mov.u32 %r40, tile; mad.lo.u32 %r41, %r1, 4, %r40; st.shared.u32 [%r41], %r10;"
          "bar.warp.sync -1; xor.b32 %r42, %r1, 3; mad.lo.u32 %r41, %r42, 4, %r40;"
          "ld.shared.u32 %r20, [%r41];",
          "r", [](T t) { return word(values_of_thread(t.thread ^ 3U).r[0]); }}},
        {"shfl.sync.bfly.b32",
         {"shfl.sync.bfly.b32 %r20, %r10, 5, 31, -1;", "r",
          [](T t) { return word(values_of_thread(t.thread ^ 5U).r[0]); }}},
        {"shfl.sync.idx.b32",
         {"shfl.sync.idx.b32 %r20, %r10, 9, 31, -1;", "r",
          [](T t) { return word(values_of_thread(t.thread / 32 * 32 + 9).r[0]); }}},
        {"fence.acq_rel.gpu",
         {"st.global.u32 [%d30], %r10; fence.acq_rel.gpu; ld.global.u32 %r20, [%d30];", "r",
          [](T t) { return word(t.r[0]); }}},
        {"atom.global.cas.b32",
         {"st.global.u32 [%d30], 5; selp.u32 %r40, 5, 6, %p10;"
          "atom.global.cas.b32 %r41, [%d30], %r40, %r10; ld.global.u32 %r42, [%d30];"
          "mad.lo.u32 %r20, %r41, 1000, %r42;",
          "r", [](T t) { return word(5000 + (t.p10 ? S64{t.r[0]} : 5)); }}},
        // All threads add their numbers to one word.
        {"red.relaxed.gpu.global.add.s32",
         {"mov.u64 %d40, scratch; red.relaxed.gpu.global.add.s32 [%d40], %r1;"
          "bar.sync 0; ld.global.u32 %r20, [%d40];",
          "r", [=](T) { return sum_to(63); }}},
        {"red.gpu.global.add.noftz.f16x2",
         {"st.global.b32 [%d30], %x10; red.gpu.global.add.noftz.f16x2 [%d30], %x11;"
          "ld.global.u32 %r20, [%d30];",
          "r", [](T t) { return packed(t.x[0], t.x[1], [](double a, double b) { return a + b; }); }}},
        {"createpolicy.fractional.L2::evict_first.b64",
         {"createpolicy.fractional.L2::evict_first.b64 %d40, 1.0; st.global.u32 [%d30], %r10;"
          "ld.global.L2::cache_hint.u32 %r20, [%d30], %d40;",
          "r", [](T t) { return word(t.r[0]); }}},
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

const Table& table() {
    static const Table all = [] {
        Table sum;
        for (Table part : {moves(), integers(), floats(), conversions(), others()}) sum.merge(part);
        return sum;
    }();
    return all;
}

}  // namespace

ThreadValues values_of_thread(std::uint32_t thread) {
    const auto t = static_cast<S32>(thread);
    ThreadValues values{};
    values.thread = thread;
    values.r = {t * 7919 - 20000, t % 11 - 5, t % 7 + 1};
    values.d = {S64{values.r[0]} * 1'000'003'000, values.r[1], values.r[2]};
    values.f = {static_cast<float>(t) * 0.5F - 3.25F, static_cast<float>(t % 16) - 5.5F, static_cast<float>(t % 7 + 1)};
    for (std::size_t i = 0; i < 3; ++i) values.g[i] = f16(values.f[i]);
    for (std::size_t i = 0; i < 3; ++i) values.x[i] = values.g[i] | U32{values.g[(i + 1) % 3]} << 16U;
    // As setp.ne of thread & 1, and setp.gt of the thread and 9.
    values.p10 = t % 2 != 0;
    values.p11 = t > 9;
    return values;
}

OpcodeCase opcode_case(const std::string& opcode) {
    if (const auto known = table().find(opcode); known != table().end()) return known->second;
    const auto parts = parts_of(opcode);
    if (parts[0] == "setp") return comparison(opcode);
    if (parts[0] == "ld") return has(parts, "param") ? load_parameter(opcode) : load(opcode);
    if (parts[0] == "st") return store(opcode);
    if (parts[0] == "ldmatrix") return load_matrix(opcode);
    if (opcode.starts_with("cp.async.c")) return copy(opcode);
    return {};
}

}  // namespace stcsim
