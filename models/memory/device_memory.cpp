#include "memory/device_memory.h"

#include "memory/address_hash.h"

namespace stcsim {
namespace {

/// Activations that the rate is given for (JEDEC JESD235: the four-activate window).
constexpr double activations_per_window = 4;
/// What a bin of the calendars holds: small beside what queues, large beside a booking.
constexpr double bus_bin_bytes = 512;
constexpr double activation_bin = 4;

}  // namespace

DeviceMemory::DeviceMemory(const HighBandwidthMemoryParameters& parameters, double clock_hz)
    : banks_per_channel_(parameters.banks),
      row_bytes_(parameters.row_bytes.value()),
      channel_count_(parameters.channels),
      row_cycle_(parameters.row_cycle_seconds * clock_hz),
      row_open_(parameters.row_open_seconds * clock_hz),
      activation_interval_(parameters.activation_window_seconds * clock_hz / activations_per_window),
      latency_behind_row_(std::max(0.0, static_cast<double>(parameters.latency.value()) - row_open_)),
      channels_(parameters.channels,
                {BookingCalendar(parameters.bytes_per_second * parameters.efficiency / clock_hz / parameters.channels,
                                 bus_bin_bytes),
                 BookingCalendar(1 / activation_interval_, activation_bin)}),
      banks_(std::size_t{parameters.channels} * parameters.banks) {}

double DeviceMemory::transfer(std::uint64_t address, double bytes, double share, double arrival, double now) {
    const std::uint64_t row = row_bytes_.quotient(address);
    const std::size_t number = interleave(row, channel_count_);
    Channel& channel = channels_[number];
    Bank& bank = banks_[number * banks_per_channel_.value() + banks_per_channel_.remainder(hash_address(row))];
    if (bank.row != row) {
        const double bank_free = std::max(arrival, bank.next_activation);
        // The booking ends when the next activation may begin; this one begins an interval before.
        const double activated = channel.activations.book(bank_free, share, now) - activation_interval_ * share;
        bank.row = row;
        bank.next_activation = activated + row_cycle_ * share;
        bank.open_from = activated + row_open_;
        activations_ += share;
    }
    return channel.bus.book(std::max(arrival, bank.open_from), bytes * share, now);
}

double DeviceMemory::read(std::uint64_t address, double bytes, double share, double arrival, double now) {
    read_bytes_ += bytes * share;
    return transfer(address, bytes, share, arrival, now) + latency_behind_row_;
}

void DeviceMemory::write(std::uint64_t address, double bytes, double arrival, double now) {
    written_bytes_ += bytes;
    transfer(address, bytes, 1, arrival, now);
}

}  // namespace stcsim
