/// What a CUDA executable registers before its main(): the code embedded in it, and the host's names for kernels and
/// variables.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/units.h"
#include "cuda/launch_executor.h"

namespace stcsim {

/// The PTX in the code that a pointer given to __cudaRegisterFatBinary leads to, ready for LaunchExecutor::load.
/// Throws InputError if there is none that can be used.
using CodeReader = std::function<std::vector<std::string>(const void* wrapper)>;

/// One embedded piece of code: what one .cu file was compiled to, or all that were compiled to
/// be linked.
struct RegisteredModule {
    const void* wrapper = nullptr;
    std::unique_ptr<ExecutableModule> executable;  ///< once something of it was used
};

struct RegisteredKernel {
    RegisteredModule* module = nullptr;
    std::string name;
    std::optional<Bytes> dynamic_shared_limit;  ///< as raised with cudaFuncSetAttribute
};

struct RegisteredVariable {
    RegisteredModule* module = nullptr;
    std::string name;
    Bytes bytes{0};
};

class RegisteredProgram {
  public:
    /// `name`: of the program, for messages. The executor must outlive this.
    RegisteredProgram(std::string name, CodeReader read_code, LaunchExecutor& executor)
        : name_(std::move(name)), read_code_(std::move(read_code)), executor_(executor) {}

    RegisteredModule& add_module(const void* wrapper);
    /// Forgets a module with its kernels and variables.
    void remove_module(RegisteredModule& module);
    void add_kernel(RegisteredModule& module, const void* host_function, std::string name);
    void add_variable(RegisteredModule& module, const void* host_variable, std::string name, Bytes bytes);

    /// The kernel of a host function, or of what kernel_handle gave out; null for other addresses.
    [[nodiscard]] RegisteredKernel* kernel(const void* function) const;
    /// The variable behind the host's one; null for other addresses.
    [[nodiscard]] const RegisteredVariable* variable(const void* host_variable) const;

    /// The module ready to run, read on first use: a program may embed many that it never launches.
    ExecutableModule& executable(RegisteredModule& module);

    [[nodiscard]] const std::string& name() const { return name_; }

  private:
    std::string name_;
    CodeReader read_code_;
    LaunchExecutor& executor_;
    std::vector<std::unique_ptr<RegisteredModule>> modules_;
    std::unordered_map<const void*, std::unique_ptr<RegisteredKernel>> kernels_;
    std::unordered_set<const void*> handles_;
    std::unordered_map<const void*, RegisteredVariable> variables_;
};

}  // namespace stcsim
