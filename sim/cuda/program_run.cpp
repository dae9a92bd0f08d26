#include "cuda/program_run.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "cuda/program_file.h"
#include "cuda/runtime_folder.h"

namespace stcsim {
namespace {

/// A file in memory that a child process inherits.
class InheritedFile {
  public:
    explicit InheritedFile(const char* name) : descriptor_(memfd_create(name, 0)) { STCSIM_ASSERT(descriptor_ >= 0); }
    InheritedFile(const InheritedFile&) = delete;
    InheritedFile& operator=(const InheritedFile&) = delete;
    ~InheritedFile() { close(descriptor_); }

    [[nodiscard]] int descriptor() const { return descriptor_; }
    [[nodiscard]] std::string path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }
    void write(std::string_view text) const {
        while (!text.empty()) {
            const ssize_t written = ::write(descriptor_, text.data(), text.size());
            STCSIM_ASSERT(written > 0);
            text.remove_prefix(static_cast<std::size_t>(written));
        }
    }
    [[nodiscard]] std::string content() const {
        std::string text;
        std::array<char, 65536> part;
        ssize_t bytes = 0;
        while ((bytes = pread(descriptor_, part.data(), part.size(), static_cast<off_t>(text.size()))) > 0) {
            text.append(part.data(), static_cast<std::size_t>(bytes));
        }
        return text;
    }

  private:
    int descriptor_;
};

volatile std::sig_atomic_t child_process = 0;

/// A terminal sends its signals to the child as well; only what another process sends must be passed on.
extern "C" void pass_on(int number, siginfo_t* information, void*) {
    if (information->si_code == SI_USER && child_process != 0) kill(child_process, number);
}

constexpr std::array passed_signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

/// While it lives, signals that would end this process go to the child instead.
class SignalsPassedOn {
  public:
    SignalsPassedOn() {
        struct sigaction action {};
        action.sa_sigaction = pass_on;
        action.sa_flags = SA_SIGINFO | SA_RESTART;
        sigemptyset(&action.sa_mask);
        for (std::size_t i = 0; i < passed_signals.size(); ++i) sigaction(passed_signals[i], &action, &before_[i]);
    }
    SignalsPassedOn(const SignalsPassedOn&) = delete;
    SignalsPassedOn& operator=(const SignalsPassedOn&) = delete;
    ~SignalsPassedOn() {
        child_process = 0;
        for (std::size_t i = 0; i < passed_signals.size(); ++i) sigaction(passed_signals[i], &before_[i], nullptr);
    }

  private:
    std::array<struct sigaction, passed_signals.size()> before_{};
};

std::vector<std::string> environment_with(const std::string& library_folder, const std::string& configuration) {
    std::vector<std::string> variables;
    std::string libraries = library_folder;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string_view text = *variable;
        constexpr std::string_view library_path = "LD_LIBRARY_PATH=";
        if (text.substr(0, library_path.size()) == library_path) {
            if (text.size() > library_path.size()) libraries += fmt::format(":{}", text.substr(library_path.size()));
        } else if (text.substr(0, std::strlen(exec_variable) + 1) != fmt::format("{}=", exec_variable)) {
            variables.emplace_back(text);
        }
    }
    variables.push_back(fmt::format("LD_LIBRARY_PATH={}", libraries));
    variables.push_back(fmt::format("{}={}", exec_variable, configuration));
    return variables;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

/// Starts the program; -1 with errno set if the system refuses to execute it.
pid_t start(const std::string& program, std::vector<std::string> command, std::vector<std::string> environment) {
    const std::vector<char*> arguments = pointers_to(command);
    const std::vector<char*> variables = pointers_to(environment);
    std::array<int, 2> refusal{};
    STCSIM_ASSERT(pipe2(refusal.data(), O_CLOEXEC) == 0);
    const pid_t child = fork();
    STCSIM_ASSERT(child >= 0);
    if (child == 0) {
        for (const int number : passed_signals) static_cast<void>(signal(number, SIG_DFL));
        execve(program.c_str(), arguments.data(), variables.data());
        const int error = errno;
        static_cast<void>(write(refusal[1], &error, sizeof error) == sizeof error);
        _exit(127);
    }
    close(refusal[1]);
    int error = 0;
    const bool refused = read(refusal[0], &error, sizeof error) == sizeof error;
    close(refusal[0]);
    if (!refused) return child;
    waitpid(child, nullptr, 0);
    errno = error;
    return -1;
}

}  // namespace

ProgramRun run_program(const std::vector<std::string>& command, const GpuDescription& gpu,
                       const LaunchSettings& settings) {
    STCSIM_ASSERT(!command.empty());
    const std::string program = find_program(command.front()).string();
    check_program(program);
    const InheritedFile description("stcsim-gpu");
    description.write(to_toml(gpu));
    const InheritedFile report("stcsim-report");
    const std::string configuration = text_of(ExecConfiguration{description.path(), report.descriptor(), settings});
    const SignalsPassedOn signals;
    const pid_t child = start(program, command, environment_with(cuda_runtime_folder().string(), configuration));
    if (child < 0) {
        throw InputError({program}, fmt::format("a file that the system does not execute ({})", std::strerror(errno)),
                         "a program for this machine");
    }
    child_process = child;
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    ProgramRun run;
    run.report = parse_report_lines(report.content());
    if (WIFSIGNALED(status)) {
        run.signal = WTERMSIG(status);
    } else {
        run.status = WEXITSTATUS(status);
    }
    return run;
}

}  // namespace stcsim
