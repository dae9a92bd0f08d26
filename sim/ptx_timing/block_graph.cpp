#include "ptx_timing/block_graph.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "tensor_core/datapath.h"
#include "tensor_core/operand_fetch.h"

namespace stcsim {
namespace {

/// What instructions share beside registers: uses of it may change places, changes keep their place among all.
enum Shared : std::uint32_t {
    shared_memory = 1U << 0,
    global_memory = 1U << 1,
    local_memory = 1U << 2,
    copies = 1U << 3,  ///< cp.async groups
    operands_of_mma = 1U << 4,
    carry = 1U << 5,
    all_else = 1U << 6,
};
constexpr std::size_t shared_things = 7;
constexpr std::uint32_t memory = shared_memory | global_memory | local_memory;
constexpr std::uint32_t everything = (1U << shared_things) - 1;

struct SharedUse {
    std::uint32_t uses = 0;
    std::uint32_t changes = 0;
};

bool has_modifier(const DecodedInstruction& instruction, std::string_view modifier) {
    return std::ranges::find(instruction.ptx->modifiers, modifier) != instruction.ptx->modifiers.end();
}

SharedUse memory_use(const DecodedInstruction& instruction) {
    const AccessShape& access = instruction.access;
    if (access.strong || instruction.unit == ExecutionUnit::atomic || instruction.unit == ExecutionUnit::reduction) {
        return {.changes = memory};
    }
    // wmma.load and wmma.store say no space.
    std::uint32_t space = memory;
    if (access.element_bytes != 0) {
        switch (access.space) {
            case PtxSpace::shared: space = shared_memory; break;
            case PtxSpace::global: space = global_memory; break;
            case PtxSpace::local: space = local_memory; break;
            case PtxSpace::constant: return {};
            case PtxSpace::param: return access.writes ? SharedUse{.changes = everything} : SharedUse{};
            case PtxSpace::generic: break;
        }
    }
    return instruction.unit == ExecutionUnit::store ? SharedUse{.changes = space} : SharedUse{.uses = space};
}

SharedUse shared_use(const DecodedInstruction& instruction) {
    if (instruction.reads_clock) return {.changes = everything};
    switch (instruction.unit) {
        case ExecutionUnit::integer:
            if (instruction.ptx->opcode == "addc" || instruction.ptx->opcode == "subc" ||
                instruction.ptx->opcode == "madc" || has_modifier(instruction, "cc")) {
                return {.changes = carry};
            }
            return {};
        case ExecutionUnit::f32:
        case ExecutionUnit::f16:
        case ExecutionUnit::f64:
        case ExecutionUnit::conversion:
        case ExecutionUnit::special_function: return {};
        case ExecutionUnit::mma: return {.uses = operands_of_mma};
        case ExecutionUnit::load_matrix: return {.uses = shared_memory};
        case ExecutionUnit::load:
        case ExecutionUnit::store:
        case ExecutionUnit::atomic:
        case ExecutionUnit::reduction: return memory_use(instruction);
        case ExecutionUnit::copy_async: return {.uses = global_memory, .changes = shared_memory | copies};
        case ExecutionUnit::commit_group: return {.changes = copies};
        case ExecutionUnit::wait_group: return {.changes = shared_memory | copies};
        case ExecutionUnit::barrier:
        case ExecutionUnit::fence:
        case ExecutionUnit::shuffle:
        case ExecutionUnit::vote: return {.changes = memory | copies};
        case ExecutionUnit::warp_sync: return {.changes = memory | copies | operands_of_mma};
        case ExecutionUnit::none: return instruction.writes.empty() ? SharedUse{.changes = everything} : SharedUse{};
        case ExecutionUnit::branch:
        case ExecutionUnit::call:
        case ExecutionUnit::function_call:
        case ExecutionUnit::function_return:
        case ExecutionUnit::trap:
        case ExecutionUnit::exit: return {.changes = everything};
    }
    return {.changes = everything};
}

/// How an instruction occupies the machine.
struct Occupation {
    std::uint32_t slots = 1;
    std::uint32_t unit = 0;
    std::uint32_t interval = 1;
    std::uint32_t latency = 0;  ///< until a dependent instruction can issue
};

// Units behind the arithmetic ones, which have the numbers of ArithmeticUnit.
constexpr std::uint32_t tensor_unit = arithmetic_units;
constexpr std::uint32_t shared_unit = tensor_unit + 1;
constexpr std::uint32_t global_unit = shared_unit + 1;

std::uint32_t number(Cycle cycles) {
    return static_cast<std::uint32_t>(cycles.value());
}

/// From issue to the notification of the scheduler, with an idle tensor core.
std::uint32_t mma_latency(const MmaInstruction& mma, const TensorCoreParameters& core) {
    const ArraySchedule schedule = array_schedule(mma, core.dot_product_array);
    const Cycle chained = core.dot_product_array.pass_chain_latency * (schedule.passes - 1);
    return 2 + schedule.steps_per_pass +
           number(core.operand_fetch.read_window + core.operand_fetch.delivery_latency +
                  core.dot_product_array.pipeline_depth + chained + core.accumulator.latency);
}

Occupation shared_load(std::uint32_t wavefronts, const SharedMemoryParameters& memory_unit) {
    const std::uint32_t back = number(memory_unit.return_per_wavefront) * wavefronts;
    return {.unit = shared_unit, .interval = back, .latency = number(memory_unit.base_latency) + back};
}

Occupation occupation_of(const DecodedInstruction& instruction, const MachineInstruction& machine,
                         const GpuParameters& gpu) {
    const SmParameters& sm = gpu.sm;
    if (machine.free) return {.slots = 0, .interval = 0};
    const std::uint32_t words = std::max(ceil_divide(instruction.access.bytes_per_lane(), 4U), 1U);
    switch (machine.operation) {
        case OperationClass::arithmetic: {
            const auto unit = static_cast<std::uint32_t>(machine.unit);
            Occupation result{.slots = 1U + machine.following_arithmetic, .unit = unit};
            result.latency = number(sm.warp_scheduler.arithmetic_latency) + machine.following_arithmetic;
            if (machine.unit == ArithmeticUnit::any) return result;
            const ArithmeticUnitParameters& parameters = sm.warp_scheduler.unit(machine.unit);
            result.interval = std::max(number(parameters.interval), result.slots);
            result.latency = number(parameters.latency) + machine.following_arithmetic;
            return result;
        }
        case OperationClass::mma: {
            const std::uint32_t interval = number(least_interval(*instruction.mma, sm.tensor_core));
            const std::uint32_t count = instruction.machine_instructions;
            return {.slots = count,
                    .unit = tensor_unit,
                    .interval = interval * count,
                    .latency = interval * (count - 1) + mma_latency(*instruction.mma, sm.tensor_core)};
        }
        case OperationClass::load_matrix: return shared_load(instruction.matrices, sm.shared_memory);
        case OperationClass::load_shared:
        case OperationClass::load_global:
        case OperationClass::atomic_global: {
            if (instruction.access.space == PtxSpace::shared) return shared_load(words, sm.shared_memory);
            const Cycle way = sm.load_store_unit.latency + gpu.memory.interconnect.latency * 2U;
            return {.unit = global_unit, .interval = words, .latency = number(way + gpu.memory.l2.hit_latency)};
        }
        case OperationClass::store_shared:
        case OperationClass::store_global:
            return {.unit = instruction.access.space == PtxSpace::shared ? shared_unit : global_unit,
                    .interval = words};
        case OperationClass::copy_async: return {.unit = global_unit, .interval = words};
        default: return {};
    }
}

/// Connects instructions, in the order of the text.
class GraphBuilder {
  public:
    GraphBuilder(const MachineProgram& program, const PtxBlock& block, std::span<const std::vector<PtxLiveRange>> live,
                 const GpuParameters& gpu)
        : program_(program), block_(block), live_(live), gpu_(gpu) {}

