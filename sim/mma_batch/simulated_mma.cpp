#include "mma_batch/simulated_mma.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>

#include "gpu/gpu.h"

namespace stcsim {
namespace {

constexpr std::uint64_t register_bytes = sizeof(WarpRegister);
constexpr std::uint64_t operands_address = 0x1000'0000;
constexpr std::uint64_t results_address = 0x8000'0000;
/// Cases that one warp executes: enough CTAs to fill the SM, long enough programs to keep their start-up small.
constexpr std::uint64_t cases_per_warp = 16;

/// Lane l accesses the l-th word.
constexpr LaneOffsets consecutive_words = [] {
    LaneOffsets offsets{};
    for (std::size_t lane = 0; lane < offsets.size(); ++lane) offsets[lane] = lane * sizeof(std::uint32_t);
    return offsets;
}();

/// The program of one case, with addresses relative to its operands and its result.
class CaseProgram {
  public:
    explicit CaseProgram(const MmaInstruction& instruction)
        : operand_registers_(instruction.a_registers() + instruction.b_registers() + instruction.c_registers() +
                             instruction.e_registers()),
          result_registers_(instruction.d_registers()) {
        for (std::uint32_t i = 0; i < operand_registers_; ++i) {
            WarpInstruction load = access(OperationClass::load_global, operands_address + i * register_bytes);
            load.destination = {static_cast<std::uint8_t>(i), 1};
            instructions_.push_back(load);
        }
        std::uint32_t next = 0;
        const auto range = [&next](std::uint32_t count) {
            next += count;
            return RegisterRange{static_cast<std::uint8_t>(next - count), static_cast<std::uint8_t>(count)};
        };
        WarpInstruction mma;
        mma.operation = OperationClass::mma;
        mma.mma = &instruction;
        mma.a = range(instruction.a_registers());
        mma.b = range(instruction.b_registers());
        mma.c = range(instruction.c_registers());
        mma.e = range(instruction.e_registers());
        mma.destination = mma.c;
        instructions_.push_back(mma);
        for (std::uint32_t i = 0; i < result_registers_; ++i) {
            WarpInstruction store = access(OperationClass::store_global, results_address + i * register_bytes);
            store.a = {static_cast<std::uint8_t>(mma.destination.first + i), 1};
            instructions_.push_back(store);
        }
    }

    [[nodiscard]] std::size_t size() const { return instructions_.size(); }
    /// Registers that a case takes in memory, and in a thread.
    [[nodiscard]] std::uint32_t operand_registers() const { return operand_registers_; }
    [[nodiscard]] std::uint32_t result_registers() const { return result_registers_; }

    [[nodiscard]] WarpInstruction instruction(std::size_t step, std::uint64_t of_case, std::uint32_t selector) const {
        WarpInstruction instruction = instructions_[step];
        if (instruction.operation == OperationClass::load_global) {
            instruction.global.base += of_case * operand_registers_ * register_bytes;
        } else if (instruction.operation == OperationClass::store_global) {
            instruction.global.base += of_case * result_registers_ * register_bytes;
        } else {
            instruction.selector = static_cast<std::uint8_t>(selector);
        }
        return instruction;
    }

  private:
    static WarpInstruction access(OperationClass operation, std::uint64_t address) {
        WarpInstruction instruction;
        instruction.operation = operation;
        instruction.global = {
            .base = address, .offsets = &consecutive_words, .active = ~0U, .bytes_per_lane = sizeof(std::uint32_t)};
        return instruction;
    }

    std::uint32_t operand_registers_;
    std::uint32_t result_registers_;
    std::vector<WarpInstruction> instructions_;
};

/// A launch of one-warp CTAs that execute some cases each.
class CaseStream : public InstructionStream {
  public:
    CaseStream(const CaseProgram& program, std::span<const MmaCase> cases) : program_(program), cases_(cases) {}

    [[nodiscard]] std::uint64_t ctas() const override {
        return ceil_divide<std::uint64_t>(cases_.size(), cases_per_warp);
    }
    [[nodiscard]] CtaResources resources() const override {
        return {.warps = 1, .registers_per_thread = program_.operand_registers(), .shared_memory = Bytes(0)};
    }
    [[nodiscard]] std::unique_ptr<WarpStream> start_warp(CtaIndex cta, std::uint32_t) override {
        return std::make_unique<Warp>(*this, cta.value() * cases_per_warp);
    }

  private:
    class Warp : public WarpStream {
      public:
        Warp(const CaseStream& launch, std::uint64_t first)
            : launch_(launch),
              case_(first),
              end_(std::min<std::uint64_t>(first + cases_per_warp, launch.cases_.size())) {}

        void next(Cycle, WarpInstruction& instruction) override {
            if (case_ == end_) {
                instruction = {};
                return;
            }
            instruction = launch_.program_.instruction(step_, case_, launch_.cases_[case_].selector);
            if (++step_ == launch_.program_.size()) {
                step_ = 0;
                ++case_;
            }
        }

      private:
        const CaseStream& launch_;
        std::uint64_t case_;
        std::uint64_t end_;
        std::size_t step_ = 0;
    };

    const CaseProgram& program_;
    std::span<const MmaCase> cases_;
};

/// The registers of all operands of all cases, in the order in which programs load them.
std::vector<std::byte> operand_fragments(const MmaInstruction& instruction, std::span<const MmaCase> cases) {
    std::vector<std::byte> bytes;
    const auto append = [&bytes](std::span<const WarpRegister> registers) {
        const auto raw = std::as_bytes(registers);
        bytes.insert(bytes.end(), raw.begin(), raw.end());
    };
    for (const MmaCase& one : cases) {
        append(distribute_fragment(instruction, Operand::a, one.a));
        append(distribute_fragment(instruction, Operand::b, one.b));
        append(distribute_fragment(instruction, Operand::c, one.c));
        if (instruction.sparse) append({&one.e, 1});
    }
    return bytes;
}

}  // namespace

std::vector<BitMatrix> execute_by_simulation(const GpuParameters& gpu, const MmaInstruction& instruction,
                                             std::span<const MmaCase> cases) {
    const CaseProgram program(instruction);
    CaseStream stream(program, cases);
    GlobalValues memory;
    memory.allocate(operands_address, operand_fragments(instruction, cases));
    memory.allocate(results_address,
                    std::vector<std::byte>(cases.size() * program.result_registers() * register_bytes));
    GpuRunOptions options;
    options.one_sm = true;
    options.ctas.count = stream.ctas();
    options.memory = &memory;
    run_gpu(gpu, stream, options);

    const std::span<const std::byte> stored = memory.allocation(results_address);
    std::vector<BitMatrix> results;
    std::vector<WarpRegister> d(program.result_registers());
    for (std::size_t i = 0; i < cases.size(); ++i) {
        std::memcpy(d.data(), stored.data() + i * d.size() * register_bytes, d.size() * register_bytes);
        results.push_back(assemble_fragment(instruction, Operand::d, d));
    }
    return results;
}

}  // namespace stcsim
