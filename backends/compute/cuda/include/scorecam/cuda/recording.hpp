#pragma once
// Work on a stream as a CUDA graph: recorded once, enqueued again with one call.
#include <memory>
#include <type_traits>
#include <utility>

#include <cuda_runtime_api.h>

#include <scorecam/cuda/error.hpp>

namespace scorecam::cuda {

/// What was enqueued while it was recorded; false if that could not be recorded. It may be destroyed while it runs.
class recording {
public:
    recording() = default;

    /// Records what work() enqueues on the stream; nothing of it runs. Where work() does what a graph cannot have (it waits,
    /// or lets another stream go on from this one and does not wait for it), and on the legacy stream, which records
    /// nothing, the recording is false. What work() throws for another reason is thrown. What it enqueues on a stream that
    /// has nothing to do with this one is run, once, and is no part of the recording.
    template <class Work>
    [[nodiscard]] static recording of(cudaStream_t stream, Work const& work)
    {
        auto const begun = cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
        if (begun == cudaErrorStreamCaptureUnsupported) {
            forget(begun);
            return {};
        }
        check(begun, "beginning to record");
        try {
            work();
        } catch (...) {
            if (end(stream).second != cudaErrorStreamCaptureInvalidated) { throw; }
            return {};
        }
        auto [graph, status] = end(stream);
        if (status == cudaErrorStreamCaptureInvalidated || status == cudaErrorStreamCaptureUnjoined) { return {}; }
        check(status, "recording");
        cudaGraphExec_t made = nullptr;
        check(cudaGraphInstantiate(&made, graph.get(), 0), "making a graph");
        recording recorded;
        recorded.stream_ = stream;
        recorded.ready_  = {made, destroy_ready{std::move(graph)}};
        return recorded;
    }

    explicit operator bool() const noexcept { return ready_ != nullptr; }
    /// Enqueues it all.
    void replay() const { check(cudaGraphLaunch(ready_.get(), stream_), "replaying a graph"); }

private:
    struct destroy {
        void operator()(cudaGraph_t graph) const noexcept { static_cast<void>(cudaGraphDestroy(graph)); }
    };
    using graph_owner = std::unique_ptr<std::remove_pointer_t<cudaGraph_t>, destroy>;
    /// Before the graph that it was made of: memory that is allocated in it is the graph's.
    struct destroy_ready {
        graph_owner made_of;
        void operator()(cudaGraphExec_t graph) const noexcept { static_cast<void>(cudaGraphExecDestroy(graph)); }
    };

    /// Ends it in any case, and leaves no error behind.
    static std::pair<graph_owner, cudaError_t> end(cudaStream_t stream)
    {
        cudaGraph_t graph = nullptr;
        auto const status = cudaStreamEndCapture(stream, &graph);
        forget(status);
        return {graph_owner{graph}, status};
    }

    cudaStream_t stream_ = nullptr;
    std::unique_ptr<std::remove_pointer_t<cudaGraphExec_t>, destroy_ready> ready_;
};

}  // namespace scorecam::cuda
