#include "cuda/cuda_runtime.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "cuda/launch_occupancy.h"

namespace stcsim {
namespace {

std::uint64_t count_of(const Dim3& d) {
    return std::uint64_t{d.x} * d.y * d.z;
}

bool within(const Dim3& size, const std::array<std::int32_t, 3>& most) {
    const auto fits = [](std::uint32_t one, std::int32_t limit) {
        return one >= 1 && one <= static_cast<std::uint32_t>(limit);
    };
    return fits(size.x, most[0]) && fits(size.y, most[1]) && fits(size.z, most[2]);
}

std::vector<std::byte> parameter_space(const KernelFacts& facts, void** arguments) {
    std::vector<std::byte> space(facts.parameter_bytes);
    for (std::size_t i = 0; i < facts.parameters.size(); ++i) {
        const ParameterPlace& place = facts.parameters[i];
        std::memcpy(space.data() + place.offset, arguments[i], place.bytes);
    }
    return space;
}

}  // namespace

CudaRuntime::CudaRuntime(Parts parts)
    : gpu_(std::move(parts.gpu)),
      properties_(device_properties_12(gpu_)),
      executor_(std::move(parts.executor)),
      memory_(gpu_.parameters.device.memory, *executor_),
      program_(std::move(parts.program), std::move(parts.read_code), *executor_),
      report_(std::move(parts.report)),
      report_finding_(std::move(parts.report_finding)) {}

bool CudaRuntime::find_kernel(const void* function, Kernel& kernel) {
    kernel.registered = program_.kernel(function);
    if (kernel.registered == nullptr) return false;
    kernel.module = &program_.executable(*kernel.registered->module);
    kernel.facts = kernel.module->facts(kernel.registered->name);
    return true;
}

std::uint32_t CudaRuntime::resident(const KernelFacts& facts, std::uint64_t threads, std::size_t shared) const {
    return ctas_per_sm(threads, facts.registers, facts.static_shared + Bytes(shared), gpu_.parameters.sm.residency);
}

Bytes CudaRuntime::dynamic_shared_limit(const Kernel& kernel) const {
    const Bytes all(properties_.sharedMemPerBlock);
    const Bytes rest = kernel.facts.static_shared < all ? all - kernel.facts.static_shared : Bytes(0);
    return kernel.registered->dynamic_shared_limit.value_or(rest);
}

CudaError CudaRuntime::check_shape(const Kernel& kernel, const LaunchShape& shape) const {
    if (!within(shape.grid, properties_.maxGridSize) || !within(shape.block, properties_.maxThreadsDim)) {
        return cuda_invalid_configuration;
    }
    const std::uint64_t threads = count_of(shape.block);
    if (threads > static_cast<std::uint64_t>(properties_.maxThreadsPerBlock)) return cuda_invalid_configuration;
    if (Bytes(shape.dynamic_shared) > dynamic_shared_limit(kernel)) return cuda_invalid_value;
    if (kernel.facts.max_threads != 0 && threads > kernel.facts.max_threads) return cuda_launch_out_of_resources;
    const std::uint32_t on_sm = resident(kernel.facts, threads, shape.dynamic_shared);
    if (on_sm == 0) return cuda_launch_out_of_resources;
    const bool fits = count_of(shape.grid) <= std::uint64_t{on_sm} * gpu_.parameters.sm_count;
    return shape.cooperative && !fits ? cuda_cooperative_launch_too_large : cuda_success;
}

CudaError CudaRuntime::launch(const void* function, const LaunchShape& shape, void** arguments) {
    Kernel kernel;
    if (!find_kernel(function, kernel)) return cuda_invalid_device_function;
    if (const CudaError error = check_shape(kernel, shape); error != cuda_success) return error;
    if (arguments == nullptr && !kernel.facts.parameters.empty()) return cuda_invalid_value;
    LaunchRequest request;
    request.kernel = kernel.registered->name;
    request.grid = {shape.grid.x, shape.grid.y, shape.grid.z};
    request.block = {shape.block.x, shape.block.y, shape.block.z};
    request.dynamic_shared = Bytes(shape.dynamic_shared);
    request.cooperative = shape.cooperative;
    request.arguments = parameter_space(kernel.facts, arguments);
    request.number = launches_++;
    LaunchOutcome outcome = kernel.module->run(request);
    add_occupancy(outcome.report, gpu_.parameters.sm.residency);
    if (outcome.report.timed) {
        times_.pass(outcome.report.timed->time_us + gpu_.parameters.launch.latency_seconds * 1e6);
    }
    report_(outcome.report);
    if (outcome.failure) throw ProgramFailure(*outcome.failure);
    return cuda_success;
}

CudaError CudaRuntime::function_attributes(const void* function, FunctionAttributes& attributes) {
    Kernel kernel;
    if (!find_kernel(function, kernel)) return cuda_invalid_device_function;
    attributes = {};
    attributes.shared_bytes = kernel.facts.static_shared.value();
    attributes.local_bytes = kernel.facts.local.value();
    attributes.registers = static_cast<std::int32_t>(kernel.facts.registers);
    attributes.ptx_version = static_cast<std::int32_t>(kernel.facts.ptx_version);
    attributes.binary_version = static_cast<std::int32_t>(gpu_.parameters.device.compute_capability);
    attributes.max_dynamic_shared_bytes = static_cast<std::int32_t>(dynamic_shared_limit(kernel).value());
    attributes.preferred_shared_carveout = -1;
    std::int32_t threads = properties_.maxThreadsPerBlock;
    if (kernel.facts.max_threads != 0) threads = std::min(threads, static_cast<std::int32_t>(kernel.facts.max_threads));
    constexpr std::int32_t whole_warp = static_cast<std::int32_t>(warp_lanes);
    while (threads > whole_warp && resident(kernel.facts, static_cast<std::uint64_t>(threads), 0) == 0) {
        threads -= whole_warp;
    }
    attributes.max_threads_per_block = threads;
    return cuda_success;
}

CudaError CudaRuntime::parameter(const void* function, std::size_t number, ParameterPlace& place) {
    Kernel kernel;
    if (!find_kernel(function, kernel)) return cuda_invalid_device_function;
    if (number >= kernel.facts.parameters.size()) return cuda_invalid_value;
    place = kernel.facts.parameters[number];
    return cuda_success;
}

CudaError CudaRuntime::set_function_attribute(const void* function, std::uint32_t attribute, std::int32_t value) {
    Kernel kernel;
    if (!find_kernel(function, kernel)) return cuda_invalid_device_function;
    if (attribute == attribute_preferred_carveout) return cuda_success;  // the model's shared memory is not carved
    if (attribute != attribute_max_dynamic_shared || value < 0) return cuda_invalid_value;
    const Bytes limit(static_cast<std::uint64_t>(value));
    if (kernel.facts.static_shared + limit > Bytes(properties_.sharedMemPerBlockOptin)) return cuda_invalid_value;
    kernel.registered->dynamic_shared_limit = limit;
    return cuda_success;
}

CudaError CudaRuntime::active_blocks(const void* function, std::int32_t block_size, std::size_t dynamic_shared,
                                     std::int32_t& blocks) {
    Kernel kernel;
    if (!find_kernel(function, kernel)) return cuda_invalid_device_function;
    if (block_size <= 0) return cuda_invalid_value;
    const bool too_large =
        block_size > properties_.maxThreadsPerBlock || Bytes(dynamic_shared) > dynamic_shared_limit(kernel) ||
        (kernel.facts.max_threads != 0 && static_cast<std::uint32_t>(block_size) > kernel.facts.max_threads);
    const auto threads = static_cast<std::uint64_t>(block_size);
    blocks = too_large ? 0 : static_cast<std::int32_t>(resident(kernel.facts, threads, dynamic_shared));
    return cuda_success;
}

CudaError CudaRuntime::available_shared(const void* function, std::int32_t blocks, std::int32_t block_size,
                                        std::size_t& bytes) {
    Kernel kernel;
    if (!find_kernel(function, kernel)) return cuda_invalid_device_function;
    if (blocks <= 0 || block_size <= 0) return cuda_invalid_value;
    const ResidencyParameters& sm = gpu_.parameters.sm.residency;
    const auto threads = static_cast<std::uint64_t>(block_size);
    std::uint64_t room = sm.shared_memory.value() / static_cast<std::uint64_t>(blocks);
    const std::uint64_t taken = kernel.facts.static_shared.value() + sm.shared_memory_reserved.value();
    room = room > taken ? room - taken : 0;
    room -= room % sm.shared_memory_allocation_unit.value();
    room = std::min<std::uint64_t>(room, dynamic_shared_limit(kernel).value());
    bytes = resident(kernel.facts, threads, 0) >= static_cast<std::uint32_t>(blocks) ? room : 0;
    return cuda_success;
}

CudaError CudaRuntime::symbol(const void* host_variable, DeviceVariable& variable) {
    const RegisteredVariable* const registered = program_.variable(host_variable);
    if (registered == nullptr) return cuda_invalid_symbol;
    const auto found = program_.executable(*registered->module).variable(registered->name);
    if (!found) return cuda_invalid_symbol;
    variable = *found;
    if (!memory_.holds(variable.address, variable.bytes.value())) memory_.note(variable.address, variable.bytes);
    return cuda_success;
}

}  // namespace stcsim
