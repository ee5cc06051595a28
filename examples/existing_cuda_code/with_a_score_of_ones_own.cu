// A source file for nvcc: a score of one's own becomes a kernel here.
#include <cstdio>
#include <vector>

#include <scorecam/cuda/backend.hpp>
#include <scorecam/cuda/stream.hpp>

#include "my_adapter.hpp"

/// How far class c is ahead of the other one.
struct margin {
    template <class Row>
    SCORECAM_HD auto operator()(Row outputs, scorecam::index_t c) const
    {
        return outputs[c] - outputs[1 - c];
    }
};

int main()
try {
    scorecam::cuda::stream const stream;
    scorecam::cuda::backend on{stream.get()};
    my_cuda_network network;
    my_adapter model{network};

    std::vector<float> picture(12 * 12);
    picture[5 * 12 + 6] = 1;
    auto const memory   = on.allocate<float>(12 * 12);
    scorecam::tensor_view<float, 3, scorecam::cuda_space> const image{memory.data(), 1, 12, 12};
    on.from_host(picture.data(), image);

    auto const found = scorecam::explain(on, model, image, scorecam::target{0}, scorecam::score_by{margin{}});
    std::printf("ahead by %.3f under the first mask\n", static_cast<double>(found.scores(0, 0, 0)));
} catch (scorecam::error const& e) {  // there is no GPU, for instance
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
