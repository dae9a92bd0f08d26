/// Pools of memory. There is one, of the whole device, and it keeps nothing back; others are names for it.
#include <cstring>
#include <memory>
#include <set>

#include "cuda/api/call.h"

namespace stcsim {
namespace {

/// Attributes of cudaMemPoolAttr that are 32-bit flags: the three kinds of reuse. The others are 64-bit counts.
constexpr std::uint32_t first_flag = 1;
constexpr std::uint32_t last_flag = 3;
constexpr std::uint32_t used_now = 7;
constexpr std::uint32_t last_attribute = 8;

/// Handles of pools that the program has created.
std::set<void*>& created_pools() {
    static std::set<void*>& pools = *new std::set<void*>;
    return pools;
}

}  // namespace
}  // namespace stcsim

using namespace stcsim;

extern "C" {

CudaError cudaDeviceGetDefaultMemPool(void** pool, int) {
    static char device_pool;
    *pool = &device_pool;
    return keep_error(cuda_success);
}
CudaError cudaDeviceGetMemPool(void** pool, int device) {
    return cudaDeviceGetDefaultMemPool(pool, device);
}
CudaError cudaDeviceSetMemPool(int, void*) {
    return keep_error(cuda_success);
}

CudaError cudaMemPoolCreate(void** pool, const void*) {
    return call([&](CudaRuntime&) {
        if (pool == nullptr) return cuda_invalid_value;
        *pool = new char;
        created_pools().insert(*pool);
        return cuda_success;
    });
}
CudaError cudaMemPoolDestroy(void* pool) {
    return call([&](CudaRuntime&) {
        if (created_pools().erase(pool) == 0) return cuda_invalid_value;
        delete static_cast<char*>(pool);
        return cuda_success;
    });
}

CudaError cudaMemPoolSetAttribute(void*, std::uint32_t, void*) {
    return keep_error(cuda_success);
}
CudaError cudaMemPoolGetAttribute(void*, std::uint32_t attribute, void* value) {
    return call([&](CudaRuntime& runtime) {
        if (value == nullptr || attribute == 0 || attribute > last_attribute) return cuda_invalid_value;
        if (attribute >= first_flag && attribute <= last_flag) {
            *static_cast<std::int32_t*>(value) = 1;
        } else {
            *static_cast<std::uint64_t*>(value) = attribute >= used_now ? runtime.memory().used().value() : 0;
        }
        return cuda_success;
    });
}
CudaError cudaMemPoolTrimTo(void*, std::size_t) {
    return keep_error(cuda_success);
}
CudaError cudaMemPoolSetAccess(void*, const void*, std::size_t) {
    return keep_error(cuda_success);
}

}  // extern "C"
