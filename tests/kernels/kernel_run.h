/// Runs a kernel of the checked-in PTX through the executor, without time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"
#include "executor/functional_run.h"
#include "numerics/bit_matrix.h"
#include "ptx/ptx_parser.h"
#ifdef STCSIM_SCHEDULED
#include "a100.h"
#include "ptx_timing/kernel_schedule.h"
#endif

namespace stcsim::testing {

/// A kernel of a file of this folder, the memory it works on and its arguments.
class KernelRun {
  public:
    KernelRun(const std::string& file, const std::string& kernel)
        : module_(read_ptx(std::string(STCSIM_SOURCE_DIR) + "/tests/kernels/" + file)),
          kernel_(decoded(module_, kernel)),
          variables_(module_, memory_) {}

    /// New memory of this many bytes, zero; its address is the next argument.
    std::uint64_t add_memory(std::size_t bytes, const std::string& name) {
        const std::uint64_t address = memory_.allocate(bytes, name);
        add_argument(address);
        return address;
    }
    /// New memory that holds the elements of a matrix in this many bytes each, row by row.
    std::uint64_t add_matrix(const BitMatrix& matrix, const std::string& name) {
        const std::size_t width = bits_of(matrix.type) / 8;
        const std::uint64_t address = add_memory(matrix.storage.size() * width, name);
        std::byte* at = memory_.find(address, matrix.storage.size() * width);
        for (const ElementBits element : matrix.storage) {
            std::memcpy(at, &element, width);
            at += width;
        }
        return address;
    }
    template <typename Element>
    std::uint64_t add_array(const std::vector<Element>& elements, const std::string& name) {
        const std::uint64_t address = add_memory(elements.size() * sizeof(Element), name);
        std::memcpy(memory_.find(address, elements.size() * sizeof(Element)), elements.data(),
                    elements.size() * sizeof(Element));
        return address;
    }
    template <typename Argument>
    void add_argument(Argument argument) {
        static_assert(std::is_arithmetic_v<Argument>);
        arguments_.resize((arguments_.size() + sizeof argument - 1) / sizeof argument * sizeof argument);
        const auto* const first = reinterpret_cast<const std::byte*>(&argument);
        arguments_.insert(arguments_.end(), first, first + sizeof argument);
    }

    KernelLaunch launch(GridSize grid, GridSize block) {
        KernelLaunch launch;
        launch.kernel = &kernel_;
        launch.grid = grid;
        launch.block = block;
        launch.arguments = arguments_;
        launch.memory = &memory_;
        launch.variables = &variables_;
        return launch;
    }
    FunctionalResult run(GridSize grid, GridSize block, FindingSink& findings) {
        return run_functional(launch(grid, block), findings);
    }

    /// The host reads this memory: suspicions about it are findings.
    void report_read(std::uint64_t address, std::uint64_t bytes, FindingSink& findings) {
        for (const auto& found : memory_.suspicions().take(address, bytes)) {
            findings.report(memory_.suspicions().origin(found.origin).finding);
        }
    }

    template <typename Element>
    [[nodiscard]] std::vector<Element> array(std::uint64_t address, std::size_t count) const {
        std::vector<Element> elements(count);
        std::memcpy(elements.data(), memory_.find(address, count * sizeof(Element)), count * sizeof(Element));
        return elements;
    }
    /// A matrix of a 32-bit type.
    [[nodiscard]] BitMatrix matrix(std::uint64_t address, std::size_t rows, std::size_t columns,
                                   ElementType type) const {
        BitMatrix matrix(rows, columns, type);
        const auto elements = array<std::uint32_t>(address, rows * columns);
        matrix.storage.assign(elements.begin(), elements.end());
        return matrix;
    }

  private:
    /// With STCSIM_SCHEDULED in the order of timed launches.
    static DecodedKernel decoded(PtxModule& module, const std::string& name) {
        const PtxKernel& found = module.kernel(name);
#ifdef STCSIM_SCHEDULED
        for (const std::unique_ptr<PtxKernel>& kernel : module.kernels) {
            constexpr std::uint32_t registers = 128;
            if (kernel.get() == &found) {
                DecodedKernel as_written = DecodedKernel::decode(module, found);
                const std::vector<std::uint32_t> order = scheduled_order(as_written, registers, a100());
                return reordered(std::move(as_written), *kernel, order);
            }
        }
#endif
        return DecodedKernel::decode(module, found);
    }

    AllocationTable memory_;
    PtxModule module_;
    DecodedKernel kernel_;
    ModuleMemory variables_;
    std::vector<std::byte> arguments_;
};

}  // namespace stcsim::testing
