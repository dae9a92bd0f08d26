#include "base/thread_team.h"

#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace stcsim {
namespace {

TEST(ThreadTeam, CallsThePartOfEveryMemberOncePerRun) {
    for (const std::uint32_t members : {1U, 2U, 5U}) {
        ThreadTeam team(members);
        EXPECT_EQ(team.members(), members);
        std::vector<int> calls(members);
        for (int run = 1; run <= 100; ++run) {
            team.run([&](std::uint32_t member) { ++calls[member]; });
            EXPECT_EQ(calls, std::vector<int>(members, run));
        }
    }
}

TEST(ThreadTeam, KeepsEveryMemberInItsThread) {
    ThreadTeam team(4);
    std::vector<std::set<std::thread::id>> threads(4);
    for (int run = 0; run < 50; ++run) {
        team.run([&](std::uint32_t member) { threads[member].insert(std::this_thread::get_id()); });
    }
    std::set<std::thread::id> all;
    for (const auto& of_member : threads) {
        EXPECT_EQ(of_member.size(), 1U);
        all.insert(of_member.begin(), of_member.end());
    }
    EXPECT_EQ(all.size(), 4U);
    EXPECT_TRUE(threads[0].contains(std::this_thread::get_id()));
}

TEST(ThreadTeam, ShowsEveryMemberWhatTheOthersDidTheRunBefore) {
    constexpr std::uint32_t members = 3;
    ThreadTeam team(members);
    std::vector<int> now(members);
    for (int run = 0; run < 200; ++run) {
        const std::vector<int> before = now;
        team.run([&](std::uint32_t member) { now[member] = before[(member + 1) % members] + 1; });
        EXPECT_EQ(now, std::vector<int>(members, run + 1));
    }
}

TEST(ThreadTeam, ThatHasNeverRunCanBeDissolved) {
    for (int i = 0; i < 20; ++i) ThreadTeam team(3);
}

}  // namespace
}  // namespace stcsim
