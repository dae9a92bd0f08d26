/// The element types of .npy files that the simulator reads and writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace stcsim {

/// Little-endian types of numpy, named by the kind and bytes of an element: boolean, signed and unsigned integer,
/// float.
enum class NpyType : std::uint8_t { b1, i1, u1, i2, u2, i4, u4, i8, u8, f2, f4, f8 };

/// Bytes of one element.
constexpr std::size_t width_of(NpyType type) {
    switch (type) {
        case NpyType::b1:
        case NpyType::i1:
        case NpyType::u1: return 1;
        case NpyType::i2:
        case NpyType::u2:
        case NpyType::f2: return 2;
        case NpyType::i4:
        case NpyType::u4:
        case NpyType::f4: return 4;
        case NpyType::i8:
        case NpyType::u8:
        case NpyType::f8: return 8;
    }
    return 0;
}

constexpr bool is_signed_integer(NpyType type) {
    return type == NpyType::i1 || type == NpyType::i2 || type == NpyType::i4 || type == NpyType::i8;
}

/// Whether elements are whole numbers; booleans are 0 and 1.
constexpr bool is_integer(NpyType type) {
    return type != NpyType::f2 && type != NpyType::f4 && type != NpyType::f8;
}

/// The type as the header of a file spells it, for instance "<f4" or "|u1".
std::string_view descr_of(NpyType type);

/// The type that a header's spelling names, or nothing.
std::optional<NpyType> npy_type_of(std::string_view descr);

/// The name numpy gives the type, for instance "float32": for messages.
std::string_view numpy_name_of(NpyType type);

}  // namespace stcsim
