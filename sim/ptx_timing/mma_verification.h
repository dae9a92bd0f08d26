/// D of a launch's mma instructions, as the tensor core's modules compute it, against what the executor wrote.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "executor/warp_execution.h"
#include "isa/fragment.h"
#include "isa/warp_instruction.h"

namespace stcsim {

/// An element of D that the modules compute otherwise than the numerics.
struct MmaDifference {
    std::uint32_t instruction = 0;  ///< its number in the decoded kernel
    CtaIndex cta{0};
    std::uint32_t warp = 0;      ///< of the CTA
    LaneIndex lane{0};           ///< that holds it
    MatrixCoordinate element{};  ///< in D of the instruction
    ElementBits modules = 0;
    ElementBits numerics = 0;
};

class MmaVerification {
  public:
    MmaVerification() = default;
    ~MmaVerification();
    MmaVerification(const MmaVerification&) = delete;
    MmaVerification& operator=(const MmaVerification&) = delete;

    /// Where the mma that a warp is about to execute stands in its launch; `tile`: of a wmma.mma (mma_registers.h).
    struct Place {
        std::uint32_t instruction = 0;
        std::uint32_t tile = 0;
    };
    class Comparison;

    /// The values that go through the modules, and the comparison that takes D. Null, and counted with the reason, if
    /// the modules cannot carry them: metadata or a selector that the instruction does not define.
    [[nodiscard]] std::shared_ptr<Comparison> begin(WarpExecution& warp, const DecodedInstruction& instruction,
                                                    const Place& place, ProvidedOperands& operands);

    [[nodiscard]] std::uint64_t instructions() const { return instructions_; }  ///< of the machine, compared
    [[nodiscard]] std::uint64_t elements() const { return elements_; }          ///< of D, compared
    [[nodiscard]] std::uint64_t equal() const { return equal_; }
    /// Whose D has not come out of the modules yet; none when the launch has ended.
    [[nodiscard]] std::uint64_t under_way() const { return under_way_; }
    /// Of the first mma that differs, the first element in the order of the lanes.
    [[nodiscard]] const std::optional<MmaDifference>& first_difference() const { return first_; }
    /// Instructions of the decoded kernel with a reason why the modules did not compute them -> how often.
    using NotCompared = std::map<std::pair<std::uint32_t, std::string>, std::uint64_t>;
    [[nodiscard]] const NotCompared& not_compared() const { return not_compared_; }

  private:
    std::uint64_t instructions_ = 0;
    std::uint64_t elements_ = 0;
    std::uint64_t equal_ = 0;
    std::uint64_t under_way_ = 0;
    std::optional<MmaDifference> first_;
    NotCompared not_compared_;
};

/// Of one instruction of the machine: waits for both results.
class MmaVerification::Comparison : public MmaResultReceiver {
  public:
    /// The verification and the instruction must outlive it.
    Comparison(MmaVerification& verification, const WarpExecution& warp, const DecodedInstruction& instruction,
               const Place& place);

    /// What the executor wrote into the registers of these lanes; nothing: it is not kept.
    void expect(std::vector<std::optional<WarpRegister>> numerics, std::uint32_t lanes);
    void take(std::span<const WarpRegister> d) override;

  private:
    void compare_if_complete();
    void compare(const FragmentLocation& location);

    MmaVerification& verification_;
    const DecodedInstruction& instruction_;
    Place place_;
    CtaIndex cta_;
    std::uint32_t warp_;
    std::vector<std::optional<WarpRegister>> numerics_;
    std::vector<WarpRegister> modules_;
    std::uint32_t lanes_ = 0;
};

}  // namespace stcsim
