#include "cli/sparsify_options.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include <boost/program_options/value_semantic.hpp>
#include <boost/program_options/variables_map.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "cli/options.h"
#include "isa/metadata_fragment.h"
#include "sparsity/pattern_name.h"

namespace stcsim {
namespace {

namespace po = boost::program_options;

const std::vector<std::string> dtypes{"f16", "bf16", "tf32", "f32", "f64", "s8", "u8", "s4", "u4"};
const std::vector<std::string> patterns{"2:4", "1:2", "4:8"};

constexpr const char* dtype_text = "element type; else float16 is f16, float32 tf32, float64 f64, int8 s8, uint8 u8";
constexpr const char* pattern_text = "2:4, 1:2 or 4:8 (2 of 4 pairs of neighbours); else that of the element type";

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

/// The order that an option names, lanes only where they are allowed.
std::optional<MetadataOrder> order_of(const po::variables_map& values, const std::string& option, bool with_lanes) {
    const auto name = given(values, option);
    if (!name) return std::nullopt;
    const auto order = metadata_order_named(*name);
    if (order && (with_lanes || *order != MetadataOrder::lanes)) return order;
    std::vector<std::string> names = metadata_order_names();
    if (!with_lanes) names.pop_back();
    throw InputError({}, fmt::format("--{} \"{}\"", option, *name), expected_names(*name, names));
}

std::optional<std::size_t> size_of(const po::variables_map& values, const std::string& option) {
    const auto number = given(values, option);
    if (!number) return std::nullopt;
    return parse_integer(*number, "--" + option, 1, std::numeric_limits<std::uint32_t>::max());
}

/// The instruction and selector of lanes; both only where lanes are read or written.
void set_lanes(const po::variables_map& values, ReorderRequest& request) {
    const auto name = given(values, "instr");
    const bool lanes = request.from.order == MetadataOrder::lanes || request.to.order == MetadataOrder::lanes;
    if (lanes != name.has_value()) {
        throw InputError({}, lanes ? "lanes without --instr" : "--instr without lanes", "both: --instr says whose E");
    }
    if (!lanes) {
        if (values.count("selector") != 0) throw InputError({}, "--selector without --instr", "both, or neither");
        return;
    }
    const MmaInstruction& instruction = mma_instruction_named(*name);
    if (!instruction.sparse) throw InputError({}, fmt::format("--instr {}, which is dense", *name), "an mma.sp");
    const std::uint32_t selectors = sparsity_selectors(instruction);
    const auto selector = static_cast<std::uint32_t>(
        parse_integer(given(values, "selector").value_or("0"), "--selector", 0, selectors - 1));
    for (MetadataForm* const form : {&request.from, &request.to}) {
        form->instruction = &instruction;
        form->selector = selector;
    }
    const auto type = dtype_of(values);
    if (type && *type != instruction.a) {
        throw InputError({}, fmt::format("--dtype {} with {}", name_of(*type), *name),
                         std::string(name_of(instruction.a)));
    }
    request.type = instruction.a;
}

}  // namespace

po::options_description prune_options() {
    po::options_description options("Options of stcsim sparsify prune");
    options.add_options()("help,h", "this help")("in", text_value("W.npy"), "the matrix [.., k]")(
        "dtype", text_value("TYPE"), dtype_text)("pattern", text_value("N:M"), pattern_text)(
        "out", text_value("P.npy"), "the pruned matrix, of the same shape and dtype")(
        "permute", po::bool_switch(), "permute the columns first so that more is kept: --out holds them permuted")(
        "permutation", text_value("I.npy"),
        "with --permute: the permutation p (int64), out = pruned in[..., p]; the rows of B go B[p]");
    return options;
}

po::options_description compress_options() {
    po::options_description options("Options of stcsim sparsify compress");
    options.add_options()("help,h", "this help")("in", text_value("P.npy"),
                                                 "the matrix [.., k], which meets the pattern of its type")(
        "dtype", text_value("TYPE"), dtype_text)("values", text_value("V.npy"), "the kept elements [.., k/2]")(
        "metadata", text_value("E.npy"), "their codes, in the order of --order")(
        "order", text_value("ORDER"), "codes, row-major (the default), reordered or reordered-along-k")(
        "index", text_value("I.npy"), "their positions in their groups (uint8)");
    return options;
}

po::options_description expand_options() {
    po::options_description options("Options of stcsim sparsify expand");
    options.add_options()("help,h", "this help")("values", text_value("V.npy"), "the kept elements [.., k/2]")(
        "dtype", text_value("TYPE"), dtype_text)("metadata", text_value("E.npy"),
                                                 "their codes, in the order of --order")(
        "order", text_value("ORDER"), "codes, row-major (the default), reordered or reordered-along-k")(
        "index", text_value("I.npy"), "instead of --metadata: their positions in their groups")(
        "out", text_value("P.npy"), "the matrix [.., k], +0 where nothing was kept");
    return options;
}

po::options_description reorder_options() {
    po::options_description options("Options of stcsim sparsify reorder");
    options.add_options()("help,h", "this help")("metadata", text_value("E.npy"), "the metadata")(
        "dtype", text_value("TYPE"), "element type of the matrix")("from", text_value("ORDER"), "the order it is in")(
        "to", text_value("ORDER"), "the order wanted")("out", text_value("F.npy"), "the metadata in that order")(
        "rows", text_value("N"), "rows of the matrix, to drop padding; from lanes: needed")(
        "k", text_value("N"), "columns of the matrix, to drop padding; from lanes: needed")(
        "instr", text_value("NAME"), "lanes: the mma.sp whose E registers they are")(
        "selector", text_value("N"), "lanes: its sparsity selector (default 0)");
    return options;
}

po::options_description check_options() {
    po::options_description options("Options of stcsim sparsify check");
    options.add_options()("help,h", "this help")("in", text_value("W.npy"), "the matrix [.., k]")(
        "dtype", text_value("TYPE"), dtype_text)("pattern", text_value("N:M"), pattern_text)(
        "limit", text_value("N")->default_value("20"), "violations to print, before only their number");
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

std::optional<CompressRequest> parse_compress_request(const std::vector<std::string>& arguments) {
    const po::variables_map values = parse_options(compress_options(), arguments);
    if (values.count("help") != 0) return std::nullopt;
    CompressRequest request;
    request.input = needed(values, "in", "--in P.npy, the matrix to compress");
    request.type = dtype_of(values);
    request.values = needed(values, "values", "--values V.npy, where to write the kept elements");
    request.metadata = given(values, "metadata");
    request.index = given(values, "index");
    if (!request.metadata && !request.index) {
        throw InputError({}, "neither --metadata nor --index", "one or both, where to write which elements are kept");
    }
    const auto order = order_of(values, "order", false);
    if (order && !request.metadata) throw InputError({}, "--order without --metadata", "both, or neither");
    request.order = order.value_or(request.order);
    return request;
}

std::optional<ExpandRequest> parse_expand_request(const std::vector<std::string>& arguments) {
    const po::variables_map values = parse_options(expand_options(), arguments);
    if (values.count("help") != 0) return std::nullopt;
    ExpandRequest request;
    request.values = needed(values, "values", "--values V.npy, the kept elements");
    request.type = dtype_of(values);
    request.metadata = given(values, "metadata");
    request.index = given(values, "index");
    if (request.metadata.has_value() == request.index.has_value()) {
        throw InputError({}, request.metadata ? "--metadata with --index" : "neither --metadata nor --index",
                         "one of them");
    }
    const auto order = order_of(values, "order", false);
    if (order && !request.metadata) throw InputError({}, "--order without --metadata", "both, or neither");
    request.order = order.value_or(request.order);
    request.output = needed(values, "out", "--out P.npy, where to write the matrix");
    return request;
}

std::optional<ReorderRequest> parse_reorder_request(const std::vector<std::string>& arguments) {
    const po::variables_map values = parse_options(reorder_options(), arguments);
    if (values.count("help") != 0) return std::nullopt;
    ReorderRequest request;
    request.input = needed(values, "metadata", "--metadata E.npy, the metadata to reorder");
    const std::string orders = fmt::format("one of {}", fmt::join(metadata_order_names(), ", "));
    if (values.count("from") == 0 || values.count("to") == 0) {
        throw InputError({}, values.count("from") == 0 ? "no --from" : "no --to", orders);
    }
    request.from.order = *order_of(values, "from", true);
    request.to.order = *order_of(values, "to", true);
    set_lanes(values, request);
    if (request.from.instruction == nullptr) {
        const auto type = dtype_of(values);
        if (!type) throw InputError({}, "no --dtype", "the element type of the matrix that the metadata is for");
        if (!has_sparse_instruction(*type)) {
            throw InputError({}, fmt::format("--dtype {}, which no sparse instruction takes", name_of(*type)),
                             "f16, bf16, tf32, s8, u8, s4 or u4");
        }
        request.type = *type;
    }
    request.rows = size_of(values, "rows");
    request.columns = size_of(values, "k");
    request.output = needed(values, "out", "--out F.npy, where to write the reordered metadata");
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
