#include "cli/progress.h"

#include <algorithm>
#include <cmath>
#include <ostream>
#include <utility>

#include <fmt/format.h>

namespace stcsim {
namespace {

using namespace std::chrono_literals;

constexpr auto quiet_for = 2s;
constexpr auto refresh_every = 200ms;
constexpr const char* clear_line = "\r\x1B[K";

}  // namespace

Progress::Progress(std::ostream& err, bool in_place, std::size_t simulations, Clock clock)
    : err_(err),
      in_place_(in_place),
      simulations_(simulations),
      clock_(std::move(clock)),
      next_(clock_() + quiet_for) {}

Progress::~Progress() {
    if (line_open_) err_ << clear_line << std::flush;
}

void Progress::report(std::size_t simulation, const std::string& name, double share) {
    const auto now = clock_();
    if (now < next_) return;
    const double done = (static_cast<double>(simulation) + std::clamp(share, 0.0, 1.0)) /
                        static_cast<double>(std::max<std::size_t>(simulations_, 1));
    const std::string text = fmt::format("{:3.0f} % ({} of {}: {})", 100 * done, simulation + 1, simulations_, name);
    if (in_place_) {
        next_ = now + refresh_every;
        err_ << clear_line << text << std::flush;
        line_open_ = true;
        return;
    }
    const int tenth = static_cast<int>(std::floor(10 * done));
    if (tenth <= printed_tenth_) return;
    printed_tenth_ = tenth;
    err_ << text << '\n' << std::flush;
}

}  // namespace stcsim
