#include "gpu/gpu_description.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/near_names.h"
#include "gpu/parameter_table.h"

namespace stcsim {

std::string_view name_of(Provenance provenance) {
    return provenance_names[static_cast<std::size_t>(provenance)];
}

void apply_override(GpuDescription& gpu, std::string_view assignment) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string_view::npos || equals == 0) {
        throw InputError({}, fmt::format("override \"{}\"", assignment), "path.to.parameter=value");
    }
    const std::string_view path = assignment.substr(0, equals);
    const std::string_view text = assignment.substr(equals + 1);

    const std::vector<ParameterReference> table = parameter_table(gpu.parameters);
    const auto parameter =
        std::find_if(table.begin(), table.end(), [&](const ParameterReference& p) { return p.path() == path; });
    if (parameter == table.end()) {
        std::vector<std::string> known;
        known.reserve(table.size());
        for (const ParameterReference& p : table) known.push_back(p.path());
        const std::vector<std::string> near = near_names(path, known);
        throw InputError({}, fmt::format("unknown parameter \"{}\"", path),
                         near.empty() ? std::string("a parameter of the GPU description")
                                      : fmt::format("one of the near names {}", fmt::join(near, ", ")));
    }
    const std::string before = literal(parameter->value());
    if (!parameter->assign_text(text)) {
        throw InputError({}, fmt::format("{} = {}", path, text.empty() ? std::string_view("(nothing)") : text),
                         parameter->expectation());
    }
    ParameterSource& source = gpu.sources.at(static_cast<std::size_t>(parameter - table.begin()));
    source.source = fmt::format("set by the user, in place of {} ({})", before, name_of(source.provenance));
    source.provenance = Provenance::overridden;
}

namespace {

/// A TOML basic string.
std::string toml_string(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            result += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
        } else {
            result += c;
        }
    }
    result += '"';
    return result;
}

}  // namespace

std::string to_toml(const GpuDescription& gpu) {
    GpuParameters parameters = gpu.parameters;
    const std::vector<ParameterReference> table = parameter_table(parameters);
    STCSIM_ASSERT(table.size() == gpu.sources.size());

    std::string text = fmt::format("name = {}\nsummary = {}\n", toml_string(gpu.name), toml_string(gpu.summary));
    std::string group;
    for (std::size_t i = 0; i < table.size(); ++i) {
        const std::string& path = table[i].path();
        const std::size_t dot = path.rfind('.');
        const std::string parent = dot == std::string::npos ? std::string() : path.substr(0, dot);
        if (parent != group) {
            text += fmt::format("\n[{}]\n", parent);
            group = parent;
        }
        text += fmt::format("{} = {{ value = {}, provenance = \"{}\", source = {} }}\n",
                            dot == std::string::npos ? path : path.substr(dot + 1), literal(table[i].value()),
                            name_of(gpu.sources[i].provenance), toml_string(gpu.sources[i].source));
    }
    return text;
}

}  // namespace stcsim
