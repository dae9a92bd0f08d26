#include "cli/sparsify_options.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include <boost/program_options/value_semantic.hpp>
#include <boost/program_options/variables_map.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "cli/options.h"
#include "sparsity/pattern_name.h"

namespace stcsim {
namespace {

namespace po = boost::program_options;

const std::vector<std::string> dtypes{"f16", "bf16", "tf32", "f32", "f64", "s8", "u8", "s4", "u4"};
const std::vector<std::string> patterns{"2:4", "1:2", "4:8"};

constexpr const char* dtype_text = "element type; else float16 is f16, float32 tf32, float64 f64, int8 s8, uint8 u8";
constexpr const char* pattern_text = "2:4, 1:2 or 4:8 (2 of 4 pairs of neighbours); else that of the element type";

po::typed_value<std::string>* text(const char* placeholder) {
    return po::value<std::string>()->value_name(placeholder);
}

std::optional<std::string> given(const po::variables_map& values, const std::string& option) {
    if (values.count(option) == 0) return std::nullopt;
    const auto& value = values[option].as<std::string>();
    if (value.empty()) throw InputError({}, fmt::format("an empty --{}", option), "a value");
    return value;
}

std::string needed(const po::variables_map& values, const std::string& option, const char* what) {
    const auto value = given(values, option);
    if (!value) throw InputError({}, fmt::format("no --{}", option), what);
    return *value;
}

std::optional<ElementType> dtype_of(const po::variables_map& values) {
    const auto name = given(values, "dtype");
    if (!name) return std::nullopt;
    if (std::find(dtypes.begin(), dtypes.end(), *name) != dtypes.end()) return element_type_named(*name);
    throw InputError({}, fmt::format("--dtype \"{}\"", *name), expected_names(*name, dtypes));
}

std::optional<SparsePattern> pattern_of(const po::variables_map& values) {
    const auto name = given(values, "pattern");
    if (!name) return std::nullopt;
    const auto pattern = sparse_pattern_named(*name);
    if (!pattern) throw InputError({}, fmt::format("--pattern \"{}\"", *name), expected_names(*name, patterns));
    return pattern;
}

}  // namespace

po::options_description prune_options() {
    po::options_description options("Options of stcsim sparsify prune");
    options.add_options()("help,h", "this help")("in", text("W.npy"), "the matrix [.., k]")(
        "dtype", text("TYPE"), dtype_text)("pattern", text("N:M"), pattern_text)(
        "out", text("P.npy"), "the pruned matrix, of the same shape and dtype")(
        "permute", po::bool_switch(), "permute the columns first so that more is kept: --out holds them permuted")(
        "permutation", text("I.npy"),
        "with --permute: the permutation p (int64), out = pruned in[..., p]; the rows of B go B[p]");
    return options;
}

po::options_description check_options() {
    po::options_description options("Options of stcsim sparsify check");
    options.add_options()("help,h", "this help")("in", text("W.npy"), "the matrix [.., k]")(
        "dtype", text("TYPE"), dtype_text)("pattern", text("N:M"), pattern_text)(
        "limit", text("N")->default_value("20"), "violations to print, before only their number");
    return options;
}

std::optional<PruneRequest> parse_prune_request(const std::vector<std::string>& arguments) {
    const po::variables_map values = parse_options(prune_options(), arguments);
    if (values.count("help") != 0) return std::nullopt;
    PruneRequest request;
    request.input = needed(values, "in", "--in W.npy, the matrix to prune");
    request.type = dtype_of(values);
    request.pattern = pattern_of(values);
    request.permute = values["permute"].as<bool>();
    request.output = needed(values, "out", "--out P.npy, where to write the pruned matrix");
    request.permutation = given(values, "permutation");
    if (request.permutation && !request.permute) {
        throw InputError({}, "--permutation without --permute", "both, or neither");
    }
    return request;
}

std::optional<CheckRequest> parse_check_request(const std::vector<std::string>& arguments) {
    const po::variables_map values = parse_options(check_options(), arguments);
    if (values.count("help") != 0) return std::nullopt;
    CheckRequest request;
    request.input = needed(values, "in", "--in W.npy, the matrix to check");
    request.type = dtype_of(values);
    request.pattern = pattern_of(values);
    request.limit =
        parse_integer(values["limit"].as<std::string>(), "--limit", 0, std::numeric_limits<std::uint32_t>::max());
    return request;
}

}  // namespace stcsim
