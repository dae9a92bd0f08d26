#include "files/atomic_file.h"

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

/// A temporary file being written, where the signal handler finds it. A name is complete before its file exists.
struct TemporaryName {
    char path[PATH_MAX];
    volatile std::sig_atomic_t exists;
};
TemporaryName temporary_names[AtomicFile::at_once];

extern "C" void remove_temporaries_and_exit(int) {
    for (const TemporaryName& name : temporary_names) {
        if (name.exists != 0) unlink(name.path);
    }
    _exit(130);
}

TemporaryName& unused_name() {
    for (TemporaryName& name : temporary_names) {
        if (name.exists == 0) return name;
    }
    report_broken_invariant("fewer than AtomicFile::at_once files are being written", __FILE__, __LINE__);
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

/// A file that disappears unless it is renamed to its target.
class TemporaryFile {
  public:
    explicit TemporaryFile(const fs::path& target) : target_(target) {
        const std::string pattern =
            (target.parent_path() / fmt::format(".{}.XXXXXX", target.filename().string())).string();
        const SignalsHeld held;
        TemporaryName& name = unused_name();
        if (pattern.size() >= sizeof name.path) fail(target, ENAMETOOLONG);
        std::memcpy(name.path, pattern.c_str(), pattern.size() + 1);
        descriptor_ = mkstemp(name.path);
        if (descriptor_ < 0) fail(target, errno);
        name.exists = 1;
        name_ = &name;
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() {
        const SignalsHeld held;
        if (descriptor_ >= 0) close(descriptor_);
        if (name_ == nullptr) return;
        unlink(name_->path);
        name_->exists = 0;
    }

    void write(std::string_view content) const {
        while (!content.empty()) {
            const ssize_t written = ::write(descriptor_, content.data(), content.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) fail(target_, errno);
            content.remove_prefix(static_cast<std::size_t>(written));
        }
    }

    void store() {
        if (descriptor_ < 0) return;
        const mode_t mask = umask(0);
        umask(mask);
        if (fchmod(descriptor_, 0666 & ~mask) != 0 || fsync(descriptor_) != 0) fail(target_, errno);
        const int closed = close(descriptor_);
        descriptor_ = -1;
        if (closed != 0) fail(target_, errno);
    }

    void rename_to_target() {
        store();
        const SignalsHeld held;
        if (rename(name_->path, target_.c_str()) != 0) fail(target_, errno);
        name_->exists = 0;
        name_ = nullptr;
    }

  private:
    fs::path target_;
    int descriptor_ = -1;
    TemporaryName* name_ = nullptr;
};

}  // namespace

struct AtomicFile::Temporary : TemporaryFile {
    using TemporaryFile::TemporaryFile;
};

AtomicFile::AtomicFile(const fs::path& file) : temporary_(std::make_unique<Temporary>(target_of(file))) {}
AtomicFile::~AtomicFile() = default;

void AtomicFile::write(std::string_view content) {
    STCSIM_ASSERT(temporary_ != nullptr);
    temporary_->write(content);
}

void AtomicFile::store() {
    STCSIM_ASSERT(temporary_ != nullptr);
    temporary_->store();
}

void AtomicFile::finish() {
    STCSIM_ASSERT(temporary_ != nullptr);
    temporary_->rename_to_target();
    temporary_.reset();
}

void write_whole_file(const fs::path& file, std::string_view content) {
    AtomicFile output(file);
    output.write(content);
    output.finish();
}

void check_writable(const fs::path& file) {
    const AtomicFile output(file);
}

void remove_temporary_files_on_interrupt() {
    struct sigaction action {};
    action.sa_handler = remove_temporaries_and_exit;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGINT);
    sigaddset(&action.sa_mask, SIGTERM);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

}  // namespace stcsim
