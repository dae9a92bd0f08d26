#include "golden_vectors.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "npy/npz_archive.h"

namespace stcsim::testing {
namespace {

const std::filesystem::path folder = std::filesystem::path(STCSIM_SOURCE_DIR) / "tests" / "golden";

BitMatrix slice(const NpyArray& array, std::size_t index, ElementType type) {
    BitMatrix matrix(array.shape.at(1), array.shape.at(2), type);
    array.copy_bits(index * matrix.storage.size(), matrix.storage);
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
    const NpzArchive archive(folder / (name + ".npz"));
    const NpyArray a = archive.read(vectors.sparse ? "A_values" : "A");
    const NpyArray b = archive.read("B");
    const NpyArray c = archive.read("C");
    const NpyArray d = archive.read("D");
    const NpyArray index = vectors.sparse ? archive.read("A_index") : NpyArray{};
    for (std::size_t i = 0; i < a.shape.at(0); ++i) {
        GoldenCase one{slice(a, i, vectors.input),
                       {},
                       slice(b, i, vectors.input),
                       slice(c, i, vectors.accumulator),
                       slice(d, i, vectors.accumulator)};
        if (vectors.sparse) {
            for (const ElementBits code : slice(index, i, ElementType::u8).storage) {
                one.codes.push_back(static_cast<std::uint8_t>(code));
            }
        }
        vectors.cases.push_back(std::move(one));
    }
    return vectors;
}

}  // namespace stcsim::testing
