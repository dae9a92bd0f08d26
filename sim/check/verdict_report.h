/// A verdict for people and for scripts.
#pragma once

#include <string>
#include <vector>

#include "check/check_dump.h"

namespace stcsim {

/// What a verdict was made from.
struct VerdictProvenance {
    std::string version;
    std::vector<std::string> command_line;
    std::vector<std::pair<std::string, std::uint64_t>> inputs;  ///< files and hashes of their bytes
};

/// Some lines of text.
std::string verdict_text(const GemmDump& dump, const Verdict& verdict);

/// {"provenance": {...}, "results": [one row]}.
std::string verdict_json(const GemmDump& dump, const Verdict& verdict, const VerdictProvenance& provenance);

}  // namespace stcsim
