/// A kernel ready to run: opcodes decoded, labels and registers resolved.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "executor/decoded_call.h"
#include "executor/decoded_instruction.h"
#include "ptx/ptx_module.h"

namespace stcsim {

/// How the variables of a kernel lie in shared memory and in the local memory of a thread, in bytes.
struct VariablePlace {
    const PtxVariable* variable;
    std::uint64_t offset;
};

/// A 32-lane value that is known when a warp starts: a special register, or the address of a global variable.
struct StartValue {
    std::uint32_t place = 0;  ///< in the warp's registers
    bool wide = false;        ///< 64 bits per lane
    PtxSpecialRegister special = PtxSpecialRegister::tid_x;
    const PtxVariable* variable = nullptr;  ///< if set, its address plus `offset`
    std::int64_t offset = 0;
};

class DecodedKernel {
  public:
    /// Throws InputError naming every call that cannot be resolved, every distinct unsupported opcode with its first
    /// line, or the first instruction whose operands do not fit its opcode. Module and kernel must outlive the result.
    static DecodedKernel decode(const PtxModule& module, const PtxKernel& kernel);
    /// A kernel that take_linked() has given away.
    static DecodedKernel decode_linked(const PtxModule& module, std::unique_ptr<PtxKernel> linked);

    DecodedKernel(DecodedKernel&&) noexcept;
    DecodedKernel& operator=(DecodedKernel&&) noexcept;
    DecodedKernel(const DecodedKernel&) = delete;
    DecodedKernel& operator=(const DecodedKernel&) = delete;
    ~DecodedKernel();

    [[nodiscard]] const PtxModule& module() const { return *module_; }
    /// As written, or linked with the functions it calls (ptx_link.h).
    [[nodiscard]] const PtxKernel& ptx() const { return *ptx_; }
    /// The linked text; null if it is the kernel as written. Nothing of this is valid any more.
    [[nodiscard]] std::unique_ptr<PtxKernel> take_linked() && { return std::move(linked_); }

    /// One per PTX instruction, in order, and an `exit` behind them.
    [[nodiscard]] std::span<const DecodedInstruction> instructions() const { return instructions_; }

    /// Shared memory of the kernel's own variables; dynamic shared memory begins at dynamic_shared_offset().
    [[nodiscard]] std::uint64_t static_shared_bytes() const { return static_shared_bytes_; }
    [[nodiscard]] std::uint64_t dynamic_shared_offset() const { return dynamic_shared_offset_; }
    /// Local memory of a thread, frames of the functions it calls among it; of those that recurse one.
    [[nodiscard]] std::uint64_t local_bytes() const { return local_bytes_; }
    /// What the kernel's own variables take of it.
    [[nodiscard]] std::uint64_t frame_bytes() const { return frame_bytes_; }

    [[nodiscard]] std::span<const DecodedFunction> functions() const { return functions_; }
    [[nodiscard]] std::span<const DecodedCall> calls() const { return calls_; }

    /// Position of each instruction in the order in which diverged lanes run: lanes with the smallest number go first,
    /// so that they meet the others at the immediate post-dominator of the branch, wherever it was laid out.
    [[nodiscard]] std::span<const std::uint32_t> priorities() const { return priorities_; }
    /// The instruction at which the lanes that part at this branch meet again (its immediate post-dominator); the
    /// number of the exit behind the last instruction if they do not.
    [[nodiscard]] std::span<const std::uint32_t> reconvergence() const { return reconvergence_; }

    // How a warp's registers are stored: 32-bit words, lane by lane.
    [[nodiscard]] std::uint32_t register_words() const { return register_words_; }
    [[nodiscard]] std::uint32_t predicates() const { return predicates_; }
    [[nodiscard]] std::span<const std::uint32_t> constants() const { return constants_; }
    [[nodiscard]] std::span<const StartValue> start_values() const { return start_values_; }
    /// Where a kernel register lies: words from the start of the warp's registers, or the number of its predicate.
    [[nodiscard]] std::span<const std::uint32_t> register_places() const { return register_places_; }

  private:
    friend class KernelDecoder;
    DecodedKernel();

    const PtxModule* module_ = nullptr;
    const PtxKernel* ptx_ = nullptr;
    std::unique_ptr<PtxKernel> linked_;    ///< what `ptx_` points at, if it is not the kernel as written
    std::unique_ptr<PtxInstruction> end_;  ///< what the exit behind the last instruction points at
    std::vector<DecodedInstruction> instructions_;
    std::unique_ptr<std::vector<std::uint32_t>> register_lists_;  ///< what `reads` and `writes` view
    std::unique_ptr<std::vector<OperandPlace>> operand_lists_;    ///< what `list` views
    std::uint64_t static_shared_bytes_ = 0;
    std::uint64_t dynamic_shared_offset_ = 0;
    std::uint64_t local_bytes_ = 0;
    std::uint64_t frame_bytes_ = 0;
    std::vector<DecodedFunction> functions_;
    std::vector<DecodedCall> calls_;
    std::vector<std::uint32_t> priorities_;
    std::vector<std::uint32_t> reconvergence_;
    std::uint32_t register_words_ = 0;
    std::uint32_t predicates_ = 0;
    std::vector<std::uint32_t> constants_;
    std::vector<StartValue> start_values_;
    std::vector<std::uint32_t> register_places_;
};

}  // namespace stcsim
