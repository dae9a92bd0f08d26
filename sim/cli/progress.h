/// Progress of a long run, for people who wait.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <string>

namespace stcsim {

/// Prints how far a run of several simulations is, once it has taken more than two seconds: in place on a terminal,
/// else a line for every tenth.
class Progress {
  public:
    using Clock = std::function<std::chrono::steady_clock::time_point()>;

    Progress(std::ostream& err, bool in_place, std::size_t simulations, Clock clock = std::chrono::steady_clock::now);
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    /// Clears what was printed in place.
    ~Progress();

    /// The simulation with this index and name has done `share` (0 to 1) of its work.
    void report(std::size_t simulation, const std::string& name, double share);

  private:
    std::ostream& err_;
    bool in_place_;
    std::size_t simulations_;
    Clock clock_;
    std::chrono::steady_clock::time_point next_;
    int printed_tenth_ = 0;
    bool line_open_ = false;
};

}  // namespace stcsim
