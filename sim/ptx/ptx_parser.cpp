#include "ptx/ptx_parser.h"

#include <array>
#include <charconv>
#include <fstream>
#include <limits>
#include <optional>
#include <system_error>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/message_text.h"
#include "ptx/ptx_declaration.h"
#include "ptx/ptx_kernel_parser.h"
#include "ptx/ptx_names.h"
#include "ptx/ptx_tokens.h"
#include "ptx/ptx_words.h"

namespace stcsim {
namespace {

constexpr std::size_t largest_file = std::size_t{256} << 20U;
constexpr std::uint64_t largest_file_number = std::numeric_limits<std::uint32_t>::max();

/// The directives of a module.
class ModuleParser {
  public:
    ModuleParser(std::string_view text, PtxModule& module) : tokens_(text, module.name), module_(module) {}

    void whole() {
        names_.open_scope();
        parse_version();
        while (!tokens_.next().is_end()) parse_directive();
        if (module_.target.empty()) tokens_.fail("'.target'");
    }

  private:
    void parse_version() {
        const PtxToken word = tokens_.next();
        if (!word.is_dotted() || word.text != "version") tokens_.fail("'.version', with which PTX begins");
        tokens_.take();
        const PtxToken number = tokens_.next();
        const std::string_view text = number.text;
        const std::size_t point = number.kind == PtxToken::Kind::real ? text.find('.') : std::string_view::npos;
        if (point == std::string_view::npos) tokens_.fail("a version such as 7.8");
        tokens_.take();
        module_.version_major = version_number(number, text.substr(0, point));
        module_.version_minor = version_number(number, text.substr(point + 1));
    }

    [[nodiscard]] std::uint32_t version_number(const PtxToken& token, std::string_view digits) const {
        std::uint32_t value = 0;
        const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc() || stop != digits.data() + digits.size()) tokens_.fail(token, "a version such as 7.8");
        return value;
    }

    void parse_directive() {
        if (tokens_.take_if(";")) return;
        const PtxToken word = tokens_.next();
        if (!word.is_dotted()) tokens_.fail("a directive such as '.entry'");
        if (is_linkage(word.text)) return parse_linked();
        if (word.text == "entry" || word.text == "func" || ptx_space_of(word.text)) return parse_linked();
        tokens_.take();
        if (word.text == "target") return parse_target(word);
        if (word.text == "address_size") return parse_address_size();
        if (word.text == "file") return parse_file();
        if (word.text == "section") return parse_section();
        if (word.text == "alias") return parse_alias();
        if (word.text == "pragma") return tokens_.skip_past(";");
        tokens_.fail(word, "a directive such as '.entry'");
    }

    static bool is_linkage(std::string_view word) {
        return word == "visible" || word == "extern" || word == "weak" || word == "common";
    }

    void parse_linked() {
        bool external = false;
        bool visible = false;
        while (tokens_.next().is_dotted() && is_linkage(tokens_.next().text)) {
            const std::string linkage(tokens_.take().text);
            external = external || linkage == "extern";
            visible = visible || linkage == "visible" || linkage == "weak";
        }
        const PtxToken word = tokens_.expect(PtxToken::Kind::dotted, "'.entry', '.func' or a state space");
        if (word.text == "entry") return parse_kernel();
        if (word.text == "func") return parse_function(visible);
        const std::optional<PtxSpace> space = ptx_space_of(word.text);
        if (!space || *space == PtxSpace::param) tokens_.fail(word, "'.entry', '.func' or the space of a variable");
        parse_variables(tokens_, names_, *space, external, [&](PtxVariable&& variable) -> PtxVariable& {
            return *module_.variables.emplace_back(std::make_unique<PtxVariable>(std::move(variable)));
        });
    }

    /// `.target sm_80, debug`
    void parse_target(const PtxToken& directive) {
        module_.target = tokens_.expect(PtxToken::Kind::word, "an architecture such as sm_80").text;
        module_.target_where = directive.where;
        while (tokens_.take_if(",")) tokens_.expect(PtxToken::Kind::word, "an option of the target");
    }

    void parse_address_size() {
        const PtxToken size = tokens_.next();
        if (tokens_.expect_integer(64, "32 or 64") != 64) tokens_.fail(size, "64: addresses of 64 bits");
    }

