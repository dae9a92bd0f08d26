/// Boxes of memory: allocation, copies and fills of slices of rows.
#include <cstring>

#include "cuda/api/call.h"

namespace stcsim {
namespace {

std::byte* corner(const PitchedPointer& memory, const Position3D& position) {
    return static_cast<std::byte*>(memory.pointer) + (position.z * memory.height + position.y) * memory.pitch +
           position.x;
}

CudaError copy_box(CudaRuntime& runtime, const CopyParameters3D& p) {
    if (p.from_array != nullptr || p.to_array != nullptr) {
        throw UnsupportedCall("the program copies a CUDA array with cudaMemcpy3D, which is not supported");
    }
    for (std::size_t z = 0; z < p.extent.depth; ++z) {
        const Position3D to{p.to_position.x, p.to_position.y, p.to_position.z + z};
        const Position3D from{p.from_position.x, p.from_position.y, p.from_position.z + z};
        const CudaError error = runtime.copy_rows(corner(p.to, to), corner(p.from, from),
                                                  {p.extent.width, p.extent.height, p.to.pitch, p.from.pitch}, p.kind);
        if (error != cuda_success) return error;
    }
    return cuda_success;
}

}  // namespace
}  // namespace stcsim

using namespace stcsim;

extern "C" {

CudaError cudaMallocPitch(void** pointer, std::size_t* pitch, std::size_t width, std::size_t height);
CudaError cudaMemset2D(void* at, std::size_t pitch, std::int32_t value, std::size_t width, std::size_t height);

CudaError cudaMalloc3D(PitchedPointer* memory, Extent3D extent) {
    if (memory == nullptr || (extent.height != 0 && extent.depth > SIZE_MAX / extent.height)) {
        return keep_error(cuda_invalid_value);
    }
    memory->width = extent.width;
    memory->height = extent.height;
    return cudaMallocPitch(&memory->pointer, &memory->pitch, extent.width, extent.height * extent.depth);
}

CudaError cudaMemset3D(PitchedPointer memory, std::int32_t value, Extent3D extent) {
    for (std::size_t z = 0; z < extent.depth; ++z) {
        const CudaError error =
            cudaMemset2D(corner(memory, {0, 0, z}), memory.pitch, value, extent.width, extent.height);
        if (error != cuda_success) return error;
    }
    return cuda_success;
}
CudaError cudaMemset3DAsync(PitchedPointer memory, std::int32_t value, Extent3D extent, void*) {
    return cudaMemset3D(memory, value, extent);
}

CudaError cudaMemcpy3D(const CopyParameters3D* parameters) {
    return call([&](CudaRuntime& runtime) {
        return parameters == nullptr ? cuda_invalid_value : copy_box(runtime, *parameters);
    });
}
CudaError cudaMemcpy3DAsync(const CopyParameters3D* parameters, void*) {
    return cudaMemcpy3D(parameters);
}

}  // extern "C"
