#include "cuda/ptx_launch.h"

#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "cuda/device_memory.h"
#include "cuda/kernel_arguments.h"
#include "cuda/launch_occupancy.h"
#include "files/atomic_file.h"
#include "npy/npy_array.h"

namespace stcsim {
namespace {

std::string text_of(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream text;
    if (!stream || !std::filesystem::is_regular_file(file) || !(text << stream.rdbuf())) {
        throw InputError({file.string()}, "a file that cannot be read", "PTX text");
    }
    return text.str();
}

/// The arrays in device memory, in order.
std::vector<std::byte*> place_arrays(const std::vector<KernelArgument>& arguments, DeviceMemory& memory) {
    std::vector<std::byte*> addresses;
    for (const KernelArgument& argument : arguments) {
        if (!argument.array) continue;
        const std::vector<std::byte>& data = argument.array->data;
        std::byte* const address = memory.allocate(Bytes(data.size()), memory_device);
        if (address == nullptr) {
            throw InputError({}, fmt::format("the argument {}", argument.text),
                             fmt::format("arrays that fit device memory ({} bytes)", memory.capacity().value()));
        }
        if (!data.empty()) std::memcpy(address, data.data(), data.size());
        addresses.push_back(address);
    }
    return addresses;
}

/// The host reads what is written to files.
void read_outputs(const std::vector<KernelArgument>& arguments, const std::vector<std::byte*>& addresses,
                  LaunchExecutor& executor, LaunchOutcome& outcome) {
    std::size_t array = 0;
    for (const KernelArgument& argument : arguments) {
        if (!argument.array) continue;
        const std::byte* const from = addresses[array++];
        if (!argument.output) continue;
        HostReading reading = executor.read_by_host(from, Bytes(argument.array->data.size()));
        for (auto& late : reading.findings) add_late_finding(outcome.report, std::move(late.finding));
        if (!outcome.failure) outcome.failure = std::move(reading.failure);
    }
}

void write_outputs(std::vector<KernelArgument>& arguments, const std::vector<std::byte*>& addresses) {
    std::size_t array = 0;
    for (KernelArgument& argument : arguments) {
        if (!argument.array) continue;
        const std::byte* const from = addresses[array++];
        if (!argument.output) continue;
        std::vector<std::byte>& data = argument.array->data;
        if (!data.empty()) std::memcpy(data.data(), from, data.size());
        write_npy(*argument.output, *argument.array);
    }
}

}  // namespace

LaunchOutcome run_ptx_launch(const PtxLaunch& launch, const GpuDescription& gpu, LaunchExecutor& executor) {
    const std::unique_ptr<ExecutableModule> module = executor.load({text_of(launch.file)}, launch.file.string());
    const KernelFacts facts = module->facts(launch.kernel);
    std::vector<KernelArgument> arguments = parse_kernel_arguments(launch.arguments);
    for (const KernelArgument& argument : arguments) {
        if (argument.output) check_writable(*argument.output);
    }
    DeviceMemory memory(gpu.parameters.device.memory, executor);
    const std::vector<std::byte*> addresses = place_arrays(arguments, memory);
    LaunchRequest request;
    request.kernel = launch.kernel;
    request.grid = launch.grid;
    request.block = launch.block;
    request.dynamic_shared = launch.dynamic_shared;
    request.arguments = parameter_space(launch.kernel, facts, arguments, addresses);
    LaunchOutcome outcome = module->run(request);
    add_occupancy(outcome.report, gpu.parameters.sm.residency);
    if (!outcome.failure) read_outputs(arguments, addresses, executor, outcome);
    if (!outcome.failure) write_outputs(arguments, addresses);
    return outcome;
}

}  // namespace stcsim
