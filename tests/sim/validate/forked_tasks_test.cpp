#include "validate/forked_tasks.h"

#include <csignal>
#include <map>
#include <stdexcept>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stcsim {
namespace {

using testing::HasSubstr;

using Answers = std::map<std::size_t, std::string>;

std::string task_name(std::size_t task) {
    return "task " + std::to_string(task);
}

/// Runs the tasks and returns the answers; what `run_forked` throws goes on.
Answers answers_of(const std::vector<std::size_t>& tasks, std::size_t workers,
                   const std::function<std::string(std::size_t)>& task) {
    Answers answers;
    run_forked(
        tasks, workers, task, [&](std::size_t i, const std::string& answer) { answers[i] = answer; }, task_name);
    return answers;
}

/// What `run_forked` complains of; empty if it does not.
std::string complaint_of(const std::function<std::string(std::size_t)>& task) {
    try {
        answers_of({3, 4, 5}, 2, task);
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return {};
}

TEST(ForkedTasks, AnswerEachTaskOnceWithAnyNumberOfWorkers) {
    const auto twice = [](std::size_t i) { return std::to_string(2 * i); };
    for (const std::size_t workers : {1, 2, 5, 20}) {
        EXPECT_EQ(answers_of({7, 1, 4, 9, 2}, workers, twice),
                  (Answers{{1, "2"}, {2, "4"}, {4, "8"}, {7, "14"}, {9, "18"}}))
            << workers;
    }
    EXPECT_EQ(answers_of({}, 2, twice), Answers{});
}

TEST(ForkedTasks, RunInOtherProcesses) {
    const auto process = [](std::size_t) { return std::to_string(getpid()); };
    EXPECT_NE(answers_of({0}, 1, process)[0], std::to_string(getpid()));
}

TEST(ForkedTasks, CarryLongAnswersAndAnyByte) {
    const std::string bytes = std::string(50'000, 'x') + std::string("\0\n\t", 3);
    EXPECT_EQ(answers_of({0}, 1, [&](std::size_t) { return bytes; })[0], bytes);
}

TEST(ForkedTasks, SayWhichTaskThrewWhat) {
    const std::string complaint = complaint_of([](std::size_t i) -> std::string {
        if (i == 4) throw std::logic_error("a broken invariant");
        return "fine";
    });
    EXPECT_EQ(complaint, "task 4: a broken invariant");
}

TEST(ForkedTasks, SayWhichTaskEndedItsProcessAndHow) {
    const std::string complaint = complaint_of([](std::size_t i) {
        if (i == 5) (void)raise(SIGKILL);
        return std::string("fine");
    });
    EXPECT_THAT(complaint, HasSubstr("task 5"));
    EXPECT_THAT(complaint, HasSubstr("signal 9"));
}

TEST(ForkedTasks, HandOverTheAnswersBeforeAFailure) {
    std::vector<std::size_t> done;
    const std::vector<std::size_t> tasks{0, 1, 2};
    EXPECT_THROW(run_forked(
                     tasks, 1,
                     [](std::size_t i) -> std::string {
                         if (i == 2) throw std::logic_error("no");
                         return "fine";
                     },
                     [&](std::size_t i, const std::string&) { done.push_back(i); }, task_name),
                 std::runtime_error);
    EXPECT_EQ(done, (std::vector<std::size_t>{0, 1}));
}

}  // namespace
}  // namespace stcsim