    BlockGraph build() {
        const auto decoded = program_.kernel().instructions();
        graph_.instructions.resize(block_.end - block_.begin);
        for (std::uint32_t i = 0; i < graph_.instructions.size(); ++i) {
            const DecodedInstruction& instruction = decoded[block_.begin + i];
            const Occupation occupation = occupation_of(instruction, program_[block_.begin + i], gpu_);
            graph_.instructions[i].slots = occupation.slots;
            graph_.instructions[i].unit = occupation.unit;
            graph_.instructions[i].interval = occupation.interval;
            latencies_.push_back(occupation.latency);
            connect_registers(i, instruction);
            connect_shared(i, shared_use(instruction));
        }
        for (std::uint32_t r = 0; r < live_.size(); ++r) {
            if (!numbers_.contains(r) && lives_at(r, 2 * block_.begin) && !is_predicate(r)) {
                graph_.words_through += words_of(r);
            }
        }
        return std::move(graph_);
    }

  private:
    /// The last instruction that wrote, and those that have read since.
    struct Accesses {
        std::uint32_t writer = PtxOperand::none;
        std::vector<std::uint32_t> readers;
    };

    void connect_registers(std::uint32_t i, const DecodedInstruction& instruction) {
        BlockInstruction& one = graph_.instructions[i];
        one.reads = numbers_of(instruction.reads);
        one.writes = numbers_of(instruction.writes);
        for (const std::uint32_t r : one.reads) use(accesses_[r], i);
        for (const std::uint32_t r : one.writes) change(accesses_[r], i);
    }

