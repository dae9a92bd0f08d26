/// The device, its properties, and errors.
#include <algorithm>
#include <cstring>

#include "cuda/api/call.h"
#include "cuda/error_names.h"

namespace stcsim {
namespace {

CudaError& last_error() {
    thread_local CudaError last = cuda_success;
    return last;
}

/// Runs `body` if `device` is the one there is.
template <typename Body>
CudaError on_device(int device, Body&& body) {
    return call([&](CudaRuntime& runtime) {
        if (device != 0) return cuda_invalid_device;
        body(runtime);
        return cuda_success;
    });
}

/// Domain, bus, device and function as cudaDeviceProp has them: all zero.
constexpr char pci_bus_id[] = "0000:00:00.0";

/// cudaLimit: stack size 0, printf buffer 1, malloc heap 2. The values are remembered and have no effect.
constexpr std::size_t limits = 8;
std::size_t& limit_value(std::uint32_t limit) {
    static std::array<std::size_t, limits> values{1024, 1048576, 8388608, 0, 0, 0, 0, 0};
    return values[limit];
}

}  // namespace

CudaError keep_error(CudaError error) {
    if (error != cuda_success) last_error() = error;
    return error;
}

}  // namespace stcsim

using namespace stcsim;

extern "C" {

/// cudaGetDeviceProperties of toolkits 12 and 13: the linker gives each library the one that it is to export.
CudaError stcsim_device_properties_12(DeviceProperties12* properties, int device) {
    return on_device(device, [&](CudaRuntime& runtime) { *properties = runtime.properties(); });
}
CudaError stcsim_device_properties_13(DeviceProperties13* properties, int device) {
    return on_device(device, [&](CudaRuntime& runtime) { *properties = device_properties_13(runtime.properties()); });
}

CudaError cudaDeviceGetAttribute(std::int32_t* value, std::uint32_t attribute, int device) {
    return call([&](CudaRuntime& runtime) {
        if (device != 0) return cuda_invalid_device;
        const auto known = device_attribute(attribute, runtime.properties());
        if (!known || value == nullptr) return cuda_invalid_value;
        *value = *known;
        return cuda_success;
    });
}

CudaError cudaGetDeviceCount(int* count) {
    return on_device(0, [&](CudaRuntime&) { *count = 1; });
}
CudaError cudaGetDevice(int* device) {
    return on_device(0, [&](CudaRuntime&) { *device = 0; });
}
CudaError cudaSetDevice(int device) {
    return on_device(device, [](CudaRuntime&) {});
}
CudaError cudaInitDevice(int device, std::uint32_t, std::uint32_t) {
    return cudaSetDevice(device);
}
CudaError cudaSetDeviceFlags(std::uint32_t) {
    return keep_error(cuda_success);
}
CudaError cudaGetDeviceFlags(std::uint32_t* flags) {
    *flags = 0;
    return keep_error(cuda_success);
}
CudaError cudaDeviceCanAccessPeer(int* can, int, int) {
    *can = 0;
    return keep_error(cuda_success);
}

// There is no second device.
CudaError cudaDeviceEnablePeerAccess(int, std::uint32_t) {
    return keep_error(cuda_peer_access_unsupported);
}
CudaError cudaDeviceDisablePeerAccess(int) {
    return keep_error(cuda_peer_access_not_enabled);
}
CudaError cudaDeviceGetP2PAttribute(std::int32_t*, std::uint32_t, int, int) {
    return keep_error(cuda_invalid_device);
}
CudaError cudaChooseDevice(int* device, const void*) {
    return cudaGetDevice(device);
}
CudaError cudaSetValidDevices(const int* devices, int count) {
    if (count < 0 || (count > 0 && devices == nullptr)) return keep_error(cuda_invalid_value);
    return std::all_of(devices, devices + count, [](int device) { return device == 0; })
               ? cuda_success
               : keep_error(cuda_invalid_device);
}

CudaError cudaDeviceGetPCIBusId(char* text, int bytes, int device) {
    if (text == nullptr || bytes < static_cast<int>(sizeof pci_bus_id)) return keep_error(cuda_invalid_value);
    return on_device(device, [&](CudaRuntime&) { std::memcpy(text, pci_bus_id, sizeof pci_bus_id); });
}
CudaError cudaDeviceGetByPCIBusId(int* device, const char* text) {
    if (device == nullptr || text == nullptr) return keep_error(cuda_invalid_value);
    if (std::strcmp(text, pci_bus_id) != 0) return keep_error(cuda_invalid_device);
    return cudaGetDevice(device);
}

// Work has ended when the call that asked for it returns.
CudaError cudaDeviceSynchronize() {
    return call([](CudaRuntime& runtime) {
        runtime.synchronise();
        return cuda_success;
    });
}
CudaError cudaThreadSynchronize() {
    return cudaDeviceSynchronize();
}
/// Memory stays valid: programs reset the device on their way out only.
CudaError cudaDeviceReset() {
    return cudaSetDevice(0);
}
CudaError cudaThreadExit() {
    return cudaSetDevice(0);
}

CudaError cudaDeviceSetLimit(std::uint32_t limit, std::size_t value) {
    if (limit >= limits) return keep_error(cuda_unsupported_limit);
    limit_value(limit) = value;
    return cuda_success;
}
CudaError cudaDeviceGetLimit(std::size_t* value, std::uint32_t limit) {
    if (limit >= limits) return keep_error(cuda_unsupported_limit);
    *value = limit_value(limit);
    return cuda_success;
}

// Preferences between caches and shared memory, and traces of a profiler, change nothing here.
CudaError cudaDeviceSetCacheConfig(std::uint32_t) {
    return cuda_success;
}
CudaError cudaDeviceGetCacheConfig(std::uint32_t* configuration) {
    *configuration = 0;
    return cuda_success;
}
CudaError cudaDeviceSetSharedMemConfig(std::uint32_t) {
    return cuda_success;
}
CudaError cudaDeviceGetSharedMemConfig(std::uint32_t* configuration) {
    *configuration = 1;  // banks of four bytes
    return cuda_success;
}
CudaError cudaCtxResetPersistingL2Cache() {
    return cuda_success;
}
CudaError cudaProfilerStart() {
    return cuda_success;
}
CudaError cudaProfilerStop() {
    return cuda_success;
}

CudaError cudaRuntimeGetVersion(int* version) {
    *version = static_cast<int>(runtime_major_version * 1000);
    return cuda_success;
}
CudaError cudaDriverGetVersion(int* version) {
    return cudaRuntimeGetVersion(version);
}

CudaError cudaGetLastError() {
    return std::exchange(last_error(), cuda_success);
}
CudaError cudaPeekAtLastError() {
    return last_error();
}
const char* cudaGetErrorName(std::int32_t error) {
    return cuda_error_name(error);
}
const char* cudaGetErrorString(std::int32_t error) {
    return cuda_error_text(error);
}

}  // extern "C"
