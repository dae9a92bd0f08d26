/// Reading GPU descriptions from TOML.
#include <algorithm>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include "base/error.h"
#include "base/near_names.h"
#include "gpu/description_folders.h"
#include "gpu/gpu_description.h"
#include "gpu/parameter_table.h"

namespace stcsim {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& file) {
    std::error_code ignored;
    if (!fs::exists(file, ignored)) throw InputError({file.string()}, "no such file", "a GPU description");
    if (fs::is_directory(file, ignored)) throw InputError({file.string()}, "a folder", "a GPU description file");
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    if (!stream) throw InputError({file.string()}, "an empty or unreadable file", "a GPU description");
    return std::move(text).str();
}

/// The value as a user would recognise it in the file.
std::string shown(const toml::node& node) {
    if (const auto* value = node.as_integer()) return fmt::format("{}", value->get());
    if (const auto* value = node.as_floating_point()) return fmt::format("{}", value->get());
    if (const auto* value = node.as_boolean()) return fmt::format("{}", value->get());
    if (const auto* value = node.as_string()) return fmt::format("the string \"{}\"", value->get());
    if (node.is_array()) return "an array";
    if (node.is_table()) return "a table";
    return "a date or time";
}

std::optional<ParameterValue> parameter_value(const toml::node& node) {
    if (const auto* value = node.as_boolean()) return ParameterValue{value->get()};
    if (const auto* value = node.as_floating_point()) return ParameterValue{value->get()};
    if (const auto* value = node.as_integer(); value != nullptr && value->get() >= 0) {
        return ParameterValue{static_cast<std::uint64_t>(value->get())};
    }
    return std::nullopt;
}

/// Reads one file into a description, after the file it extends.
class Reader {
  public:
    explicit Reader(GpuDescription& gpu) : gpu_(gpu), table_(parameter_table(gpu.parameters)), set_(table_.size()) {
        for (const ParameterReference& parameter : table_) {
            gpu_.sources.push_back({parameter.path(), Provenance::assumed, ""});
        }
    }

    void read(const fs::path& file) {
        std::error_code ignored;
        const fs::path canonical = fs::weakly_canonical(file, ignored);
        if (!chain_.insert(canonical).second) {
            throw InputError({file.string()}, "a description that extends itself, directly or through others",
                             "a chain of extends that ends");
        }
        const toml::table document = parse(file);
        if (const std::optional<std::string> base = text_at(document, file, "extends", false)) {
            read(base_file(*base, file, document));
        }
        file_ = file.string();
        gpu_.name = *text_at(document, file, "name", true);
        gpu_.summary = *text_at(document, file, "summary", true);
        read_group(document, "");
        require_all(document);
    }

  private:
    static toml::table parse(const fs::path& file) {
        try {
            return toml::parse(read_text(file), file.string());
        } catch (const toml::parse_error& error) {
            throw InputError({file.string(), error.source().begin.line}, std::string(error.description()),
                             "a TOML document");
        }
    }

    static fs::path base_file(const std::string& base, const fs::path& file, const toml::table& document) {
        fs::path sibling = file.parent_path() / fmt::format("{}.toml", base);
        std::error_code ignored;
        if (fs::is_regular_file(sibling, ignored)) return sibling;
        try {
            return find_description(base);
        } catch (const InputError& error) {
            throw InputError({file.string(), document.get("extends")->source().begin.line},
                             fmt::format("extends {}", error.found()), error.expected());
        }
    }

    /// The non-empty string at a top-level key; nothing if it is absent and not required.
    static std::optional<std::string> text_at(const toml::table& document, const fs::path& file, std::string_view key,
                                              bool required) {
        const toml::node* const node = document.get(key);
        if (node == nullptr) {
            if (!required) return std::nullopt;
            throw InputError({file.string()}, fmt::format("no key \"{}\"", key), "a non-empty string");
        }
        const auto* const text = node->as_string();
        if (text == nullptr || text->get().empty()) {
            throw InputError({file.string(), node->source().begin.line}, fmt::format("{} = {}", key, shown(*node)),
                             "a non-empty string");
        }
        return text->get();
    }

    [[noreturn]] void fail(const toml::node& at, std::string found, std::string expected) const {
        throw InputError({file_, at.source().begin.line}, std::move(found), std::move(expected));
    }

    void read_group(const toml::table& group, const std::string& prefix) {
        for (const auto& [key, node] : group) {
            const std::string path = fmt::format("{}{}", prefix, key.str());
            if (prefix.empty() && (path == "name" || path == "summary" || path == "extends")) continue;
            const auto parameter = std::find_if(table_.begin(), table_.end(),
                                                [&](const ParameterReference& p) { return p.path() == path; });
            if (parameter != table_.end()) {
                read_parameter(static_cast<std::size_t>(parameter - table_.begin()), node);
            } else if (is_group(path)) {
                if (!node.is_table()) fail(node, fmt::format("{} = {}", path, shown(node)), "a table of parameters");
                read_group(*node.as_table(), fmt::format("{}.", path));
            } else {
                fail_unknown(node, path);
            }
        }
    }

