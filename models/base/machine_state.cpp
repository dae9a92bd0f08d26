#include "base/machine_state.h"

#include "base/error.h"

namespace stcsim {

void StateVisitor::identity(std::uint64_t family, std::uint64_t name) {
    if (!records()) return;
    word(names_.try_emplace({family, name}, names_.size()).first->second);
}

void StateVisitor::advancing(std::uint64_t& number, std::uint64_t last) {
    if (records()) {
        state_->advancing.push_back({number, last});
    } else {
        STCSIM_ASSERT(step_ < steps_.size());
        number += steps_[step_++];
    }
}

void StateVisitor::global_address(std::uint64_t& address) {
    word(address % units_.line);
    advancing(address);
}

void StateVisitor::never_repeats() {
    if (records()) state_->repeats = false;
}

}  // namespace stcsim
