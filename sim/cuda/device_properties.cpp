#include "cuda/device_properties.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/units.h"

namespace stcsim {
namespace {

// The same for every compute capability 8.x (CUDA C++ Programming Guide, technical specifications per compute
// capability).
constexpr std::int32_t threads_per_block = 1024;
constexpr std::int32_t block_depth = 64;
constexpr std::int32_t grid_width = 2147483647;
constexpr std::int32_t grid_height = 65535;
constexpr std::size_t constant_bytes = 65536;
constexpr std::size_t shared_without_request = 49152;
constexpr std::size_t texture_alignment = 512;
constexpr std::size_t texture_pitch_alignment = 32;
/// cudaDevAttrMax: numbers from here on do not exist (toolkit 13).
constexpr std::uint32_t attribute_numbers = 148;

std::int32_t whole(double value) {
    constexpr double most = std::numeric_limits<std::int32_t>::max();
    return static_cast<std::int32_t>(std::clamp(value, 0.0, most));
}

template <std::size_t Size>
void copy_text(std::array<char, Size>& to, const std::string& text) {
    const std::size_t length = std::min(text.size(), Size - 1);
    std::copy_n(text.begin(), length, to.begin());
}

/// What belongs to the chip: sizes, clocks, SMs.
void set_chip(DeviceProperties12& p, const GpuParameters& gpu) {
    p.totalGlobalMem = gpu.device.memory.value();
    p.multiProcessorCount = static_cast<std::int32_t>(gpu.sm_count);
    p.clockRate = whole(gpu.clock_hz / 1e3);
    p.memoryBusWidth = static_cast<std::int32_t>(gpu.device.memory_bus_bits);
    // Double data rate: bytes per second = 2 x clock x bits / 8.
    p.memoryClockRate = whole(gpu.memory.hbm.bytes_per_second * 8 / 2 / gpu.device.memory_bus_bits / 1e3);
    p.l2CacheSize = whole(static_cast<double>(gpu.memory.l2.capacity.value()));
    p.major = static_cast<std::int32_t>(gpu.device.compute_capability / 10);
    p.minor = static_cast<std::int32_t>(gpu.device.compute_capability % 10);
}

void set_sm(DeviceProperties12& p, const ResidencyParameters& sm) {
    p.sharedMemPerBlock = std::min<std::size_t>(shared_without_request, sm.shared_memory_per_cta.value());
    p.sharedMemPerBlockOptin = sm.shared_memory_per_cta.value();
    p.sharedMemPerMultiprocessor = sm.shared_memory.value();
    p.reservedSharedMemPerBlock = sm.shared_memory_reserved.value();
    p.regsPerBlock = static_cast<std::int32_t>(sm.registers);
    p.regsPerMultiprocessor = static_cast<std::int32_t>(sm.registers);
    p.maxThreadsPerMultiProcessor = static_cast<std::int32_t>(sm.maximum_warps * warp_lanes);
    p.maxBlocksPerMultiProcessor = static_cast<std::int32_t>(sm.maximum_ctas);
}

/// What the programming model fixes, and what the stand-in library can do.
void set_programming_model(DeviceProperties12& p) {
    p.warpSize = static_cast<std::int32_t>(warp_lanes);
    p.maxThreadsPerBlock = threads_per_block;
    p.maxThreadsDim = {threads_per_block, threads_per_block, block_depth};
    p.maxGridSize = {grid_width, grid_height, grid_height};
    p.memPitch = static_cast<std::size_t>(grid_width);
    p.totalConstMem = constant_bytes;
    p.textureAlignment = texture_alignment;
    p.texturePitchAlignment = texture_pitch_alignment;
    p.surfaceAlignment = texture_alignment;
    p.deviceOverlap = 1;
    p.asyncEngineCount = 1;
    p.canMapHostMemory = 1;
    p.unifiedAddressing = 1;
    p.managedMemory = 1;
    p.concurrentManagedAccess = 1;
    p.globalL1CacheSupported = 1;
    p.localL1CacheSupported = 1;
    p.canUseHostPointerForRegisteredMem = 1;
    p.cooperativeLaunch = 1;
    p.transfers_and_launches[0] = 1;  // hostRegisterSupported
}

}  // namespace

DeviceProperties12 device_properties_12(const GpuDescription& gpu) {
    DeviceProperties12 properties{};
    copy_text(properties.name, "stcsim " + gpu.name);
    set_chip(properties, gpu.parameters);
    set_sm(properties, gpu.parameters.sm.residency);
    set_programming_model(properties);
    return properties;
}

DeviceProperties13 device_properties_13(const DeviceProperties12& p) {
    DeviceProperties13 q{};
    q.name = p.name;
    q.totalGlobalMem = p.totalGlobalMem;
    q.sharedMemPerBlock = p.sharedMemPerBlock;
    q.regsPerBlock = p.regsPerBlock;
    q.warpSize = p.warpSize;
    q.memPitch = p.memPitch;
    q.maxThreadsPerBlock = p.maxThreadsPerBlock;
    q.maxThreadsDim = p.maxThreadsDim;
    q.maxGridSize = p.maxGridSize;
    q.totalConstMem = p.totalConstMem;
    q.major = p.major;
    q.minor = p.minor;
    q.textureAlignment = p.textureAlignment;
    q.texturePitchAlignment = p.texturePitchAlignment;
    q.multiProcessorCount = p.multiProcessorCount;
    q.canMapHostMemory = p.canMapHostMemory;
    q.surfaceAlignment = p.surfaceAlignment;
    q.asyncEngineCount = p.asyncEngineCount;
    q.unifiedAddressing = p.unifiedAddressing;
    q.memoryBusWidth = p.memoryBusWidth;
    q.l2CacheSize = p.l2CacheSize;
    q.maxThreadsPerMultiProcessor = p.maxThreadsPerMultiProcessor;
    q.globalL1CacheSupported = p.globalL1CacheSupported;
    q.localL1CacheSupported = p.localL1CacheSupported;
    q.sharedMemPerMultiprocessor = p.sharedMemPerMultiprocessor;
    q.regsPerMultiprocessor = p.regsPerMultiprocessor;
    q.managedMemory = p.managedMemory;
    q.concurrentManagedAccess = p.concurrentManagedAccess;
    q.canUseHostPointerForRegisteredMem = p.canUseHostPointerForRegisteredMem;
    q.cooperativeLaunch = p.cooperativeLaunch;
    q.sharedMemPerBlockOptin = p.sharedMemPerBlockOptin;
    q.maxBlocksPerMultiProcessor = p.maxBlocksPerMultiProcessor;
    q.reservedSharedMemPerBlock = p.reservedSharedMemPerBlock;
    q.transfers_and_launches = p.transfers_and_launches;
    return q;
}

std::optional<std::int32_t> device_attribute(std::uint32_t attribute, const DeviceProperties12& p) {
    const auto narrow = [](std::size_t value) { return whole(static_cast<double>(value)); };
    switch (attribute) {  // numbers: CUDA Runtime API reference, cudaDeviceAttr
        case 1: return p.maxThreadsPerBlock;
        case 2:
        case 3:
        case 4: return p.maxThreadsDim[attribute - 2];
        case 5:
        case 6:
        case 7: return p.maxGridSize[attribute - 5];
        case 8: return narrow(p.sharedMemPerBlock);
        case 9: return narrow(p.totalConstMem);
        case 10: return p.warpSize;
        case 11: return narrow(p.memPitch);
        case 12: return p.regsPerBlock;
        case 13: return p.clockRate;
        case 14: return narrow(p.textureAlignment);
        case 15: return p.deviceOverlap;
        case 16: return p.multiProcessorCount;
        case 19: return p.canMapHostMemory;
        case 30: return narrow(p.surfaceAlignment);
        case 36: return p.memoryClockRate;
        case 37: return p.memoryBusWidth;
        case 38: return p.l2CacheSize;
        case 39: return p.maxThreadsPerMultiProcessor;
        case 40: return p.asyncEngineCount;
        case 41: return p.unifiedAddressing;
        case 51: return narrow(p.texturePitchAlignment);
        case 75: return p.major;
        case 76: return p.minor;
        case 79: return p.globalL1CacheSupported;
        case 80: return p.localL1CacheSupported;
        case 81: return narrow(p.sharedMemPerMultiprocessor);
        case 82: return p.regsPerMultiprocessor;
        case 83: return p.managedMemory;
        case 89: return p.concurrentManagedAccess;
        case 91: return p.canUseHostPointerForRegisteredMem;
        case 95: return p.cooperativeLaunch;
        case 97: return narrow(p.sharedMemPerBlockOptin);
        case 99: return p.transfers_and_launches[0];
        case 106: return p.maxBlocksPerMultiProcessor;
        case 111: return narrow(p.reservedSharedMemPerBlock);
        default: return attribute > 0 && attribute < attribute_numbers ? std::optional<std::int32_t>(0) : std::nullopt;
    }
}

}  // namespace stcsim
