/// What a CUDA program is told about the simulated device.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "gpu/gpu_description.h"

namespace stcsim {

/// cudaDeviceProp of toolkit 12; members keep the names of the public interface. What the model does not have
/// (textures, surfaces, video) is 0.
struct DeviceProperties12 {
    std::array<char, 256> name;
    std::array<char, 16> uuid;
    std::array<char, 8> luid;
    std::uint32_t luidDeviceNodeMask;
    std::size_t totalGlobalMem;
    std::size_t sharedMemPerBlock;
    std::int32_t regsPerBlock;
    std::int32_t warpSize;
    std::size_t memPitch;
    std::int32_t maxThreadsPerBlock;
    std::array<std::int32_t, 3> maxThreadsDim;
    std::array<std::int32_t, 3> maxGridSize;
    std::int32_t clockRate;
    std::size_t totalConstMem;
    std::int32_t major;
    std::int32_t minor;
    std::size_t textureAlignment;
    std::size_t texturePitchAlignment;
    std::int32_t deviceOverlap;
    std::int32_t multiProcessorCount;
    std::int32_t kernelExecTimeoutEnabled;
    std::int32_t integrated;
    std::int32_t canMapHostMemory;
    std::int32_t computeMode;
    std::array<std::int32_t, 40> textures_and_surfaces;
    std::size_t surfaceAlignment;
    std::int32_t concurrentKernels;
    std::int32_t ECCEnabled;
    std::int32_t pciBusID;
    std::int32_t pciDeviceID;
    std::int32_t pciDomainID;
    std::int32_t tccDriver;
    std::int32_t asyncEngineCount;
    std::int32_t unifiedAddressing;
    std::int32_t memoryClockRate;
    std::int32_t memoryBusWidth;
    std::int32_t l2CacheSize;
    std::int32_t persistingL2CacheMaxSize;
    std::int32_t maxThreadsPerMultiProcessor;
    std::int32_t streamPrioritiesSupported;
    std::int32_t globalL1CacheSupported;
    std::int32_t localL1CacheSupported;
    std::size_t sharedMemPerMultiprocessor;
    std::int32_t regsPerMultiprocessor;
    std::int32_t managedMemory;
    std::int32_t isMultiGpuBoard;
    std::int32_t multiGpuBoardGroupID;
    std::int32_t hostNativeAtomicSupported;
    std::int32_t singleToDoublePrecisionPerfRatio;
    std::int32_t pageableMemoryAccess;
    std::int32_t concurrentManagedAccess;
    std::int32_t computePreemptionSupported;
    std::int32_t canUseHostPointerForRegisteredMem;
    std::int32_t cooperativeLaunch;
    std::int32_t cooperativeMultiDeviceLaunch;
    std::size_t sharedMemPerBlockOptin;
    std::int32_t pageableMemoryAccessUsesHostPageTables;
    std::int32_t directManagedMemAccessFromHost;
    std::int32_t maxBlocksPerMultiProcessor;
    std::int32_t accessPolicyMaxWindowSize;
    std::size_t reservedSharedMemPerBlock;
    std::array<std::int32_t, 13> transfers_and_launches;  ///< hostRegisterSupported ... unifiedFunctionPointers
    std::array<std::int32_t, 63> reserved;
};

/// cudaDeviceProp of toolkit 13.
struct DeviceProperties13 {
    std::array<char, 256> name;
    std::array<char, 16> uuid;
    std::array<char, 8> luid;
    std::uint32_t luidDeviceNodeMask;
    std::size_t totalGlobalMem;
    std::size_t sharedMemPerBlock;
    std::int32_t regsPerBlock;
    std::int32_t warpSize;
    std::size_t memPitch;
    std::int32_t maxThreadsPerBlock;
    std::array<std::int32_t, 3> maxThreadsDim;
    std::array<std::int32_t, 3> maxGridSize;
    std::size_t totalConstMem;
    std::int32_t major;
    std::int32_t minor;
    std::size_t textureAlignment;
    std::size_t texturePitchAlignment;
    std::int32_t multiProcessorCount;
    std::int32_t integrated;
    std::int32_t canMapHostMemory;
    std::array<std::int32_t, 39> textures_and_surfaces;
    std::size_t surfaceAlignment;
    std::int32_t concurrentKernels;
    std::int32_t ECCEnabled;
    std::int32_t pciBusID;
    std::int32_t pciDeviceID;
    std::int32_t pciDomainID;
    std::int32_t tccDriver;
    std::int32_t asyncEngineCount;
    std::int32_t unifiedAddressing;
    std::int32_t memoryBusWidth;
    std::int32_t l2CacheSize;
    std::int32_t persistingL2CacheMaxSize;
    std::int32_t maxThreadsPerMultiProcessor;
    std::int32_t streamPrioritiesSupported;
    std::int32_t globalL1CacheSupported;
    std::int32_t localL1CacheSupported;
    std::size_t sharedMemPerMultiprocessor;
    std::int32_t regsPerMultiprocessor;
    std::int32_t managedMemory;
    std::int32_t isMultiGpuBoard;
    std::int32_t multiGpuBoardGroupID;
    std::int32_t hostNativeAtomicSupported;
    std::int32_t pageableMemoryAccess;
    std::int32_t concurrentManagedAccess;
    std::int32_t computePreemptionSupported;
    std::int32_t canUseHostPointerForRegisteredMem;
    std::int32_t cooperativeLaunch;
    std::size_t sharedMemPerBlockOptin;
    std::int32_t pageableMemoryAccessUsesHostPageTables;
    std::int32_t directManagedMemAccessFromHost;
    std::int32_t maxBlocksPerMultiProcessor;
    std::int32_t accessPolicyMaxWindowSize;
    std::size_t reservedSharedMemPerBlock;
    std::array<std::int32_t, 13> transfers_and_launches;
    std::array<std::int32_t, 63> reserved;  ///< NUMA, MPS and PCI numbers, then reserve
};

/// The device of this description, as toolkit 12 tells it.
DeviceProperties12 device_properties_12(const GpuDescription& gpu);
/// The same in the layout of toolkit 13.
DeviceProperties13 device_properties_13(const DeviceProperties12& properties);
/// The attribute with this number (cudaDeviceAttr); nothing for a number that does not exist.
std::optional<std::int32_t> device_attribute(std::uint32_t attribute, const DeviceProperties12& properties);

}  // namespace stcsim
