#include <map>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "executor/execute_control.h"
#include "executor/instruction_decoder.h"
#include "ptx/ptx_link.h"

namespace stcsim {
namespace {

using DecodeFamily = void (*)(InstructionDecoder&);

const std::unordered_map<std::string_view, DecodeFamily>& families() {
    static const std::unordered_map<std::string_view, DecodeFamily> table = [] {
        std::unordered_map<std::string_view, DecodeFamily> all;
        const auto add = [&](DecodeFamily decode, std::initializer_list<std::string_view> opcodes) {
            for (const std::string_view opcode : opcodes) all.emplace(opcode, decode);
        };
        add(decode_arithmetic,
            {"add", "sub", "mul", "mad", "fma", "min", "max", "abs", "neg", "div", "rem", "addc", "subc", "madc"});
        add(decode_integer, {"mul24", "mad24", "sad", "dp4a", "dp2a"});
        add(decode_bits, {"shl", "shr", "shf", "lop3", "prmt", "bfe", "bfi", "bfind", "brev", "popc", "clz", "fns",
                          "szext", "bmsk", "cnot"});
        add(decode_logic, {"and", "or", "xor", "not"});
        add(decode_special_function, {"rcp", "sqrt", "rsqrt", "ex2", "lg2", "sin", "cos", "tanh"});
        add(decode_comparison, {"setp", "set", "testp"});
        add(decode_selection, {"selp", "slct", "copysign"});
        add(decode_move, {"mov"});
        add(decode_address, {"cvta", "isspacep"});
        add(decode_conversion, {"cvt"});
        add(decode_load, {"ld", "ldu"});
        add(decode_store, {"st"});
        add(decode_atomic, {"atom", "red"});
        add(decode_async_copy, {"cp"});
        add(decode_hint, {"prefetch", "prefetchu", "createpolicy", "nanosleep", "applypriority", "discard", "pmevent"});
        add(decode_control, {"bra", "exit", "ret", "trap", "brkpt", "fence", "membar"});
        add(decode_barrier, {"bar", "barrier"});
        add(decode_shuffle, {"shfl", "movmatrix"});
        add(decode_vote, {"vote", "match", "activemask", "redux"});
        add(decode_load_matrix, {"ldmatrix"});
        add(decode_mma, {"mma"});
        add(decode_wmma, {"wmma"});
        add(decode_call, {"call"});
        return all;
    }();
    return table;
}

}  // namespace

/// Decodes the instructions of a kernel one by one, and what they share.
class KernelDecoder {
  public:
    KernelDecoder(const PtxModule& module, const PtxKernel& kernel, std::unique_ptr<PtxKernel> linked)
        : module_(&module),
          kernel_(linked != nullptr ? linked.get() : &kernel),
          linked_(std::move(linked)),
          storage_(module, *kernel_) {}

    DecodedKernel decode() {
        const std::size_t count = kernel_->instructions.size();
        result_.instructions_.resize(count + 1);
        for (std::size_t i = 0; i < count; ++i) decode_one(i);
        report_unsupported();
        add_end();
        connect_lists();
        result_.module_ = module_;
        result_.ptx_ = kernel_;
        result_.linked_ = std::move(linked_);
        analyse_flow();
        result_.static_shared_bytes_ = storage_.static_shared_bytes;
        result_.dynamic_shared_offset_ = storage_.dynamic_shared_offset;
        result_.frame_bytes_ = storage_.frame_bytes;
        result_.local_bytes_ = storage_.functions.empty()
                                   ? storage_.frame_bytes
                                   : round_up(storage_.frame_bytes, frame_alignment) + deepest_frames();
        result_.functions_ = std::move(storage_.functions);
        result_.calls_ = std::move(storage_.calls);
        result_.register_words_ = storage_.register_words;
        result_.predicates_ = storage_.predicates;
        result_.constants_ = std::move(storage_.constants);
        result_.start_values_ = std::move(storage_.start_values);
        result_.register_places_ = std::move(storage_.register_places);
        return std::move(result_);
    }

  private:
    struct Lists {
        std::size_t reads, writes, operands;  ///< where those of an instruction begin
    };

    /// Of the kernel, of each function, and of the exit behind the last instruction.
    void analyse_flow() {
        const std::span<const DecodedInstruction> all(result_.instructions_);
        std::vector<std::size_t> begins{0};
        for (const DecodedFunction& function : storage_.functions) begins.push_back(function.first);
        if (!storage_.functions.empty()) begins.push_back(all.size() - 1);
        begins.push_back(all.size());
        for (std::size_t part = 0; part + 1 < begins.size(); ++part) {
            const ControlFlow flow = analyse_control_flow(all.subspan(begins[part], begins[part + 1] - begins[part]),
                                                          static_cast<std::uint32_t>(begins[part]));
            result_.priorities_.insert(result_.priorities_.end(), flow.priorities.begin(), flow.priorities.end());
            result_.reconvergence_.insert(result_.reconvergence_.end(), flow.reconvergence.begin(),
                                          flow.reconvergence.end());
        }
    }

