#include "cuda/stream_times.h"

namespace stcsim {

void* StreamTimes::create_stream(const Stream& stream) {
    auto created = std::make_unique<Stream>(stream);
    void* const handle = created.get();
    streams_[handle] = std::move(created);
    return handle;
}

bool StreamTimes::destroy_stream(void* handle) {
    return streams_.erase(handle) != 0;
}

const StreamTimes::Stream* StreamTimes::stream(void* handle) const {
    constexpr std::uintptr_t last_named = 2;
    if (reinterpret_cast<std::uintptr_t>(handle) <= last_named) return &default_stream_;
    const auto at = streams_.find(handle);
    return at == streams_.end() ? nullptr : at->second.get();
}

void* StreamTimes::create_event(bool timed) {
    auto created = std::make_unique<Event>();
    created->timed = timed;
    void* const handle = created.get();
    events_[handle] = std::move(created);
    return handle;
}

bool StreamTimes::destroy_event(void* handle) {
    return events_.erase(handle) != 0;
}

CudaError StreamTimes::record(void* event) {
    const auto at = events_.find(event);
    if (at == events_.end()) return cuda_invalid_resource_handle;
    at->second->at_us = now_us_;
    return cuda_success;
}

CudaError StreamTimes::elapsed(float& milliseconds, void* start, void* end) const {
    const auto first = events_.find(start);
    const auto last = events_.find(end);
    if (first == events_.end() || last == events_.end()) return cuda_invalid_resource_handle;
    const Event& a = *first->second;
    const Event& b = *last->second;
    if (!a.timed || !b.timed || !a.at_us || !b.at_us) return cuda_invalid_resource_handle;
    milliseconds = static_cast<float>((*b.at_us - *a.at_us) / 1e3);
    return cuda_success;
}

}  // namespace stcsim
