/// An .npy file whose first index counts executions of an instruction, the cases, read in blocks of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "npy/npy_reader.h"

namespace stcsim {

class CaseArray {
  public:
    /// Opens the file that `option` names. Throws InputError for what NpyReader refuses and for a type that is none of
    /// `types`.
    CaseArray(std::string_view option, const std::filesystem::path& file, std::span<const NpyType> types);

    /// The shape of one case. Throws InputError unless it is one of `shapes`, all of equal rank; returns which one.
    std::size_t match_shape(std::span<const std::vector<std::size_t>> shapes) const;

    [[nodiscard]] NpyType type() const { return reader_.header().type; }
    [[nodiscard]] std::size_t cases() const { return reader_.header().rows(); }

    /// Throws InputError unless there are as many cases as `other` has.
    void match_cases(const CaseArray& other) const;

    /// Holds these cases from now on, instead of those loaded before.
    void load(std::size_t first, std::size_t count);

    /// The raw bits of all elements of a loaded case, as many as `to` has.
    void copy_bits(std::size_t of_case, std::span<std::uint64_t> to) const;
    /// The value of one element of a loaded case; the type is an integer or boolean one.
    [[nodiscard]] std::int64_t integer(std::size_t of_case, std::size_t position) const;

    /// Throws InputError about an element of a case: "found FOUND at [case,row,column]".
    [[noreturn]] void refuse(std::size_t of_case, std::size_t position, const std::string& found,
                             const std::string& expected) const;

    /// Option and name of the file, as messages show it.
    [[nodiscard]] const InputLocation& where() const { return reader_.where(); }

  private:
    [[nodiscard]] std::size_t elements_per_case() const { return reader_.header().row_elements(); }

    NpyReader reader_;
    NpyArray block_;
    std::size_t first_ = 0;
};

}  // namespace stcsim
