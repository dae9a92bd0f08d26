#include "cli/run_options.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <thread>

#include <boost/program_options/value_semantic.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "cli/options.h"
#include "gpu/gpu_description.h"
#include "report/result_row.h"
#include "workload/gemm_trace.h"
#include "workload/gemm_types.h"

namespace stcsim {
namespace {

namespace po = boost::program_options;
using Values = po::variables_map;

constexpr std::uint32_t most_threads = 256;

std::vector<std::string> texts_of(const Values& values, const char* option) {
    if (values.count(option) == 0) return {};
    auto texts = values[option].as<std::vector<std::string>>();
    if (std::find(texts.begin(), texts.end(), "") != texts.end()) {
        throw InputError({}, fmt::format("an empty value of --{}", option), "a value (see --help)");
    }
    return texts;
}

void check_combination(const Values& values) {
    refuse_together(values, "gemm", "trace", "a run simulates either one GEMM or a trace");
    if (values.count("gemm") == 0 && values.count("trace") == 0 && values.count("write-config") == 0) {
        throw InputError({}, "neither --gemm nor --trace", "--gemm MxNxK for one GEMM or --trace FILE.csv for many");
    }
    for (const char* const option : {"batch", "dtype", "acc", "output-dtype", "sparsity", "sparse-operand"}) {
        refuse_together(values, option, "trace", "the trace says it for each GEMM");
        if (values.count("trace") == 0) refuse_without(values, option, "gemm");
    }
    refuse_together(values, "sparsity", "compare", "--compare simulates dense and 2:4");
    refuse_together(values, "vcd", "compare", "a waveform is of one simulation");
    refuse_together(values, "perfetto", "compare", "a timeline is of one simulation");
    refuse_without(values, "seed", "verify");
    refuse_together(values, "exact", "sampled", "a run is one or the other");
    refuse_together(values, "no-skip", "sampled", "only a run of every instruction skips cycles that repeat");
    for (const char* const option : {"verify", "vcd", "perfetto"}) {
        refuse_together(values, option, "sampled", "only a run of every instruction has it");
    }
    if (values.count("gemm") != 0 || values.count("trace") != 0) return;
    for (const char* const option : {"compare", "kernel", "scope", "exact", "sampled", "no-skip", "jobs", "l2", "clock",
                                     "verify", "out", "vcd", "perfetto"}) {
        if (values.count(option) == 0) continue;
        throw InputError({}, fmt::format("--{} without --gemm or --trace", option), "a GEMM or a trace to simulate");
    }
}

ElementType parse_type(const std::string& name, std::string_view option) {
    if (const auto type = element_type_named(name)) return *type;
    using enum ElementType;
    std::vector<std::string> known;
    for (const ElementType type : {f16, bf16, tf32, f32, f64, s8, u8, s4, u4, b1, s32}) {
        known.emplace_back(name_of(type));
    }
    throw InputError({}, fmt::format("{} \"{}\"", option, name), expected_names(name, known));
}

/// The accumulator of most kernels for this input type.
ElementType default_accumulator(ElementType input) {
    using enum ElementType;
    switch (input) {
        case s8:
        case u8:
        case s4:
        case u4:
        case b1:
        case s32: return s32;
        case f64: return f64;
        case f16:
        case bf16:
        case tf32:
        case f32: return f32;
    }
    return f32;
}

/// Sets m, n, k and batch from "MxNxK" or "MxNxKxBATCH".
void set_sizes(GemmProblem& problem, const Values& values) {
    const std::string text = *text_of(values, "gemm");
    const std::array sizes{&problem.m, &problem.n, &problem.k, &problem.batch};
    std::string_view rest = text;
    std::size_t parts = 0;
    for (bool more = true; more; ++parts) {
        const std::size_t cross = rest.find('x');
        more = cross != std::string_view::npos;
        if (parts == sizes.size() || (!more && parts < 2)) {
            throw InputError({}, fmt::format("--gemm \"{}\"", text), "MxNxK or MxNxKxBATCH");
        }
        *sizes[parts] =
            parse_integer(rest.substr(0, cross), fmt::format("in --gemm {} the size", text), 1, largest_trace_number);
        if (more) rest.remove_prefix(cross + 1);
    }
    if (const auto batch = text_of(values, "batch")) {
        if (parts == sizes.size()) {
            throw InputError({}, fmt::format("--batch with --gemm {}", text), "the batch in one of the two places");
        }
        problem.batch = parse_integer(*batch, "--batch", 1, largest_trace_number);
    }
    constexpr double largest_product = 9.2e18;  // what a 63-bit count of multiply-adds holds
    if (problem.fused_multiply_adds() > largest_product) {
        throw InputError({}, fmt::format("--gemm {}", text), "m x n x k x batch below 2^63");
    }
}

GemmProblem problem_of(const Values& values) {
    GemmProblem problem;
    set_sizes(problem, values);
    problem.name = *text_of(values, "gemm");
    if (const auto name = text_of(values, "dtype")) problem.input = parse_type(*name, "--dtype");
    const auto accumulator = text_of(values, "acc");
    problem.accumulator = accumulator ? parse_type(*accumulator, "--acc") : default_accumulator(problem.input);
    const auto output = text_of(values, "output-dtype");
    problem.output = output ? parse_type(*output, "--output-dtype") : default_output(problem.input);
    if (const auto name = text_of(values, "sparsity")) {
        const std::optional<Sparsity> sparsity = sparsity_named(*name);
        if (!sparsity) throw InputError({}, fmt::format("--sparsity \"{}\"", *name), "dense or 2:4");
        problem.sparsity = *sparsity;
    }
    if (const auto name = text_of(values, "sparse-operand")) {
        const std::optional<SparseOperand> operand = sparse_operand_named(*name);
        if (!operand) throw InputError({}, fmt::format("--sparse-operand \"{}\"", *name), "a or b");
        problem.sparse_operand = *operand;
    }
    check_types(problem, {});
    return problem;
}

std::string required_gpu(const Values& values) {
    if (auto gpu = text_of(values, "gpu")) return *gpu;
    throw InputError({}, "no --gpu", expected_names("", available_gpus()));
}

SimulationOptions simulation_options_of(const Values& values) {
    SimulationOptions options;
    if (const auto name = text_of(values, "scope")) {
        const std::optional<Scope> scope = scope_named(*name);
        if (!scope) throw InputError({}, fmt::format("--scope \"{}\"", *name), "core, sm or chip");
        options.scope = *scope;
    }
    if (values.count("exact") != 0) options.method = Method::exact;
    if (values.count("sampled") != 0) options.method = Method::sampled;
    options.skip = values.count("no-skip") == 0;
    const auto jobs = text_of(values, "jobs");
    options.threads = jobs ? static_cast<std::uint32_t>(parse_integer(*jobs, "--jobs", 1, most_threads))
                           : std::clamp(std::thread::hardware_concurrency(), 1U, most_threads);
    if (const auto l2 = text_of(values, "l2")) {
        if (*l2 != "cold" && *l2 != "warm") throw InputError({}, fmt::format("--l2 \"{}\"", *l2), "cold or warm");
        options.warm_l2 = *l2 == "warm";
    }
    if (const auto clock = text_of(values, "clock")) {
        constexpr std::uint64_t highest_clock = 10000;
        options.clock_hz = 1e6 * static_cast<double>(parse_integer(*clock, "--clock", 1, highest_clock));
    }
    if (const auto kernel = text_of(values, "kernel")) options.kernel = *kernel;
    options.verify = values.count("verify") != 0;
    if (const auto seed = text_of(values, "seed")) {
        options.seed = parse_integer(*seed, "--seed", 0, std::numeric_limits<std::uint64_t>::max());
    }
    options.vcd = text_of(values, "vcd");
    options.perfetto = text_of(values, "perfetto");
    return options;
}

/// Throws if one file is to be written twice.
void check_files(const RunRequest& request) {
    std::vector<std::filesystem::path> files = request.reports;
    for (const auto& file : {request.configuration, request.options.vcd, request.options.perfetto}) {
        if (file) files.push_back(*file);
    }
    for (std::filesystem::path& file : files) {
        std::error_code ignored;
        const std::filesystem::path same = std::filesystem::weakly_canonical(std::filesystem::absolute(file), ignored);
        if (!same.empty()) file = same;
    }
    std::sort(files.begin(), files.end());
    const auto twice = std::adjacent_find(files.begin(), files.end());
    if (twice != files.end()) throw InputError({twice->string()}, "one file for two outputs", "different files");
}

}  // namespace

po::options_description run_options() {
    const auto texts = [](const char* shown) {
        return po::value<std::vector<std::string>>()->value_name(shown)->composing();
    };
    po::options_description options("Options of stcsim run", 100, 60);
    auto add = options.add_options();
    add("help,h", "this help");
    add("gpu", text_value("NAME|FILE"), "GPU description: a name of 'stcsim gpus' or a .toml file");
    add("set", texts("PATH=VALUE"), "override a parameter of the description; repeatable");
    add("write-config", text_value("FILE"), "write the complete description in force as TOML");
    add("gemm", text_value("MxNxK[xBATCH]"), "simulate one GEMM: D[m,n] = A[m,k] x B[k,n]");
    add("batch", text_value("COUNT"), "how many such products (1)");
    add("dtype", text_value("TYPE"), "type of A and B (f16)");
    add("acc", text_value("TYPE"), "type of the accumulator (f32; s32 for integers)");
    add("output-dtype", text_value("TYPE"), "type of D as stored (as --dtype)");
    add("sparsity", text_value("dense|2:4"), "how A (or B, see --sparse-operand) is stored (dense)");
    add("sparse-operand", text_value("a|b"), "which operand 2:4 is about; b: through the transposed product (a)");
    add("trace", text_value("FILE.csv"), "simulate every GEMM of a trace: name,m,n,k,batch,dtype,acc,sparsity,count");
    add("compare", "simulate each GEMM dense and 2:4, whatever a trace says");
    add("kernel", text_value("auto|best|NAME"), "tiling, a name of 'stcsim kernels' (auto)");
    add("scope", text_value("core|sm|chip"),
        "core: tensor cores of one SM, operands in registers; sm: one SM with its share of the memory; chip (chip)");
    add("exact", "scope chip: every instruction of every SM, however long it takes");
    add("sampled", "scope chip: k-tile by k-tile, repeating waves left out (the default for large problems)");
    add("no-skip", "simulate every cycle, even those that repeat others exactly: the same results, later");
    add("jobs,j", text_value("NUMBER"),
        "threads of a run of every instruction without --verify (one per processor); the results do not depend on it");
    add("l2", text_value("cold|warm"),
        "what the L2 holds: nothing of the operands, or what the same launch has left (cold)");
    add("clock", text_value("MHZ"), "lock the SM clock there; without it the power limit decides");
    add("verify", "move values through the model and compare every element of D bit for bit");
    add("seed", text_value("NUMBER"), "of the operands of --verify (1)");
    add("out", texts("FILE"), "write the results as .json or .csv; repeatable");
    add("vcd", text_value("FILE"), "write a waveform of the first SM's tensor cores");
    add("perfetto", text_value("FILE"), "write a timeline of the first SM's tensor cores (Chrome trace JSON)");
    return options;
}

std::optional<RunRequest> parse_run_request(const std::vector<std::string>& arguments) {
    const Values values = parse_options(run_options(), arguments);
    if (values.count("help") != 0) return std::nullopt;
    check_combination(values);
    RunRequest request;
    request.gpu = required_gpu(values);
    request.overrides = texts_of(values, "set");
    request.compare = values.count("compare") != 0;
    request.options = simulation_options_of(values);
    for (const std::string& file : texts_of(values, "out")) request.reports.emplace_back(file);
    request.configuration = text_of(values, "write-config");
    request.trace = text_of(values, "trace");
    check_files(request);
    if (values.count("gemm") != 0) request.problems.push_back(problem_of(values));
    if (request.trace) request.problems = read_gemm_trace(*request.trace);
    if (request.problems.size() > 1 && (request.options.vcd || request.options.perfetto)) {
        throw InputError({},
                         fmt::format("--{} with a trace of {} GEMMs", request.options.vcd ? "vcd" : "perfetto",
                                     request.problems.size()),
                         "a single GEMM: a waveform or timeline is of one simulation");
    }
    return request;
}

}  // namespace stcsim
