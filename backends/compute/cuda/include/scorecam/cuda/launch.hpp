#pragma once
// The one door to the device: launch(work, stream). A piece of work is a plain struct with what it reads and writes.
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include <cuda_runtime_api.h>

#include <scorecam/config.hpp>
#include <scorecam/cuda/team.hpp>
#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cuda {

/// Independent items: work(o, i) for each 0 <= o < outer() and 0 <= i < inner(), by one thread each.
template <class W>
concept bulk_work = std::is_trivially_copyable_v<W> && requires(W const work, index_t o, std::uint32_t i) {
    { work.outer() } -> std::same_as<index_t>;
    { work.inner() } -> std::same_as<index_t>;
    work(o, i);
};

/// Rows that several threads share: work(row, team) for each 0 <= row < rows(), by one block each. See team.hpp.
template <class W>
concept row_work = std::is_trivially_copyable_v<W> && requires(W const work) {
    { work.rows() } -> std::same_as<index_t>;
};

/// Enqueues the work on the stream and does not wait. Throws cuda_error.
///
/// In a source file compiled by nvcc it launches a kernel (kernels.cuh), for work of any type. Elsewhere it is declared here
/// alone: the library scorecam::cuda_kernels has it for float and double, for batches of __half and __nv_bfloat16 beside
/// float, and all that the library ships, so that a linker that misses one names a score, a weighting or an element of the
/// caller's own. Tests have one of their own.
template <class Work>
void launch(Work const& work, cudaStream_t stream);

// ---- how work is spread over a grid of blocks; the same on the device and in tests

/// Blocks along x and along y.
struct grid_size {
    unsigned x;
    unsigned y;
};
/// What a device can launch at once; what is left is done by turns.
inline constexpr grid_size largest_grid{2147483647U, 65535U};

inline constexpr unsigned bulk_threads = 256;
inline constexpr unsigned row_threads  = 128;

/// Throws shape_error if an item has no 32-bit number.
template <bulk_work Work>
[[nodiscard]] grid_size grid_of(Work const& work, grid_size largest = largest_grid, unsigned threads = bulk_threads)
{
    if (work.inner() > std::numeric_limits<std::int32_t>::max()) {
        throw shape_error{"a map of " + std::to_string(work.inner()) +
                          " positions; a CUDA backend numbers 2147483647 at most"};
    }
    index_t const blocks = (work.inner() + threads - 1) / threads;
    return {static_cast<unsigned>(std::min<index_t>(blocks, largest.x)),
            static_cast<unsigned>(std::min<index_t>(work.outer(), largest.y))};
}
template <row_work Work>
[[nodiscard]] grid_size grid_of(Work const& work, grid_size largest = largest_grid)
{
    return {static_cast<unsigned>(std::min<index_t>(work.rows(), largest.x)), 1};
}

/// One thread's share of a grid: items first, first + step ... of each outer index block, block + blocks ...
struct bulk_share {
    index_t block;
    index_t blocks;
    std::uint32_t first;
    std::uint32_t step;
};
template <bulk_work Work>
SCORECAM_HD void run_share(Work const& work, bulk_share const& mine)
{
    auto const inner = static_cast<std::uint32_t>(work.inner());  // below 2^31, as is the step: their sum does not overflow
    for (index_t o = mine.block; o < work.outer(); o += mine.blocks) {
        for (std::uint32_t i = mine.first; i < inner; i += mine.step) { work(o, i); }
    }
}

/// One block's share: rows block, block + blocks ...
template <row_work Work, class Team>
SCORECAM_HD void run_rows(Work const& work, Team const& together, index_t block, index_t blocks)
{
    for (index_t row = block; row < work.rows(); row += blocks) { work(row, together); }
}

}  // namespace scorecam::cuda

#if defined(__CUDACC__)
#include <scorecam/cuda/kernels.cuh>
#endif
