#include "report/atomic_file.h"

#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"

namespace stcsim {
namespace {

namespace fs = std::filesystem;

/// The temporary file being written, for the signal handler: files are written one at a time.
char temporary_in_use[PATH_MAX];
volatile std::sig_atomic_t temporary_exists = 0;

extern "C" void remove_temporary_and_exit(int) {
    if (temporary_exists != 0) unlink(temporary_in_use);
    _exit(130);
}

/// Holds SIGINT and SIGTERM back while it lives, so that the handler never sees a file that is not yet known to it.
class SignalsHeld {
  public:
    SignalsHeld() {
        sigset_t held;
        sigemptyset(&held);
        sigaddset(&held, SIGINT);
        sigaddset(&held, SIGTERM);
        pthread_sigmask(SIG_BLOCK, &held, &before_);
    }
    SignalsHeld(const SignalsHeld&) = delete;
    SignalsHeld& operator=(const SignalsHeld&) = delete;
    ~SignalsHeld() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

  private:
    sigset_t before_{};
};

[[noreturn]] void fail(const fs::path& file, int error) {
    throw InputError({file.string()}, fmt::format("a path that cannot be written ({})", std::strerror(error)),
                     "a file in an existing, writable folder");
}

/// A file that disappears unless it is renamed to its target.
class TemporaryFile {
  public:
    explicit TemporaryFile(const fs::path& target) : target_(target) {
        const std::string pattern =
            (target.parent_path() / fmt::format(".{}.XXXXXX", target.filename().string())).string();
        if (pattern.size() >= sizeof temporary_in_use) fail(target, ENAMETOOLONG);
        const SignalsHeld held;
        STCSIM_ASSERT(temporary_exists == 0);
        std::memcpy(temporary_in_use, pattern.c_str(), pattern.size() + 1);
        descriptor_ = mkstemp(temporary_in_use);
        if (descriptor_ < 0) fail(target, errno);
        temporary_exists = 1;
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() {
        const SignalsHeld held;
        if (descriptor_ >= 0) close(descriptor_);
        if (temporary_exists != 0) unlink(temporary_in_use);
        temporary_exists = 0;
    }

    void write(std::string_view content) {
        while (!content.empty()) {
            const ssize_t written = ::write(descriptor_, content.data(), content.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) fail(target_, errno);
            content.remove_prefix(static_cast<std::size_t>(written));
        }
    }

    void rename_to_target() {
        const mode_t mask = umask(0);
        umask(mask);
        if (fchmod(descriptor_, 0666 & ~mask) != 0 || fsync(descriptor_) != 0) fail(target_, errno);
        const int closed = close(descriptor_);
        descriptor_ = -1;
        if (closed != 0) fail(target_, errno);
        const SignalsHeld held;
        if (rename(temporary_in_use, target_.c_str()) != 0) fail(target_, errno);
        temporary_exists = 0;
    }

  private:
    fs::path target_;
    int descriptor_ = -1;
};

/// The regular file that `file` names, through symbolic links, existing or not.
fs::path target_of(const fs::path& file) {
    if (file.filename().empty()) fail(file, EISDIR);
    std::error_code error;
    const fs::file_status status = fs::status(file, error);
    if (fs::is_directory(status)) fail(file, EISDIR);
    if (fs::exists(status) && !fs::is_regular_file(status)) {
        throw InputError({file.string()}, "something that is not a regular file", "a regular file or a new name");
    }
    const fs::path target = fs::weakly_canonical(fs::absolute(file), error);
    if (error) fail(file, error.value());
    return target;
}

}  // namespace

void write_whole_file(const fs::path& file, std::string_view content) {
    TemporaryFile temporary(target_of(file));
    temporary.write(content);
    temporary.rename_to_target();
}

void check_writable(const fs::path& file) {
    const TemporaryFile temporary(target_of(file));
}

void remove_temporary_files_on_interrupt() {
    struct sigaction action {};
    action.sa_handler = remove_temporary_and_exit;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGINT);
    sigaddset(&action.sa_mask, SIGTERM);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

}  // namespace stcsim
