/// What a program can ask about its kernels.
#include "cuda/api/call.h"

using namespace stcsim;

extern "C" {

CudaError __cudaGetKernel(void** handle, const void* host_function);

CudaError cudaFuncGetAttributes(FunctionAttributes* attributes, const void* function) {
    return call([&](CudaRuntime& runtime) {
        return attributes == nullptr ? cuda_invalid_value : runtime.function_attributes(function, *attributes);
    });
}

CudaError cudaFuncSetAttribute(const void* function, std::uint32_t attribute, std::int32_t value) {
    return call([&](CudaRuntime& runtime) { return runtime.set_function_attribute(function, attribute, value); });
}

CudaError cudaKernelSetAttributeForDevice(void* kernel, std::uint32_t attribute, std::int32_t value, int) {
    return call([&](CudaRuntime& runtime) { return runtime.set_function_attribute(kernel, attribute, value); });
}

CudaError cudaFuncGetName(const char** name, const void* function) {
    return call([&](CudaRuntime& runtime) {
        const RegisteredKernel* const kernel = runtime.program().kernel(function);
        if (kernel == nullptr) return cuda_invalid_device_function;
        *name = kernel->name.c_str();
        return cuda_success;
    });
}

/// Kernels have one kind of handle.
CudaError cudaGetFuncBySymbol(void** handle, const void* function) {
    return __cudaGetKernel(handle, function);
}
CudaError cudaGetKernel(void** handle, const void* function) {
    return __cudaGetKernel(handle, function);
}

CudaError cudaFuncGetParamInfo(const void* function, std::size_t number, std::size_t* offset, std::size_t* bytes) {
    return call([&](CudaRuntime& runtime) {
        ParameterPlace place;
        if (const CudaError error = runtime.parameter(function, number, place); error != cuda_success) return error;
        if (offset != nullptr) *offset = place.offset;
        if (bytes != nullptr) *bytes = place.bytes;
        return cuda_success;
    });
}

// The model has one cache and shared memory of a fixed size: preferences change nothing.
CudaError cudaFuncSetCacheConfig(const void* function, std::uint32_t) {
    return call([&](CudaRuntime& runtime) {
        return runtime.program().kernel(function) == nullptr ? cuda_invalid_device_function : cuda_success;
    });
}

CudaError cudaFuncSetSharedMemConfig(const void* function, std::uint32_t) {
    return cudaFuncSetCacheConfig(function, 0);
}

CudaError cudaOccupancyMaxActiveBlocksPerMultiprocessor(std::int32_t* blocks, const void* function,
                                                        std::int32_t block_size, std::size_t dynamic_shared) {
    return call(
        [&](CudaRuntime& runtime) { return runtime.active_blocks(function, block_size, dynamic_shared, *blocks); });
}

CudaError cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(std::int32_t* blocks, const void* function,
                                                                 std::int32_t block_size, std::size_t dynamic_shared,
                                                                 std::uint32_t) {
    return cudaOccupancyMaxActiveBlocksPerMultiprocessor(blocks, function, block_size, dynamic_shared);
}

CudaError cudaOccupancyAvailableDynamicSMemPerBlock(std::size_t* bytes, const void* function, std::int32_t blocks,
                                                    std::int32_t block_size) {
    return call([&](CudaRuntime& runtime) { return runtime.available_shared(function, blocks, block_size, *bytes); });
}

}  // extern "C"
