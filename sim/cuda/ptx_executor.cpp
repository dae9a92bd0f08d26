#include "cuda/ptx_executor.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "executor/decoded_kernel.h"
#include "executor/functional_run.h"
#include "ptx/ptx_parser.h"

namespace stcsim {
namespace {

std::uint64_t address_of(const std::byte* memory) {
    return reinterpret_cast<std::uintptr_t>(memory);
}

FindingReport report_of(const FindingSink::Entry& entry, const PtxModule& module) {
    const Finding& first = entry.first;
    FindingReport report;
    report.kind = name_of(first.kind);
    report.error = is_error(first.kind);
    report.sentence = first.sentence;
    report.place = code_place(module, first.where, first.source, first.instruction);
    report.cta = first.cta.value();
    report.warp = first.warp;
    report.lane = first.lane;
    report.count = entry.count;
    return report;
}

class PtxExecutableModule : public ExecutableModule {
  public:
    PtxExecutableModule(PtxModule module, const PtxExecutor::Parts& parts, AllocationTable& memory)
        : module_(std::move(module)), parts_(parts), memory_(memory), variables_(module_, memory) {}

    [[nodiscard]] KernelFacts facts(const std::string& name) const override { return ready(name).facts; }

    [[nodiscard]] std::optional<DeviceVariable> variable(const std::string& name) const override {
        for (const auto& candidate : module_.variables) {
            const bool in_memory = candidate->space == PtxSpace::global || candidate->space == PtxSpace::constant;
            if (candidate->name != name || !in_memory || candidate->external) continue;
            const auto address = static_cast<std::uintptr_t>(variables_.address_of(*candidate));
            return DeviceVariable{reinterpret_cast<std::byte*>(address), Bytes(candidate->bytes)};
        }
        return std::nullopt;
    }

    LaunchOutcome run(const LaunchRequest& request) override {
        const ReadyKernel& ready_kernel = ready(request.kernel);
        const DecodedKernel& kernel = ready_kernel.decoded;
        KernelLaunch launch;
        launch.kernel = &kernel;
        launch.grid = {request.grid[0], request.grid[1], request.grid[2]};
        launch.block = {request.block[0], request.block[1], request.block[2]};
        launch.dynamic_shared = request.dynamic_shared;
        launch.arguments = request.arguments;
        launch.memory = &memory_;
        launch.variables = &variables_;
        launch.check();
        LaunchOutcome outcome{empty_report(request, ready_kernel.facts), std::nullopt};
        FindingSink findings(parts_.findings);
        try {
            parts_.run(launch, findings, outcome.report);
        } catch (const KernelFault& fault) {
            outcome.failure = fmt::format("kernel {}: {}", outcome.report.kernel, fault.what());
        }
        for (const auto& [where, entry] : findings.entries()) {
            outcome.report.findings.push_back(report_of(entry, module_));
        }
        return outcome;
    }

  private:
    struct ReadyKernel {
        DecodedKernel decoded;
        KernelFacts facts;
    };

    /// Decoded on first use: a module may hold many kernels that are never launched.
    const ReadyKernel& ready(const std::string& name) const {
        auto at = kernels_.find(name);
        if (at == kernels_.end()) {
            DecodedKernel decoded = DecodedKernel::decode(module_, module_.kernel(name));
            KernelFacts facts = facts_of(decoded);
            at = kernels_.emplace(name, ReadyKernel{std::move(decoded), std::move(facts)}).first;
        }
        return at->second;
    }

    [[nodiscard]] KernelFacts facts_of(const DecodedKernel& kernel) const {
        const PtxKernel& ptx = kernel.ptx();
        KernelFacts facts;
        for (const PtxVariable& parameter : ptx.parameters) {
            facts.parameters.push_back({ptx.parameter_offset(parameter), parameter.bytes, parameter.name});
        }
        facts.parameter_bytes = ptx.parameter_bytes();
        facts.static_shared = Bytes(kernel.static_shared_bytes());
        facts.local = Bytes(kernel.local_bytes());
        facts.registers = parts_.registers(kernel);
        facts.max_threads = ptx.max_threads_per_cta;
        facts.ptx_version = module_.version_major * 10 + module_.version_minor;
        return facts;
    }

    [[nodiscard]] LaunchReport empty_report(const LaunchRequest& request, const KernelFacts& facts) const {
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

    PtxModule module_;
    const PtxExecutor::Parts& parts_;
    AllocationTable& memory_;
    ModuleMemory variables_;
    mutable std::map<std::string, ReadyKernel> kernels_;
};

}  // namespace

CodePlace code_place(const PtxModule& module, PtxLocation where, PtxSourceLine source, std::string instruction) {
    CodePlace place;
    place.ptx_line = where.line;
    place.instruction = std::move(instruction);
    if (const auto file = module.files.find(source.file); source.line != 0 && file != module.files.end()) {
        place.source_file = file->second;
        place.source_line = source.line;
    }
    return place;
}

KernelRunner functional_runner(std::uint64_t max_warp_instructions) {
    return [max_warp_instructions](const KernelLaunch& launch, FindingSink& findings, LaunchReport& report) {
        FunctionalOptions options;
        options.max_warp_instructions = max_warp_instructions;
        const FunctionalResult result = run_functional(launch, findings, options);
        report.warp_instructions = result.warp_instructions;
        for (const auto& [name, count] : result.by_opcode(*launch.kernel)) {
            report.instruction_mix.push_back({name, count});
        }
        std::ranges::stable_sort(report.instruction_mix, std::greater<>(), &NamedCount::count);
    };
}

std::unique_ptr<ExecutableModule> PtxExecutor::load(const std::string& ptx, const std::string& name) {
    PtxModule module = parse_ptx(ptx, name);
    require_target(module, parts_.architecture);
    return std::make_unique<PtxExecutableModule>(std::move(module), parts_, memory_);
}

void PtxExecutor::add_memory(std::byte* address, Bytes bytes, const std::string& name) {
    memory_.adopt(address_of(address), bytes.value(), name);
}

void PtxExecutor::remove_memory(std::byte* address) {
    memory_.release(address_of(address));
}

}  // namespace stcsim
