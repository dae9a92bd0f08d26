/// A parsed PTX module: kernels whose names are resolved, instructions not yet decoded.
///
/// Source of the language: PTX ISA, sections "Syntax", "State spaces, types, and variables" and "Directives".
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace stcsim {

/// A place in the PTX text, both counted from 1.
struct PtxLocation {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

/// A place in the source that was compiled to PTX, from `.loc`; `line` 0 if unknown.
struct PtxSourceLine {
    std::uint32_t file = 0;  ///< the number by which PtxModule::files knows it
    std::uint32_t line = 0;
};

enum class PtxSpace : std::uint8_t { generic, constant, global, local, param, shared };

enum class PtxType : std::uint8_t {
    pred,
    b8,
    b16,
    b32,
    b64,
    b128,
    u8,
    u16,
    u32,
    u64,
    s8,
    s16,
    s32,
    s64,
    f16,
    f16x2,
    bf16,
    bf16x2,
    tf32,
    f32,
    f64,
};

/// Bytes of a value of this type; a predicate has 1.
std::uint32_t bytes_of(PtxType type);

/// Registers that the machine, not the program, writes.
enum class PtxSpecialRegister : std::uint8_t {
    tid_x,
    tid_y,
    tid_z,
    ntid_x,
    ntid_y,
    ntid_z,
    ctaid_x,
    ctaid_y,
    ctaid_z,
    nctaid_x,
    nctaid_y,
    nctaid_z,
    laneid,
    warpid,
    nwarpid,
    smid,
    nsmid,
    gridid,
    lanemask_eq,
    lanemask_le,
    lanemask_lt,
    lanemask_ge,
    lanemask_gt,
    clock,
    clock_hi,
    clock64,
    globaltimer,
    globaltimer_lo,
    globaltimer_hi,
    total_smem_size,
    dynamic_smem_size,
    envreg1,      ///< set by the driver: of a cooperative launch, the upper half of its workspace's address
    envreg2,      ///< the lower half
    unsupported,  ///< any other that PTX has
};

struct PtxRegister {
    std::string name;  ///< as declared; registers of inner scopes may share a name
    PtxType type = PtxType::b32;
};

struct PtxVariable;

/// The address of a variable or function as part of an initial value: (address + addend) & mask, shifted right by the
/// zeros below the mask's lowest one.
struct PtxInitialAddress {
    static constexpr std::uint32_t no_function = ~0U;

    std::uint64_t at = 0;     ///< where in the initialised variable, in bytes
    std::uint32_t bytes = 8;  ///< of it are written
    const PtxVariable* variable = nullptr;
    std::uint32_t function = no_function;  ///< entry of PtxModule::functions, if there is no variable
    std::int64_t addend = 0;
    std::uint64_t mask = ~std::uint64_t{0};
    bool generic = false;  ///< the generic address rather than that of its space
};

/// A variable or parameter.
struct PtxVariable {
    std::string name;
    PtxSpace space = PtxSpace::global;
    PtxType type = PtxType::b32;
    std::uint64_t bytes = 0;  ///< of the whole array; 0: `.extern .shared` of a size given at launch
    std::uint32_t alignment = 1;
    bool external = false;
    std::vector<std::byte> initial;            ///< its first bytes; those beyond are zero
    std::vector<PtxInitialAddress> addresses;  ///< to be written over `initial`
};

/// One operand. Which members count is said with each kind.
struct PtxOperand {
    enum class Kind : std::uint8_t {
        reg,        ///< register `index`; `negated`: `!p`
        reg_pair,   ///< two destinations `d|p`: registers `index` and `second`
        special,    ///< `special`; an unsupported one is named in `text`. WARP_SZ is an immediate
        immediate,  ///< `bits`: two's complement 64 bits of an integer, or the bits of a float of `immediate_type`
        variable,   ///< the address of `variable`, plus `offset`
        memory,     ///< `[base + offset]`: base is register `index`, or `variable`, or nothing (absolute);
                    ///< `elements`: coordinates behind a comma, `[a, {x, y}]`
        vector,     ///< `{a, b, ...}`: `elements`
        label,      ///< instruction number `index` of the kernel (one past the last for a label at the end)
        targets,    ///< of brx: entry `index` of the kernel's `branch_targets`
        sink,       ///< `_`: discarded
        function,   ///< entry `index` of the module's functions, named in `text`
        prototype,  ///< of a call through a register, named in `text`
    };

    static constexpr std::uint32_t none = ~0U;

    Kind kind = Kind::sink;
    PtxLocation where;
    std::uint32_t index = none;
    std::uint32_t second = none;
    bool negated = false;
    PtxSpecialRegister special = PtxSpecialRegister::tid_x;
    std::uint64_t bits = 0;
    std::optional<PtxType> immediate_type;  ///< `0f...`: f32, `0d...` and decimals: f64; absent: integer
    const PtxVariable* variable = nullptr;
    std::int64_t offset = 0;
    std::string text;
    std::vector<PtxOperand> elements;
};

/// The guard of an instruction: `@p` or `@!p`.
struct PtxGuard {
    std::uint32_t reg = PtxOperand::none;
    bool negated = false;
};

struct PtxInstruction {
    std::string opcode;                  ///< "mma", "ld", "bra"
    std::vector<std::string> modifiers;  ///< what follows, without dots, in the order written: "sync", "aligned", ...
    std::optional<PtxGuard> guard;
    /// In the order written. Of a call always: the results as a vector (empty if there are none), what is called, the
    /// arguments as a vector, and its prototype if it has one; results and arguments are registers, or the address of a
    /// variable in param space.
    std::vector<PtxOperand> operands;
    PtxLocation where;  ///< of the opcode
    PtxSourceLine source;

    /// Opcode and modifiers as written: "mad.lo.s32".
    [[nodiscard]] std::string name() const;
};

/// A parameter or result of a function: a variable of its body in param space, or one of its body's registers.
struct PtxFormal {
    const PtxVariable* variable = nullptr;
    std::uint32_t reg = PtxOperand::none;
    std::uint64_t bytes = 0;
};

/// A function inside the text of a linked kernel (ptx_link.h).
struct PtxLinkedFunction {
    std::uint32_t function = 0;  ///< entry of PtxModule::functions
    std::string name;
    std::uint32_t first = 0;  ///< its instructions are [first, end)
    std::uint32_t end = 0;
    std::uint32_t first_register = 0;  ///< and its registers [first_register, end_register)
    std::uint32_t end_register = 0;
    std::vector<const PtxVariable*> variables;  ///< of its frame: in local and param space
    std::vector<PtxFormal> parameters;
    std::vector<PtxFormal> results;
    bool address_taken = false;            ///< a call through a register may mean it
    bool recursive = false;                ///< may be called while it is active
    std::vector<std::uint32_t> reachable;  ///< linked functions that may be active above it; itself if recursive
};

/// `.entry`, or the body of a `.func`. Parameters lie in param space in this order, each aligned.
struct PtxKernel {
    std::string name;
    PtxLocation where;
    std::vector<PtxVariable> parameters;  ///< of a kernel; those of functions are variables
    std::deque<PtxVariable> variables;    ///< declared inside: local, shared, and param for the calls it makes
    std::vector<PtxRegister> registers;   ///< those that instructions name, of all that are declared
    std::vector<PtxInstruction> instructions;
    std::vector<std::vector<std::uint32_t>> branch_targets;  ///< of `.branchtargets`: instruction numbers
    std::uint32_t max_threads_per_cta = 0;                   ///< `.maxntid`, `.reqntid`: product; 0 if not given
    std::uint32_t min_ctas_per_sm = 0;                       ///< `.minnctapersm`; 0 if not given
    std::uint32_t max_registers = 0;                         ///< `.maxnreg`; 0 if not given
    /// Of a linked kernel: the functions it may call, whose instructions stand behind its own.
    std::vector<PtxLinkedFunction> functions;

    /// The linked functions that the call may enter first: one, or for a call through a register all that it may mean.
    [[nodiscard]] std::vector<std::uint32_t> callees(const PtxInstruction& call) const;
    /// Bytes of param space.
    [[nodiscard]] std::uint64_t parameter_bytes() const;
    /// Where a parameter begins in param space.
    [[nodiscard]] std::uint64_t parameter_offset(const PtxVariable& parameter) const;
};

/// A `.func`, or a kernel as something that has an address.
struct PtxFunction {
    std::string name;
    PtxLocation where;
    bool defined = false;             ///< has a body in this module
    bool visible = false;             ///< `.visible`, `.weak`: other modules of the program may call it
    std::unique_ptr<PtxKernel> body;  ///< null for kernels and what is defined elsewhere
    std::vector<PtxFormal> parameters;
    std::vector<PtxFormal> results;
    std::uint32_t alias_of = PtxOperand::none;  ///< `.alias`: entry of the functions whose body it shares
};

/// Move-only: operands point at its variables.
struct PtxModule {
    PtxModule() = default;
    PtxModule(PtxModule&&) = default;
    PtxModule& operator=(PtxModule&&) = default;
    PtxModule(const PtxModule&) = delete;
    PtxModule& operator=(const PtxModule&) = delete;
    ~PtxModule() = default;

    std::string name;  ///< for messages: the file, or the executable it came from
    std::uint32_t version_major = 0;
    std::uint32_t version_minor = 0;
    std::string target;                                   ///< "sm_80"
    PtxLocation target_where;                             ///< where `.target` says so
    std::map<std::uint32_t, std::string> files;           ///< of `.file`, by number
    std::vector<std::unique_ptr<PtxVariable>> variables;  ///< of the module: global, constant, shared
    std::vector<std::unique_ptr<PtxKernel>> kernels;
    std::vector<PtxFunction> functions;

    /// The kernel of this name; InputError naming the nearest ones if there is none.
    [[nodiscard]] const PtxKernel& kernel(const std::string& wanted) const;
    /// "gemm.cu:42", or nothing if the line or its file is unknown.
    [[nodiscard]] std::string source_text(PtxSourceLine line) const;
};

}  // namespace stcsim
