#include "cli/mma_command.h"

#include <ostream>
#include <unistd.h>

#include <boost/program_options/value_semantic.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "gpu/gpu_description.h"
#include "isa/metadata_fragment.h"
#include "mma_batch/mma_batch.h"

namespace stcsim {
namespace {

namespace po = boost::program_options;
using Values = po::variables_map;

constexpr const char* default_gpu = "a100-sxm4-40gb";

po::options_description mma_options() {
    po::options_description options("Options of stcsim mma", 100, 60);
    auto add = options.add_options();
    add("help,h", "this help");
    add("instr", text_value("NAME"), "instruction, a name of 'stcsim instructions'");
    add("a", text_value("FILE.npy"), "A: [cases, m, k]; of mma.sp the stored values, [cases, m, stored k]");
    add("b", text_value("FILE.npy"), "B: [cases, k, n]");
    add("c", text_value("FILE.npy"), "C: [cases, m, n] (zeros)");
    add("index", text_value("FILE.npy"), "mma.sp: position of each stored value in its group, [cases, m, stored k]");
    add("meta", text_value("FILE.npy"), "mma.sp: words of operand E, [cases, 32 lanes]; instead of --index");
    add("selector", text_value("NUMBER"), "sparsity selector of --meta (0)");
    add("out", text_value("FILE.npy"), "write D: [cases, m, n]");
    add("model", text_value("numerics|systemc"),
        "bit-exact arithmetic alone, or the SystemC modules of one SM; both give the same D (numerics)");
    add("gpu", text_value("NAME|FILE"), "GPU description of --model systemc (a100-sxm4-40gb)");
    return options;
}

constexpr const char* array_types =
    "\nArrays hold raw bit patterns: f16 and bf16 uint16; tf32 and f32 uint32; f64 uint64; s8 int8; u8 uint8; s4 int8\n"
    "(-8..7); u4 uint8 (0..15); b1 uint8 (0, 1) or uint32 words along k, lowest bit first; s32 int32. float16, "
    "float32\n"
    "and float64 arrays are taken as their bits. D is uint16, uint32, uint64 or int32. Positions count from 0 within "
    "the\n"
    "group: 0..3 (2:4), 0..1 (tf32), 0..7 (4-bit types, whose pairs take neighbours 2p, 2p+1).\n";

std::string required(const Values& values, const char* option) {
    if (auto text = text_of(values, option)) return *text;
    throw InputError({}, fmt::format("no --{}", option), "--instr, --a, --b and --out (see stcsim mma --help)");
}

/// Checks that a sparse instruction has its positions once, and a dense one none.
void check_sparse_options(const Values& values, const MmaInstruction& instruction) {
    refuse_together(values, "index", "meta", "either says where the stored values stand");
    refuse_without(values, "selector", "meta");
    const bool given = values.count("index") + values.count("meta") != 0;
    if (given && !instruction.sparse) {
        throw InputError({},
                         fmt::format("--{} with {}", values.count("index") != 0 ? "index" : "meta", instruction.name()),
                         "an mma.sp instruction, or no positions");
    }
    if (!given && instruction.sparse) {
        throw InputError({}, fmt::format("{} with neither --index nor --meta", instruction.name()), "one of them");
    }
}

MmaBatchFiles files_of(const Values& values, const MmaInstruction& instruction) {
    check_sparse_options(values, instruction);
    MmaBatchFiles files;
    files.a = required(values, "a");
    files.b = required(values, "b");
    files.c = text_of(values, "c");
    files.index = text_of(values, "index");
    files.meta = text_of(values, "meta");
    if (const auto selector = text_of(values, "selector")) {
        files.selector =
            static_cast<std::uint32_t>(parse_integer(*selector, "--selector", 0, sparsity_selectors(instruction) - 1));
    }
    files.d = required(values, "out");
    return files;
}

/// What executes the cases under --model and --gpu.
MmaExecutor executor_of(const Values& values, const MmaInstruction& instruction, const Simulator& simulator) {
    const std::string model = text_of(values, "model").value_or("numerics");
    if (model == "numerics") {
        if (values.count("gpu") != 0) throw InputError({}, "--gpu without --model systemc", "both, or neither");
        return execute_by_numerics;
    }
    if (model != "systemc") throw InputError({}, fmt::format("--model \"{}\"", model), "numerics or systemc");
    const GpuDescription gpu = load_gpu_description(text_of(values, "gpu").value_or(default_gpu));
    if (instruction.sparse && !gpu.parameters.sm.tensor_core.sparse_path) {
        throw InputError({}, fmt::format("{} on {}", instruction.name(), gpu.name),
                         "a GPU whose tensor cores have a sparse path (sm.tensor_core.sparse_path)");
    }
    return [parameters = gpu.parameters, execute = simulator.execute](
               const MmaInstruction& one, std::span<const MmaCase> cases) { return execute(parameters, one, cases); };
}

}  // namespace

void mma_command(const std::vector<std::string>& arguments, const Simulator& simulator, std::ostream& out,
                 std::ostream& err) {
    const Values values = parse_options(mma_options(), arguments);
    if (values.count("help") != 0) {
        out << "stcsim mma --instr NAME --a A.npy --b B.npy --out D.npy [OPTIONS]\n\n" << mma_options() << array_types;
        return;
    }
    const MmaInstruction& instruction = mma_instruction_named(required(values, "instr"));
    const MmaBatchFiles files = files_of(values, instruction);
    const MmaExecutor execute = executor_of(values, instruction, simulator);
    Progress progress(err, isatty(STDERR_FILENO) != 0, 1);
    const std::size_t cases = run_mma_batch(instruction, files, execute,
                                            [&](double share) { progress.report(0, instruction.name(), share); });
    out << fmt::format("{}: {} {} of {}\n", files.d.string(), cases, cases == 1 ? "case" : "cases", instruction.name());
}

}  // namespace stcsim
