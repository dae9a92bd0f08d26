#include "cuda/ptx_executable_module.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "cuda/demangled_name.h"
#include "cuda/finding_reports.h"

namespace stcsim {
namespace {

/// 80 for "sm_80" and "sm_80a".
std::uint32_t architecture_of(const std::string& target) {
    const std::size_t number = target.find('_') + 1;
    return static_cast<std::uint32_t>(std::strtoul(target.c_str() + number, nullptr, 10));
}

/// The memory through which the CTAs of a cooperative launch meet: the driver's, for the time of the launch. Its layout
/// (cooperative_groups/details/driver_abi.h of the toolkit): a size, the counter of the grid's barrier, and room for
/// more.
class GridWorkspace {
  public:
    GridWorkspace(AllocationTable& memory, bool needed) : memory_(&memory) {
        constexpr std::uint64_t bytes = 256;
        if (needed) address_ = memory.allocate(bytes, "the workspace of the cooperative launch");
    }
    GridWorkspace(const GridWorkspace&) = delete;
    GridWorkspace& operator=(const GridWorkspace&) = delete;
    ~GridWorkspace() {
        if (address_ != 0) memory_->release(address_);
    }
    [[nodiscard]] std::uint64_t address() const { return address_; }

  private:
    AllocationTable* memory_;
    std::uint64_t address_ = 0;
};

}  // namespace

PtxExecutableModule::PtxExecutableModule(PtxModule module, const ModuleSurroundings& surroundings,
                                         ModuleMemory::FindExternal find)
    : module_(std::move(module)),
      surroundings_(surroundings),
      variables_(module_, surroundings.memory, std::move(find)) {}

bool PtxExecutableModule::has_kernel(const std::string& name) const {
    return std::ranges::any_of(module_.kernels, [&](const auto& kernel) { return kernel->name == name; });
}

std::optional<DeviceVariable> PtxExecutableModule::variable(const std::string& name) const {
    for (const auto& candidate : module_.variables) {
        const bool in_memory = candidate->space == PtxSpace::global || candidate->space == PtxSpace::constant;
        if (candidate->name != name || !in_memory || candidate->external) continue;
        const auto address = static_cast<std::uintptr_t>(variables_.address_of(*candidate));
        return DeviceVariable{reinterpret_cast<std::byte*>(address), Bytes(candidate->bytes)};
    }
    return std::nullopt;
}

LaunchOutcome PtxExecutableModule::run(const LaunchRequest& request) {
    const PreparedKernel& prepared = ready(request.kernel);
    const DecodedKernel& kernel = prepared.kernel->decoded();
    KernelLaunch launch;
    launch.kernel = &kernel;
    launch.grid = {request.grid[0], request.grid[1], request.grid[2]};
    launch.block = {request.block[0], request.block[1], request.block[2]};
    launch.dynamic_shared = request.dynamic_shared;
    launch.arguments = request.arguments;
    launch.memory = &surroundings_.memory;
    launch.variables = &variables_;
    launch.number = request.number;
    const GridWorkspace workspace(surroundings_.memory, request.cooperative);
    launch.grid_workspace = workspace.address();
    launch.check();
    LaunchOutcome outcome{empty_report(request, prepared.facts), std::nullopt};
    FindingSink findings(surroundings_.findings);
    try {
        prepared.kernel->run(launch, findings, outcome.report);
        outcome.failure = verification_failure(outcome.report);
    } catch (const KernelFault& fault) {
        outcome.failure = fmt::format("kernel {}: {}", outcome.report.kernel, fault.what());
    }
    for (const auto& [where, entry] : findings.entries()) {
        outcome.report.findings.push_back(report_of(entry.first, entry.count, module_));
    }
    surroundings_.late.end_launch(launch.number, module_, outcome.report);
    return outcome;
}

const PtxExecutableModule::PreparedKernel& PtxExecutableModule::ready(const std::string& name) const {
    auto at = kernels_.find(name);
    if (at == kernels_.end()) {
        const PtxKernel& found = module_.kernel(name);
        const auto is_it = [&](const std::unique_ptr<PtxKernel>& kernel) { return kernel.get() == &found; };
        std::unique_ptr<ReadyKernel> kernel =
            surroundings_.prepare(module_, **std::ranges::find_if(module_.kernels, is_it));
        KernelFacts facts = facts_of(*kernel);
        at = kernels_.emplace(name, PreparedKernel{std::move(kernel), std::move(facts)}).first;
    }
    return at->second;
}

KernelFacts PtxExecutableModule::facts_of(const ReadyKernel& ready_kernel) const {
    const DecodedKernel& kernel = ready_kernel.decoded();
    const PtxKernel& ptx = kernel.ptx();
    KernelFacts facts;
    for (const PtxVariable& parameter : ptx.parameters) {
        facts.parameters.push_back({ptx.parameter_offset(parameter), parameter.bytes, parameter.name});
    }
    facts.parameter_bytes = ptx.parameter_bytes();
    facts.static_shared = Bytes(kernel.static_shared_bytes());
    facts.local = Bytes(kernel.local_bytes());
    facts.registers = ready_kernel.registers();
    facts.max_threads = ptx.max_threads_per_cta;
    facts.ptx_version = architecture_of(module_.target);
    return facts;
}

LaunchReport PtxExecutableModule::empty_report(const LaunchRequest& request, const KernelFacts& facts) const {
    LaunchReport report;
    report.kernel = demangled(request.kernel);
    report.symbol = request.kernel;
    report.module = module_.name;
    report.grid = request.grid;
    report.block = request.block;
    report.static_shared = facts.static_shared;
    report.dynamic_shared = request.dynamic_shared;
    report.registers = facts.registers;
    return report;
}

}  // namespace stcsim
