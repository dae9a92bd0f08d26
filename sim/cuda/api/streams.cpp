/// Streams and events.
#include "cuda/api/call.h"

namespace stcsim {
namespace {

/// An event without times (cudaEventDisableTiming).
constexpr std::uint32_t event_without_timing = 2;

template <typename Body>
CudaError on_stream(void* stream, Body&& body) {
    return call([&](CudaRuntime& runtime) {
        const StreamTimes::Stream* const known = runtime.times().stream(stream);
        if (known == nullptr) return cuda_invalid_resource_handle;
        return body(runtime, *known);
    });
}

CudaError check_stream(void* stream) {
    return on_stream(stream, [](CudaRuntime&, const StreamTimes::Stream&) { return cuda_success; });
}

/// The host knows that the stream's work has ended.
CudaError synchronise_stream(void* stream) {
    return on_stream(stream, [](CudaRuntime& runtime, const StreamTimes::Stream&) {
        runtime.synchronise();
        return cuda_success;
    });
}

CudaError check_event(void* event) {
    return call([&](CudaRuntime& runtime) {
        return runtime.times().is_event(event) ? cuda_success : cuda_invalid_resource_handle;
    });
}

/// The host knows that the event has come to pass.
CudaError synchronise_event(void* event) {
    return call([&](CudaRuntime& runtime) {
        if (!runtime.times().is_event(event)) return cuda_invalid_resource_handle;
        runtime.synchronise();
        return cuda_success;
    });
}

CudaError create_stream(void** stream, const StreamTimes::Stream& kind) {
    return call([&](CudaRuntime& runtime) {
        if (stream == nullptr) return cuda_invalid_value;
        *stream = runtime.times().create_stream(kind);
        return cuda_success;
    });
}

}  // namespace
}  // namespace stcsim

using namespace stcsim;

extern "C" {

CudaError cudaStreamCreate(void** stream) {
    return create_stream(stream, {});
}
CudaError cudaStreamCreateWithFlags(void** stream, std::uint32_t flags) {
    return create_stream(stream, {flags, 0});
}
CudaError cudaStreamCreateWithPriority(void** stream, std::uint32_t flags, int priority) {
    return create_stream(stream, {flags, priority});
}

CudaError cudaStreamDestroy(void* stream) {
    return call([&](CudaRuntime& runtime) {
        return runtime.times().destroy_stream(stream) ? cuda_success : cuda_invalid_resource_handle;
    });
}

CudaError cudaStreamSynchronize(void* stream) {
    return synchronise_stream(stream);
}
CudaError cudaStreamQuery(void* stream) {
    return synchronise_stream(stream);
}

CudaError cudaStreamWaitEvent(void* stream, void* event, std::uint32_t) {
    const CudaError error = check_event(event);
    return error != cuda_success ? error : check_stream(stream);
}

CudaError cudaStreamGetFlags(void* stream, std::uint32_t* flags) {
    return on_stream(stream, [&](CudaRuntime&, const StreamTimes::Stream& known) {
        *flags = known.flags;
        return cuda_success;
    });
}

CudaError cudaStreamGetPriority(void* stream, int* priority) {
    return on_stream(stream, [&](CudaRuntime&, const StreamTimes::Stream& known) {
        *priority = known.priority;
        return cuda_success;
    });
}

CudaError cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
    if (least != nullptr) *least = 0;
    if (greatest != nullptr) *greatest = 0;
    return cuda_success;
}

CudaError cudaStreamGetId(void* stream, unsigned long long* id) {
    return on_stream(stream, [&](CudaRuntime&, const StreamTimes::Stream&) {
        *id = reinterpret_cast<std::uintptr_t>(stream);
        return cuda_success;
    });
}
CudaError cudaStreamGetDevice(void* stream, int* device) {
    *device = 0;
    return check_stream(stream);
}
CudaError cudaStreamCopyAttributes(void* to, void* from) {
    const CudaError error = check_stream(to);
    return error != cuda_success ? error : check_stream(from);
}

// No stream is ever captured: what begins a capture is not supported. The toolkits' versions of GetCaptureInfo differ
// in what follows the status, which has a meaning for captured streams only.
CudaError cudaStreamGetCaptureInfo(void* stream, std::uint32_t* status) {
    *status = 0;
    return check_stream(stream);
}
/// The mode says what a capture elsewhere forbids this thread.
CudaError cudaThreadExchangeStreamCaptureMode(std::uint32_t* mode) {
    thread_local std::uint32_t current = 0;
    std::swap(*mode, current);
    return cuda_success;
}
CudaError cudaStreamIsCapturing(void* stream, std::uint32_t* status) {
    *status = 0;
    return check_stream(stream);
}

/// An access policy or a priority: both are hints.
CudaError cudaStreamSetAttribute(void* stream, std::uint32_t, const void*) {
    return check_stream(stream);
}

CudaError cudaLaunchHostFunc(void* stream, void (*function)(void*), void* data) {
    const CudaError error = synchronise_stream(stream);
    if (error == cuda_success) function(data);
    return error;
}

CudaError cudaStreamAddCallback(void* stream, void (*function)(void*, CudaError, void*), void* data, std::uint32_t) {
    const CudaError error = synchronise_stream(stream);
    if (error == cuda_success) function(stream, cuda_success, data);
    return error;
}

CudaError cudaEventCreateWithFlags(void** event, std::uint32_t flags) {
    return call([&](CudaRuntime& runtime) {
        if (event == nullptr) return cuda_invalid_value;
        *event = runtime.times().create_event((flags & event_without_timing) == 0);
        return cuda_success;
    });
}
CudaError cudaEventCreate(void** event) {
    return cudaEventCreateWithFlags(event, 0);
}

CudaError cudaEventDestroy(void* event) {
    return call([&](CudaRuntime& runtime) {
        return runtime.times().destroy_event(event) ? cuda_success : cuda_invalid_resource_handle;
    });
}

CudaError cudaEventRecord(void* event, void* stream) {
    return on_stream(stream,
                     [&](CudaRuntime& runtime, const StreamTimes::Stream&) { return runtime.times().record(event); });
}
CudaError cudaEventRecordWithFlags(void* event, void* stream, std::uint32_t) {
    return cudaEventRecord(event, stream);
}

CudaError cudaEventQuery(void* event) {
    return synchronise_event(event);
}
CudaError cudaEventSynchronize(void* event) {
    return synchronise_event(event);
}

CudaError cudaEventElapsedTime(float* milliseconds, void* start, void* end) {
    return call([&](CudaRuntime& runtime) {
        return milliseconds == nullptr ? cuda_invalid_value : runtime.times().elapsed(*milliseconds, start, end);
    });
}

}  // extern "C"
