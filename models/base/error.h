/// The one exception for bad input, and the assertion for broken invariants of our own.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace stcsim {

/// Where bad input was found. An empty `file` means the command line or a programmatic argument; `line` 0 means the
/// file as a whole.
struct InputLocation {
    std::string file;
    std::uint64_t line = 0;
};

/// Bad input by the user: a file, an option or a size that cannot be used. Carries where it was, what was found and
/// what was expected; `what()` is the whole message, ready to print:
/// `FILE:LINE: found FOUND, expected EXPECTED`. Caught once, in the command line (exit status 2).
class InputError : public std::runtime_error {
  public:
    InputError(InputLocation where, std::string found, std::string expected);

    [[nodiscard]] const InputLocation& where() const { return where_; }
    [[nodiscard]] const std::string& found() const { return found_; }
    [[nodiscard]] const std::string& expected() const { return expected_; }

  private:
    InputLocation where_;
    std::string found_;
    std::string expected_;
};

/// A broken invariant of the simulator itself: a bug. Exit status 3.
class InvariantError : public std::logic_error {
  public:
    using std::logic_error::logic_error;
};

/// Throws InvariantError naming the condition and the place.
[[noreturn]] void report_broken_invariant(const char* condition, const char* file, int line);

}  // namespace stcsim

/// Checks an invariant of the simulator. Stays on in every build type: a simulator that continues from a broken state
/// prints numbers nobody should read.
#define STCSIM_ASSERT(condition)                                               \
    do {                                                                       \
        if (!(condition)) [[unlikely]]                                         \
            ::stcsim::report_broken_invariant(#condition, __FILE__, __LINE__); \
    } while (false)
