/// The HBM: pseudo-channels with a data bus, banks with an open row, and a limit on how often rows are opened.
///
/// Neighbouring bytes up to `row_bytes` share a row of a bank; neighbouring rows are in different
/// channels, and spread over the banks by a hash. A
/// transfer takes its time on the channel's data bus, of which `efficiency` is what refresh and the turns between
/// reading and writing leave. If its row is not open, it waits for the bank (`row_cycle_seconds` between two of its
/// activations) and for the channel's share of activations (four in `activation_window_seconds`), then
/// `row_open_seconds` for the row. So long runs of neighbouring bytes reach the efficiency, and small pieces of many
/// rows do not. A read's latency is `latency` if its row had to be opened. Requests are served in the order in which
/// they come; a controller that reorders would find somewhat more open rows.
#pragma once

#include <cstdint>
#include <vector>

#include "base/divisor.h"
#include "memory/booking_calendar.h"
#include "memory/memory_parameters.h"

namespace stcsim {

class DeviceMemory {
  public:
    /// `clock_hz` converts seconds to SM cycles.
    DeviceMemory(const HighBandwidthMemoryParameters& parameters, double clock_hz);

    /// Books `bytes` at `address`, asked for in cycle `arrival`; returns the cycle in which they are back at the L2, or
    /// in which the memory has taken them (the caller need not wait for that). `share`: the part of the traffic
    /// that is charged, below 1 if other SMs ask for the same bytes. Calls come with `now` that does not decrease.
    double read(std::uint64_t address, double bytes, double share, double arrival, double now);
    void write(std::uint64_t address, double bytes, double arrival, double now);

    [[nodiscard]] double read_bytes() const { return read_bytes_; }
    [[nodiscard]] double written_bytes() const { return written_bytes_; }
    [[nodiscard]] double activations() const { return activations_; }

  private:
    struct Bank {
        std::uint64_t row = ~std::uint64_t{0};  ///< the open one
        double open_from = 0;                   ///< from when on its columns can be accessed
        double next_activation = 0;             ///< not before this cycle
    };
    struct Channel {
        BookingCalendar bus;          ///< bytes
        BookingCalendar activations;  ///< of rows
    };

    double transfer(std::uint64_t address, double bytes, double share, double arrival, double now);

    Divisor banks_per_channel_;
    Divisor row_bytes_;
    Divisor channel_count_;
    double row_cycle_;  ///< cycles, as the next three
    double row_open_;
    double activation_interval_;  ///< of one channel
    double latency_behind_row_;
    std::vector<Channel> channels_;
    std::vector<Bank> banks_;  ///< by channel, then bank
    double read_bytes_ = 0;
    double written_bytes_ = 0;
    double activations_ = 0;
};

}  // namespace stcsim
