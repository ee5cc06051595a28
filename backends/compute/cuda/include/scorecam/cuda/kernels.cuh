#pragma once
// Kernels for work of any type: what launch() is in a source file that nvcc compiles. Included by launch.hpp.
#include <cuda_runtime.h>

#include <scorecam/cuda/error.hpp>
#include <scorecam/cuda/launch.hpp>

namespace scorecam::cuda {

/// A thread of a block of the device.
class block_lane {
public:
    __device__ explicit block_lane(void* shared) : shared_{shared} {}
    [[nodiscard]] __device__ index_t rank() const { return threadIdx.x; }
    [[nodiscard]] __device__ index_t size() const { return blockDim.x; }
    __device__ void sync() const { __syncthreads(); }
    [[nodiscard]] __device__ void* shared() const { return shared_; }

private:
    void* shared_;
};

template <bulk_work Work>
__global__ void __launch_bounds__(bulk_threads) bulk_kernel(__grid_constant__ Work const work)
{
    run_share(work, {blockIdx.y, gridDim.y, blockIdx.x * blockDim.x + threadIdx.x, gridDim.x * blockDim.x});
}

template <row_work Work>
__global__ void __launch_bounds__(row_threads) row_kernel(__grid_constant__ Work const work)
{
    __shared__ alignas(bytes_per_lane) unsigned char shared[row_threads * bytes_per_lane];
    run_rows(work, team<block_lane>{block_lane{shared}}, blockIdx.x, gridDim.x);
}

template <class Work>
void launch(Work const& work, cudaStream_t stream)
{
    static_assert(
        bulk_work<Work> || row_work<Work>,
        "scorecam: work for a device is trivially copyable, with outer(), inner() and (o, i), or rows() and (row, team)");
    auto const grid = grid_of(work);
    if (grid.x == 0 || grid.y == 0) { return; }
    if constexpr (bulk_work<Work>) {
        bulk_kernel<<<dim3{grid.x, grid.y}, bulk_threads, 0, stream>>>(work);
    } else {
        row_kernel<<<grid.x, row_threads, 0, stream>>>(work);
    }
    check(cudaGetLastError(), "launching a kernel");
}

}  // namespace scorecam::cuda
