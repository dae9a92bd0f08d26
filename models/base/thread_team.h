/// Threads that do the parts of a task at the same time, again and again.
#pragma once

#include <barrier>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace stcsim {

class ThreadTeam {
  public:
    /// `members` of at least 1, the calling thread among them: a team of one has no threads of its own.
    explicit ThreadTeam(std::uint32_t members);
    ~ThreadTeam();
    ThreadTeam(const ThreadTeam&) = delete;
    ThreadTeam& operator=(const ThreadTeam&) = delete;

    [[nodiscard]] std::uint32_t members() const { return static_cast<std::uint32_t>(threads_.size() + 1); }
    /// Calls `part(i)` for each member i, always in the same thread, and returns when all have returned. What the parts
    /// of one call do is visible to those of the next. They must not throw.
    void run(const std::function<void(std::uint32_t)>& part);

  private:
    void work(std::uint32_t member);

    std::barrier<> begin_;
    std::barrier<> end_;
    const std::function<void(std::uint32_t)>* part_ = nullptr;  ///< null: the team is dissolved
    std::vector<std::thread> threads_;
};

}  // namespace stcsim
