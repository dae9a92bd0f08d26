#include "cuda/ptx_executor.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "cuda/instruction_mix.h"
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
        const PreparedKernel& prepared = ready(request.kernel);
        const DecodedKernel& kernel = prepared.kernel->decoded();
        KernelLaunch launch;
        launch.kernel = &kernel;
        launch.grid = {request.grid[0], request.grid[1], request.grid[2]};
        launch.block = {request.block[0], request.block[1], request.block[2]};
        launch.dynamic_shared = request.dynamic_shared;
        launch.arguments = request.arguments;
        launch.memory = &memory_;
        launch.variables = &variables_;
        launch.check();
        LaunchOutcome outcome{empty_report(request, prepared.facts), std::nullopt};
        FindingSink findings(parts_.findings);
        try {
            prepared.kernel->run(launch, findings, outcome.report);
        } catch (const KernelFault& fault) {
            outcome.failure = fmt::format("kernel {}: {}", outcome.report.kernel, fault.what());
        }
        for (const auto& [where, entry] : findings.entries()) {
            outcome.report.findings.push_back(report_of(entry, module_));
        }
        return outcome;
    }

  private:
    struct PreparedKernel {
        std::unique_ptr<ReadyKernel> kernel;
        KernelFacts facts;
    };

    /// Prepared on first use: a module may hold many kernels that are never launched.
    const PreparedKernel& ready(const std::string& name) const {
        auto at = kernels_.find(name);
        if (at == kernels_.end()) {
            const PtxKernel& found = module_.kernel(name);
            const auto is_it = [&](const std::unique_ptr<PtxKernel>& kernel) { return kernel.get() == &found; };
            std::unique_ptr<ReadyKernel> kernel =
                parts_.prepare(module_, **std::ranges::find_if(module_.kernels, is_it));
            KernelFacts facts = facts_of(*kernel);
            at = kernels_.emplace(name, PreparedKernel{std::move(kernel), std::move(facts)}).first;
        }
        return at->second;
    }

    [[nodiscard]] KernelFacts facts_of(const ReadyKernel& ready_kernel) const {
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
    mutable std::map<std::string, PreparedKernel> kernels_;
};

/// A kernel that is run without time.
class FunctionalKernel : public ReadyKernel {
  public:
    FunctionalKernel(DecodedKernel decoded, std::uint32_t registers, std::uint64_t max_warp_instructions)
        : decoded_(std::move(decoded)), registers_(registers) {
        options_.max_warp_instructions = max_warp_instructions;
    }

    [[nodiscard]] const DecodedKernel& decoded() const override { return decoded_; }
    [[nodiscard]] std::uint32_t registers() const override { return registers_; }

    void run(const KernelLaunch& launch, FindingSink& findings, LaunchReport& report) override {
        const FunctionalResult result = run_functional(launch, findings, options_);
        report.warp_instructions = result.warp_instructions;
        report.instruction_mix = instruction_mix(decoded_, result.executed);
    }

  private:
    DecodedKernel decoded_;
    std::uint32_t registers_;
    FunctionalOptions options_;
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

KernelPreparation functional_preparation(std::uint64_t max_warp_instructions, RegisterCount registers) {
    return [max_warp_instructions, registers = std::move(registers)](const PtxModule& module, PtxKernel& kernel) {
        return std::make_unique<FunctionalKernel>(DecodedKernel::decode(module, kernel), registers(kernel),
                                                  max_warp_instructions);
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
