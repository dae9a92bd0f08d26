#include "cuda/linked_modules.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "ptx/ptx_merge.h"

namespace stcsim {
namespace {

/// Whether the text may have to do with a function that the module declares or defines.
bool names_function_of(const std::string& text, const PtxModule& module) {
    return std::ranges::any_of(module.functions, [&](const PtxFunction& function) {
        return (function.visible || !function.defined) && text.find(function.name) != std::string::npos;
    });
}

}  // namespace

LinkedModules::LinkedModules(std::vector<std::string> texts, Parse parse, Load load)
    : texts_(std::move(texts)),
      parse_(std::move(parse)),
      load_(std::move(load)),
      parsed_(texts_.size()),
      modules_(texts_.size()) {}

template <typename IsIt>
PtxExecutableModule* LinkedModules::any_that_names(const std::string& name, IsIt&& is_it) const {
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

KernelFacts LinkedModules::facts(const std::string& kernel) const {
    return with_kernel(kernel).facts(kernel);
}

std::optional<DeviceVariable> LinkedModules::variable(const std::string& name) const {
    std::optional<DeviceVariable> found;
    PtxExecutableModule* const module = any_that_names(name, [&](const PtxExecutableModule& one) {
        found = one.variable(name);
        return found.has_value();
    });
    if (module != nullptr) module->link();
    return found;
}

LaunchOutcome LinkedModules::run(const LaunchRequest& request) {
    PtxExecutableModule& module = with_kernel(request.kernel);
    module.link();
    return module.run(request);
}

const PtxModule& LinkedModules::parsed(std::size_t number) const {
    if (!parsed_[number]) parsed_[number] = parse_(texts_[number], number);
    return *parsed_[number];
}

std::vector<std::size_t> LinkedModules::group_of(std::size_t number) const {
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

void LinkedModules::load(std::size_t number) const {
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
            return found ? reinterpret_cast<std::uintptr_t>(found->address) : std::uint64_t{0};
        });
    for (const std::size_t member : group) modules_[member] = module;
}

PtxExecutableModule& LinkedModules::with_kernel(const std::string& name) const {
    PtxExecutableModule* const found =
        any_that_names(name, [&](const PtxExecutableModule& module) { return module.has_kernel(name); });
    if (found == nullptr) {
        throw InputError({}, fmt::format("no PTX with the kernel {} in the program", name),
                         "every file compiled with -gencode arch=compute_80,code=compute_80 --no-compress");
    }
    return *found;
}

}  // namespace stcsim
