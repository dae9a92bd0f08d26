/// Decodes instructions: what the families of opcodes share. Internal to the executor.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "executor/decoded_kernel.h"
#include "executor/modifiers.h"

namespace stcsim {

/// An opcode that is not modelled; caught by the kernel's decoder, which collects them.
class UnsupportedOpcode : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// Bits of a register of this type in the warp's storage: 64, or 32 for everything narrower.
constexpr bool is_wide(PtxType type) {
    using enum PtxType;
    return type == b64 || type == u64 || type == s64 || type == f64;
}
constexpr bool is_signed(PtxType type) {
    using enum PtxType;
    return type == s8 || type == s16 || type == s32 || type == s64;
}
constexpr bool is_float_type(PtxType type) {
    using enum PtxType;
    return type == f16 || type == f16x2 || type == bf16 || type == bf16x2 || type == tf32 || type == f32 || type == f64;
}

/// Lays out what a kernel's operands live in: registers, constants, values known at a warp's start, variables.
class OperandStorage {
  public:
    OperandStorage(const PtxModule& module, const PtxKernel& kernel);

    [[nodiscard]] std::uint32_t place_of_register(std::uint32_t kernel_register) const {
        return register_places[kernel_register];
    }
    /// The same value in every lane.
    OperandPlace constant(std::uint64_t value, bool wide);
    /// A value that is known when a warp starts.
    OperandPlace start_value(StartValue value);
    /// Offset of a shared variable, or of one in a thread's local memory (`.local`, and `.param` of calls) or in the
    /// frame of the function that it belongs to.
    [[nodiscard]] std::uint64_t offset_of(const PtxVariable& variable) const;
    /// The address of a variable in shared, local or param space.
    OperandPlace address_of(const PtxVariable& variable, std::int64_t offset, bool wide);
    [[nodiscard]] bool is_parameter(const PtxVariable& variable) const;

    std::vector<std::uint32_t> register_places;
    std::uint32_t register_words = 0;
    std::uint32_t predicates = 1;  ///< number 0 is always true
    std::vector<std::uint32_t> constants;
    std::vector<StartValue> start_values;
    std::uint64_t static_shared_bytes = 0;
    std::uint64_t dynamic_shared_offset = 0;
    std::uint64_t frame_bytes = 0;           ///< of the kernel itself
    std::vector<DecodedFunction> functions;  ///< where the linked functions lie
    std::vector<DecodedCall> calls;

  private:
    void place_registers();
    void place_variables(const PtxModule& module);
    void place_functions();
    [[nodiscard]] FormalValue place_formal(const PtxFormal& formal) const;

    const PtxKernel* kernel_;
    std::unordered_map<std::uint64_t, std::uint32_t> narrow_constants_;
    std::unordered_map<std::uint64_t, std::uint32_t> wide_constants_;
    std::unordered_map<const PtxVariable*, std::uint64_t> offsets_;
    std::unordered_map<const PtxVariable*, std::uint32_t> function_of_;  ///< variables of frames
};

/// One instruction being decoded: takes modifiers and operands, and writes the decoded form.
class InstructionDecoder {
  public:
    InstructionDecoder(const PtxModule& module, const PtxKernel& kernel, const PtxInstruction& instruction,
                       OperandStorage& storage, DecodedInstruction& decoded);

    Modifiers modifiers;
    DecodedInstruction& out;
    std::vector<std::uint32_t> reads, writes;
    std::vector<OperandPlace> list;

    [[nodiscard]] const PtxInstruction& ptx() const { return *instruction_; }
    [[nodiscard]] const PtxKernel& kernel() const { return *kernel_; }
    /// Whether the instruction belongs to a function that the kernel calls.
    [[nodiscard]] bool in_function() const;
    /// The entry of the module's functions that an operand names.
    [[nodiscard]] std::uint32_t function(const PtxOperand& operand) const { return operand.index; }
    /// A result or argument of a call.
    ActualValue actual(const PtxOperand& operand, bool result);
    [[nodiscard]] OperandStorage& storage() { return *storage_; }

    /// The opcode with these modifiers is not modelled.
    [[noreturn]] void unsupported(const std::string& why = {}) const;
    /// The operands do not fit the opcode: InputError.
    [[noreturn]] void misfit(const std::string& found, const std::string& expected) const;

