#pragma once
// The same in half, with the channels last: a network for tensor cores, say. Its input is (n, 12, 12, 3), its features
// (n, 3, 3, 2); its two logits are floats.
#include <cuda_fp16.h>
#include <cuda_runtime_api.h>

struct my_half_network {
    static constexpr int side     = 12;
    static constexpr int channels = 3;
    static constexpr int features = 3 * 3 * 2;
    static constexpr int classes  = 2;
    static constexpr int batch    = 64;  // the largest

    my_half_network();
    ~my_half_network();
    my_half_network(my_half_network&&) = delete;

    /// Enqueues n images; fills activations (n, 3, 3, 2) and logits (n, 2), both on the device.
    void run(__half const* images, int n, cudaStream_t stream);

    __half* activations = nullptr;
    float* logits       = nullptr;
};
