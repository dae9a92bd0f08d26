#include "mma_batch/case_array.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"

namespace stcsim {

CaseArray::CaseArray(std::string_view option, const std::filesystem::path& file, std::span<const NpyType> types)
    : reader_(file, option) {
    if (std::ranges::find(types, type()) != types.end()) return;
    std::vector<std::string_view> names;
    for (const NpyType type : types) names.push_back(numpy_name_of(type));
    throw InputError(where(), fmt::format("elements of type {}", numpy_name_of(type())),
                     fmt::format("{}", fmt::join(names, " or ")));
}

std::size_t CaseArray::match_shape(std::span<const std::vector<std::size_t>> shapes) const {
    const std::vector<std::size_t>& shape = reader_.header().shape;
    for (std::size_t i = 0; i < shapes.size(); ++i) {
        if (!shape.empty() && std::ranges::equal(std::span(shape).subspan(1), shapes[i])) return i;
    }
    std::vector<std::string> expected;
    for (const std::vector<std::size_t>& one : shapes) {
        expected.push_back(fmt::format("(cases, {})", fmt::join(one, ", ")));
    }
    throw InputError(where(), fmt::format("the shape {}", shape_text(shape)),
                     fmt::format("{}", fmt::join(expected, " or ")));
}

void CaseArray::match_cases(const CaseArray& other) const {
    if (cases() == other.cases()) return;
    throw InputError(where(), fmt::format("{} cases", cases()),
                     fmt::format("{}, as {} has", other.cases(), other.where().file));
}

void CaseArray::load(std::size_t first, std::size_t count) {
    block_ = reader_.read_rows(first, count);
    first_ = first;
}

void CaseArray::copy_bits(std::size_t of_case, std::span<std::uint64_t> to) const {
    STCSIM_ASSERT(of_case >= first_ && to.size() == elements_per_case());
    block_.copy_bits((of_case - first_) * elements_per_case(), to);
}

std::int64_t CaseArray::integer(std::size_t of_case, std::size_t position) const {
    STCSIM_ASSERT(of_case >= first_ && position < elements_per_case());
    return block_.integer((of_case - first_) * elements_per_case() + position);
}

void CaseArray::refuse(std::size_t of_case, std::size_t position, const std::string& found,
                       const std::string& expected) const {
    throw InputError(
        where(),
        fmt::format("{} at {}", found, index_text(reader_.header().shape, of_case * elements_per_case() + position)),
        expected);
}

}  // namespace stcsim
