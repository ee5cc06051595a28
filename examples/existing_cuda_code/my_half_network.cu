#include "my_half_network.hpp"

namespace {

using network = my_half_network;

__global__ void block_means(__half const* images, __half* activations)
{
    __half const* image = images + blockIdx.x * network::side * network::side * network::channels;
    int const row       = static_cast<int>(threadIdx.y) * 4;
    int const column    = static_cast<int>(threadIdx.x) * 4 * network::channels;
    float sum           = 0;
    for (int y = 0; y < 4; ++y) {
        for (int x = 0; x < 4 * network::channels; ++x) {
            sum += __half2float(image[(row + y) * network::side * network::channels + column + x]);
        }
    }
    float const mean = sum / (16 * network::channels);
    __half* out      = activations + blockIdx.x * network::features + (threadIdx.y * 3 + threadIdx.x) * 2;
    out[0]           = __float2half(fmaxf(mean, 0.F));
    out[1]           = __float2half(fmaxf(-mean, 0.F));
}

__global__ void add_up(__half const* activations, float* logits)
{
    __half const* first = activations + blockIdx.x * network::features + threadIdx.x;
    float sum           = 0;
    for (int i = 0; i < 9; ++i) { sum += __half2float(first[i * network::classes]); }
    logits[blockIdx.x * network::classes + threadIdx.x] = sum;
}

}  // namespace

my_half_network::my_half_network()
{
    cudaMalloc(&activations, sizeof(__half) * batch * features);
    cudaMalloc(&logits, sizeof(float) * batch * classes);
}
my_half_network::~my_half_network()
{
    cudaFree(activations);
    cudaFree(logits);
}

void my_half_network::run(__half const* images, int n, cudaStream_t stream)
{
    block_means<<<n, dim3(3, 3), 0, stream>>>(images, activations);
    add_up<<<n, classes, 0, stream>>>(activations, logits);
}
