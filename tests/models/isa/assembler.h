/// NVIDIA's assembler, where a CUDA toolkit is installed: the judge of which instructions sm_80 has.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace stcsim::testing {

class Assembler {
  public:
    /// ptxas of PATH, of CUDA_HOME, or of /usr/local/cuda; nothing if there is none, or none that knows PTX 8.5 (the
    /// version that brought mma.sp::ordered_metadata).
    static std::optional<Assembler> find();

    /// Those of `statements` (PTX instructions over registers %r, %f and %d, 64 of each) that sm_80 accepts, by index.
    [[nodiscard]] std::set<std::size_t> accepted(const std::vector<std::string>& statements) const;

  private:
    explicit Assembler(std::filesystem::path program) : program_(std::move(program)) {}

    struct Outcome {
        bool success;
        std::set<std::size_t> faulty_lines;  ///< 1-based
    };
    [[nodiscard]] Outcome assemble(const std::string& ptx) const;

    std::filesystem::path program_;
};

}  // namespace stcsim::testing