    void connect_shared(std::uint32_t i, const SharedUse& use_of) {
        // Everything has a place among what keeps its place among everything.
        const std::uint32_t uses = use_of.uses | all_else;
        for (std::uint32_t thing = 0; thing < shared_things; ++thing) {
            if (((use_of.changes >> thing) & 1U) != 0) {
                change(shared_[thing], i);
            } else if (((uses >> thing) & 1U) != 0) {
                use(shared_[thing], i, false);
            }
        }
    }

    void use(Accesses& accesses, std::uint32_t i, bool of_result = true) {
        if (accesses.writer != PtxOperand::none) {
            graph_.instructions[accesses.writer].dependents.push_back({i, of_result ? latencies_[accesses.writer] : 0});
        }
        accesses.readers.push_back(i);
    }

    void change(Accesses& accesses, std::uint32_t i) {
        if (accesses.writer != PtxOperand::none) graph_.instructions[accesses.writer].dependents.push_back({i, 0});
        for (const std::uint32_t reader : accesses.readers) {
            if (reader != i) graph_.instructions[reader].dependents.push_back({i, 0});
        }
        accesses = {.writer = i, .readers = {}};
    }

    std::vector<std::uint32_t> numbers_of(std::span<const std::uint32_t> kernel_registers) {
        std::vector<std::uint32_t> numbers;
        for (const std::uint32_t r : kernel_registers) {
            const auto [place, is_new] = numbers_.try_emplace(r, static_cast<std::uint32_t>(graph_.registers.size()));
            if (is_new) {
                graph_.registers.push_back({.words = words_of(r),
                                            .predicate = is_predicate(r),
                                            .live_before = lives_at(r, 2 * block_.begin),
                                            .live_after = lives_at(r, 2 * block_.end - 1)});
                accesses_.emplace_back();
            }
            if (std::ranges::find(numbers, place->second) == numbers.end()) numbers.push_back(place->second);
        }
        return numbers;
    }

    [[nodiscard]] bool lives_at(std::uint32_t r, std::uint32_t point) const {
        const auto& ranges = live_[r];
        const auto after = std::ranges::upper_bound(ranges, point, {}, &PtxLiveRange::end);
        return after != ranges.end() && after->begin <= point;
    }
    [[nodiscard]] bool is_predicate(std::uint32_t r) const {
        return program_.kernel().ptx().registers[r].type == PtxType::pred;
    }
    [[nodiscard]] std::uint32_t words_of(std::uint32_t r) const {
        return std::max(bytes_of(program_.kernel().ptx().registers[r].type) / 4, 1U);
    }

    const MachineProgram& program_;
    const PtxBlock& block_;
    std::span<const std::vector<PtxLiveRange>> live_;
    const GpuParameters& gpu_;
    BlockGraph graph_;
    std::vector<std::uint32_t> latencies_;                      ///< per instruction of the block
    std::unordered_map<std::uint32_t, std::uint32_t> numbers_;  ///< kernel register -> block register
    std::vector<Accesses> accesses_;                            ///< by block register
    std::array<Accesses, shared_things> shared_;
};

}  // namespace

BlockGraph block_graph(const MachineProgram& program, const PtxBlock& block,
                       std::span<const std::vector<PtxLiveRange>> live, const GpuParameters& gpu) {
    return GraphBuilder(program, block, live, gpu).build();
}

}  // namespace stcsim
