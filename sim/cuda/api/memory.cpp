/// Memory: allocation, copies, symbols. Nothing is asynchronous: a copy has been made when the call returns.
#include <cstring>

#include "cuda/api/call.h"

namespace stcsim {
namespace {

CudaError allocate(void** pointer, std::size_t bytes, MemoryType type) {
    return call([&](CudaRuntime& runtime) {
        if (pointer == nullptr) return cuda_invalid_value;
        *pointer = nullptr;
        if (bytes == 0) return cuda_success;
        *pointer = runtime.memory().allocate(Bytes(bytes), type);
        return *pointer == nullptr ? cuda_memory_allocation : cuda_success;
    });
}

CudaError release(void* pointer, MemoryType type) {
    return call([&](CudaRuntime& runtime) {
        if (pointer == nullptr) return cuda_success;
        return runtime.memory().release(static_cast<std::byte*>(pointer), type) ? cuda_success : cuda_invalid_value;
    });
}

/// The part of a symbol from `offset` on, if it has `bytes` bytes.
CudaError part_of_symbol(CudaRuntime& runtime, const void* symbol, std::size_t offset, std::size_t bytes,
                         std::byte*& part) {
    DeviceVariable variable;
    if (const CudaError error = runtime.symbol(symbol, variable); error != cuda_success) return error;
    if (offset > variable.bytes.value() || bytes > variable.bytes.value() - offset) return cuda_invalid_value;
    part = variable.address + offset;
    return cuda_success;
}

}  // namespace
}  // namespace stcsim

using namespace stcsim;

extern "C" {

CudaError cudaMalloc(void** pointer, std::size_t bytes) {
    return allocate(pointer, bytes, memory_device);
}
CudaError cudaMallocAsync(void** pointer, std::size_t bytes, void*) {
    return allocate(pointer, bytes, memory_device);
}
CudaError cudaMallocFromPoolAsync(void** pointer, std::size_t bytes, void*, void*) {
    return allocate(pointer, bytes, memory_device);
}
CudaError cudaMallocManaged(void** pointer, std::size_t bytes, std::uint32_t) {
    return allocate(pointer, bytes, memory_managed);
}
CudaError cudaMallocHost(void** pointer, std::size_t bytes) {
    return allocate(pointer, bytes, memory_host);
}
CudaError cudaHostAlloc(void** pointer, std::size_t bytes, std::uint32_t) {
    return allocate(pointer, bytes, memory_host);
}

CudaError cudaMallocPitch(void** pointer, std::size_t* pitch, std::size_t width, std::size_t height) {
    constexpr std::size_t row_alignment = 512;  // as the device's textureAlignment
    *pitch = round_up(width, row_alignment);
    if (height != 0 && *pitch > SIZE_MAX / height) return keep_error(cuda_memory_allocation);
    return allocate(pointer, *pitch * height, memory_device);
}

CudaError cudaFree(void* pointer) {
    return release(pointer, memory_device);
}
CudaError cudaFreeAsync(void* pointer, void*) {
    return release(pointer, memory_device);
}
CudaError cudaFreeHost(void* pointer) {
    return release(pointer, memory_host);
}

CudaError cudaHostRegister(void* pointer, std::size_t bytes, std::uint32_t) {
    return call([&](CudaRuntime& runtime) {
        if (pointer == nullptr || bytes == 0) return cuda_invalid_value;
        return runtime.memory().adopt(static_cast<std::byte*>(pointer), Bytes(bytes), memory_host)
                   ? cuda_success
                   : cuda_host_memory_already_registered;
    });
}

CudaError cudaHostUnregister(void* pointer) {
    return call([&](CudaRuntime& runtime) {
        return runtime.memory().forget(static_cast<std::byte*>(pointer)) ? cuda_success
                                                                         : cuda_host_memory_not_registered;
    });
}

CudaError cudaHostGetDevicePointer(void** device, void* host, std::uint32_t) {
    return call([&](CudaRuntime& runtime) {
        if (runtime.memory().block_at(host) == nullptr) return cuda_invalid_value;
        *device = host;
        return cuda_success;
    });
}

CudaError cudaHostGetFlags(std::uint32_t* flags, void* host) {
    return call([&](CudaRuntime& runtime) {
        const MemoryBlock* const block = runtime.memory().block_at(host);
        if (flags == nullptr || block == nullptr || block->type != memory_host) return cuda_invalid_value;
        *flags = 2;  // cudaHostAllocMapped: all of it is
        return cuda_success;
    });
}

CudaError cudaPointerGetAttributes(PointerAttributes* attributes, const void* pointer) {
    return call([&](CudaRuntime& runtime) {
        const MemoryBlock* const block = runtime.memory().block_at(pointer);
        const MemoryType type = block == nullptr ? memory_unregistered : block->type;
        void* const address = const_cast<void*>(pointer);
        attributes->type = type;
        attributes->device = block == nullptr ? -2 : 0;  // -2: cudaInvalidDeviceId
        attributes->device_pointer = block == nullptr ? nullptr : address;
        attributes->host_pointer = type == memory_device ? nullptr : address;
        return cuda_success;
    });
}

CudaError cudaMemGetInfo(std::size_t* free_bytes, std::size_t* total_bytes) {
    return call([&](CudaRuntime& runtime) {
        const DeviceMemory& memory = runtime.memory();
        if (free_bytes != nullptr) *free_bytes = (memory.capacity() - memory.used()).value();
        if (total_bytes != nullptr) *total_bytes = memory.capacity().value();
        return cuda_success;
    });
}

CudaError cudaMemcpy(void* to, const void* from, std::size_t bytes, CopyKind kind) {
    return call([&](CudaRuntime& runtime) { return runtime.copy(to, from, bytes, kind); });
}
CudaError cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, CopyKind kind, void*) {
    return cudaMemcpy(to, from, bytes, kind);
}

