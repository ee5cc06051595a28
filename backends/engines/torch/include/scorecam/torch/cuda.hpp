#pragma once
// Networks on a CUDA device, on the caller's stream: basic_network<2, cuda_space>, make_model<cuda_space>(...).
//
// Compiled against CUDA's headers, but never run: no machine with a GPU was at hand. Without a Torch made for CUDA, or
// without CUDA's headers, there is nothing here.
#include <concepts>

#include <scorecam/tensor_view.hpp>
#include <scorecam/torch/tensors.hpp>

#if __has_include(<c10/cuda/impl/cuda_cmake_macros.h>) && __has_include(<cuda_runtime_api.h>)
#define SCORECAM_TORCH_HAS_CUDA
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#endif

#if defined(SCORECAM_TORCH_HAS_CUDA)

namespace scorecam::torch {

/// scorecam::cuda_space, or a space of the caller's own with such a queue.
template <space Space>
    requires(!Space::host_accessible && std::convertible_to<typename Space::queue_type, CUstream_st*>)
struct memory<Space> {
    /// Torch's work is enqueued on the caller's stream while it lives. So is the memory that results take, and gives back.
    class on_queue {
    public:
        on_queue(at::Device device, CUstream_st* stream) : guard_{c10::cuda::getStreamFromExternal(stream, device.index())}
        {
        }

    private:
        c10::cuda::CUDAStreamGuard guard_;
    };
    [[nodiscard]] static at::Device device() { return {at::kCUDA, c10::cuda::current_device()}; }
    static void wait() { c10::cuda::device_synchronize(); }
};

}  // namespace scorecam::torch

#endif
