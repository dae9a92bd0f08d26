#include "cuda/ptx_executor.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "cuda/demangled_name.h"
#include "cuda/finding_reports.h"
#include "cuda/instruction_mix.h"
#include "executor/decoded_kernel.h"
#include "executor/functional_run.h"
#include "ptx/ptx_merge.h"
#include "ptx/ptx_parser.h"

namespace stcsim {
namespace {

std::uint64_t address_of(const std::byte* memory) {
    return reinterpret_cast<std::uintptr_t>(memory);
}

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

class PtxExecutableModule : public ExecutableModule {
  public:
    PtxExecutableModule(PtxModule module, const PtxExecutor::Parts& parts, AllocationTable& memory, LateFindings& late,
                        ModuleMemory::FindExternal find)
        : module_(std::move(module)),
          parts_(parts),
          memory_(memory),
          late_(late),
          variables_(module_, memory, std::move(find)) {}

    [[nodiscard]] KernelFacts facts(const std::string& name) const override { return ready(name).facts; }

    [[nodiscard]] bool has_kernel(const std::string& name) const {
        return std::ranges::any_of(module_.kernels, [&](const auto& kernel) { return kernel->name == name; });
    }
    /// Finds the variables of other modules: before the first use.
    void link() { variables_.link(); }

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
        launch.number = request.number;
        const GridWorkspace workspace(memory_, request.cooperative);
        launch.grid_workspace = workspace.address();
        launch.check();
        LaunchOutcome outcome{empty_report(request, prepared.facts), std::nullopt};
        FindingSink findings(parts_.findings);
        try {
            prepared.kernel->run(launch, findings, outcome.report);
            outcome.failure = verification_failure(outcome.report);
        } catch (const KernelFault& fault) {
            outcome.failure = fmt::format("kernel {}: {}", outcome.report.kernel, fault.what());
        }
        for (const auto& [where, entry] : findings.entries()) {
            outcome.report.findings.push_back(report_of(entry.first, entry.count, module_));
        }
        late_.end_launch(launch.number, module_, outcome.report);
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
        facts.ptx_version = architecture_of(module_.target);
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
    LateFindings& late_;
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

/// Modules that were compiled to be linked. Each is read when something is asked for that its text names: the toolkit
/// adds a large library to every such program, of which most use nothing. Those that call each other's functions are
/// one.
class LinkedModules : public ExecutableModule {
  public:
    using Parse = std::function<PtxModule(const std::string& ptx, std::size_t number)>;
    using Load = std::function<std::unique_ptr<PtxExecutableModule>(PtxModule module, ModuleMemory::FindExternal find)>;
    LinkedModules(std::vector<std::string> texts, Parse parse, Load load)
        : texts_(std::move(texts)),
          parse_(std::move(parse)),
          load_(std::move(load)),
          parsed_(texts_.size()),
          modules_(texts_.size()) {}

    [[nodiscard]] KernelFacts facts(const std::string& kernel) const override {
        return with_kernel(kernel).facts(kernel);
    }

    [[nodiscard]] std::optional<DeviceVariable> variable(const std::string& name) const override {
        std::optional<DeviceVariable> found;
        PtxExecutableModule* const module = any_that_names(name, [&](const PtxExecutableModule& one) {
            found = one.variable(name);
            return found.has_value();
        });
        if (module != nullptr) module->link();
        return found;
    }

    LaunchOutcome run(const LaunchRequest& request) override {
        PtxExecutableModule& module = with_kernel(request.kernel);
        module.link();
        return module.run(request);
    }

  private:
    const PtxModule& parsed(std::size_t number) const {
        if (!parsed_[number]) parsed_[number] = parse_(texts_[number], number);
        return *parsed_[number];
    }

    /// Whether the text may have to do with a function that the module declares or defines.
    static bool names_function_of(const std::string& text, const PtxModule& module) {
        return std::ranges::any_of(module.functions, [&](const PtxFunction& function) {
            return (function.visible || !function.defined) && text.find(function.name) != std::string::npos;
        });
    }

    /// The modules that call each other's functions, this one among them.
    std::vector<std::size_t> group_of(std::size_t number) const {
        std::vector<std::size_t> group{number};
        for (std::size_t k = 0; k < group.size(); ++k) {
            for (std::size_t other = 0; other < texts_.size(); ++other) {
                if (std::ranges::find(group, other) != group.end()) continue;
                if (modules_[other] != nullptr || !names_function_of(texts_[other], parsed(group[k]))) continue;
                if (needs_each_other(parsed(group[k]), parsed(other))) group.push_back(other);
            }
        }
        std::ranges::sort(group);
        return group;
    }