/// Between devices, of which there is one.
CudaError cudaMemcpyPeer(void* to, int to_device, const void* from, int from_device, std::size_t bytes) {
    return call([&](CudaRuntime& runtime) {
        if (to_device != 0 || from_device != 0) return cuda_invalid_device;
        return runtime.copy(to, from, bytes, copy_device_to_device);
    });
}
CudaError cudaMemcpyPeerAsync(void* to, int to_device, const void* from, int from_device, std::size_t bytes, void*) {
    return cudaMemcpyPeer(to, to_device, from, from_device, bytes);
}

CudaError cudaMemcpy2D(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch, std::size_t width,
                       std::size_t height, CopyKind kind) {
    return call([&](CudaRuntime& runtime) {
        return runtime.copy_rows(to, from, {width, height, to_pitch, from_pitch}, kind);
    });
}
CudaError cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch, std::size_t width,
                            std::size_t height, CopyKind kind, void*) {
    return cudaMemcpy2D(to, to_pitch, from, from_pitch, width, height, kind);
}

CudaError cudaMemset(void* at, std::int32_t value, std::size_t bytes) {
    return call([&](CudaRuntime& runtime) { return runtime.fill(at, value, bytes); });
}
CudaError cudaMemsetAsync(void* at, std::int32_t value, std::size_t bytes, void*) {
    return cudaMemset(at, value, bytes);
}

CudaError cudaMemset2D(void* at, std::size_t pitch, std::int32_t value, std::size_t width, std::size_t height) {
    return call([&](CudaRuntime& runtime) {
        if (width == 0 || height == 0) return cuda_success;
        if (pitch < width) return cuda_invalid_pitch_value;
        if (!runtime.memory().holds(at, (height - 1) * pitch + width)) return cuda_invalid_value;
        for (std::size_t row = 0; row < height; ++row) {
            const CudaError error = runtime.fill(static_cast<std::byte*>(at) + row * pitch, value, width);
            if (error != cuda_success) return error;
        }
        return cuda_success;
    });
}
CudaError cudaMemset2DAsync(void* at, std::size_t pitch, std::int32_t value, std::size_t width, std::size_t height,
                            void*) {
    return cudaMemset2D(at, pitch, value, width, height);
}

CudaError cudaMemcpyToSymbol(const void* symbol, const void* from, std::size_t bytes, std::size_t offset,
                             CopyKind kind) {
    return call([&](CudaRuntime& runtime) {
        std::byte* part = nullptr;
        const CudaError error = part_of_symbol(runtime, symbol, offset, bytes, part);
        return error != cuda_success ? error : runtime.copy(part, from, bytes, kind);
    });
}
CudaError cudaMemcpyToSymbolAsync(const void* symbol, const void* from, std::size_t bytes, std::size_t offset,
                                  CopyKind kind, void*) {
    return cudaMemcpyToSymbol(symbol, from, bytes, offset, kind);
}

CudaError cudaMemcpyFromSymbol(void* to, const void* symbol, std::size_t bytes, std::size_t offset, CopyKind kind) {
    return call([&](CudaRuntime& runtime) {
        std::byte* part = nullptr;
        const CudaError error = part_of_symbol(runtime, symbol, offset, bytes, part);
        return error != cuda_success ? error : runtime.copy(to, part, bytes, kind);
    });
}
CudaError cudaMemcpyFromSymbolAsync(void* to, const void* symbol, std::size_t bytes, std::size_t offset, CopyKind kind,
                                    void*) {
    return cudaMemcpyFromSymbol(to, symbol, bytes, offset, kind);
}

CudaError cudaGetSymbolAddress(void** address, const void* symbol) {
    return call([&](CudaRuntime& runtime) {
        DeviceVariable variable;
        const CudaError error = runtime.symbol(symbol, variable);
        if (error == cuda_success) *address = variable.address;
        return error;
    });
}

CudaError cudaGetSymbolSize(std::size_t* bytes, const void* symbol) {
    return call([&](CudaRuntime& runtime) {
        DeviceVariable variable;
        const CudaError error = runtime.symbol(symbol, variable);
        if (error == cuda_success) *bytes = variable.bytes.value();
        return error;
    });
}

// Managed memory is where both sides find it: advice and transfers ahead of use change nothing. Their parameters
// differ between the toolkits and are not looked at.
CudaError cudaMemAdvise() {
    return keep_error(cuda_success);
}
CudaError cudaMemPrefetchAsync() {
    return keep_error(cuda_success);
}
CudaError cudaStreamAttachMemAsync() {
    return keep_error(cuda_success);
}

}  // extern "C"
