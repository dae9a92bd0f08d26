#include "executor/kernel_launch.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "executor/generic_address.h"

namespace stcsim {
namespace {

constexpr std::uint64_t most_threads = 1024;  ///< per CTA (CUDA C++ Programming Guide, compute capability 8.0)
constexpr std::uint64_t most_shared_bytes = 163 * 1024;  ///< per CTA, ibid.

bool in_memory(const PtxVariable& variable) {
    return variable.space == PtxSpace::global || variable.space == PtxSpace::constant;
}

}  // namespace

ModuleMemory::ModuleMemory(const PtxModule& module, AllocationTable& table)
    : ModuleMemory(module, table, [](const std::string&) { return std::uint64_t{0}; }) {
    link();
}

ModuleMemory::ModuleMemory(const PtxModule& module, AllocationTable& table, FindExternal find)
    : module_(&module), table_(&table), find_(std::move(find)) {
    for (const auto& variable : module.variables) {
        if (!in_memory(*variable) || variable->external) continue;
        const std::uint64_t address = table.allocate(variable->bytes, fmt::format("variable {}", variable->name));
        addresses_.emplace(variable.get(), address);
        std::byte* const memory = table.find(address, std::max<std::uint64_t>(variable->bytes, 1));
        STCSIM_ASSERT(memory != nullptr && variable->initial.size() <= variable->bytes);
        std::copy(variable->initial.begin(), variable->initial.end(), memory);
    }
}

void ModuleMemory::link() {
    if (std::exchange(linked_, true)) return;
    for (const auto& variable : module_->variables) {
        if (!in_memory(*variable) || !variable->external) continue;
        const std::uint64_t address = find_(variable->name);
        if (address == 0) {
            throw InputError({module_->name}, fmt::format("the external variable {}", variable->name),
                             "one that a module of the program defines");
        }
        addresses_.emplace(variable.get(), address);
    }
    for (const auto& variable : module_->variables) {
        if (!in_memory(*variable)) continue;
        for (const PtxInitialAddress& value : variable->addresses) write_address(*variable, value);
    }
}

std::uint64_t ModuleMemory::initial_address(const PtxVariable& variable, const PtxInitialAddress& value) const {
    if (value.variable == nullptr) return function_address(value.function);
    const auto target = addresses_.find(value.variable);
    if (target == addresses_.end()) {
        throw InputError(
            {}, fmt::format("the address of {} in the initial value of {}", value.variable->name, variable.name),
            "a global or constant variable, or a function");
    }
    return target->second;
}

void ModuleMemory::write_address(const PtxVariable& variable, const PtxInitialAddress& value) {
    const std::uint64_t address = initial_address(variable, value) + static_cast<std::uint64_t>(value.addend);
    const int shift = value.mask == 0 ? 0 : std::countr_zero(value.mask);
    const std::uint64_t bits = (address & value.mask) >> shift;
    std::byte* const memory = table_->find(addresses_.at(&variable) + value.at, value.bytes);
    STCSIM_ASSERT(memory != nullptr && value.bytes <= sizeof bits);
    std::memcpy(memory, &bits, value.bytes);
}

ModuleMemory::~ModuleMemory() {
    for (const auto& [variable, address] : addresses_) {
        if (!variable->external) table_->release(address);
    }
}

std::uint64_t ModuleMemory::address_of(const PtxVariable& variable) const {
    const auto found = addresses_.find(&variable);
    STCSIM_ASSERT(found != addresses_.end());
    return found->second;
}

std::uint64_t ModuleMemory::address_of(const std::string& name) const {
    for (const auto& [variable, address] : addresses_) {
        if (variable->name == name) return address;
    }
    return 0;
}

std::uint64_t KernelLaunch::shared_bytes() const {
    return std::max(kernel->static_shared_bytes(), kernel->dynamic_shared_offset() + dynamic_shared.value());
}

std::array<std::uint32_t, 3> KernelLaunch::coordinates(CtaIndex cta) const {
    const std::uint64_t i = cta.value();
    return {static_cast<std::uint32_t>(i % grid.x), static_cast<std::uint32_t>(i / grid.x % grid.y),
            static_cast<std::uint32_t>(i / grid.x / grid.y)};
}

void KernelLaunch::check() const {
    STCSIM_ASSERT(kernel != nullptr && memory != nullptr);
    const PtxKernel& ptx = kernel->ptx();
    const InputLocation where{kernel->module().name, ptx.where.line};
    const auto size = [](const GridSize& s) { return fmt::format("{} x {} x {}", s.x, s.y, s.z); };
    if (grid.count() == 0) {
        throw InputError(where, fmt::format("a grid of {} CTAs for {}", size(grid), ptx.name), "at least one CTA");
    }
    const std::uint64_t threads = block.count();
    const std::uint64_t most = ptx.max_threads_per_cta > 0 ? ptx.max_threads_per_cta : most_threads;
    if (threads == 0 || threads > std::min(most, most_threads)) {
        throw InputError(where, fmt::format("a block of {} = {} threads for {}", size(block), threads, ptx.name),
                         fmt::format("1 to {} threads", std::min(most, most_threads)));
    }
    if (arguments.size() != ptx.parameter_bytes()) {
        throw InputError(where, fmt::format("{} bytes of arguments for {}", arguments.size(), ptx.name),
                         fmt::format("{} bytes in {} parameters", ptx.parameter_bytes(), ptx.parameters.size()));
    }
    if (shared_bytes() > most_shared_bytes) {
        throw InputError(where,
                         fmt::format("{} bytes of shared memory for a CTA of {} ({} of them dynamic)", shared_bytes(),
                                     ptx.name, dynamic_shared.value()),
                         fmt::format("at most {} bytes on sm_80", most_shared_bytes));
    }
}

}  // namespace stcsim
