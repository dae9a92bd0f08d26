#include <cstring>

#include "cuda/cuda_runtime.h"

namespace stcsim {
namespace {

/// Whether the addresses of a copy are where its kind says. Addresses that the runtime does not know are the host's.
bool addresses_fit(const DeviceMemory& memory, const void* to, const void* from, std::size_t bytes, CopyKind kind) {
    const auto device = [&](const void* address) { return memory.holds(address, bytes); };
    const auto consistent = [&](const void* address) {
        return memory.block_at(address) == nullptr || memory.holds(address, bytes);
    };
    switch (kind) {
        case copy_host_to_device: return device(to) && consistent(from);
        case copy_device_to_host: return device(from) && consistent(to);
        case copy_device_to_device: return device(to) && device(from);
        case copy_host_to_host:
        case copy_default: return consistent(to) && consistent(from);
    }
    return false;
}

/// Bytes from the first to the last byte of rows; 0 if there are none.
std::size_t extent_of(std::size_t width, std::size_t height, std::size_t pitch) {
    return width == 0 || height == 0 ? 0 : (height - 1) * pitch + width;
}

}  // namespace

void CudaRuntime::move_bytes(void* to, const void* from, std::size_t bytes) {
    const MemoryBlock* const source = memory_.block_at(from);
    const MemoryBlock* const destination = memory_.block_at(to);
    auto* const to_bytes = static_cast<std::byte*>(to);
    const auto* const from_bytes = static_cast<const std::byte*>(from);
    const bool stays = destination != nullptr && on_device(destination->type);
    if (source != nullptr && stays) {
        executor_->copied(to_bytes, from_bytes, Bytes(bytes));
    } else {
        if (source != nullptr) read_by_host(from_bytes, Bytes(bytes));
        if (destination != nullptr) executor_->written_by_host(to_bytes, Bytes(bytes));
    }
    std::memmove(to, from, bytes);
}

void CudaRuntime::read_by_host(const std::byte* address, Bytes bytes) {
    HostReading reading = executor_->read_by_host(address, bytes);
    for (const auto& late : reading.findings) report_finding_(late.launch, late.finding);
    if (reading.failure) throw ProgramFailure(*reading.failure);
}

void CudaRuntime::synchronise() {
    for (const auto& [address, block] : memory_.blocks()) {
        if (block.type == memory_managed || block.type == memory_host) read_by_host(block.address, block.bytes);
    }
}

CudaError CudaRuntime::copy(void* to, const void* from, std::size_t bytes, CopyKind kind) {
    if (bytes == 0) return cuda_success;
    if (kind > copy_default) return cuda_invalid_memcpy_direction;
    if (to == nullptr || from == nullptr || !addresses_fit(memory_, to, from, bytes, kind)) return cuda_invalid_value;
    move_bytes(to, from, bytes);
    synchronise();
    return cuda_success;
}

CudaError CudaRuntime::copy_rows(void* to, const void* from, const Rows& rows, CopyKind kind) {
    if (kind > copy_default) return cuda_invalid_memcpy_direction;
    if (rows.width == 0 || rows.height == 0) return cuda_success;
    if (rows.to_pitch < rows.width || rows.from_pitch < rows.width) return cuda_invalid_pitch_value;
    if (to == nullptr || from == nullptr) return cuda_invalid_value;
    // Both ends must lie in one block each; a copy over the larger extent would ask too much of the smaller side.
    const std::size_t to_bytes = extent_of(rows.width, rows.height, rows.to_pitch);
    const std::size_t from_bytes = extent_of(rows.width, rows.height, rows.from_pitch);
    const bool to_device = kind == copy_host_to_device || kind == copy_device_to_device;
    const bool from_device = kind == copy_device_to_host || kind == copy_device_to_device;
    const auto fits = [&](const void* address, std::size_t bytes, bool device) {
        return memory_.holds(address, bytes) || (!device && memory_.block_at(address) == nullptr);
    };
    if (!fits(to, to_bytes, to_device) || !fits(from, from_bytes, from_device)) return cuda_invalid_value;
    for (std::size_t row = 0; row < rows.height; ++row) {
        move_bytes(static_cast<std::byte*>(to) + row * rows.to_pitch,
                   static_cast<const std::byte*>(from) + row * rows.from_pitch, rows.width);
    }
    synchronise();
    return cuda_success;
}

CudaError CudaRuntime::fill(void* at, std::int32_t value, std::size_t bytes) {
    if (bytes == 0) return cuda_success;
    if (!memory_.holds(at, bytes)) return cuda_invalid_value;
    executor_->written_by_host(static_cast<std::byte*>(at), Bytes(bytes));
    std::memset(at, value, bytes);
    return cuda_success;
}

}  // namespace stcsim
