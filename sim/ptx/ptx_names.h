/// What the names of a PTX text mean where the parser stands: nested scopes of registers, variables and functions, and
/// the labels of a kernel.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ptx/ptx_module.h"
#include "ptx/ptx_tokens.h"

namespace stcsim {

struct PtxSymbol {
    enum class Kind : std::uint8_t {
        reg,        ///< `declaration`, `type`; with `count` the components of a vector register, or 0
        range,      ///< `declaration`, `type`: registers numbered below `count`
        variable,   ///< `variable`
        function,   ///< a function or kernel: entry `declaration` of the module's functions
        targets,    ///< entry `declaration` of the kernel's branch targets
        prototype,  ///< of calls through a register
    };
    Kind kind = Kind::variable;
    PtxType type = PtxType::b32;
    std::uint32_t declaration = 0;
    std::uint64_t count = 0;
    PtxVariable* variable = nullptr;
};

/// Nested scopes; a name means what the innermost scope that declares it says. All names are views into the PTX text.
class PtxNames {
  public:
    PtxNames() = default;

    void open_scope() { scopes_.push_back(declarations_.size()); }
    void close_scope();

    /// False, and nothing changes, if the innermost scope declares the name already.
    bool declare(std::string_view name, const PtxSymbol& symbol);
    /// Names that start with `prefix` and go on with a decimal number.
    bool declare_range(std::string_view prefix, const PtxSymbol& symbol);

    /// A meaning, and for one of a range its number.
    struct Meaning {
        const PtxSymbol* symbol = nullptr;  ///< null: none
        std::uint32_t number = 0;
    };
    [[nodiscard]] Meaning find(std::string_view name) const;
    /// What the innermost scope itself declares, apart from ranges; null if nothing.
    [[nodiscard]] const PtxSymbol* find_in_scope(std::string_view name) const;

  private:
    struct Entry {
        PtxSymbol symbol;
        std::size_t depth = 0;
    };
    /// Of each name the declarations that hold, the innermost last.
    using Table = std::unordered_map<std::string_view, std::vector<Entry>>;
    struct Declaration {
        Table* table;
        std::string_view name;
    };

    bool declare_in(Table& table, std::string_view name, const PtxSymbol& symbol);
    /// The innermost range that has the name, and the number.
    [[nodiscard]] std::pair<const Entry*, std::uint32_t> find_in_ranges(std::string_view name) const;

    Table names_;
    Table ranges_;
    std::vector<Declaration> declarations_;  ///< all that hold, in order
    std::vector<std::size_t> scopes_;        ///< how many there were when each was opened
    bool prefixes_end_in_digits_ = false;
};

/// The registers of a kernel, entered when an instruction first names them: a kernel may declare any number.
class PtxRegisterNumbers {
  public:
    explicit PtxRegisterNumbers(PtxKernel& kernel) : kernel_(kernel) {}

    /// A number for the next declaration.
    std::uint32_t new_declaration() { return declarations_++; }
    /// Number `number` of a range, component of a vector, or 0 of a single register.
    std::uint32_t index_of(const PtxSymbol& symbol, std::uint32_t number, std::string_view name);

  private:
    PtxKernel& kernel_;
    std::uint32_t declarations_ = 0;
    std::unordered_map<std::uint64_t, std::uint32_t> indices_;  ///< by declaration and number
};

/// Labels of nested scopes, and the operands that wait for them: a scope's labels may be used before they come, and by
/// the scopes inside it.
class PtxLabels {
  public:
    explicit PtxLabels(PtxKernel& kernel) : kernel_(kernel) {}

    /// Which member is to become the label's instruction number.
    struct Use {
        std::string_view name;
        PtxLocation where;
        bool in_list = false;     ///< of `branch_targets` rather than of the instructions
        std::uint32_t outer = 0;  ///< which instruction, or list
        std::uint32_t inner = 0;  ///< which operand, or entry
    };

    void open_scope() { scopes_.emplace_back(); }
    /// False if the scope has the label already.
    bool declare(std::string_view name, std::uint32_t instruction) {
        return scopes_.back().labels.emplace(name, instruction).second;
    }
    void use(const Use& use) { scopes_.back().waiting.push_back(use); }
    /// Throws InputError, through `tokens`, when the outermost scope closes and a label is missing.
    void close_scope(const PtxTokens& tokens);

  private:
    struct Scope {
        std::unordered_map<std::string_view, std::uint32_t> labels;
        std::vector<Use> waiting;
    };

    void resolve(const Use& use, std::uint32_t instruction);

    PtxKernel& kernel_;
    std::vector<Scope> scopes_;
};

}  // namespace stcsim
