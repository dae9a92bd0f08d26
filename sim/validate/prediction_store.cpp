#include "validate/prediction_store.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"
#include "base/message_text.h"

namespace stcsim {
namespace {

constexpr std::string_view heading = "stcsim validation state, format 1\n";
constexpr std::string_view expected_file = "a state file of stcsim validate, or a new name";

[[noreturn]] void fail(const std::filesystem::path& file, int error) {
    throw InputError({file.string()}, fmt::format("a state file that cannot be used ({})", std::strerror(error)),
                     "a file that can be read and written, in an existing folder");
}

std::string whole_text(int descriptor, const std::filesystem::path& file) {
    std::string text;
    std::array<char, 65536> block{};
    while (true) {
        const ssize_t got = ::read(descriptor, block.data(), block.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail(file, errno);
        if (got == 0) return text;
        text.append(block.data(), static_cast<std::size_t>(got));
        // Not ours: refuse before all of what may be an endless device is read.
        if (!text.starts_with(heading) && !heading.starts_with(text)) {
            throw InputError({file.string(), 1}, "another kind of file", std::string(expected_file));
        }
    }
}

}  // namespace

PredictionStore::PredictionStore(const std::filesystem::path& file)
    : file_(file), descriptor_(open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
    if (descriptor_ < 0) fail(file, errno);
    try {
        if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK) fail(file, errno);
            throw InputError({file.string()}, "a state file that another run is using", "a state file for each run");
        }
        read();
    } catch (...) {
        close(descriptor_);
        throw;
    }
}

PredictionStore::~PredictionStore() {
    close(descriptor_);
}

void PredictionStore::read() {
    const std::string text = whole_text(descriptor_, file_);
    const std::size_t complete = text.find_last_of('\n') + 1;  // 0 without any line
    if (complete < text.size() && ftruncate(descriptor_, static_cast<off_t>(complete)) != 0) fail(file_, errno);
    if (complete == 0) {
        append(heading);
        return;
    }
    std::string_view rest = std::string_view(text).substr(heading.size(), complete - heading.size());
    for (std::uint64_t line = 2; !rest.empty(); ++line) {
        const std::string_view record = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(record.size() + 1);
        const std::size_t first = record.find('\t');
        const std::size_t last = record.rfind('\t');
        std::optional<Prediction> prediction;
        if (first != last) prediction = prediction_in(record.substr(last + 1));
        if (!prediction) {
            throw InputError({file_.string(), line}, quoted_for_message(record), std::string(expected_file));
        }
        predictions_.insert_or_assign(std::string(record.substr(0, first)), *std::move(prediction));
    }
}

void PredictionStore::append(std::string_view line) const {
    ssize_t written = 0;
    do {
        written = ::write(descriptor_, line.data(), line.size());
    } while (written < 0 && errno == EINTR);
    if (written < 0) fail(file_, errno);
    if (static_cast<std::size_t>(written) != line.size()) fail(file_, ENOSPC);
}

std::optional<Prediction> PredictionStore::find(const std::string& key) const {
    const auto found = predictions_.find(key);
    return found == predictions_.end() ? std::nullopt : std::optional(found->second);
}

void PredictionStore::add(const std::string& key, std::string_view name, const Prediction& prediction) {
    append(fmt::format("{}\t{}\t{}\n", key, name, to_line(prediction)));
    predictions_.insert_or_assign(key, prediction);
}

}  // namespace stcsim
