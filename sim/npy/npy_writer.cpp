#include "npy/npy_writer.h"

#include <string_view>
#include <utility>

#include "npy/npy_header.h"

namespace stcsim {

NpyWriter::NpyWriter(const std::filesystem::path& file, NpyType type, std::vector<std::size_t> shape)
    : file_(file), type_(type) {
    file_.write(npy_header_text(type, shape));
    const NpyHeader header{type, false, std::move(shape), 0};
    missing_bytes_ = header.data_bytes();
}

void NpyWriter::append(const NpyArray& elements) {
    STCSIM_ASSERT(elements.type == type_ && elements.data.size() <= missing_bytes_);
    file_.write({reinterpret_cast<const char*>(elements.data.data()), elements.data.size()});
    missing_bytes_ -= elements.data.size();
}

void NpyWriter::store() {
    STCSIM_ASSERT(missing_bytes_ == 0);
    file_.store();
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