    /// `.file 1 "gemm.cu", 1700000000, 1234`
    void parse_file() {
        const auto number =
            static_cast<std::uint32_t>(tokens_.expect_integer(largest_file_number, "the number of a file"));
        module_.files[number] = tokens_.expect(PtxToken::Kind::string, "the name of a file").text;
        while (tokens_.take_if(",")) tokens_.expect(PtxToken::Kind::integer, "the time or the size of a file");
    }

    /// Debug information: read past.
    void parse_section() {
        tokens_.expect(PtxToken::Kind::dotted, "the name of a section");
        tokens_.skip_brackets("{", "}");
    }

    void parse_kernel() {
        const PtxToken name = tokens_.next();
        std::unique_ptr<PtxKernel> kernel = PtxKernelParser(tokens_, names_).parse();
        declare_function(name, kernel != nullptr);
        if (kernel) module_.kernels.push_back(std::move(kernel));
    }

    void parse_function(bool visible) {
        std::uint32_t number = 0;
        PtxFunction function = PtxKernelParser(tokens_, names_).parse_function([&](const PtxToken& name, bool defined) {
            number = declare_function(name, defined);
        });
        function.visible = visible;
        if (function.defined) module_.functions[number] = std::move(function);
    }

    /// `.alias name, function;`. The name of a function without a body here stays without one: calls of it are errors.
    void parse_alias() {
        const PtxToken name = tokens_.expect(PtxToken::Kind::word, "a function");
        tokens_.expect(",");
        const PtxSymbol* const original = names_.find_in_scope(tokens_.expect(PtxToken::Kind::word, "a function").text);
        const bool defined = original != nullptr && original->kind == PtxSymbol::Kind::function &&
                             module_.functions[original->declaration].body != nullptr;
        const std::uint32_t function = defined ? original->declaration : PtxOperand::none;
        module_.functions[declare_function(name, defined)].alias_of = function;
        tokens_.expect(";");
    }

    /// A name may be declared any number of times and defined once. The number of the function.
    std::uint32_t declare_function(const PtxToken& name, bool defined) {
        const PtxSymbol* const before = names_.find_in_scope(name.text);
        if (before == nullptr) {
            PtxSymbol symbol;
            symbol.kind = PtxSymbol::Kind::function;
            symbol.declaration = static_cast<std::uint32_t>(module_.functions.size());
            names_.declare(name.text, symbol);
            PtxFunction& function = module_.functions.emplace_back();
            function.name = name.text;
            function.where = name.where;
            function.defined = defined;
            return symbol.declaration;
        }
        if (before->kind != PtxSymbol::Kind::function) fail_twice(tokens_, name);
        PtxFunction& function = module_.functions[before->declaration];
        if (function.defined && defined) fail_twice(tokens_, name);
        function.defined = function.defined || defined;
        return before->declaration;
    }

    PtxTokens tokens_;
    PtxModule& module_;
    PtxNames names_;
};

}  // namespace

PtxModule parse_ptx(std::string_view text, const std::string& name) {
    PtxModule module;
    module.name = name;
    while (text.ends_with('\0')) text.remove_suffix(1);
    ModuleParser(text, module).whole();
    return module;
}

PtxModule read_ptx(const std::filesystem::path& file) {
    std::error_code error;
    if (std::filesystem::is_directory(file, error)) throw InputError({file.string()}, "a folder", "a file with PTX");
    std::ifstream stream(file, std::ios::binary);
    std::string text;
    std::array<char, 65536> block{};
    while (stream) {
        stream.read(block.data(), block.size());
        text.append(block.data(), static_cast<std::size_t>(stream.gcount()));
        if (text.size() > largest_file) throw InputError({file.string()}, "more than 256 MiB", "a smaller file");
    }
    if (!stream.is_open() || stream.bad()) throw InputError({file.string()}, "a file that cannot be read", "PTX");
    return parse_ptx(text, file.string());
}

void require_target(const PtxModule& module, std::uint32_t architecture) {
    const std::string_view target = module.target;
    std::uint32_t wanted = 0;
    const std::string_view digits = target.starts_with("sm_") ? target.substr(3) : std::string_view();
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), wanted);
    const bool whole = error == std::errc() && stop == digits.data() + digits.size();
    if (whole && wanted <= architecture) return;
    throw InputError(
        {module.name, module.target_where.line}, fmt::format("PTX for {}", quoted_for_message(target)),
        fmt::format("PTX for sm_{0} or older: compile with -gencode arch=compute_{0},code=compute_{0}", architecture));
}

}  // namespace stcsim
