#pragma once
// Where a backend's device memory comes from.
#include <concepts>
#include <cstddef>

#include <cuda_runtime_api.h>

#include <scorecam/cuda/error.hpp>

namespace scorecam::cuda {

/// A source of device memory, in the order of a stream. Copied freely: what has state is referred to.
/// - `allocate(bytes, stream)`              usable by what is enqueued on the stream from now on; throws out_of_memory if
///                                          there is none; aligned to 256 bytes, as the runtime's; 0 bytes may be null
/// - `deallocate(pointer, bytes, stream)`   gives it back when all that was enqueued before is done; does not throw
template <class R>
concept memory_resource = std::copyable<R> && requires(R r, void* memory, std::size_t bytes, cudaStream_t stream) {
    { r.allocate(bytes, stream) } -> std::same_as<void*>;
    { r.deallocate(memory, bytes, stream) } noexcept;
};

/// The runtime's own pool of the current device. It waits for nothing. What is given back goes to the driver whenever
/// somebody waits, unless the caller raises the pool's cudaMemPoolAttrReleaseThreshold: an explainer that is kept needs
/// nothing anew.
struct stream_ordered_memory {
    [[nodiscard]] void* allocate(std::size_t bytes, cudaStream_t stream) const
    {
        void* memory = nullptr;
        if (bytes > 0) { check_allocation(cudaMallocAsync(&memory, bytes, stream), bytes); }
        return memory;
    }
    void deallocate(void* memory, std::size_t, cudaStream_t stream) const noexcept
    {
        if (memory != nullptr) { forget(cudaFreeAsync(memory, stream)); }
    }
};

static_assert(memory_resource<stream_ordered_memory>);

}  // namespace scorecam::cuda
