/// The types of the CUDA runtime's binary interface, as far as the stand-in library needs them: layouts and numbers
/// are those that compiled programs use (x86-64 Linux, toolkits 12 and 13). Toolkit headers are not needed to build;
/// where they are present a test compares these declarations with them.
///
/// Source of the facts: CUDA Runtime API reference, "Data types used by CUDA Runtime".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace stcsim {

/// The error codes that the stand-in returns (cudaError_t).
enum CudaError : std::int32_t {
    cuda_success = 0,
    cuda_invalid_value = 1,
    cuda_memory_allocation = 2,
    cuda_invalid_configuration = 9,
    cuda_invalid_pitch_value = 12,
    cuda_invalid_symbol = 13,
    cuda_invalid_memcpy_direction = 21,
    cuda_missing_configuration = 52,
    cuda_invalid_device_function = 98,
    cuda_invalid_device = 101,
    cuda_unsupported_limit = 215,
    cuda_peer_access_unsupported = 217,
    cuda_invalid_resource_handle = 400,
    cuda_illegal_address = 700,
    cuda_launch_out_of_resources = 701,
    cuda_peer_access_not_enabled = 705,
    cuda_host_memory_already_registered = 712,
    cuda_host_memory_not_registered = 713,
    cuda_cooperative_launch_too_large = 720,
    cuda_not_supported = 801,
};

/// dim3 and uint3.
struct Dim3 {
    std::uint32_t x = 1;
    std::uint32_t y = 1;
    std::uint32_t z = 1;
};

/// cudaMemcpyKind.
enum CopyKind : std::uint32_t {
    copy_host_to_host = 0,
    copy_host_to_device = 1,
    copy_device_to_host = 2,
    copy_device_to_device = 3,
    copy_default = 4,  ///< by the addresses
};

/// cudaPos and cudaExtent: bytes along x, rows along y, slices along z.
struct Position3D {
    std::size_t x = 0;
    std::size_t y = 0;
    std::size_t z = 0;
};
struct Extent3D {
    std::size_t width = 0;
    std::size_t height = 0;
    std::size_t depth = 0;
};

/// cudaPitchedPtr: slices of `height` rows that begin `pitch` bytes apart.
struct PitchedPointer {
    void* pointer;
    std::size_t pitch;
    std::size_t width;
    std::size_t height;
};

/// cudaMemcpy3DParms. Each side is an array or memory.
struct CopyParameters3D {
    void* from_array;
    Position3D from_position;
    PitchedPointer from;
    void* to_array;
    Position3D to_position;
    PitchedPointer to;
    Extent3D extent;
    CopyKind kind;
};

/// cudaMemoryType.
enum MemoryType : std::uint32_t { memory_unregistered = 0, memory_host = 1, memory_device = 2, memory_managed = 3 };

/// cudaPointerAttributes.
struct PointerAttributes {
    MemoryType type;
    std::int32_t device;
    void* device_pointer;
    void* host_pointer;
    std::array<std::int64_t, 8> reserved;  ///< toolkit 13 only; a program built with 12 has no room for it
};

/// cudaFuncAttributes.
struct FunctionAttributes {
    std::size_t shared_bytes;
    std::size_t constant_bytes;
    std::size_t local_bytes;
    std::int32_t max_threads_per_block;
    std::int32_t registers;
    std::int32_t ptx_version;
    std::int32_t binary_version;
    std::int32_t cache_mode;
    std::int32_t max_dynamic_shared_bytes;
    std::int32_t preferred_shared_carveout;
    std::int32_t cluster_dim_must_be_set;
    std::array<std::int32_t, 3> required_cluster;
    std::int32_t cluster_scheduling_policy;
    std::int32_t non_portable_cluster_size_allowed;
    std::array<std::int32_t, 16> reserved;
};

/// cudaFuncAttribute.
enum FunctionAttribute : std::uint32_t {
    attribute_max_dynamic_shared = 8,
    attribute_preferred_carveout = 9,
};

/// cudaLaunchConfig_t. The attributes stay opaque except for their number and kind.
struct LaunchConfiguration {
    Dim3 grid;
    Dim3 block;
    std::size_t dynamic_shared;
    void* stream;
    const struct LaunchAttribute* attributes;
    std::uint32_t attribute_count;
};

/// cudaLaunchAttribute: a number that says which, and a union of 64 bytes.
struct LaunchAttribute {
    std::uint32_t id;
    std::uint32_t padding;
    alignas(8) std::array<std::byte, 64> value;
};

/// cudaLaunchAttributeID of the attributes that change nothing here: a model that runs launches one by one keeps them
/// by itself.
enum LaunchAttributeId : std::uint32_t {
    launch_ignore = 0,
    launch_access_policy_window = 1,
    launch_cooperative = 2,
    launch_synchronization_policy = 3,
    launch_cluster_dimension = 4,
    launch_programmatic_serialization = 6,
    launch_priority = 8,
};

}  // namespace stcsim
