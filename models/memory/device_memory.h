/// DeviceMemory: the HBM, by bandwidth and latency.
///
/// Overview: requests go to the channel their line maps to, which transfers `bytes_per_second` x `efficiency` divided
/// by the channels; a read is back `latency` cycles after its transfer. Rows, banks and refresh are not modelled; the
/// efficiency stands for them.
/// Parameters: HighBandwidthMemoryParameters.
#pragma once

#include <vector>

#include "base/counters.h"
#include "base/registered_channel.h"
#include "memory/memory_parameters.h"

namespace stcsim {

/// Sectors to read or write. `bytes` may be a fraction of the sectors when other SMs cause the rest.
struct DeviceRequest {
    std::uint64_t line = 0;
    std::uint32_t sectors = 0;
    double bytes = 0;
    bool write = false;
};

/// The sectors of a read have arrived at the L2.
struct DeviceResponse {
    std::uint64_t line = 0;
    std::uint32_t sectors = 0;
};

class DeviceMemory : public ClockedModule {
  public:
    /// `clock_hz` converts the bandwidth to bytes per SM cycle.
    DeviceMemory(const sc_core::sc_module_name& name, Clock& clock, const HighBandwidthMemoryParameters& parameters,
                 double clock_hz);

    ReadPort<DeviceRequest> requests;
    WritePort<DeviceResponse> responses;

    void report(CounterReport& report) const;

  private:
    void evaluate(Cycle now) override;

    HighBandwidthMemoryParameters parameters_;
    double channel_bytes_per_cycle_;
    std::vector<double> channel_free_;  ///< in cycles
    double read_bytes_ = 0;
    double written_bytes_ = 0;
};

}  // namespace stcsim
