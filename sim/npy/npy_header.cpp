#include "npy/npy_header.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/message_text.h"
#include "npy/python_literal.h"

namespace stcsim {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::string_view an_npy_file = "one array in numpy's .npy format, version 1.0, 2.0 or 3.0";
constexpr std::size_t longest_header = std::size_t{1} << 20U;
constexpr std::size_t most_dimensions = 32;
constexpr std::string_view supported_types =
    "a little-endian type: |b1, |i1, |u1, <i2, <u2, <i4, <u4, <i8, <u8, <f2, <f4 or <f8";

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Bytes of the magic string, the version and the header's length, by major version.
std::size_t preamble_size(unsigned major) {
    return major == 1 ? 10 : 12;
}

/// The product of the dimensions that are not zero, or nothing if that many elements have no place in memory.
std::optional<std::size_t> nonzero_product(std::span<const std::size_t> shape, std::size_t width) {
    std::size_t product = width;
    for (const std::size_t dimension : shape) {
        if (dimension == 0) continue;
        if (dimension > std::numeric_limits<std::ptrdiff_t>::max() / product) return std::nullopt;
        product *= dimension;
    }
    return product;
}

/// What a spelling stands for that we do not read.
std::string refused_type(const std::string& descr) {
    const std::string quoted = quoted_for_message(descr);
    const std::size_t kind = descr.find_first_not_of("<>=|");
    const char letter = kind == std::string::npos ? '\0' : descr[kind];
    if (letter == 'O') return fmt::format("an array of Python objects ({})", quoted);
    if (letter == 'U' || letter == 'S' || letter == 'a') return fmt::format("an array of strings ({})", quoted);
    if (letter == 'c') return fmt::format("an array of complex numbers ({})", quoted);
    if (letter == 'V') return fmt::format("an array of raw bytes ({})", quoted);
    if (descr.starts_with('>')) return fmt::format("the big-endian type {}", quoted);
    return fmt::format("the type {}", quoted);
}

NpyType type_in(const PythonLiteral& descr, const InputLocation& where) {
    if (std::holds_alternative<PythonLiteral::Sequence>(descr.value)) {
        throw InputError(where, "a structured type", std::string(supported_types));
    }
    const std::string* const spelling = std::get_if<std::string>(&descr.value);
    if (spelling == nullptr) throw InputError(where, "a 'descr' that is no type", std::string(supported_types));
    const std::optional<NpyType> type = npy_type_of(*spelling);
    if (!type) throw InputError(where, refused_type(*spelling), std::string(supported_types));
    return *type;
}

bool fortran_order_in(const PythonLiteral& literal, const InputLocation& where) {
    const bool* const order = std::get_if<bool>(&literal.value);
    if (order == nullptr) throw InputError(where, "a 'fortran_order' that is no truth value", "True or False");
    return *order;
}

std::vector<std::size_t> shape_in(const PythonLiteral& literal, const InputLocation& where) {
    const auto* const tuple = std::get_if<PythonLiteral::Sequence>(&literal.value);
    if (tuple == nullptr || !tuple->tuple) throw InputError(where, "a 'shape' that is no tuple", "a tuple of sizes");
    if (tuple->items.size() > most_dimensions) {
        throw InputError(where, fmt::format("{} dimensions", tuple->items.size()),
                         fmt::format("at most {}", most_dimensions));
    }
    std::vector<std::size_t> shape;
    for (const PythonLiteral& item : tuple->items) {
        const std::uint64_t* const size = std::get_if<std::uint64_t>(&item.value);
        if (size == nullptr) throw InputError(where, "a 'shape' with something else than sizes", "a tuple of sizes");
        shape.push_back(*size);
    }
    return shape;
}

/// The values of the header's three keys, each once.
struct HeaderEntries {
    const PythonLiteral* descr = nullptr;
    const PythonLiteral* fortran_order = nullptr;
    const PythonLiteral* shape = nullptr;
};

HeaderEntries entries_in(const PythonLiteral& literal, const InputLocation& where) {
    const std::string expected = "a dictionary with the keys 'descr', 'fortran_order' and 'shape'";
    const auto* const dictionary = std::get_if<PythonLiteral::Dictionary>(&literal.value);
    if (dictionary == nullptr) throw InputError(where, "a header that is no dictionary", expected);
    HeaderEntries entries;
    const std::array<std::pair<std::string_view, const PythonLiteral**>, 3> keys{
        {{"descr", &entries.descr}, {"fortran_order", &entries.fortran_order}, {"shape", &entries.shape}}};
    for (std::size_t i = 0; i < dictionary->keys.size(); ++i) {
        const std::string& key = dictionary->keys[i];
        const auto* const known = std::ranges::find(keys, std::string_view(key), [](const auto& k) { return k.first; });
        if (known == keys.end()) {
            throw InputError(where, fmt::format("the key {} in the header", quoted_for_message(key)), expected);
        }
        *known->second = &dictionary->values[i];
    }
    for (const auto& [key, value] : keys) {
        if (*value == nullptr) throw InputError(where, fmt::format("a header without the key '{}'", key), expected);
    }
    return entries;
}

void check_size(const NpyHeader& header, std::uint64_t file_size, const InputLocation& where) {
    if (!nonzero_product(header.shape, width_of(header.type))) {
        throw InputError(where, fmt::format("the shape {}", shape_text(header.shape)),
                         "an array that fits the address space");
    }
    const std::uint64_t data = file_size - header.data_offset;
    if (data != header.data_bytes()) {
        throw InputError(where, fmt::format("{} bytes of data", data),
                         fmt::format("{}, as the shape {} of {} needs", header.data_bytes(), shape_text(header.shape),
                                     numpy_name_of(header.type)));
    }
}

}  // namespace

