#include "memory/device_memory.h"

#include <algorithm>
#include <cmath>

#include "memory/address_hash.h"

namespace stcsim {

DeviceMemory::DeviceMemory(const sc_core::sc_module_name& name, Clock& clock,
                           const HighBandwidthMemoryParameters& parameters, double clock_hz)
    : ClockedModule(name, clock),
      requests("requests", *this),
      responses("responses", *this),
      parameters_(parameters),
      channel_bytes_per_cycle_(parameters.bytes_per_second * parameters.efficiency / clock_hz / parameters.channels),
      channel_free_(parameters.channels) {}

void DeviceMemory::evaluate(Cycle now) {
    const auto present = static_cast<double>(now.value());
    while (requests.has_item() && responses.has_space()) {
        const DeviceRequest request = requests.pop();
        double& free = channel_free_[hash_address(request.line) % channel_free_.size()];
        free = std::max(free, present) + request.bytes / channel_bytes_per_cycle_;
        (request.write ? written_bytes_ : read_bytes_) += request.bytes;
        if (request.write) continue;
        const Cycle transferred(static_cast<std::uint64_t>(std::ceil(free - present)));
        responses.push({request.line, request.sectors}, transferred + parameters_.latency);
    }
}

void DeviceMemory::report(CounterReport& report) const {
    const std::string_view prefix = "memory.hbm";
    report.add(prefix, "read_bytes", "bytes", "bytes read from memory",
               static_cast<std::uint64_t>(std::llround(read_bytes_)));
    report.add(prefix, "written_bytes", "bytes", "bytes written to memory",
               static_cast<std::uint64_t>(std::llround(written_bytes_)));
}

}  // namespace stcsim
