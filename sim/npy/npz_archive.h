/// numpy's .npz archives: zip files with one .npy file for each array.
///
/// Read: archives of at most 4 GiB, on one disk, unencrypted, whose members are stored or deflated and pass their
/// checksum. Source: PKWARE, ".ZIP File Format Specification" (APPNOTE.TXT), sections 4.3 and 4.4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "npy/npy_array.h"

namespace stcsim {

/// The arrays of an archive, unpacked when they are asked for. Holds the bytes of the file.
class NpzArchive {
  public:
    /// Throws InputError if the file cannot be read or the bytes are no archive that this reads. Messages say `role`,
    /// for instance the option that names the file, before the file's name.
    explicit NpzArchive(const std::filesystem::path& file, std::string_view role = {});
    NpzArchive(std::vector<std::byte> bytes, InputLocation where);
    NpzArchive(const NpzArchive&) = delete;
    NpzArchive(NpzArchive&&) = default;  // members point into the bytes, which stay where they are
    ~NpzArchive() = default;

    /// Names of the arrays in the order of the archive, without the ".npy" of the members.
    [[nodiscard]] std::vector<std::string> names() const;
    [[nodiscard]] bool holds(std::string_view name) const;
    /// Role, file and array, for messages.
    [[nodiscard]] InputLocation where(std::string_view name) const;

    /// Throws InputError if there is no such array, naming those there are, if its member is damaged, and for what
    /// parse_npy refuses. Nothing is allocated that the member's bytes could not unpack to.
    [[nodiscard]] NpyArray read(std::string_view name) const;

  private:
    struct Member {
        std::string name;
        std::uint32_t method;
        std::uint32_t checksum;
        std::size_t size;  ///< unpacked
        std::span<const std::byte> packed;
    };

    void read_directory();
    [[nodiscard]] Member read_entry(std::size_t at) const;
    [[nodiscard]] const Member* find(std::string_view name) const;

    std::vector<std::byte> bytes_;
    InputLocation where_;
    std::vector<Member> members_;
};

}  // namespace stcsim
