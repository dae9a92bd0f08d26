/// Hand-made .npy files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "npy/npy_array.h"

namespace stcsim {

/// The bytes of a file with this header text, unpadded, and these data.
inline std::string npy_file(std::string_view dictionary, std::string_view data, unsigned major = 1) {
    std::string file = "\x93NUMPY";
    file += {static_cast<char>(major), '\0'};
    for (unsigned i = 0; i < (major == 1 ? 2U : 4U); ++i)
        file += static_cast<char>(dictionary.size() >> (8U * i) & 0xFFU);
    return file.append(dictionary).append(data);
}

inline std::string npy_dictionary(std::string_view descr, bool fortran_order, std::string_view shape) {
    return std::string("{'descr': '")
        .append(descr)
        .append(fortran_order ? "', 'fortran_order': True, " : "', 'fortran_order': False, ")
        .append("'shape': ")
        .append(shape)
        .append(", }\n");
}

inline NpyArray parse(std::string_view file) {
    return parse_npy(std::as_bytes(std::span(file)), {"made-up.npy"});
}

}  // namespace stcsim
