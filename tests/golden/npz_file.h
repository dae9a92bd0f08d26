/// Reads the arrays of a numpy .npz archive, as raw bits: all the tests need of that format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace stcsim::testing {

/// A row-major array; the raw bits of its elements are widened to 32 bits.
struct NpzArray {
    std::vector<std::size_t> shape;
    std::vector<std::uint32_t> values;
};

/// The arrays of the archive by name. Throws std::runtime_error for anything but a well-formed archive (stored or
/// deflated members) of arrays that parse_npy takes, with elements of at most 32 bits.
std::map<std::string, NpzArray> read_npz(const std::filesystem::path& path);

}  // namespace stcsim::testing
