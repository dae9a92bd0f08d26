#include "cli/check_command.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <optional>
#include <ostream>
#include <thread>

#include <boost/program_options/value_semantic.hpp>
#include <fmt/format.h>

#include "base/content_hash.h"
#include "base/error.h"
#include "check/check_dump.h"
#include "check/dump_files.h"
#include "check/verdict_report.h"
#include "cli/options.h"
#include "cli/version.h"
#include "files/atomic_file.h"
#include "isa/metadata_fragment.h"
#include "isa/mma_instruction.h"

namespace stcsim {
namespace {

namespace po = boost::program_options;
using Values = po::variables_map;

const std::vector<std::string> operand_types{"f16", "bf16", "tf32", "f64", "s8", "u8", "s4", "u4"};
const std::vector<std::string> accumulator_types{"f16", "f32", "f64", "s32"};
const std::vector<std::string> result_types{"f16", "bf16", "f32", "f64", "s8", "u8", "s32"};

po::options_description dump_options() {
    po::options_description options("Options of stcsim check", 100, 60);
    auto add = options.add_options();
    add("help,h", "this help");
    add("a", text_value("A"),
        "A, m x k; an array is FILE.npy, FILE.npz:NAME, or FILE.npz that has one named as the option");
    add("values", text_value("V"), "instead of --a: the kept elements of a structured-sparse A, m x k/2");
    add("metadata", text_value("E"), "with --values: their metadata, in the order of --metadata-order");
    add("metadata-order", text_value("ORDER"), "an order of stcsim sparsify reorder (row-major)");
    add("instr", text_value("NAME"), "with --metadata-order lanes: the mma.sp whose E registers they are");
    add("selector", text_value("N"), "with --instr: its sparsity selector (0)");
    add("index", text_value("I"), "with --values: their positions in their groups, instead of --metadata");
    add("b", text_value("B"), "B, k x n");
    add("b-transposed", po::bool_switch(), "--b holds n x k");
    add("c", text_value("C"), "C, m x n (none)");
    add("d", text_value("D"), "what the kernel wrote, m x n");
    add("dump", text_value("FILE.npz"),
        "an archive with those of a, values, metadata, index, b, c, d that are not given");
    add("dtype", text_value("TYPE"),
        "type of A and B; else float16 is f16, float32 tf32, float64 f64, int8 s8, uint8 u8");
    add("b-dtype", text_value("TYPE"), "type of B, if it is another 8- or 4-bit integer than A's");
    add("acc", text_value("TYPE"),
        "type of the sums: f16, f32, f64, s32 (f32; f64 and s32 where the operands have them)");
    add("output", text_value("TYPE"), "type of D (that of its array; of 16-bit integers bf16 or f16 as --dtype)");
    add("c-type", text_value("TYPE"), "type of C (likewise)");
    add("satfinite", po::bool_switch(), "integer sums stop at the ends of s32");
    add("alpha", text_value("X"), "factor of the product (1)");
    add("beta", text_value("X"), "factor of C (1)");
    add("order", text_value("ORDER"), "order of the sums, for instance split-k=4,tile-k=32 (inferred)");
    add("require", text_value("bound|bit-exact"), "what exit status 0 means (bound)");
    add("jobs,j", text_value("N"), "threads (one for each processor)");
    add("out", text_value("FILE.json"), "write the verdict for scripts");
    return options;
}

constexpr const char* order_help = R"(
Keys of an order, KEY=VALUE with commas between; those left out are at their defaults:
  instruction=mma|mma.sp|fma   (as A is given)      instruction-k=N  one of the type's mma (the larger)
  tile-k=N                     k of a CTA's tile    split-k=N        CTAs that share an element (1)
  slices=ceiling|even          how tiles are dealt  reduction=parallel|serial  of slices: in the accumulator, or through D
  sliced-k=N                   warps that share a tile (1)           partial-k=N  sums begin anew after so much k (never)
  c=epilogue|accumulator       where C is added     epilogue=fused|separate|f16  rounding of alpha x sum + beta x C
  operands=truncated|rounded   low 13 bits of tf32
Without --order plausible ones are tried: whole k, 2 to 16 slices, sliced-K of 2 and 4, and both.

Exit status: 0 if D is bit-exact or within the bound that its arithmetic implies, 1 if not, 2 for bad input.
)";

std::optional<ElementType> type_of(const Values& values, const char* option, const std::vector<std::string>& known) {
    const auto name = text_of(values, option);
    if (!name) return std::nullopt;
    if (std::ranges::find(known, *name) != known.end()) return element_type_named(*name);
    throw InputError({}, fmt::format("--{} \"{}\"", option, *name), expected_names(*name, known));
}

std::optional<double> number_of(const Values& values, const char* option) {
    const auto text = text_of(values, option);
    if (!text) return std::nullopt;
    double number = 0;
    const auto [stop, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error == std::errc{} && stop == text->data() + text->size() && std::isfinite(number)) return number;
    throw InputError({}, fmt::format("--{} \"{}\"", option, *text), "a finite number");
}

MetadataForm form_of(const Values& values) {
    MetadataForm form{MetadataOrder::row_major};
    refuse_without(values, "metadata-order", "metadata");
    refuse_without(values, "selector", "instr");
    if (const auto name = text_of(values, "metadata-order")) {
        const auto order = metadata_order_named(*name);
        if (!order) {
            throw InputError({}, fmt::format("--metadata-order \"{}\"", *name),
                             expected_names(*name, metadata_order_names()));
        }
        form.order = *order;
    }
    const auto instruction = text_of(values, "instr");
    if (instruction.has_value() != (form.order == MetadataOrder::lanes)) {
        throw InputError({}, instruction ? "--instr without lanes" : "lanes without --instr",
                         "both: --instr says whose E registers the lanes are");
    }
    if (!instruction) return form;
    form.instruction = &mma_instruction_named(*instruction);
    const std::uint32_t selectors = sparsity_selectors(*form.instruction);
    if (selectors == 0) throw InputError({}, fmt::format("--instr {}, which is dense", *instruction), "an mma.sp");
    form.selector = static_cast<std::uint32_t>(
        parse_integer(text_of(values, "selector").value_or("0"), "--selector", 0, selectors - 1));
    return form;
}

DumpRequest request_of(const Values& values) {
    DumpRequest request;
    request.archive = text_of(values, "dump");
    request.a = text_of(values, "a");
    request.values = text_of(values, "values");
    request.metadata = text_of(values, "metadata");
    request.index = text_of(values, "index");
    request.b = text_of(values, "b");
    request.c = text_of(values, "c");
    request.d = text_of(values, "d");
    request.a_type = type_of(values, "dtype", operand_types);
    request.b_type = type_of(values, "b-dtype", operand_types);
    request.accumulator = type_of(values, "acc", accumulator_types);
    request.output = type_of(values, "output", result_types);
    request.c_type = type_of(values, "c-type", result_types);
    request.form = form_of(values);
    request.b_transposed = values["b-transposed"].as<bool>();
    request.saturating = values["satfinite"].as<bool>();
    request.alpha = number_of(values, "alpha").value_or(1);
    request.beta = number_of(values, "beta");
    return request;
}

std::vector<std::pair<std::string, std::uint64_t>> hashed_files(const DumpRequest& request) {
    std::vector<std::pair<std::string, std::uint64_t>> hashes;
    for (const std::string& file : files_of(request)) {
        std::ifstream stream(file, std::ios::binary);
        const std::string content{std::istreambuf_iterator<char>(stream), {}};
        hashes.emplace_back(file, content_hash(content));
    }
    return hashes;
}

bool agrees(const Verdict& verdict, bool exactly) {
    if (verdict.agreement == Agreement::bit_exact) return true;
    return !exactly && verdict.agreement == Agreement::within_bound;
}

}  // namespace

