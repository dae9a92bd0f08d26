/// What the cases of all families need: values as bits, the parts of an opcode's name.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "numerics/float_format.h"
#include "opcode_cases.h"

namespace stcsim::opcodes {

using T = const ThreadValues&;
using S16 = std::int16_t;
using S32 = std::int32_t;
using S64 = std::int64_t;
using U16 = std::uint16_t;
using U32 = std::uint32_t;
using U64 = std::uint64_t;

using Table = std::map<std::string, OpcodeCase>;

// The families, each in a file of its own.
Table move_cases();
Table integer_cases();
Table float_cases();
Table conversion_cases();
Table warp_cases();
Table async_copy_cases();
OpcodeCase comparison(const std::string& opcode);
/// ld, st, ldmatrix, cp.async.
OpcodeCase memory_access(const std::string& opcode);

inline U64 word(S64 x) {
    return static_cast<U32>(x);
}
inline U64 half(S64 x) {
    return static_cast<U16>(x);
}
inline U64 bits(float x) {
    return std::bit_cast<U32>(x);
}
inline U64 bits(double x) {
    return std::bit_cast<U64>(x);
}
inline U16 f16(double x) {
    return static_cast<U16>(from_double(ElementType::f16, x));
}
inline U16 bf16(double x) {
    return static_cast<U16>(from_double(ElementType::bf16, x));
}
inline double value(U16 x) {
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

inline std::vector<std::string> parts_of(const std::string& opcode) {
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
inline bool has(const std::vector<std::string>& parts, const std::string& part) {
    return std::find(parts.begin(), parts.end(), part) != parts.end();
}

/// The letter of the registers that a type goes into, as the snippets name them.
inline std::string letter_of(const std::string& type) {
    if (type == "f16") return "g";
    if (type == "f32") return "f";
    if (type == "f64") return "e";
    if (type == "pred") return "p";
    const std::string bits_of_type = type.substr(1);
    return bits_of_type == "64" ? "d" : bits_of_type == "32" ? "r" : "h";
}
inline U32 bytes_of_type(const std::string& type) {
    return static_cast<U32>(std::stoul(type.substr(type.find_first_of("0123456789")))) / 8;
}

}  // namespace stcsim::opcodes
