#include "check/dump_files.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "npy/npz_archive.h"
#include "numerics/dot_add.h"
#include "numerics/float_format.h"
#include "numerics/integer_format.h"
#include "sparsify/elements.h"
#include "sparsify/kept_index.h"
#include "sparsity/metadata_word.h"
#include "sparsity/pattern_name.h"

namespace stcsim {
namespace {

using enum ElementType;

constexpr std::string_view archive_end = ".npz";

/// The file and the array's name that a place spells; no name for an .npy file or a whole archive.
std::pair<std::string, std::string> split_place(const std::string& place) {
    const std::size_t colon = place.rfind(':');
    if (colon == std::string::npos || colon < archive_end.size()) return {place, {}};
    if (!std::string_view(place).substr(0, colon).ends_with(archive_end)) return {place, {}};
    return {place.substr(0, colon), place.substr(colon + 1)};
}

/// The name under which an archive has the array of an option, if it does.
std::optional<std::string> name_in(const NpzArchive& archive, const std::string& option) {
    std::string capitals = option;
    std::ranges::transform(capitals, capitals.begin(), [](unsigned char c) { return std::toupper(c); });
    std::string capital = option;
    capital.front() = capitals.front();
    for (const std::string& name : {option, capitals, capital}) {
        if (archive.holds(name)) return name;
    }
    return std::nullopt;
}

NpyRows open_array(const std::string& option, const std::string& place) {
    const std::string role = "--" + option;
    auto [file, name] = split_place(place);
    if (!file.ends_with(archive_end)) return {file, role};
    const NpzArchive archive(file, role);
    if (name.empty()) name = name_in(archive, option).value_or(option);
    return {archive.read(name), archive.where(name)};
}

/// The type that an array means alone for C or D, where sums are of this type.
std::optional<ElementType> meaning_of(NpyType type, ElementType sums, ElementType input) {
    const bool floats = sums != s32;
    switch (type) {
        case NpyType::f2: return f16;
        case NpyType::f4: return f32;
        case NpyType::f8: return f64;
        case NpyType::i1: return s8;
        case NpyType::u1: return u8;
        case NpyType::i2:
        case NpyType::u2: return input == bf16 || !floats ? bf16 : f16;
        case NpyType::i4:
        case NpyType::u4: return floats ? f32 : s32;
        case NpyType::i8:
        case NpyType::u8: return f64;
        default: return std::nullopt;
    }
}

ElementType default_accumulator(ElementType input) {
    if (input == f64) return f64;
    return is_float(input) ? f32 : s32;
}

void check_matrix(const NpyRows& array) {
    if (array.shape().size() == 2 && array.rows() > 0) return;
    throw InputError(array.where(), fmt::format("shape {}", shape_text(array.shape())),
                     "a matrix: two axes, not empty");
}

void check_shape(const NpyRows& array, std::size_t rows, std::size_t columns) {
    check_matrix(array);
    if (array.rows() == rows && array.columns() == columns) return;
    throw InputError(array.where(), fmt::format("shape {}", shape_text(array.shape())),
                     fmt::format("({}, {}), as the other matrices say", rows, columns));
}

BitMatrix transposed(const BitMatrix& matrix) {
    BitMatrix other(matrix.columns, matrix.rows, matrix.type);
    for (std::size_t row = 0; row < matrix.rows; ++row) {
        for (std::size_t column = 0; column < matrix.columns; ++column) {
            other.at(column, row) = matrix.at(row, column);
        }
    }
    return other;
}

/// The places of all arrays, those from the archive among them.
DumpRequest with_archive(const DumpRequest& request) {
    DumpRequest complete = request;
    if (!request.archive) return complete;
    const NpzArchive archive(*request.archive, "--dump");
    const auto fill = [&](std::optional<std::string>& place, const char* option, bool wanted = true) {
        if (place || !wanted) return;
        if (const auto name = name_in(archive, option)) place = fmt::format("{}:{}", *request.archive, *name);
    };
    fill(complete.a, "a", !complete.values);
    fill(complete.values, "values", !complete.a);
    fill(complete.metadata, "metadata", complete.values && !complete.index);
    fill(complete.index, "index", complete.values && !complete.metadata);
    fill(complete.b, "b");
    fill(complete.c, "c");
    fill(complete.d, "d");
    return complete;
}

/// One line for each array that has to be there, or has no business there.
void check_arrays(const DumpRequest& request) {
    const auto need = [](const std::optional<std::string>& place, const char* option, const char* what) {
        if (!place) throw InputError({}, fmt::format("no --{}", option), what);
    };
    if (request.a && request.values) throw InputError({}, "--a with --values", "one of them");
    if (!request.a && !request.values) {
        throw InputError({}, "neither --a nor --values", "A, dense or as kept values with --metadata or --index");
    }
    if (request.values && request.metadata.has_value() == request.index.has_value()) {
        throw InputError({}, request.metadata ? "--metadata with --index" : "--values without --metadata or --index",
                         "one of --metadata and --index beside --values");
    }
    if (request.a && (request.metadata || request.index)) {
        throw InputError({}, "--metadata or --index with --a", "--values: A's kept elements");
    }
    need(request.b, "b", "--b, k x n");
    need(request.d, "d", "--d, what the kernel wrote");
    if (!request.c && request.beta) throw InputError({}, "--beta without --c", "both, or neither");
}

void read_a(const DumpRequest& request, GemmDump& dump) {
    if (request.a) {
        const NpyRows array = open_array("a", *request.a);
        check_matrix(array);
        dump.a = read_elements(array, element_type_of(array, request.a_type), 0, array.rows());
        return;
    }
    const NpyRows array = open_array("values", *request.values);
    check_matrix(array);
    const ElementType type = element_type_of(array, request.a_type);
    if (!has_sparse_instruction(type)) {
        throw InputError(array.where(), fmt::format("type {}, which no sparse instruction takes", name_of(type)),
                         "f16, bf16, tf32, s8, u8, s4 or u4");
    }
    const SparsePattern pattern = sparse_pattern_of(type);
    if (array.columns() % pattern.kept != 0) {
        throw InputError(array.where(), fmt::format("shape {}", shape_text(array.shape())),
                         fmt::format("a multiple of {} kept elements in a row", pattern.kept));
    }
    dump.a = read_elements(array, type, 0, array.rows());
    const MetadataSize size{type, array.rows(), array.columns()};
    if (request.index) {
        const NpyRows index = open_array("index", *request.index);
        check_matrix(index);
        if (index.rows() != size.rows) check_shape(index, size.rows, index.columns());
        dump.codes = read_index(index, size, 0, size.rows);
        return;
    }
    const NpyRows metadata = open_array("metadata", *request.metadata);
    dump.codes = unpack_metadata(type, read_metadata(metadata, request.form, size), size.rows, size.stored_k);
}

void read_b(const DumpRequest& request, GemmDump& dump) {
    const NpyRows array = open_array("b", *request.b);
    check_matrix(array);
    const bool bytes = bits_of(dump.a.type) == 8;
    const std::optional<ElementType> wanted = request.b_type ? request.b_type
                                              : bytes        ? std::nullopt
                                                             : std::optional(dump.a.type);
    dump.b = read_elements(array, element_type_of(array, wanted), 0, array.rows());
    if (request.b_transposed) dump.b = transposed(dump.b);
    const SparsePattern pattern = dump.pattern();
    const std::size_t k = dump.a.columns / pattern.kept * pattern.group;
    if (dump.b.rows == k) return;
    throw InputError(array.where(), fmt::format("shape {}", shape_text(array.shape())),
                     fmt::format("k = {} {}, as A has", k, request.b_transposed ? "columns" : "rows"));
}

/// C or D.
BitMatrix read_result(const std::string& option, const std::string& place, const GemmDump& dump,
                      std::optional<ElementType> wanted) {
    const NpyRows array = open_array(option, place);
    check_shape(array, dump.a.rows, dump.b.columns);
    if (!wanted) wanted = meaning_of(array.type(), dump.types.accumulator, dump.a.type);
    if (!wanted) {
        throw InputError(array.where(), fmt::format("an array of {}", numpy_name_of(array.type())),
                         "numbers, and a type option to say which");
    }
    return read_elements(array, element_type_of(array, wanted), 0, array.rows());
}

void check_types(const GemmDump& dump) {
    const ProductTypes& types = dump.types;
    const Arithmetic arithmetic{dump.a.type, dump.b.type, types.accumulator, types.overflow};
    if (!is_tensor_core_arithmetic(arithmetic)) {
        throw InputError(
            {},
            fmt::format("A of {}, B of {}, sums in {}{}", name_of(dump.a.type), name_of(dump.b.type),
                        name_of(types.accumulator), types.overflow == Overflow::saturate ? " and --satfinite" : ""),
            "types that an mma has (stcsim instructions)");
    }
    std::vector<ElementType> outputs{f32, f16, bf16};
    if (types.accumulator == f64) outputs = {f64};
    if (types.accumulator == s32) outputs = {s32, s8, u8, f32, f16, bf16};
    if (std::ranges::find(outputs, types.output) != outputs.end()) return;
    std::vector<std::string_view> names;
    for (const ElementType type : outputs) names.push_back(name_of(type));
    throw InputError({}, fmt::format("D of {} from sums in {}", name_of(types.output), name_of(types.accumulator)),
                     fmt::format("one of {}", fmt::join(names, ", ")));
}

}  // namespace

GemmDump read_dump(const DumpRequest& given) {
    const DumpRequest request = with_archive(given);
    check_arrays(request);
    GemmDump dump;
    read_a(request, dump);
    dump.types.accumulator = request.accumulator.value_or(default_accumulator(dump.a.type));
    read_b(request, dump);
    dump.d = read_result("d", *request.d, dump, request.output);
    if (request.c) dump.c = read_result("c", *request.c, dump, request.c_type);
    dump.types.output = dump.d.type;
    dump.types.overflow = request.saturating ? Overflow::saturate : Overflow::wrap;
    dump.types.alpha = request.alpha;
    dump.types.beta = request.c ? request.beta.value_or(1) : 0;
    check_types(dump);
    return dump;
}

std::vector<std::string> files_of(const DumpRequest& given) {
    const DumpRequest request = with_archive(given);
    std::vector<std::string> files;
    for (const auto& place :
         {request.a, request.values, request.metadata, request.index, request.b, request.c, request.d}) {
        if (!place) continue;
        const std::string file = split_place(*place).first;
        if (std::ranges::find(files, file) == files.end()) files.push_back(file);
    }
    return files;
}

}  // namespace stcsim