    void load(std::size_t number) const {
        std::vector<PtxPart> parts;
        const std::vector<std::size_t> group = group_of(number);
        for (const std::size_t member : group) {
            const auto ends = std::ranges::count(texts_[member], '\n');
            parts.push_back({std::move(*parsed_[member]), static_cast<std::uint32_t>(ends + 1)});
            parsed_[member].reset();
        }
        const std::shared_ptr<PtxExecutableModule> module =
            load_(merge_modules(std::move(parts)), [this](const std::string& external) {
                const auto found = variable(external);
                return found ? address_of(found->address) : 0;
            });
        for (const std::size_t member : group) modules_[member] = module;
    }

    /// The first module whose text contains the name and of which `is_it` holds; null if there is none.
    template <typename IsIt>
    PtxExecutableModule* any_that_names(const std::string& name, IsIt&& is_it) const {
        for (std::size_t i = 0; i < texts_.size(); ++i) {
            if (modules_[i] == nullptr) {
                if (texts_[i].find(name) == std::string::npos) continue;
                parsed(i);
                load(i);
            }
            if (is_it(*modules_[i])) return modules_[i].get();
        }
        return nullptr;
    }

    PtxExecutableModule& with_kernel(const std::string& name) const {
        PtxExecutableModule* const found =
            any_that_names(name, [&](const PtxExecutableModule& module) { return module.has_kernel(name); });
        if (found == nullptr) {
            throw InputError({}, fmt::format("no PTX with the kernel {} in the program", name),
                             "every file compiled with -gencode arch=compute_80,code=compute_80 --no-compress");
        }
        return *found;
    }

    std::vector<std::string> texts_;
    Parse parse_;
    Load load_;
    mutable std::vector<std::optional<PtxModule>> parsed_;  ///< and not loaded yet
    mutable std::vector<std::shared_ptr<PtxExecutableModule>> modules_;
};

}  // namespace

KernelPreparation functional_preparation(std::uint64_t max_warp_instructions, RegisterCount registers) {
    return [max_warp_instructions, registers = std::move(registers)](const PtxModule& module, PtxKernel& kernel) {
        DecodedKernel decoded = DecodedKernel::decode(module, kernel);
        const std::uint32_t per_thread = registers(decoded.ptx());
        return std::make_unique<FunctionalKernel>(std::move(decoded), per_thread, max_warp_instructions);
    };
}

std::unique_ptr<ExecutableModule> PtxExecutor::load(std::vector<std::string> ptx, const std::string& name) {
    const auto parse_one = [this](const std::string& text, const std::string& called) {
        PtxModule module = parse_ptx(text, called);
        require_target(module, parts_.architecture);
        return module;
    };
    const auto load_one = [this](PtxModule module, ModuleMemory::FindExternal find) {
        return std::make_unique<PtxExecutableModule>(std::move(module), parts_, memory_, late_, std::move(find));
    };
    if (ptx.size() == 1) {
        auto module = load_one(parse_one(ptx.front(), name), [](const std::string&) { return std::uint64_t{0}; });
        module->link();
        return module;
    }
    return std::make_unique<LinkedModules>(
        std::move(ptx),
        [parse_one, name](const std::string& text, std::size_t number) {
            return parse_one(text, fmt::format("{}, module {}", name, number + 1));
        },
        load_one);
}

void PtxExecutor::add_memory(std::byte* address, Bytes bytes, const std::string& name) {
    memory_.adopt(address_of(address), bytes.value(), name);
}

void PtxExecutor::remove_memory(std::byte* address) {
    memory_.release(address_of(address));
}

HostReading PtxExecutor::read_by_host(const std::byte* address, Bytes bytes) {
    return late_.read(address_of(address), bytes.value());
}

void PtxExecutor::written_by_host(std::byte* address, Bytes bytes) {
    memory_.suspicions().clear(address_of(address), bytes.value());
}

void PtxExecutor::copied(std::byte* to, const std::byte* from, Bytes bytes) {
    memory_.suspicions().copy(address_of(to), address_of(from), bytes.value());
}

}  // namespace stcsim
