/// Modules that were compiled to be linked. Each is read when something is asked for that its text names: the toolkit
/// adds a large library to every such program, of which most use nothing. Those that call each other's functions are
/// one.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cuda/launch_executor.h"
#include "cuda/ptx_executable_module.h"

namespace stcsim {

class LinkedModules : public ExecutableModule {
  public:
    using Parse = std::function<PtxModule(const std::string& ptx, std::size_t number)>;
    using Load = std::function<std::unique_ptr<PtxExecutableModule>(PtxModule module, ModuleMemory::FindExternal find)>;
    LinkedModules(std::vector<std::string> texts, Parse parse, Load load);

    [[nodiscard]] KernelFacts facts(const std::string& kernel) const override;
    [[nodiscard]] std::optional<DeviceVariable> variable(const std::string& name) const override;
    LaunchOutcome run(const LaunchRequest& request) override;

  private:
    const PtxModule& parsed(std::size_t number) const;
    /// The modules that call each other's functions, this one among them.
    [[nodiscard]] std::vector<std::size_t> group_of(std::size_t number) const;
    void load(std::size_t number) const;
    /// The first module whose text contains the name and of which `is_it` holds; null if there is none.
    template <typename IsIt>
    PtxExecutableModule* any_that_names(const std::string& name, IsIt&& is_it) const;
    PtxExecutableModule& with_kernel(const std::string& name) const;

    std::vector<std::string> texts_;
    Parse parse_;
    Load load_;
    mutable std::vector<std::optional<PtxModule>> parsed_;  ///< and not loaded yet
    mutable std::vector<std::shared_ptr<PtxExecutableModule>> modules_;
};

}  // namespace stcsim
