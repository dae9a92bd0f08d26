#include "base/error.h"

#include <utility>

namespace stcsim {
namespace {

std::string compose_message(const InputLocation& where, const std::string& found, const std::string& expected) {
    std::string message;
    if (!where.file.empty()) {
        message += where.file;
        if (where.line > 0) message += ":" + std::to_string(where.line);
        message += ": ";
    }
    message += "found " + found + ", expected " + expected;
    return message;
}

}  // namespace

InputError::InputError(InputLocation where, std::string found, std::string expected)
    : std::runtime_error(compose_message(where, found, expected)),
      where_(std::move(where)),
      found_(std::move(found)),
      expected_(std::move(expected)) {}

void report_broken_invariant(const char* condition, const char* file, int line) {
    throw InvariantError(std::string("invariant broken: ") + condition + " at " + file + ":" + std::to_string(line));
}

}  // namespace stcsim