std::size_t NpyHeader::elements() const {
    return rows() * row_elements();
}

std::size_t NpyHeader::row_elements() const {
    std::size_t product = 1;
    for (std::size_t i = 1; i < shape.size(); ++i) product *= shape[i];
    return product;
}

std::size_t npy_header_size(std::span<const std::byte> start, std::uint64_t file_size, const InputLocation& where) {
    const std::string_view text = text_of(start);
    const std::string expected(an_npy_file);
    if (text.empty()) throw InputError(where, "an empty file", expected);
    if (text.starts_with("PK")) throw InputError(where, "a zip archive, perhaps .npz", expected);
    if (!text.starts_with(magic)) {
        throw InputError(where, fmt::format("a file that starts with {}", quoted_for_message(text.substr(0, 6))),
                         expected);
    }
    const auto byte = [&](std::size_t i) { return std::to_integer<unsigned>(start[i]); };
    if (text.size() < magic.size() + 2) throw InputError(where, "a file that ends in its version", expected);
    const unsigned major = byte(6);
    if (major < 1 || major > 3 || byte(7) != 0) {
        throw InputError(where, fmt::format("version {}.{} of the .npy format", major, byte(7)), expected);
    }
    const std::size_t preamble = preamble_size(major);
    if (text.size() < preamble) throw InputError(where, "a file that ends in the length of its header", expected);
    std::size_t length = 0;
    for (std::size_t i = preamble; i-- > 8;) length = length << 8U | byte(i);
    if (length > longest_header || preamble + length > file_size) {
        throw InputError(where, fmt::format("a header of {} bytes in a file of {}", length, file_size),
                         fmt::format("a header within the file, of at most {} bytes", longest_header));
    }
    return preamble + length;
}

NpyHeader parse_npy_header(std::span<const std::byte> header, std::uint64_t file_size, const InputLocation& where) {
    const std::size_t size = npy_header_size(header, file_size, where);
    STCSIM_ASSERT(size == header.size());
    const std::size_t preamble = preamble_size(std::to_integer<unsigned>(header[6]));
    const PythonLiteral literal = parse_python_literal(text_of(header.subspan(preamble)), where);
    const HeaderEntries entries = entries_in(literal, where);
    NpyHeader parsed{type_in(*entries.descr, where), fortran_order_in(*entries.fortran_order, where),
                     shape_in(*entries.shape, where), size};
    check_size(parsed, file_size, where);
    return parsed;
}

std::string npy_header_text(NpyType type, std::span<const std::size_t> shape) {
    constexpr std::size_t alignment = 64;
    std::string dictionary =
        fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", descr_of(type), shape_text(shape));
    const std::size_t unpadded = preamble_size(1) + dictionary.size() + 1;
    dictionary.append((unpadded + alignment - 1) / alignment * alignment - unpadded, ' ');
    dictionary += '\n';
    STCSIM_ASSERT(dictionary.size() <= 0xFFFF);
    std::string text(magic);
    text += {'\x01', '\x00', static_cast<char>(dictionary.size() & 0xFFU), static_cast<char>(dictionary.size() >> 8U)};
    return text + dictionary;
}

std::string shape_text(std::span<const std::size_t> shape) {
    return fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

}  // namespace stcsim