    /// The type modifier, which must be there.
    PtxType type();
    /// Nothing may be left.
    void finish() const;
    void expect_operands(std::size_t least, std::size_t most) const;
    [[nodiscard]] std::size_t operands() const { return instruction_->operands.size(); }
    [[nodiscard]] const PtxOperand& operand(std::size_t i) const;

    /// A register, immediate, special register or address as 32 lanes of this type.
    OperandPlace source(const PtxOperand& operand, PtxType type);
    OperandPlace source(std::size_t i, PtxType type) { return source(operand(i), type); }
    OperandPlace destination(const PtxOperand& operand, PtxType type);
    OperandPlace destination(std::size_t i, PtxType type) { return destination(operand(i), type); }
    /// A register of any width, for ld, st and cvt: whether it is wide.
    [[nodiscard]] PtxType register_type(const PtxOperand& operand, PtxType otherwise) const;
    OperandPlace predicate_source(const PtxOperand& operand);
    OperandPlace predicate_destination(const PtxOperand& operand);
    /// The destination `d`, or `d|p`: the predicate goes to `out.d2`.
    OperandPlace destination_with_predicate(std::size_t i, PtxType type);
    /// An integer known before the launch.
    [[nodiscard]] std::uint64_t immediate(std::size_t i) const;
    [[nodiscard]] bool is_immediate(std::size_t i) const { return operand(i).kind == PtxOperand::Kind::immediate; }
    /// The base of a memory operand; the offset and the width of the base are returned.
    struct MemoryOperand {
        OperandPlace base;
        std::int64_t offset = 0;
        bool wide = true;
        PtxSpace space = PtxSpace::generic;  ///< of the variable named as base, else generic
    };
    MemoryOperand memory(std::size_t i, PtxSpace space);
    /// Registers of `{...}`, or of a single operand.
    [[nodiscard]] std::vector<const PtxOperand*> elements(std::size_t i) const;

  private:
    OperandPlace register_source(const PtxOperand& operand, PtxType type);
    OperandPlace immediate_source(const PtxOperand& operand, PtxType type);
    OperandPlace variable_address(const PtxOperand& operand, bool wide);
    OperandPlace special_source(const PtxOperand& operand, PtxType type);
    [[nodiscard]] std::uint32_t checked_register(std::uint32_t index) const;

    const PtxModule* module_;
    const PtxKernel* kernel_;
    const PtxInstruction* instruction_;
    OperandStorage* storage_;
};

// Each decodes the opcodes of a family; the opcode is known to be one of them.
void decode_integer(InstructionDecoder& decoder);
void decode_bits(InstructionDecoder& decoder);
void decode_arithmetic(InstructionDecoder& decoder);  ///< add, sub, mul, mad, fma, min, max, abs, neg, div of any type
void decode_float(InstructionDecoder& decoder);
void decode_half(InstructionDecoder& decoder);
void decode_special_function(InstructionDecoder& decoder);
void decode_comparison(InstructionDecoder& decoder);
void decode_selection(InstructionDecoder& decoder);
void decode_logic(InstructionDecoder& decoder);
void decode_move(InstructionDecoder& decoder);
void decode_address(InstructionDecoder& decoder);
void decode_conversion(InstructionDecoder& decoder);
void decode_load(InstructionDecoder& decoder);
void decode_store(InstructionDecoder& decoder);
void decode_atomic(InstructionDecoder& decoder);
void decode_async_copy(InstructionDecoder& decoder);
void decode_hint(InstructionDecoder& decoder);
void decode_control(InstructionDecoder& decoder);
void decode_barrier(InstructionDecoder& decoder);
void decode_shuffle(InstructionDecoder& decoder);
void decode_vote(InstructionDecoder& decoder);
void decode_load_matrix(InstructionDecoder& decoder);
void decode_mma(InstructionDecoder& decoder);
void decode_wmma(InstructionDecoder& decoder);
void decode_call(InstructionDecoder& decoder);

/// Functions that are called without having a body in PTX.
inline constexpr std::array<std::string_view, 2> provided_functions{"vprintf", "__assertfail"};

/// Fills priorities and reconvergence points from branches, exits and guards.
struct ControlFlow {
    std::vector<std::uint32_t> priorities;
    std::vector<std::uint32_t> reconvergence;
};
/// Of one function, or of the kernel itself: the instructions from number `first` on. A call is an instruction like any
/// other here.
ControlFlow analyse_control_flow(std::span<const DecodedInstruction> instructions, std::uint32_t first);

}  // namespace stcsim