    [[nodiscard]] bool is_group(const std::string& path) const {
        const std::string start = fmt::format("{}.", path);
        return std::any_of(table_.begin(), table_.end(),
                           [&](const ParameterReference& p) { return p.path().starts_with(start); });
    }

    [[noreturn]] void fail_unknown(const toml::node& node, const std::string& path) const {
        std::vector<std::string> known{"name", "summary", "extends"};
        for (const ParameterReference& p : table_) known.push_back(p.path());
        const std::vector<std::string> near = near_names(path, known);
        fail(node, fmt::format("unknown key \"{}\"", path),
             near.empty() ? std::string("a parameter of the GPU description")
                          : fmt::format("a parameter such as {}", fmt::join(near, ", ")));
    }

    void read_parameter(std::size_t index, const toml::node& node) {
        const ParameterReference& parameter = table_[index];
        const std::string& path = parameter.path();
        const toml::table* const entry = node.as_table();
        if (entry == nullptr) {
            fail(node, fmt::format("{} = {}", path, shown(node)),
                 "{ value = ..., provenance = \"...\", source = \"...\" }");
        }
        for (const auto& [key, inner] : *entry) {
            if (key != "value" && key != "provenance" && key != "source") {
                fail(inner, fmt::format("unknown key \"{}\" in {}", key.str(), path), "value, provenance and source");
            }
        }
        const toml::node* const value = entry->get("value");
        if (value == nullptr) fail(node, fmt::format("{} without a value", path), parameter.expectation());
        const std::optional<ParameterValue> given = parameter_value(*value);
        if (!given || !parameter.assign(*given)) {
            fail(*value, fmt::format("{} = {}", path, shown(*value)), parameter.expectation());
        }
        gpu_.sources[index].provenance = provenance_of(*entry, path);
        gpu_.sources[index].source = source_of(*entry, path);
        set_[index] = true;
    }

    [[nodiscard]] Provenance provenance_of(const toml::table& entry, const std::string& path) const {
        const std::string expected = fmt::format("one of {}", fmt::join(provenance_names, ", "));
        const toml::node* const node = entry.get("provenance");
        if (node == nullptr) fail(entry, fmt::format("{} without a provenance", path), expected);
        if (const auto* const text = node->as_string()) {
            const auto at = std::find(provenance_names.begin(), provenance_names.end(), text->get());
            if (at != provenance_names.end()) return static_cast<Provenance>(at - provenance_names.begin());
        }
        fail(*node, fmt::format("{} with the provenance {}", path, shown(*node)), expected);
    }

    [[nodiscard]] std::string source_of(const toml::table& entry, const std::string& path) const {
        const toml::node* const node = entry.get("source");
        if (node == nullptr) fail(entry, fmt::format("{} without a source", path), "where the value comes from");
        const auto* const text = node->as_string();
        if (text == nullptr || text->get().find_first_not_of(" \t\n") == std::string::npos) {
            fail(*node, fmt::format("{} with the source {}", path, shown(*node)), "where the value comes from");
        }
        return text->get();
    }

    /// The line of the innermost table of the file in which `path` would stand; 0 if there is none.
    static std::uint64_t line_of_group(const toml::table& document, std::string_view path) {
        std::uint64_t line = 0;
        const toml::table* table = &document;
        for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
            table = (*table)[path.substr(0, dot)].as_table();
            if (table == nullptr) break;
            line = table->source().begin.line;
            path.remove_prefix(dot + 1);
        }
        return line;
    }

    void require_all(const toml::table& document) const {
        const auto missing = std::find(set_.begin(), set_.end(), false);
        if (missing == set_.end()) return;
        const ParameterReference& parameter = table_[static_cast<std::size_t>(missing - set_.begin())];
        throw InputError({file_, line_of_group(document, parameter.path())},
                         fmt::format("no key \"{}\" ({})", parameter.path(), parameter.meaning()),
                         fmt::format("{}, with its provenance and source", parameter.expectation()));
    }

    GpuDescription& gpu_;
    std::vector<ParameterReference> table_;
    std::vector<bool> set_;
    std::set<fs::path> chain_;
    std::string file_;
};

}  // namespace

GpuDescription load_gpu_description(const std::string& name_or_path) {
    const bool is_path = name_or_path.find('/') != std::string::npos || name_or_path.ends_with(".toml");
    const fs::path file = is_path ? fs::path(name_or_path) : find_description(name_or_path);
    GpuDescription gpu{};
    Reader(gpu).read(file);
    try {
        check_consistency(gpu);
    } catch (const InputError& error) {
        throw InputError({file.string()}, error.found(), error.expected());
    }
    return gpu;
}

}  // namespace stcsim
