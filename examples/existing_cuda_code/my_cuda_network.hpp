#pragma once
// A network that is there already: CUDA code of one's own, which knows nothing of scorecam. Its input is one plane of 12 ×
// 12, its features are two planes of 3 × 3, the means of the blocks that are bright and of those that are dark; its two
// logits are the sums of the features.
#include <cuda_runtime_api.h>

struct my_cuda_network {
    static constexpr int side     = 12;
    static constexpr int features = 2 * 3 * 3;
    static constexpr int classes  = 2;
    static constexpr int batch    = 64;  // the largest

    my_cuda_network();
    ~my_cuda_network();
    my_cuda_network(my_cuda_network&&) = delete;

    /// Enqueues n images; fills activations (n, 2, 3, 3) and logits (n, 2), both on the device.
    void run(float const* images, int n, cudaStream_t stream);

    float* activations = nullptr;
    float* logits      = nullptr;
};
