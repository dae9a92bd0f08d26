#include "cuda/kernel_arguments.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "base/error.h"
#include "base/host_memory.h"
#include "base/message_text.h"
#include "base/near_names.h"
#include "numerics/float_format.h"

namespace stcsim {

const char* const kernel_argument_help =
    "Arguments, in the order of the kernel's parameters, separated by commas:\n"
    "  in:A.npy               address of the array in the file\n"
    "  inout:C.npy            the same, and the file is written again after the launch\n"
    "  out:D.npy:f32:128x128  address of zeros of this type and shape, written after the launch\n"
    "  scratch:4096           address of so many bytes of zeros\n"
    "  i32:5 u64:7 f32:1.5    a number of type i8 to i64, u8 to u64, f16, bf16, f32 or f64\n";

namespace {

constexpr std::uint64_t largest_array = std::uint64_t{1} << 40U;

[[noreturn]] void refuse(std::string_view argument, const std::string& found, const std::string& expected) {
    throw InputError({}, fmt::format("in the argument {}: {}", quoted_for_message(argument), found), expected);
}

/// A type of numbers on the command line: its bytes, and how arrays of it are stored.
struct NumberType {
    enum class Kind : std::uint8_t { signed_integer, unsigned_integer, floating };

    std::string_view name;
    Kind kind;
    std::size_t bytes;
    NpyType stored;  ///< numpy has no bf16: its bits
};

constexpr std::array number_types{
    NumberType{"i8", NumberType::Kind::signed_integer, 1, NpyType::i1},
    NumberType{"i16", NumberType::Kind::signed_integer, 2, NpyType::i2},
    NumberType{"i32", NumberType::Kind::signed_integer, 4, NpyType::i4},
    NumberType{"i64", NumberType::Kind::signed_integer, 8, NpyType::i8},
    NumberType{"u8", NumberType::Kind::unsigned_integer, 1, NpyType::u1},
    NumberType{"u16", NumberType::Kind::unsigned_integer, 2, NpyType::u2},
    NumberType{"u32", NumberType::Kind::unsigned_integer, 4, NpyType::u4},
    NumberType{"u64", NumberType::Kind::unsigned_integer, 8, NpyType::u8},
    NumberType{"f16", NumberType::Kind::floating, 2, NpyType::f2},
    NumberType{"bf16", NumberType::Kind::floating, 2, NpyType::u2},
    NumberType{"f32", NumberType::Kind::floating, 4, NpyType::f4},
    NumberType{"f64", NumberType::Kind::floating, 8, NpyType::f8},
};

const NumberType* type_named(std::string_view name) {
    for (const NumberType& type : number_types) {
        if (type.name == name) return &type;
    }
    return nullptr;
}

/// Parts of an argument between colons.
std::vector<std::string> parts_of(std::string_view argument) {
    std::vector<std::string> parts;
    for (std::size_t colon = argument.find(':'); colon != std::string_view::npos; colon = argument.find(':')) {
        parts.emplace_back(argument.substr(0, colon));
        argument.remove_prefix(colon + 1);
    }
    parts.emplace_back(argument);
    return parts;
}

template <typename T>
std::optional<T> number_in(std::string_view text) {
    T value{};
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
    return value;
}

std::uint64_t integer_bits(std::string_view argument, const NumberType& type, std::string_view text) {
    const auto bits = static_cast<unsigned>(type.bytes * 8);
    if (type.kind == NumberType::Kind::signed_integer) {
        const std::int64_t most = static_cast<std::int64_t>(~std::uint64_t{0} >> (65 - bits));
        const auto value = number_in<std::int64_t>(text);
        if (value && *value <= most && *value >= -most - 1) return static_cast<std::uint64_t>(*value);
        refuse(argument, fmt::format("\"{}\"", text), fmt::format("an integer from {} to {}", -most - 1, most));
    }
    const std::uint64_t most = ~std::uint64_t{0} >> (64 - bits);
    const auto value = number_in<std::uint64_t>(text);
    if (value && *value <= most) return *value;
    refuse(argument, fmt::format("\"{}\"", text), fmt::format("an integer from 0 to {}", most));
}

std::uint64_t floating_bits(std::string_view argument, const NumberType& type, std::string_view text) {
    const auto value = number_in<double>(text);
    if (!value) refuse(argument, fmt::format("\"{}\"", text), "a decimal number");
    if (type.name == "f64") return std::bit_cast<std::uint64_t>(*value);
    if (type.name == "f32") return std::bit_cast<std::uint32_t>(static_cast<float>(*value));
    return from_double(type.name == "f16" ? ElementType::f16 : ElementType::bf16, *value);
}

std::vector<std::byte> scalar_bytes(std::string_view argument, const NumberType& type, std::string_view text) {
    const std::uint64_t bits = type.kind == NumberType::Kind::floating ? floating_bits(argument, type, text)
                                                                       : integer_bits(argument, type, text);
    std::vector<std::byte> bytes(type.bytes);
    std::memcpy(bytes.data(), &bits, type.bytes);
    return bytes;
}

std::vector<std::size_t> shape_in(std::string_view argument, std::string_view text, std::size_t element_bytes) {
    std::vector<std::size_t> shape;
    std::uint64_t bytes = element_bytes;
    const std::uint64_t largest = std::min<std::uint64_t>(largest_array, host_memory_bytes());
    for (bool more = true; more;) {
        const std::size_t cross = text.find('x');
        more = cross != std::string_view::npos;
        const auto size = number_in<std::uint64_t>(text.substr(0, cross));
        if (!size || *size == 0 || *size > largest / bytes) {
            refuse(argument, fmt::format("the shape \"{}\"", text),
                   "sizes such as 128x128, of less than 2^40 bytes and no more than this machine's memory");
        }
        bytes *= *size;
        shape.push_back(*size);
        if (more) text.remove_prefix(cross + 1);
    }
    return shape;
}

KernelArgument output_array(std::string_view argument, const std::vector<std::string>& parts) {
    if (parts.size() != 4) refuse(argument, "another number of parts", "out:FILE.npy:TYPE:SHAPE");
    const NumberType* const type = type_named(parts[2]);
    if (type == nullptr) refuse(argument, fmt::format("the type \"{}\"", parts[2]), "i8 to i64, u8 to u64, f16 to f64");
    KernelArgument result;
    result.array = NpyArray(type->stored, shape_in(argument, parts[3], type->bytes));
    result.output = parts[1];
    return result;
}

KernelArgument parse_argument(std::string_view argument) {
    const std::vector<std::string> parts = parts_of(argument);
    const std::string& kind = parts.front();
    KernelArgument result;
    if (kind == "out") {
        result = output_array(argument, parts);
    } else if (parts.size() != 2) {
        refuse(argument, fmt::format("{} parts", parts.size()), "KIND:VALUE (see stcsim exec --help)");
    } else if (kind == "in" || kind == "inout") {
        result.array = read_npy(parts[1]);
        if (kind == "inout") result.output = parts[1];
    } else if (kind == "scratch") {
        result.array = NpyArray(NpyType::u1, shape_in(argument, parts[1], 1));
    } else if (const NumberType* const type = type_named(kind)) {
        result.scalar = scalar_bytes(argument, *type, parts[1]);
    } else {
        refuse(argument, fmt::format("the kind \"{}\"", kind),
               "in, out, inout, scratch or a type of numbers (see stcsim exec --help)");
    }
    result.text = argument;
    return result;
}

}  // namespace

std::vector<KernelArgument> parse_kernel_arguments(std::string_view list) {
    std::vector<KernelArgument> arguments;
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        arguments.push_back(parse_argument(list.substr(0, comma)));
        if (comma + 1 == list.size()) refuse(list, "nothing after the last comma", "another argument");
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return arguments;
}

std::vector<std::byte> parameter_space(const std::string& kernel, const KernelFacts& facts,
                                       const std::vector<KernelArgument>& arguments,
                                       const std::vector<std::byte*>& addresses) {
    if (arguments.size() != facts.parameters.size()) {
        throw InputError({}, fmt::format("{} arguments in --args", arguments.size()),
                         fmt::format("{}, one for each parameter of {}", facts.parameters.size(), kernel));
    }
    std::vector<std::byte> space(facts.parameter_bytes);
    std::size_t array = 0;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const ParameterPlace& place = facts.parameters[i];
        std::array<std::byte, sizeof(std::byte*)> pointer{};
        std::span<const std::byte> bytes = arguments[i].scalar;
        if (arguments[i].array) {
            std::memcpy(pointer.data(), &addresses.at(array++), sizeof pointer);
            bytes = pointer;
        }
        if (bytes.size() != place.bytes) {
            throw InputError(
                {}, fmt::format("the argument {} of {} bytes", quoted_for_message(arguments[i].text), bytes.size()),
                fmt::format("{} bytes, those of the parameter {} of {}", place.bytes, place.name, kernel));
        }
        std::memcpy(space.data() + place.offset, bytes.data(), bytes.size());
    }
    return space;
}

}  // namespace stcsim
