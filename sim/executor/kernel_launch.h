/// A launch: a kernel, its grid, its arguments and the memory it works on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/units.h"
#include "executor/allocation_table.h"
#include "executor/decoded_kernel.h"

namespace stcsim {

struct GridSize {
    std::uint32_t x = 1;
    std::uint32_t y = 1;
    std::uint32_t z = 1;

    [[nodiscard]] std::uint64_t count() const { return std::uint64_t{x} * y * z; }
    bool operator==(const GridSize&) const = default;
};

/// The global and constant variables of a module, with their initial values, in memory that the table knows.
class ModuleMemory {
  public:
    /// The address of a variable that another module defines, by its name; 0 if none does.
    using FindExternal = std::function<std::uint64_t(const std::string& name)>;

    /// The table must outlive this. Throws InputError for a variable that the module declares without defining it.
    ModuleMemory(const PtxModule& module, AllocationTable& table);
    /// The variables that the module declares only are found by `find` when link() is called.
    ModuleMemory(const PtxModule& module, AllocationTable& table, FindExternal find);
    ~ModuleMemory();
    ModuleMemory(const ModuleMemory&) = delete;
    ModuleMemory& operator=(const ModuleMemory&) = delete;

    /// Finds the variables of other modules and writes initial values that are addresses, once.
    void link();

    /// The variable must be a global or constant one of the module.
    [[nodiscard]] std::uint64_t address_of(const PtxVariable& variable) const;
    /// The address of the variable of this name, or 0.
    [[nodiscard]] std::uint64_t address_of(const std::string& name) const;

  private:
    [[nodiscard]] std::uint64_t initial_address(const PtxVariable& variable, const PtxInitialAddress& value) const;
    void write_address(const PtxVariable& variable, const PtxInitialAddress& value);

    const PtxModule* module_;
    AllocationTable* table_;
    FindExternal find_;
    bool linked_ = false;
    std::unordered_map<const PtxVariable*, std::uint64_t> addresses_;
};

struct KernelLaunch {
    const DecodedKernel* kernel = nullptr;
    GridSize grid;
    GridSize block;
    Bytes dynamic_shared{0};
    std::vector<std::byte> arguments;  ///< param space: PtxKernel::parameter_bytes()
    AllocationTable* memory = nullptr;
    const ModuleMemory* variables = nullptr;  ///< may be null if the module has no global or constant variable
    /// Of a cooperative launch, all of whose CTAs run at the same time: zeroed memory through which they meet. Else 0.
    std::uint64_t grid_workspace = 0;
    std::uint64_t number = 0;  ///< of the launch among those that share the memory

    [[nodiscard]] std::uint64_t ctas() const { return grid.count(); }
    [[nodiscard]] std::uint32_t threads_per_cta() const { return static_cast<std::uint32_t>(block.count()); }
    [[nodiscard]] std::uint32_t warps_per_cta() const { return ceil_divide(threads_per_cta(), warp_lanes); }
    [[nodiscard]] std::uint64_t shared_bytes() const;
    /// x, y, z of a CTA, x counting fastest.
    [[nodiscard]] std::array<std::uint32_t, 3> coordinates(CtaIndex cta) const;

    /// Throws InputError for an empty grid, a block of more than 1024 threads or more than `.maxntid` allows, arguments
    /// of the wrong size, more shared memory than an SM of sm_80 gives a CTA (163 KiB).
    void check() const;
};

}  // namespace stcsim
