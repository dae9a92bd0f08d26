#include "cli/microbench_command.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <optional>
#include <ostream>
#include <string_view>
#include <unistd.h>

#include <boost/program_options/value_semantic.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "files/atomic_file.h"
#include "gpu/gpu_description.h"
#include "microbench/memory_bench.h"
#include "microbench/microbench.h"
#include "microbench/microbench_report.h"

namespace stcsim {
namespace {

namespace po = boost::program_options;

struct MicrobenchRequest {
    GpuDescription gpu;
    std::vector<MicrobenchSubject> subjects;
    std::vector<MicrobenchLoad> loads;
    std::uint32_t iterations = published_iterations;
    std::optional<std::filesystem::path> csv;
};

po::options_description microbench_options() {
    po::options_description options("Options of stcsim microbench");
    auto add = options.add_options();
    add("help,h", "this help");
    add("gpu", text_value("NAME|FILE")->default_value("a100-sxm4-40gb"), "GPU description");
    add("set", po::value<std::vector<std::string>>()->value_name("PATH=VALUE"),
        "override a parameter of the description; repeatable");
    add("instr", text_value("NAME"),
        "one instruction (all): of 'stcsim instructions', ldmatrix.x1|x2|x4, ld.shared.u32[.Nway]");
    add("warps", text_value("LIST"), "warps of the thread block, such as 4 or 1,2,4 or 1-8 (1,4,8)");
    add("ilp", text_value("LIST"), "independent instructions per warp and iteration (1-6)");
    add("fragments", text_value("loop|packed")->default_value("loop"),
        "where the program waits for its fragments: in the timed loop, as in the published measurements, or packed "
        "before the first clock, as nvcc 13 compiles elements below 32 bits");
    add("memory", "latencies and bandwidths of L2 and memory instead of instructions");
    add("iterations", text_value("NUMBER"), "iterations of the timed loop (999, as published)");
    add("csv", text_value("FILE"),
        "write every measurement: instr,warps,ilp,latency_cyc,throughput,peak,unit; with --memory "
        "level,metric,value,unit");
    return options;
}

/// The numbers of "4", "1,2,4" or "1-8", ascending, each once.
std::vector<std::uint32_t> parse_list(std::string_view text, std::string_view option, std::uint32_t most) {
    std::vector<std::uint32_t> numbers;
    for (bool more = true; more;) {
        const std::size_t comma = text.find(',');
        more = comma != std::string_view::npos;
        const std::string_view item = text.substr(0, comma);
        const std::size_t dash = item.find('-');
        const std::uint64_t first = parse_integer(item.substr(0, dash), option, 1, most);
        const std::uint64_t last =
            dash == std::string_view::npos ? first : parse_integer(item.substr(dash + 1), option, first, most);
        for (std::uint64_t number = first; number <= last; ++number) {
            numbers.push_back(static_cast<std::uint32_t>(number));
        }
        if (more) text.remove_prefix(comma + 1);
    }
    std::ranges::sort(numbers);
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    return numbers;
}

FragmentWait fragment_wait_named(std::string_view name) {
    if (name == "loop") return FragmentWait::in_loop;
    if (name == "packed") return FragmentWait::packed;
    throw InputError({}, fmt::format("--fragments {}", name), "loop or packed");
}

MicrobenchRequest request_of(const po::variables_map& values) {
    MicrobenchRequest request;
    using Texts = std::vector<std::string>;
    const Texts overrides = values.count("set") != 0 ? values["set"].as<Texts>() : Texts();
    request.gpu = gpu_in_force(values["gpu"].as<std::string>(), overrides);
    const auto text_or = [&](const char* option, const char* otherwise) {
        return values.count(option) != 0 ? values[option].as<std::string>() : std::string(otherwise);
    };
    const GpuParameters& parameters = request.gpu.parameters;
    if (values.count("instr") != 0) {
        request.subjects = {microbench_subject_named(values["instr"].as<std::string>())};
        const MmaInstruction* mma = request.subjects.front().mma;
        if (mma != nullptr && mma->sparse && !parameters.sm.tensor_core.sparse_path) {
            throw InputError({}, fmt::format("{} on {}", mma->name(), request.gpu.name),
                             "a GPU with sm.tensor_core.sparse_path = true");
        }
    } else {
        request.subjects = microbench_subjects(parameters.sm.tensor_core.sparse_path);
    }
    const FragmentWait fragments = fragment_wait_named(values["fragments"].as<std::string>());
    const std::uint32_t most_warps = std::min(largest_block_warps, parameters.sm.residency.maximum_warps);
    for (const std::uint32_t warps : parse_list(text_or("warps", "1,4,8"), "--warps", most_warps)) {
        for (const std::uint32_t ilp : parse_list(text_or("ilp", "1-6"), "--ilp", largest_ilp)) {
            request.loads.push_back({warps, ilp, fragments});
        }
    }
    constexpr std::uint64_t most_iterations = 1'000'000;
    request.iterations = static_cast<std::uint32_t>(parse_integer(
        text_or("iterations", std::to_string(published_iterations).c_str()), "--iterations", 1, most_iterations));
    if (values.count("csv") != 0) {
        request.csv = values["csv"].as<std::string>();
        check_writable(*request.csv);
    }
    return request;
}

/// Loads whose block does not fit on an SM are left out where a grid is asked for, and an error where only they are.
std::vector<MicrobenchResult> measure_all(const MicrobenchRequest& request, const Simulator& simulator,
                                          std::ostream& err) {
    const GpuParameters& parameters = request.gpu.parameters;
    Progress progress(err, isatty(STDERR_FILENO) != 0, request.subjects.size());
    std::vector<MicrobenchResult> results;
    std::size_t left_out = 0;
    for (std::size_t i = 0; i < request.subjects.size(); ++i) {
        const MicrobenchSubject& subject = request.subjects[i];
        for (const MicrobenchLoad& load : request.loads) {
            if (request.loads.size() > 1 && !fits(subject, load, parameters)) {
                ++left_out;
                continue;
            }
            results.push_back(simulator.measure(subject, load, parameters, request.iterations));
        }
        progress.report(i, subject.name, 1);
    }
    if (left_out > 0) {
        err << fmt::format("stcsim: {} loads left out: their thread block needs more registers than an SM has\n",
                           left_out);
    }
    return results;
}

/// --memory: the figures of the memory model.
void memory_command(const po::variables_map& values, const Simulator& simulator, std::ostream& out) {
    for (const char* const other : {"instr", "warps", "ilp", "iterations"}) {
        if (values.count(other) == 0) continue;
        throw InputError({}, fmt::format("--memory with --{}", other), "one of them");
    }
    using Texts = std::vector<std::string>;
    const GpuDescription gpu =
        gpu_in_force(values["gpu"].as<std::string>(), values.count("set") != 0 ? values["set"].as<Texts>() : Texts());
    if (values.count("csv") != 0) check_writable(values["csv"].as<std::string>());
    const std::vector<MemoryFigure> figures = simulator.measure_memory(gpu.parameters);
    if (values.count("csv") != 0) write_whole_file(values["csv"].as<std::string>(), memory_csv(figures));
    out << fmt::format(
        "GPU {}; chases: one SM, each load of a sector when the one before is back; streams: all SMs or one, whole "
        "lines\n\n{}",
        gpu.name, memory_table(figures));
}

}  // namespace

void microbench_command(const std::vector<std::string>& arguments, const Simulator& simulator, std::ostream& out,
                        std::ostream& err) {
    const po::options_description options = microbench_options();
    const po::variables_map values = parse_options(options, arguments);
    if (values.count("help") != 0) {
        out << "stcsim microbench: latency and throughput of single instructions on the model of one SM\n\n" << options;
        return;
    }
    if (values.count("memory") != 0) return memory_command(values, simulator, out);
    const MicrobenchRequest request = request_of(values);
    const std::vector<MicrobenchResult> results = measure_all(request, simulator, err);
    if (request.csv) write_whole_file(*request.csv, microbench_csv(results));
    out << fmt::format(
        "GPU {}, one thread block on one SM, {} iterations of ILP instructions and __syncwarp()\n"
        "latency: cycles of an iteration with 1 warp and ILP 1. Then, for each number of warps, the ILP from which "
        "one\n"
        "more adds less than 5 %, with its cycles per iteration and throughput. FMA are dense-equivalent.\n\n{}",
        request.gpu.name, request.iterations, microbench_table(results));
}

}  // namespace stcsim
