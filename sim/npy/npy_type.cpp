#include "npy/npy_type.h"

#include <array>

namespace stcsim {
namespace {

struct Spelling {
    std::string_view descr;
    std::string_view numpy_name;
};

/// By NpyType. Bytes have no order, so their types start with '|'.
constexpr std::array<Spelling, 12> spellings{{{"|b1", "bool"},
                                              {"|i1", "int8"},
                                              {"|u1", "uint8"},
                                              {"<i2", "int16"},
                                              {"<u2", "uint16"},
                                              {"<i4", "int32"},
                                              {"<u4", "uint32"},
                                              {"<i8", "int64"},
                                              {"<u8", "uint64"},
                                              {"<f2", "float16"},
                                              {"<f4", "float32"},
                                              {"<f8", "float64"}}};

}  // namespace

std::string_view descr_of(NpyType type) {
    return spellings.at(static_cast<std::size_t>(type)).descr;
}

std::optional<NpyType> npy_type_of(std::string_view descr) {
    for (std::size_t i = 0; i < spellings.size(); ++i) {
        if (spellings.at(i).descr == descr) return static_cast<NpyType>(i);
    }
    return std::nullopt;
}

std::string_view numpy_name_of(NpyType type) {
    return spellings.at(static_cast<std::size_t>(type)).numpy_name;
}

}  // namespace stcsim