int check_command(const std::vector<std::string>& arguments, const std::vector<std::string>& command_line,
                  std::ostream& out) {
    const Values values = parse_options(dump_options(), arguments);
    if (values.count("help") != 0) {
        out << "stcsim check (--a A | --values V (--metadata E | --index I)) --b B [--c C] --d D [OPTIONS]\n\n"
            << dump_options() << order_help;
        return 0;
    }
    const DumpRequest request = request_of(values);
    const std::string require = text_of(values, "require").value_or("bound");
    if (require != "bound" && require != "bit-exact") {
        throw InputError({}, fmt::format("--require \"{}\"", require), "bound or bit-exact");
    }
    const std::optional<std::string> file = text_of(values, "out");
    if (file) check_writable(*file);
    CheckOptions options;
    constexpr std::uint64_t most_threads = 1024;
    const std::string processors = fmt::format("{}", std::max(1U, std::thread::hardware_concurrency()));
    options.threads =
        static_cast<unsigned>(parse_integer(text_of(values, "jobs").value_or(processors), "--jobs", 1, most_threads));
    const GemmDump dump = read_dump(request);
    if (const auto order = text_of(values, "order")) options.order = parse_order(*order, dump);
    const Verdict verdict = check_dump(dump, options);
    out << verdict_text(dump, verdict);
    if (file) {
        write_whole_file(*file,
                         verdict_json(dump, verdict, {std::string(version), command_line, hashed_files(request)}));
    }
    return agrees(verdict, require == "bit-exact") ? 0 : 1;
}

}  // namespace stcsim
