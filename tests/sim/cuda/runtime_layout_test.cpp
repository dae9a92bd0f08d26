#include <cstddef>

#include <gtest/gtest.h>

#include "cuda/device_properties.h"
#include "cuda/runtime_types.h"

#ifdef STCSIM_CUDA_HEADERS
#include <cuda_runtime_api.h>
#endif

namespace stcsim {
namespace {

TEST(RuntimeLayout, OfToolkit12IsTheOneOfItsCompiledPrograms) {
    // sizeof(cudaDeviceProp) and two offsets as programs built with toolkit 12 have them.
    EXPECT_EQ(sizeof(DeviceProperties12), 1032);
    EXPECT_EQ(offsetof(DeviceProperties12, multiProcessorCount), 388);
    EXPECT_EQ(offsetof(DeviceProperties12, major), 360);
    EXPECT_EQ(offsetof(DeviceProperties12, reserved), 780);
}

#ifdef STCSIM_CUDA_HEADERS
#define SAME_PLACE(OURS, THEIRS, MEMBER) static_assert(offsetof(OURS, MEMBER) == offsetof(THEIRS, MEMBER))

#if CUDART_VERSION >= 13000
using Ours = DeviceProperties13;
#else
using Ours = DeviceProperties12;
#endif
static_assert(sizeof(Ours) == sizeof(cudaDeviceProp));
SAME_PLACE(Ours, cudaDeviceProp, luidDeviceNodeMask);
SAME_PLACE(Ours, cudaDeviceProp, totalGlobalMem);
SAME_PLACE(Ours, cudaDeviceProp, maxGridSize);
SAME_PLACE(Ours, cudaDeviceProp, totalConstMem);
SAME_PLACE(Ours, cudaDeviceProp, major);
SAME_PLACE(Ours, cudaDeviceProp, texturePitchAlignment);
SAME_PLACE(Ours, cudaDeviceProp, multiProcessorCount);
SAME_PLACE(Ours, cudaDeviceProp, canMapHostMemory);
SAME_PLACE(Ours, cudaDeviceProp, surfaceAlignment);
SAME_PLACE(Ours, cudaDeviceProp, concurrentKernels);
SAME_PLACE(Ours, cudaDeviceProp, asyncEngineCount);
SAME_PLACE(Ours, cudaDeviceProp, memoryBusWidth);
SAME_PLACE(Ours, cudaDeviceProp, l2CacheSize);
SAME_PLACE(Ours, cudaDeviceProp, maxThreadsPerMultiProcessor);
SAME_PLACE(Ours, cudaDeviceProp, sharedMemPerMultiprocessor);
SAME_PLACE(Ours, cudaDeviceProp, concurrentManagedAccess);
SAME_PLACE(Ours, cudaDeviceProp, sharedMemPerBlockOptin);
SAME_PLACE(Ours, cudaDeviceProp, maxBlocksPerMultiProcessor);
SAME_PLACE(Ours, cudaDeviceProp, reservedSharedMemPerBlock);
static_assert(offsetof(Ours, transfers_and_launches) == offsetof(cudaDeviceProp, hostRegisterSupported));

static_assert(sizeof(Dim3) == sizeof(dim3));
static_assert(sizeof(FunctionAttributes) == sizeof(cudaFuncAttributes));
static_assert(offsetof(FunctionAttributes, registers) == offsetof(cudaFuncAttributes, numRegs));
static_assert(offsetof(FunctionAttributes, max_dynamic_shared_bytes) ==
              offsetof(cudaFuncAttributes, maxDynamicSharedSizeBytes));
static_assert(offsetof(FunctionAttributes, reserved) == offsetof(cudaFuncAttributes, reserved));
static_assert(offsetof(PointerAttributes, device) == offsetof(cudaPointerAttributes, device));
static_assert(offsetof(PointerAttributes, host_pointer) == offsetof(cudaPointerAttributes, hostPointer));
static_assert(sizeof(LaunchConfiguration) == sizeof(cudaLaunchConfig_t));
static_assert(offsetof(LaunchConfiguration, attribute_count) == offsetof(cudaLaunchConfig_t, numAttrs));
static_assert(sizeof(LaunchAttribute) == sizeof(cudaLaunchAttribute));
static_assert(offsetof(LaunchAttribute, value) == offsetof(cudaLaunchAttribute, val));

static_assert(cuda_invalid_value == static_cast<int>(cudaErrorInvalidValue));
static_assert(cuda_memory_allocation == static_cast<int>(cudaErrorMemoryAllocation));
static_assert(cuda_invalid_configuration == static_cast<int>(cudaErrorInvalidConfiguration));
static_assert(cuda_invalid_device_function == static_cast<int>(cudaErrorInvalidDeviceFunction));
static_assert(cuda_launch_out_of_resources == static_cast<int>(cudaErrorLaunchOutOfResources));
static_assert(cuda_invalid_resource_handle == static_cast<int>(cudaErrorInvalidResourceHandle));
static_assert(attribute_max_dynamic_shared == static_cast<unsigned>(cudaFuncAttributeMaxDynamicSharedMemorySize));
static_assert(launch_cluster_dimension == static_cast<unsigned>(cudaLaunchAttributeClusterDimension));
static_assert(launch_programmatic_serialization ==
              static_cast<unsigned>(cudaLaunchAttributeProgrammaticStreamSerialization));
static_assert(memory_managed == static_cast<unsigned>(cudaMemoryTypeManaged));

TEST(RuntimeLayout, IsTheOneOfTheInstalledToolkit) {
    SUCCEED() << "compared when this was compiled";
}
#else
TEST(RuntimeLayout, IsTheOneOfTheInstalledToolkit) {
    GTEST_SKIP() << "no CUDA toolkit: its headers cannot be compared with";
}
#endif

}  // namespace
}  // namespace stcsim
