/// The functions with which a CUDA executable registers its code, and those that its kernel calls are compiled to.
/// Signatures: crt/host_runtime.h of the toolkit.
#include <cstring>
#include <string>
#include <vector>

#include "cuda/api/call.h"

namespace stcsim {
namespace {

RegisteredModule& module_of(void** handle) {
    return *reinterpret_cast<RegisteredModule*>(handle);
}

struct PushedConfiguration {
    LaunchShape shape;
    void* stream;
};

/// Configurations of kernel calls whose arguments are being evaluated: these may launch kernels themselves.
std::vector<PushedConfiguration>& pushed_configurations() {
    thread_local std::vector<PushedConfiguration> pushed;
    return pushed;
}

CudaError launch_in_stream(const void* function, const LaunchShape& shape, void** arguments, void* stream) {
    return call([&](CudaRuntime& runtime) {
        if (runtime.times().stream(stream) == nullptr) return cuda_invalid_resource_handle;
        return runtime.launch(function, shape, arguments);
    });
}

/// What a launch attribute asks for. Throws if the simulation does not do it.
void take_attribute(const LaunchAttribute& attribute, LaunchShape& shape) {
    const auto first_words = [&] {
        std::array<std::uint32_t, 3> words{};
        std::memcpy(words.data(), attribute.value.data(), sizeof words);
        return words;
    }();
    switch (attribute.id) {
        case launch_ignore:
        case launch_access_policy_window:
        case launch_synchronization_policy:
        case launch_programmatic_serialization:
        case launch_priority: return;
        case launch_cooperative: shape.cooperative = first_words[0] != 0; return;
        case launch_cluster_dimension:
            if (first_words == std::array<std::uint32_t, 3>{1, 1, 1}) return;
            throw UnsupportedCall("the program launches a kernel in clusters, which need compute capability 9.0");
        default:
            throw UnsupportedCall("the program launches a kernel with attribute " + std::to_string(attribute.id) +
                                  " of cudaLaunchKernelExC, which is not supported");
    }
}

}  // namespace
}  // namespace stcsim

using namespace stcsim;

extern "C" {

void** __cudaRegisterFatBinary(void* wrapper) {
    RegisteredModule* module = nullptr;
    call([&](CudaRuntime& runtime) {
        module = &runtime.program().add_module(wrapper);
        return cuda_success;
    });
    return reinterpret_cast<void**>(module);
}

void __cudaRegisterFatBinaryEnd(void**) {}

void __cudaUnregisterFatBinary(void** handle) {
    if (handle == nullptr) return;
    call([&](CudaRuntime& runtime) {
        runtime.program().remove_module(module_of(handle));
        return cuda_success;
    });
}

void __cudaRegisterFunction(void** handle, const char* host_function, char*, const char* name, int, Dim3*, Dim3*, Dim3*,
                            Dim3*, int*) {
    call([&](CudaRuntime& runtime) {
        runtime.program().add_kernel(module_of(handle), host_function, name);
        return cuda_success;
    });
}

void __cudaRegisterVar(void** handle, char* host_variable, char*, const char* name, int, std::size_t bytes, int, int) {
    call([&](CudaRuntime& runtime) {
        runtime.program().add_variable(module_of(handle), host_variable, name, Bytes(bytes));
        return cuda_success;
    });
}

/// A managed variable is reached through a pointer of the host's, which is set here.
void __cudaRegisterManagedVar(void** handle, void** host_pointer, char*, const char* name, int, std::size_t bytes, int,
                              int) {
    call([&](CudaRuntime& runtime) {
        RegisteredModule& module = module_of(handle);
        runtime.program().add_variable(module, host_pointer, name, Bytes(bytes));
        DeviceVariable variable;
        if (runtime.symbol(host_pointer, variable) != cuda_success) {
            throw UnsupportedCall("the managed variable " + std::string(name) + " is not in the program's PTX");
        }
        *host_pointer = variable.address;
        return cuda_success;
    });
}

char __cudaInitModule(void**) {
    return 1;
}

unsigned __cudaPushCallConfiguration(Dim3 grid, Dim3 block, std::size_t dynamic_shared, void* stream) {
    pushed_configurations().push_back({{grid, block, dynamic_shared}, stream});
    return 0;
}

CudaError __cudaPopCallConfiguration(Dim3* grid, Dim3* block, std::size_t* dynamic_shared, void* stream) {
    auto& pushed = pushed_configurations();
    if (pushed.empty()) return keep_error(cuda_missing_configuration);
    *grid = pushed.back().shape.grid;
    *block = pushed.back().shape.block;
    *dynamic_shared = pushed.back().shape.dynamic_shared;
    *static_cast<void**>(stream) = pushed.back().stream;
    pushed.pop_back();
    return cuda_success;
}

CudaError __cudaGetKernel(void** handle, const void* host_function) {
    return call([&](CudaRuntime& runtime) {
        *handle = runtime.program().kernel(host_function);
        return *handle == nullptr ? cuda_invalid_device_function : cuda_success;
    });
}

CudaError __cudaLaunchKernel(void* kernel, Dim3 grid, Dim3 block, void** arguments, std::size_t dynamic_shared,
                             void* stream) {
    return launch_in_stream(kernel, {grid, block, dynamic_shared}, arguments, stream);
}

CudaError cudaLaunchKernel(const void* function, Dim3 grid, Dim3 block, void** arguments, std::size_t dynamic_shared,
                           void* stream) {
    return launch_in_stream(function, {grid, block, dynamic_shared}, arguments, stream);
}

CudaError cudaLaunchCooperativeKernel(const void* function, Dim3 grid, Dim3 block, void** arguments,
                                      std::size_t dynamic_shared, void* stream) {
    return launch_in_stream(function, {grid, block, dynamic_shared, true}, arguments, stream);
}

CudaError cudaLaunchKernelExC(const LaunchConfiguration* configuration, const void* function, void** arguments) {
    if (configuration == nullptr) return keep_error(cuda_invalid_value);
    LaunchShape shape{configuration->grid, configuration->block, configuration->dynamic_shared};
    const CudaError checked = call([&](CudaRuntime&) {
        for (std::uint32_t i = 0; i < configuration->attribute_count; ++i) {
            take_attribute(configuration->attributes[i], shape);
        }
        return cuda_success;
    });
    return checked != cuda_success ? checked : launch_in_stream(function, shape, arguments, configuration->stream);
}

}  // extern "C"
