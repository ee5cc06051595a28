// An ordinary source file: the kernels come compiled, from scorecam::cuda_kernels.
#include <cstdio>
#include <vector>

#include <scorecam/cuda/backend.hpp>
#include <scorecam/cuda/stream.hpp>

#include "my_adapter.hpp"

int main()
try {
    scorecam::cuda::stream const stream;
    scorecam::cuda::backend on{stream.get()};
    my_cuda_network network;
    my_adapter model{network};

    std::vector<float> picture(12 * 12);
    picture[5 * 12 + 6] = 1;  // a bright spot
    auto const memory   = on.allocate<float>(12 * 12);
    scorecam::tensor_view<float, 3, scorecam::cuda_space> const image{memory.data(), 1, 12, 12};
    on.from_host(picture.data(), image);

    auto const found = scorecam::explain(on, model, image, scorecam::target{0}, scorecam::logit{});
    std::printf("%td forwards, and the spot has %.2f\n", found.forwards, static_cast<double>(found.map()(5, 6)));
} catch (scorecam::error const& e) {  // there is no GPU, for instance
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
}
