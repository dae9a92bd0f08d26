#include "base/thread_team.h"

#include "base/error.h"

namespace stcsim {

ThreadTeam::ThreadTeam(std::uint32_t members) : begin_(members), end_(members) {
    STCSIM_ASSERT(members > 0);
    for (std::uint32_t member = 1; member < members; ++member) threads_.emplace_back([this, member] { work(member); });
}

ThreadTeam::~ThreadTeam() {
    part_ = nullptr;
    begin_.arrive_and_wait();
    for (std::thread& thread : threads_) thread.join();
}

void ThreadTeam::run(const std::function<void(std::uint32_t)>& part) {
    part_ = &part;
    begin_.arrive_and_wait();
    part(0);
    end_.arrive_and_wait();
}

void ThreadTeam::work(std::uint32_t member) {
    while (true) {
        begin_.arrive_and_wait();
        if (part_ == nullptr) return;
        (*part_)(member);
        end_.arrive_and_wait();
    }
}

}  // namespace stcsim
