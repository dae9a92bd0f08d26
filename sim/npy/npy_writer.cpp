#include "npy/npy_writer.h"

#include <string_view>
#include <utility>

#include "npy/npy_header.h"

namespace stcsim {

NpyWriter::NpyWriter(const std::filesystem::path& file, NpyType type, std::vector<std::size_t> shape)
    : file_(file), type_(type) {
    file_.write(npy_header_text(type, shape));
    const NpyHeader header{type, false, std::move(shape), 0};
    row_bytes_ = header.row_elements() * width_of(type);
    missing_bytes_ = header.data_bytes();
}

void NpyWriter::append(const NpyArray& rows) {
    STCSIM_ASSERT(rows.type == type_ && rows.data.size() <= missing_bytes_);
    if (rows.data.empty()) return;
    STCSIM_ASSERT(rows.data.size() % row_bytes_ == 0);
    file_.write({reinterpret_cast<const char*>(rows.data.data()), rows.data.size()});
    missing_bytes_ -= rows.data.size();
}

void NpyWriter::finish() {
    STCSIM_ASSERT(missing_bytes_ == 0);
    file_.finish();
}

void write_npy(const std::filesystem::path& file, const NpyArray& array) {
    NpyWriter writer(file, array.type, array.shape);
    writer.append(array);
    writer.finish();
}

}  // namespace stcsim
