#include "base/error.h"

#include <utility>

#include <fmt/format.h>

namespace stcsim {
namespace {

std::string compose_message(const InputLocation& where, const std::string& found, const std::string& expected) {
    const std::string what = fmt::format("found {}, expected {}", found, expected);
    if (where.file.empty()) return what;
    if (where.line == 0) return fmt::format("{}: {}", where.file, what);
    return fmt::format("{}:{}: {}", where.file, where.line, what);
}

}  // namespace

InputError::InputError(InputLocation where, std::string found, std::string expected)
    : std::runtime_error(compose_message(where, found, expected)),
      where_(std::move(where)),
      found_(std::move(found)),
      expected_(std::move(expected)) {}

void report_broken_invariant(const char* condition, const char* file, int line) {
    throw InvariantError(fmt::format("invariant broken: {} at {}:{}", condition, file, line));
}

}  // namespace stcsim
