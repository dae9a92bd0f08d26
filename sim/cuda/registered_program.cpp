#include "cuda/registered_program.h"

#include <algorithm>
#include <utility>

namespace stcsim {

RegisteredModule& RegisteredProgram::add_module(const void* wrapper) {
    modules_.push_back(std::make_unique<RegisteredModule>());
    modules_.back()->wrapper = wrapper;
    return *modules_.back();
}

void RegisteredProgram::remove_module(RegisteredModule& module) {
    std::erase_if(kernels_, [&](const auto& entry) {
        if (entry.second->module != &module) return false;
        handles_.erase(entry.second.get());
        return true;
    });
    std::erase_if(variables_, [&](const auto& entry) { return entry.second.module == &module; });
    std::erase_if(modules_, [&](const auto& one) { return one.get() == &module; });
}

void RegisteredProgram::add_kernel(RegisteredModule& module, const void* host_function, std::string name) {
    auto kernel = std::make_unique<RegisteredKernel>();
    kernel->module = &module;
    kernel->name = std::move(name);
    handles_.insert(kernel.get());
    kernels_[host_function] = std::move(kernel);
}

void RegisteredProgram::add_variable(RegisteredModule& module, const void* host_variable, std::string name,
                                     Bytes bytes) {
    variables_[host_variable] = {&module, std::move(name), bytes};
}

RegisteredKernel* RegisteredProgram::kernel(const void* function) const {
    if (handles_.contains(function)) {
        return const_cast<RegisteredKernel*>(static_cast<const RegisteredKernel*>(function));
    }
    const auto at = kernels_.find(function);
    return at == kernels_.end() ? nullptr : at->second.get();
}

const RegisteredVariable* RegisteredProgram::variable(const void* host_variable) const {
    const auto at = variables_.find(host_variable);
    return at == variables_.end() ? nullptr : &at->second;
}

ExecutableModule& RegisteredProgram::executable(RegisteredModule& module) {
    if (module.executable == nullptr) module.executable = executor_.load(read_code_(module.wrapper), name_);
    return *module.executable;
}

}  // namespace stcsim
