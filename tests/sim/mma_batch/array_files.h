/// .npy files for the tests of batches.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "files/temporary_folder.h"
#include "isa/fragment.h"
#include "npy/npy_array.h"
#include "numerics/sparse_pattern.h"

namespace stcsim {

/// An array with these raw bits.
inline NpyArray array_of(NpyType type, std::vector<std::size_t> shape, const std::vector<std::uint64_t>& bits) {
    NpyArray array(type, std::move(shape));
    array.set_bits(0, bits);
    return array;
}

inline std::string write(const TemporaryFolder& folder, const std::string& name, const NpyArray& array) {
    write_npy(folder.file(name), array);
    return folder.file(name);
}

/// Random raw bits, of which `bits` low ones may be set.
inline std::vector<std::uint64_t> random_bits(std::size_t count, std::uint32_t bits, std::mt19937_64& random) {
    std::vector<std::uint64_t> values(count);
    for (std::uint64_t& value : values) value = random() >> (64 - bits);
    return values;
}

/// Random legal codes for one case of a sparse instruction.
inline std::vector<std::uint8_t> random_codes(const MmaInstruction& instruction, std::mt19937_64& random) {
    const SparsePattern pattern = sparse_pattern_of(instruction.a);
    std::vector<std::uint8_t> codes;
    const std::size_t count = std::size_t{instruction.shape.m} * instruction.stored_k() / pattern.unit;
    while (codes.size() < count) {
        const auto first = static_cast<std::uint8_t>(random() % pattern.positions());
        codes.push_back(first);
        if (pattern.codes() == 1) continue;
        auto second = static_cast<std::uint8_t>(random() % (pattern.positions() - 1));
        if (second >= first) ++second;
        codes.push_back(second);
        std::uint8_t* const group = &codes[codes.size() - 2];
        if (instruction.metadata_order == CodeOrder::ascending && first > second) std::swap(group[0], group[1]);
    }
    return codes;
}

/// The position in its group of each stored value that these codes keep.
inline std::vector<std::uint64_t> positions_of(const MmaInstruction& instruction,
                                               const std::vector<std::uint8_t>& codes) {
    const SparsePattern pattern = sparse_pattern_of(instruction.a);
    std::vector<std::uint64_t> positions;
    for (const std::uint8_t code : codes) {
        for (std::uint32_t i = 0; i < pattern.unit; ++i) positions.push_back(code * pattern.unit + i);
    }
    return positions;
}

/// What the InputError that `use` throws says; "nothing" if it throws none.
template <typename Use>
std::string message_of(Use use) {
    try {
        use();
    } catch (const InputError& error) {
        return error.what();
    }
    return "nothing";
}

}  // namespace stcsim