    /// Bytes of the frames that the functions of the most costly chain of calls take; a function that recurses counts
    /// once.
    std::uint64_t deepest_frames() const {
        std::vector<std::uint64_t> above(storage_.functions.size());
        std::uint64_t deepest = 0;
        // Rounds: a chain of functions that do not recurse has as many links as there are functions at most.
        for (bool changed = true; changed;) {
            changed = false;
            for (std::size_t f = 0; f < above.size(); ++f) {
                std::uint64_t most = 0;
                for (const std::uint32_t callee : kernel_->functions[f].reachable) {
                    if (!kernel_->functions[f].recursive) most = std::max(most, above[callee]);
                }
                most += frame_size(storage_.functions[f]);
                changed = changed || most != above[f];
                above[f] = most;
                deepest = std::max(deepest, most);
            }
        }
        return deepest;
    }

    void decode_one(std::size_t i) {
        const PtxInstruction& instruction = kernel_->instructions[i];
        begins_.push_back({reads_.size(), writes_.size(), operands_.size()});
        InstructionDecoder decoder(*module_, *kernel_, instruction, storage_, result_.instructions_[i]);
        try {
            const auto family = families().find(instruction.opcode);
            if (family == families().end()) decoder.unsupported();
            family->second(decoder);
        } catch (const UnsupportedOpcode& opcode) {
            unsupported_.try_emplace(instruction.name(), std::pair(instruction.where.line, opcode.what()));
        }
        reads_.insert(reads_.end(), decoder.reads.begin(), decoder.reads.end());
        writes_.insert(writes_.end(), decoder.writes.begin(), decoder.writes.end());
        operands_.insert(operands_.end(), decoder.list.begin(), decoder.list.end());
    }

    void report_unsupported() const {
        if (unsupported_.empty()) return;
        std::vector<std::string> lines;
        std::uint32_t first = ~0U;
        for (const auto& [name, place] : unsupported_) {
            first = std::min(first, place.first);
            lines.push_back(place.second.empty() ? fmt::format("{} (line {})", name, place.first)
                                                 : fmt::format("{} (line {}: {})", name, place.first, place.second));
        }
        throw InputError(
            {module_->name, first},
            fmt::format("in kernel {} instructions that are not modelled: {}", kernel_->name, fmt::join(lines, ", ")),
            "PTX of sm_80 as sim/executor/README.md lists it");
    }

    /// An exit behind the last instruction: where control flow that runs off the end arrives.
    void add_end() {
        result_.end_ = std::make_unique<PtxInstruction>();
        result_.end_->opcode = "exit";
        result_.end_->where = kernel_->instructions.empty() ? kernel_->where : kernel_->instructions.back().where;
        DecodedInstruction& end = result_.instructions_.back();
        end.ptx = result_.end_.get();
        end.unit = ExecutionUnit::exit;
        end.handler = execute_exit;
        begins_.push_back({reads_.size(), writes_.size(), operands_.size()});
    }

    void connect_lists() {
        begins_.push_back({reads_.size(), writes_.size(), operands_.size()});
        const std::size_t all_reads = reads_.size();
        reads_.insert(reads_.end(), writes_.begin(), writes_.end());
        result_.register_lists_ = std::make_unique<std::vector<std::uint32_t>>(std::move(reads_));
        result_.operand_lists_ = std::make_unique<std::vector<OperandPlace>>(std::move(operands_));
        const std::span<const std::uint32_t> registers(*result_.register_lists_);
        const std::span<const OperandPlace> operands(*result_.operand_lists_);
        for (std::size_t i = 0; i < result_.instructions_.size(); ++i) {
            DecodedInstruction& one = result_.instructions_[i];
            const Lists& from = begins_[i];
            const Lists& to = begins_[i + 1];
            one.reads = registers.subspan(from.reads, to.reads - from.reads);
            one.writes = registers.subspan(all_reads + from.writes, to.writes - from.writes);
            one.list = operands.subspan(from.operands, to.operands - from.operands);
        }
    }

    const PtxModule* module_;
    const PtxKernel* kernel_;
    std::unique_ptr<PtxKernel> linked_;
    OperandStorage storage_;
    DecodedKernel result_;
    std::vector<std::uint32_t> reads_, writes_;
    std::vector<OperandPlace> operands_;
    std::vector<Lists> begins_;
    /// By name: first line and reason.
    std::map<std::string, std::pair<std::uint32_t, std::string>> unsupported_;
};

DecodedKernel::DecodedKernel() = default;
DecodedKernel::DecodedKernel(DecodedKernel&&) noexcept = default;
DecodedKernel& DecodedKernel::operator=(DecodedKernel&&) noexcept = default;
DecodedKernel::~DecodedKernel() = default;

DecodedKernel DecodedKernel::decode(const PtxModule& module, const PtxKernel& kernel) {
    return KernelDecoder(module, kernel, link_kernel(module, kernel, provided_functions)).decode();
}

DecodedKernel DecodedKernel::decode_linked(const PtxModule& module, std::unique_ptr<PtxKernel> linked) {
    const PtxKernel& kernel = *linked;
    return KernelDecoder(module, kernel, std::move(linked)).decode();
}

}  // namespace stcsim
