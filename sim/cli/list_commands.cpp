#include "cli/list_commands.h"

#include <algorithm>
#include <ostream>
#include <string_view>

#include <boost/program_options/value_semantic.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/units.h"
#include "cli/options.h"
#include "gpu/gpu_description.h"
#include "isa/metadata_fragment.h"
#include "isa/mma_instruction.h"
#include "kernel/gemm_kernel.h"
#include "report/text_table.h"
#include "tensor_core/datapath.h"
#include "tensor_core/operand_fetch.h"

namespace stcsim {
namespace {

namespace po = boost::program_options;
using Align = TextTable::Align;

/// The modifiers that exist for a plain instruction.
std::string modifiers_of(const MmaInstruction& plain) {
    std::vector<std::string_view> modifiers;
    MmaInstruction ordered = plain;
    ordered.metadata_order = CodeOrder::ascending;
    if (std::ranges::count(mma_instructions(), ordered) != 0) {
        modifiers.emplace_back("::ordered_metadata");
    }
    MmaInstruction saturating = plain;
    saturating.overflow = Overflow::saturate;
    if (std::ranges::count(mma_instructions(), saturating) != 0) modifiers.emplace_back(".satfinite");
    return modifiers.empty() ? "-" : fmt::format("{}", fmt::join(modifiers, " "));
}

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
    for (const char* const column : {"CTA tile", "bytes of k", "warp tile", "warps", "stages"}) {
        table.add_column(column, Align::right);
    }
    for (const GemmKernel& kernel : kernel_catalogue()) {
        table.add_row({kernel.name, fmt::format("{}x{}", kernel.tile_m, kernel.tile_n),
                       fmt::format("{}", kernel.row_bytes), fmt::format("{}x{}", kernel.warp_m, kernel.warp_n),
                       fmt::format("{}", kernel.warps()), fmt::format("{}", kernel.stages)});
    }
    out << "bytes of k: of each row of A, as stored, in a stage; 64 are 32 columns of f16 and bf16, 64 of s8, 16 of "
           "tf32,\n"
           "and twice as many of a 2:4 A. 128x256_s3 is short for 128x256x32_s3. A suffix sets the raster: with _cN "
           "CTAs\n"
           "walk strips of N tile columns, with _rN of N tile rows, as in 128x256x32_s3_c4. Another divides k:\n"
           "_kN      into N slices, which a second launch adds up (parallel split-K)\n"
           "_serialN into N slices, each of which a CTA adds to what the one before it has stored (serial split-K)\n"
           "_stream  evenly among the CTAs that the GPU holds at once; _streamN: among N (Stream-K)\n"
           "_copy4, _copy8 or _copy16 sets the bytes of a cp.async of A and B: by default the widest that rows of k\n"
           "elements are multiples of.\n\n"
        << table.text();
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
    for (const char* const column : {"A regs", "B regs", "C regs", "D regs", "E regs", "selectors", "steps", "interval",
                                     "FMA", "peak FMA/clk/SM"}) {
        table.add_column(column, Align::right);
    }
    table.add_column("also with", Align::left);
    for (const MmaInstruction& i : mma_instructions()) {
        if (!i.is_plain() || (i.sparse && !sm.tensor_core.sparse_path)) continue;
        const std::uint64_t steps = array_schedule(i, sm.tensor_core.dot_product_array).steps;
        const double peak = static_cast<double>(i.fused_multiply_adds() * sm.sub_cores) / static_cast<double>(steps);
        table.add_row({i.name(), fmt::format("{}", i.a_registers()), fmt::format("{}", i.b_registers()),
                       fmt::format("{}", i.c_registers()), fmt::format("{}", i.d_registers()),
                       fmt::format("{}", i.e_registers()), i.sparse ? fmt::format("{}", sparsity_selectors(i)) : "-",
                       fmt::format("{}", steps), fmt::format("{}", least_interval(i, sm.tensor_core).value()),
                       fmt::format("{}", i.fused_multiply_adds()), fmt::format("{:.0f}", peak), modifiers_of(i)});
    }
    out << fmt::format(
               "GPU {}{}\nRegisters are 32-bit registers of a thread; FMA are dense-equivalent. steps: cycles in the "
               "array, of which the peak\nfollows; interval: cycles between two such instructions, operand fetch "
               "included.\n",
               gpu.name, sm.tensor_core.sparse_path ? "" : ", which has no sparse path")
        << "A modifier stands where PTX has it, as in mma.m16n8k32.satfinite.s32.s8.s8.s32"
        << (sm.tensor_core.sparse_path ? "\nand mma.sp::ordered_metadata.m16n8k32.f32.f16.f16.f32.\n\n" : ".\n\n")
        << table.text();
}

}  // namespace stcsim
