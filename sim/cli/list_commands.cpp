#include "cli/list_commands.h"

#include <ostream>

#include <boost/program_options/value_semantic.hpp>
#include <fmt/format.h>

#include "base/units.h"
#include "cli/options.h"
#include "gpu/gpu_description.h"
#include "isa/mma_instruction.h"
#include "kernel/gemm_kernel.h"
#include "report/text_table.h"
#include "tensor_core/datapath.h"

namespace stcsim {
namespace {

namespace po = boost::program_options;
using Align = TextTable::Align;

}  // namespace

void gpus_command(const std::vector<std::string>& arguments, std::ostream& out) {
    po::options_description options("Options of stcsim gpus");
    options.add_options()("help,h", "this help");
    if (parse_options(options, arguments).count("help") != 0) {
        out << "stcsim gpus: the GPU descriptions that --gpu takes by name\n\n" << options;
        return;
    }
    TextTable table;
    table.add_column("name", Align::left);
    table.add_column("summary", Align::left);
    for (const std::string& name : available_gpus()) table.add_row({name, load_gpu_description(name).summary});
    out << table.text();
}

void kernels_command(const std::vector<std::string>& arguments, std::ostream& out) {
    po::options_description options("Options of stcsim kernels");
    options.add_options()("help,h", "this help");
    if (parse_options(options, arguments).count("help") != 0) {
        out << "stcsim kernels: the GEMM kernels that --kernel takes by name\n\n" << options;
        return;
    }
    TextTable table;
    table.add_column("kernel", Align::left);
    for (const char* const column : {"CTA tile", "warp tile", "warps", "stages"}) {
        table.add_column(column, Align::right);
    }
    for (const GemmKernel& kernel : kernel_catalogue()) {
        table.add_row({kernel.name, fmt::format("{}x{}", kernel.tile_m, kernel.tile_n),
                       fmt::format("{}x{}", kernel.warp_m, kernel.warp_n), fmt::format("{}", kernel.warps()),
                       fmt::format("{}", kernel.stages)});
    }
    out << table.text();
}

void instructions_command(const std::vector<std::string>& arguments, std::ostream& out) {
    po::options_description options("Options of stcsim instructions");
    options.add_options()("help,h", "this help")(
        "gpu", po::value<std::string>()->value_name("NAME|FILE")->default_value("a100-sxm4-40gb"), "GPU description");
    const po::variables_map values = parse_options(options, arguments);
    if (values.count("help") != 0) {
        out << "stcsim instructions: the mma and mma.sp that the model implements\n\n" << options;
        return;
    }
    const GpuDescription gpu = load_gpu_description(values["gpu"].as<std::string>());
    const SmParameters& sm = gpu.parameters.sm;
    TextTable table;
    table.add_column("instruction", Align::left);
    for (const char* const column :
         {"A regs", "B regs", "C regs", "D regs", "E regs", "steps", "FMA", "peak FMA/clk/SM"}) {
        table.add_column(column, Align::right);
    }
    for (const MmaInstruction& i : mma_instructions()) {
        if (i.sparse && !sm.tensor_core.sparse_path) continue;
        const std::uint64_t steps = array_schedule(i, sm.tensor_core.dot_product_array).steps;
        const double peak = static_cast<double>(i.fused_multiply_adds() * sm.sub_cores) / static_cast<double>(steps);
        table.add_row({i.name(), fmt::format("{}", i.a_registers()), fmt::format("{}", i.b_registers()),
                       fmt::format("{}", i.c_registers()), fmt::format("{}", i.d_registers()),
                       fmt::format("{}", i.e_registers()), fmt::format("{}", steps),
                       fmt::format("{}", i.fused_multiply_adds()), fmt::format("{:.0f}", peak)});
    }
    out << fmt::format("GPU {}{}\nRegisters are 32-bit registers of a thread; FMA are dense-equivalent.\n\n{}",
                       gpu.name, sm.tensor_core.sparse_path ? "" : ", which has no sparse path", table.text());
}

}  // namespace stcsim
