#include "cuda/ready_kernel.h"

#include <utility>

#include "cuda/instruction_mix.h"
#include "executor/functional_run.h"

namespace stcsim {
namespace {

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

KernelPreparation functional_preparation(std::uint64_t max_warp_instructions, RegisterCount registers) {
    return [max_warp_instructions, registers = std::move(registers)](const PtxModule& module, PtxKernel& kernel) {
        DecodedKernel decoded = DecodedKernel::decode(module, kernel);
        const std::uint32_t per_thread = registers(decoded.ptx());
        return std::make_unique<FunctionalKernel>(std::move(decoded), per_thread, max_warp_instructions);
    };
}

}  // namespace stcsim
