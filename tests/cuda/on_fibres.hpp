#pragma once
// Work for a device, run as a kernel would run it: a grid of blocks, one after the other.
#include <cstdint>

#include <scorecam/cuda/launch.hpp>

#include "cuda/fibres.hpp"

namespace fibres {

/// How a grid is cut: few blocks, so that each has several rows and several turns.
struct grid_choice {
    scorecam::cuda::grid_size largest{3, 2};
    unsigned threads = 5;
    unsigned seed    = 1;
};

template <class Work>
void run(Work const& work, grid_choice const& how = {})
{
    namespace cuda = scorecam::cuda;
    if constexpr (cuda::bulk_work<Work>) {
        auto const grid = cuda::grid_of(work, how.largest, how.threads);
        for (unsigned y = 0; y < grid.y; ++y) {
            for (std::uint32_t first = 0; first < grid.x * how.threads; ++first) {
                cuda::run_share(work, {y, grid.y, first, grid.x * how.threads});
            }
        }
    } else {
        auto const grid = cuda::grid_of(work, how.largest);
        for (unsigned x = 0; x < grid.x; ++x) {
            block threads{how.threads, how.seed + x};
            threads.run([&](lane one) { cuda::run_rows(work, cuda::team<lane>{one}, x, grid.x); });
        }
    }
}

}  // namespace fibres
