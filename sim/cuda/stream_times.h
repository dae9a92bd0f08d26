/// Streams and events of a program whose work is done at once, in the order in which it is asked for.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "cuda/runtime_types.h"

namespace stcsim {

/// Every launch ends before the call that makes it returns, whatever its stream: what a program may see of streams is
/// then right, except that launches never overlap. An event's time is the simulated time of the launches before it.
class StreamTimes {
  public:
    struct Stream {
        std::uint32_t flags = 0;
        std::int32_t priority = 0;
    };

    /// A handle as programs hold it.
    void* create_stream(const Stream& stream);
    bool destroy_stream(void* handle);
    /// The stream of this handle; the default one for the null handle and the two with names of their own
    /// (cudaStreamLegacy is 1, cudaStreamPerThread 2). Null for others.
    [[nodiscard]] const Stream* stream(void* handle) const;

    void* create_event(bool timed);
    bool destroy_event(void* handle);
    [[nodiscard]] bool is_event(void* handle) const { return events_.contains(handle); }
    CudaError record(void* event);
    /// Milliseconds between two recorded, timed events.
    CudaError elapsed(float& milliseconds, void* start, void* end) const;

    /// Moves the clock on by the time of a launch.
    void pass(double microseconds) { now_us_ += microseconds; }
    [[nodiscard]] double now_us() const { return now_us_; }

  private:
    struct Event {
        bool timed = true;
        std::optional<double> at_us;
    };

    double now_us_ = 0;
    Stream default_stream_;
    std::map<void*, std::unique_ptr<Stream>> streams_;
    std::map<void*, std::unique_ptr<Event>> events_;
};

}  // namespace stcsim
