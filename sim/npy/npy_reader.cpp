#include "npy/npy_reader.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "npy/fortran_order.h"

namespace stcsim {
namespace {

constexpr const char* readable_file = "a readable .npy file";

/// An open descriptor that is closed unless it is released.
class Descriptor {
  public:
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (number_ >= 0) close(number_);
    }
    [[nodiscard]] int number() const { return number_; }
    int release() { return std::exchange(number_, -1); }

  private:
    int number_;
};

/// Reads all of `to`, or throws.
void read_all(int descriptor, const InputLocation& where, std::uint64_t offset, std::span<std::byte> to) {
    while (!to.empty()) {
        const ssize_t got = pread(descriptor, to.data(), to.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw InputError(where, std::generic_category().message(errno), readable_file);
        if (got == 0) throw InputError(where, "a file that became shorter", "one that stays as it is");
        to = to.subspan(static_cast<std::size_t>(got));
        offset += static_cast<std::uint64_t>(got);
    }
}

}  // namespace

NpyReader::NpyReader(const std::filesystem::path& file, std::string_view role)
    : where_{role.empty() ? file.string() : fmt::format("{} {}", role, file.string())} {
    // Without O_NONBLOCK, opening a pipe would wait for somebody to write into it.
    Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (opened.number() < 0) {
        throw InputError(where_, errno == ENOENT ? "no such file" : std::generic_category().message(errno),
                         readable_file);
    }
    struct stat status {};
    if (fstat(opened.number(), &status) != 0) {
        throw InputError(where_, std::generic_category().message(errno), readable_file);
    }
    if (S_ISDIR(status.st_mode)) throw InputError(where_, "a directory", readable_file);
    if (!S_ISREG(status.st_mode)) throw InputError(where_, "something that is not a regular file", readable_file);
    const auto size = static_cast<std::uint64_t>(status.st_size);

    std::array<std::byte, npy_preamble_bytes> preamble{};
    const auto start = std::span(preamble).first(std::min<std::size_t>(preamble.size(), size));
    read_all(opened.number(), where_, 0, start);
    std::vector<std::byte> header(npy_header_size(start, size, where_));
    read_all(opened.number(), where_, 0, header);
    header_ = parse_npy_header(header, size, where_);
    descriptor_ = opened.release();
}

NpyReader::~NpyReader() {
    close(descriptor_);
}

NpyArray NpyReader::read_rows(std::size_t first, std::size_t count) const {
    STCSIM_ASSERT(first <= header_.rows() && count <= header_.rows() - first);
    std::vector<std::size_t> shape = header_.shape;
    if (!shape.empty()) shape.front() = count;
    NpyArray block(header_.type, std::move(shape));
    const std::size_t width = width_of(header_.type);
    if (!header_.fortran_order) {
        read_all(descriptor_, where_, header_.data_offset + first * header_.row_elements() * width, block.data);
        return block;
    }
    FortranColumns columns(header_.shape);
    std::vector<std::byte> column(count * width);
    for (std::size_t i = 0; count > 0 && i < header_.row_elements(); ++i) {
        read_all(descriptor_, where_, header_.data_offset + (i * header_.rows() + first) * width, column);
        scatter(column, width, block.data.data() + columns.row_major_position() * width, header_.row_elements());
        columns.advance();
    }
    return block;
}

NpyArray NpyReader::read_elements(std::size_t first, std::size_t count) const {
    STCSIM_ASSERT(!header_.fortran_order || header_.shape.size() < 2);
    STCSIM_ASSERT(first <= header_.elements() && count <= header_.elements() - first);
    NpyArray block(header_.type, {count});
    read_all(descriptor_, where_, header_.data_offset + first * width_of(header_.type), block.data);
    return block;
}

NpyArray read_npy(const std::filesystem::path& file) {
    const NpyReader reader(file);
    return reader.read_rows(0, reader.header().rows());
}

}  // namespace stcsim
