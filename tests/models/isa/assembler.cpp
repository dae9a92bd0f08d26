#include "assembler.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>

namespace stcsim::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t first_statement_line = 9;

std::string kernel_of(const std::vector<std::string>& statements, const std::set<std::size_t>& chosen) {
    std::string text =
        ".version 8.5\n.target sm_80\n.address_size 64\n.visible .entry k()\n{\n.reg .b32 %r<64>;\n"
        ".reg .f32 %f<64>;\n.reg .f64 %d<64>;\n";
    for (const std::size_t i : chosen) text += statements[i] + "\n";
    return text + "ret;\n}\n";
}

/// A folder that goes with the object.
class Folder {
  public:
    Folder() {
        std::string pattern = (fs::temp_directory_path() / "stcsim-ptx-XXXXXX").string();
        if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder " + pattern);
        path_ = pattern;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { fs::remove_all(path_); }
    [[nodiscard]] const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

}  // namespace

std::optional<Assembler> Assembler::find() {
    std::vector<fs::path> folders;
    const char* path = std::getenv("PATH");
    std::istringstream entries(path == nullptr ? "" : path);
    for (std::string folder; std::getline(entries, folder, ':');) folders.emplace_back(folder);
    if (const char* home = std::getenv("CUDA_HOME")) folders.push_back(fs::path(home) / "bin");
    folders.emplace_back("/usr/local/cuda/bin");
    for (const fs::path& folder : folders) {
        std::error_code error;
        if (!fs::is_regular_file(folder / "ptxas", error)) continue;
        Assembler assembler(folder / "ptxas");
        if (assembler.assemble(kernel_of({}, {})).success) return assembler;
    }
    return std::nullopt;
}

Assembler::Outcome Assembler::assemble(const std::string& ptx) const {
    const Folder folder;
    const fs::path source = folder.path() / "instructions.ptx";
    std::ofstream(source) << ptx;
    const std::string command =
        fmt::format("'{}' -arch=sm_80 -o /dev/null '{}' 2>&1", program_.string(), source.string());
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
    std::string output;
    std::array<char, 4096> buffer{};
    for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) != 0;) {
        output.append(buffer.data(), n);
    }
    Outcome outcome{pclose(pipe) == 0, {}};
    std::istringstream lines(output);
    // "ptxas FILE, line N; error   : ..."
    const std::string mark = ", line ";
    for (std::string line; std::getline(lines, line);) {
        const std::size_t at = line.find(mark);
        if (at == std::string::npos || line.find("; error", at) == std::string::npos) continue;
        outcome.faulty_lines.insert(std::stoul(line.substr(at + mark.size())));
    }
    if (!outcome.success && outcome.faulty_lines.empty()) throw std::runtime_error(command + ": " + output);
    return outcome;
}

std::set<std::size_t> Assembler::accepted(const std::vector<std::string>& statements) const {
    std::set<std::size_t> chosen;
    for (std::size_t i = 0; i < statements.size(); ++i) chosen.insert(i);
    // Some errors show only once all errors of an earlier phase are gone.
    for (;;) {
        const Outcome outcome = assemble(kernel_of(statements, chosen));
        if (outcome.success) return chosen;
        std::set<std::size_t> rest;
        std::size_t line = first_statement_line;
        for (const std::size_t i : chosen) {
            if (!outcome.faulty_lines.contains(line++)) rest.insert(i);
        }
        if (rest.size() == chosen.size()) throw std::runtime_error("ptxas fails outside the instructions");
        chosen = std::move(rest);
    }
}

}  // namespace stcsim::testing
