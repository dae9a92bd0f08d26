#include "golden_vectors.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "npz_file.h"

namespace stcsim::testing {
namespace {

const std::filesystem::path folder = std::filesystem::path(STCSIM_SOURCE_DIR) / "tests" / "golden";

BitMatrix slice(const NpzArray& array, std::size_t index, ElementType type) {
    BitMatrix matrix(array.shape.at(1), array.shape.at(2), type);
    for (std::size_t i = 0; i < matrix.storage.size(); ++i) {
        matrix.storage[i] = array.values.at(index * matrix.storage.size() + i);
    }
    return matrix;
}

ElementType type_in(const std::string& name, std::size_t from_the_end) {
    std::string rest = name;
    for (std::size_t i = 0; i < from_the_end; ++i) rest.resize(rest.rfind('.'));
    return element_type_named(rest.substr(rest.rfind('.') + 1)).value();
}

}  // namespace

std::vector<std::string> golden_names() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".npz") names.push_back(entry.path().stem().string());
    }
    std::ranges::sort(names);
    return names;
}

GoldenVectors golden_vectors(const std::string& name) {
    GoldenVectors vectors{name, name.starts_with("sp."), type_in(name, 1), type_in(name, 0), {}};
    const auto arrays = read_npz(folder / (name + ".npz"));
    const NpzArray& a = arrays.at(vectors.sparse ? "A_values" : "A");
    for (std::size_t i = 0; i < a.shape.at(0); ++i) {
        GoldenCase one{slice(a, i, vectors.input),
                       {},
                       slice(arrays.at("B"), i, vectors.input),
                       slice(arrays.at("C"), i, vectors.accumulator),
                       slice(arrays.at("D"), i, vectors.accumulator)};
        if (vectors.sparse) {
            for (const ElementBits code : slice(arrays.at("A_index"), i, ElementType::u8).storage) {
                one.codes.push_back(static_cast<std::uint8_t>(code));
            }
        }
        vectors.cases.push_back(std::move(one));
    }
    return vectors;
}

}  // namespace stcsim::testing
