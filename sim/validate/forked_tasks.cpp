#include "validate/forked_tasks.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <poll.h>
#include <stdexcept>
#include <string_view>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"

namespace stcsim {
namespace {

using Task = std::function<std::string(std::size_t)>;

constexpr std::size_t longest_message = std::size_t{60} << 10U;
/// First character of a child's message.
constexpr char answered = 'A';
constexpr char failed = 'F';

[[noreturn]] void system_failure(const char* what) {
    throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(errno)));
}

void send_message(int socket, std::string_view message) {
    ssize_t sent = 0;
    do {
        sent = send(socket, message.data(), message.size(), MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) system_failure("a worker process cannot be reached");
}

/// The next message; nothing when the other end is gone. Messages keep their boundaries (SOCK_SEQPACKET).
std::optional<std::string> receive_message(int socket) {
    std::string message(longest_message + 1, '\0');
    ssize_t got = 0;
    do {
        got = recv(socket, message.data(), message.size(), 0);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) return std::nullopt;
    message.resize(static_cast<std::size_t>(got));
    return message;
}

std::string answer_to(const std::string& message, const Task& task) {
    try {
        return answered + task(std::stoull(message)).substr(0, longest_message);
    } catch (const std::exception& error) {
        return failed + std::string(error.what()).substr(0, longest_message);
    } catch (...) {
        return failed + std::string("an unknown exception");
    }
}

/// The life of a child: answers until nobody asks any more.
[[noreturn]] void serve(int socket, pid_t parent, const Task& task) noexcept {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
    // The parent decides what an interrupt means; it ends its children.
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGTERM, SIG_DFL);
    try {
        while (const auto message = receive_message(socket)) send_message(socket, answer_to(*message, task));
    } catch (...) {
        // The parent is gone, and with it the need for an answer.
    }
    _exit(0);
}

/// A child process with what it is working on.
class Worker {
  public:
    Worker(const Task& task, std::span<const std::unique_ptr<Worker>> others) {
        std::array<int, 2> ends{};
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) system_failure("no worker");
        const pid_t parent = getpid();
        process_ = fork();
        if (process_ < 0) {
            close(ends[0]);
            close(ends[1]);
            system_failure("no worker process can be started");
        }
        if (process_ == 0) {
            close(ends[0]);
            for (const auto& other : others) close(other->socket_);
            serve(ends[1], parent, task);
        }
        close(ends[1]);
        socket_ = ends[0];
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker() {
        close(socket_);
        if (process_ <= 0) return;
        if (task_) kill(process_, SIGKILL);
        waitpid(process_, nullptr, 0);
    }

    [[nodiscard]] int socket() const { return socket_; }
    [[nodiscard]] bool busy() const { return task_.has_value(); }

    void start(std::size_t task) {
        task_ = task;
        send_message(socket_, fmt::format("{}", task));
    }

    /// The task that it worked on and its answer. Throws std::runtime_error if there is none.
    std::pair<std::size_t, std::string> take_answer(const std::function<std::string(std::size_t)>& name) {
        const std::size_t task = task_.value();
        std::optional<std::string> message = receive_message(socket_);
        if (!message) throw std::runtime_error(fmt::format("{}: {}", name(task), how_it_ended()));
        if (message->front() != answered) {
            throw std::runtime_error(fmt::format("{}: {}", name(task), message->substr(1)));
        }
        task_.reset();
        return {task, message->substr(1)};
    }

  private:
    std::string how_it_ended() {
        int status = 0;
        waitpid(process_, &status, 0);
        process_ = 0;
        if (WIFSIGNALED(status)) return fmt::format("its process was ended by signal {}", WTERMSIG(status));
        return fmt::format("its process ended with status {}", WEXITSTATUS(status));
    }

    pid_t process_ = 0;
    int socket_ = -1;
    std::optional<std::size_t> task_;
};

}  // namespace

void run_forked(std::span<const std::size_t> tasks, std::size_t workers, const Task& task,
                const std::function<void(std::size_t, const std::string&)>& finished,
                const std::function<std::string(std::size_t)>& name) {
    STCSIM_ASSERT(workers > 0);
    std::vector<std::unique_ptr<Worker>> pool;
    while (pool.size() < std::min(workers, tasks.size())) pool.push_back(std::make_unique<Worker>(task, pool));

    auto next = tasks.begin();
    std::size_t open = tasks.size();
    for (const auto& worker : pool) worker->start(*next++);
    while (open > 0) {
        std::vector<pollfd> waiting;
        for (const auto& worker : pool) {
            waiting.push_back({worker->busy() ? worker->socket() : -1, POLLIN, 0});  // -1: left out
        }
        if (poll(waiting.data(), waiting.size(), -1) < 0) {
            if (errno == EINTR) continue;
            system_failure("worker processes cannot be waited for");
        }
        for (std::size_t i = 0; i < pool.size(); ++i) {
            if (waiting[i].revents == 0) continue;
            const auto [done, answer] = pool[i]->take_answer(name);
            if (next != tasks.end()) pool[i]->start(*next++);
            finished(done, answer);
            --open;
        }
    }
}

}  // namespace stcsim
