#pragma once
// Streams and events with an owner.
#include <memory>
#include <type_traits>

#include <cuda_runtime_api.h>

#include <scorecam/cuda/error.hpp>

namespace scorecam::cuda {

/// Whether work on the stream is recorded as a graph and not run, see recording.hpp.
[[nodiscard]] inline bool is_recorded(cudaStream_t stream)
{
    auto status = cudaStreamCaptureStatusNone;
    check(cudaStreamIsCapturing(stream, &status), "asking whether a stream is recorded");
    return status == cudaStreamCaptureStatusActive;
}

/// A point in the work of a stream.
class event {
public:
    event()
    {
        cudaEvent_t made = nullptr;
        check(cudaEventCreateWithFlags(&made, cudaEventDisableTiming), "making an event");
        event_.reset(made);
    }

    /// From now on it stands for all that is enqueued on the stream so far.
    void record(cudaStream_t stream) { check(cudaEventRecord(get(), stream), "recording an event"); }
    /// Where the stream is recorded, too, for work that is outside the recording: the event is then recorded by each replay.
    void record_outside(cudaStream_t stream)
    {
        if (!is_recorded(stream)) { return record(stream); }
        check(cudaEventRecordWithFlags(get(), stream, cudaEventRecordExternal), "recording an event");
    }
    /// Whether that work is done; true if nothing was recorded.
    [[nodiscard]] bool reached() const
    {
        auto const status = cudaEventQuery(get());
        if (status == cudaErrorNotReady) {
            static_cast<void>(cudaGetLastError());
            return false;
        }
        check(status, "asking for an event");
        return true;
    }
    /// Waits on the host until that work is done.
    void wait() const { check(cudaEventSynchronize(get()), "waiting for an event"); }

    [[nodiscard]] cudaEvent_t get() const noexcept { return event_.get(); }

private:
    struct destroy {
        void operator()(cudaEvent_t made) const noexcept { static_cast<void>(cudaEventDestroy(made)); }
    };
    std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, destroy> event_;
};

/// Work enqueued on `stream` from now on starts after the event. The host does not wait.
inline void start_after(cudaStream_t stream, event const& done)
{
    check(cudaStreamWaitEvent(stream, done.get(), cudaEventWaitDefault), "ordering a stream after an event");
}
/// Where the stream is recorded, too, of an event outside the recording: each replay waits for it as it is then.
inline void start_after_outside(cudaStream_t stream, event const& done)
{
    if (!is_recorded(stream)) { return start_after(stream, done); }
    check(cudaStreamWaitEvent(stream, done.get(), cudaEventWaitExternal), "ordering a stream after an event");
}

/// A queue of work on the current device, independent of the legacy default stream.
class stream {
public:
    stream()
    {
        cudaStream_t made = nullptr;
        check(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking), "making a stream");
        stream_.reset(made);
    }

    /// Waits on the host until all that was enqueued is done.
    void wait() const { check(cudaStreamSynchronize(get()), "waiting for a stream"); }

    [[nodiscard]] cudaStream_t get() const noexcept { return stream_.get(); }

private:
    struct destroy {
        void operator()(cudaStream_t made) const noexcept { static_cast<void>(cudaStreamDestroy(made)); }
    };
    std::unique_ptr<std::remove_pointer_t<cudaStream_t>, destroy> stream_;  // destroyed when its work is done
};

}  // namespace scorecam::cuda
