/// Bandwidth by bookings: who asks learns at once when its turn is over.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace stcsim {

/// A resource that moves so many units (bytes, activations) a cycle, booked in bins of a few cycles. A booking takes
/// what is left of the bins from the cycle on in which it is ready, so that one that is ready late does not delay one
/// that is booked after it but ready earlier. Within a bin the order is that of the bookings.
class BookingCalendar {
  public:
    /// `bin_units`: how much a bin holds at least; bookings are of that order or smaller.
    BookingCalendar(double units_per_cycle, double bin_units)
        : rate_(units_per_cycle),
          width_(std::exp2(std::ceil(std::log2(std::max(1.0, bin_units / units_per_cycle))))),
          inverse_width_(1 / width_),
          capacity_(static_cast<float>(width_ * rate_)),
          bins_(initial_bins) {}

    /// Books `units` that are ready in cycle `ready`; returns the cycle, not rounded, in which the last of them has
    /// passed. `now` tells which bins are over: it never decreases from call to call, and `ready` is not before it.
    double book(double ready, double units, double now) {
        const std::uint64_t past = bin_of(now);
        std::uint64_t number = bin_of(ready);
        auto left = static_cast<float>(units);
        double end = ready;
        while (true) {
            Bin& bin = at(number, past);
            const float taken = std::min(left, capacity_ - bin.used);
            if (taken > 0) {
                end = std::max(ready,
                               static_cast<double>(static_cast<std::int64_t>(number)) * width_ + bin.used / rate_) +
                      taken / rate_;
                bin.used += taken;
                left -= taken;
                if (left <= 0) break;
                bin.used = capacity_;
            }
            number = next_of_full(number, bin.skip, past);
        }
        return end;
    }

  private:
    struct Bin {
        std::uint32_t number = 0;  ///< the low bits
        float used = 0;
        std::uint32_t skip = 1;  ///< of a full bin: to the next that may have room
    };
    static constexpr std::size_t initial_bins = 32;

    // By way of signed numbers, which processors convert in one instruction.
    [[nodiscard]] std::uint64_t bin_of(double cycle) const {
        return static_cast<std::uint64_t>(static_cast<std::int64_t>(cycle * inverse_width_));
    }

    /// The bin to look at behind a full one. If that is full too, the full one learns of what is behind it: long runs
    /// of full bins are passed in a few steps.
    std::uint64_t next_of_full(std::uint64_t number, std::uint32_t skip, std::uint64_t past) {
        const Bin& next = at(number + skip, past);
        if (next.used < capacity_) return number + skip;
        const std::uint32_t longer = skip + next.skip;
        at(number, past).skip = longer;
        return number + longer;
    }

    Bin& at(std::uint64_t number, std::uint64_t past) {
        while (number - past > mask_) grow(past);
        Bin& bin = bins_[number & mask_];
        if (bin.number != static_cast<std::uint32_t>(number)) {
            bin = {.number = static_cast<std::uint32_t>(number), .used = 0, .skip = 1};
        }
        return bin;
    }

    /// Doubles the ring; bins before `past` are dropped.
    void grow(std::uint64_t past) {
        std::vector<Bin> bins(2 * bins_.size());
        for (std::uint64_t number = past; number < past + bins_.size(); ++number) {
            const Bin& bin = bins_[number & (bins_.size() - 1)];
            if (bin.number == static_cast<std::uint32_t>(number)) bins[number & (bins.size() - 1)] = bin;
        }
        bins_ = std::move(bins);
        mask_ = bins_.size() - 1;
    }

    double rate_;
    double width_;  ///< cycles, a power of two
    double inverse_width_;
    float capacity_;         ///< units
    std::vector<Bin> bins_;  ///< a ring; a power of two
    std::uint64_t mask_ = initial_bins - 1;
};

}  // namespace stcsim
