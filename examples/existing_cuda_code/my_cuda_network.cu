#include "my_cuda_network.hpp"

namespace {

__global__ void block_means(float const* images, float* activations)
{
    float const* image = images + blockIdx.x * my_cuda_network::side * my_cuda_network::side;
    int const row      = static_cast<int>(threadIdx.y) * 4;
    int const column   = static_cast<int>(threadIdx.x) * 4;
    float sum          = 0;
    for (int y = 0; y < 4; ++y) {
        for (int x = 0; x < 4; ++x) { sum += image[(row + y) * my_cuda_network::side + column + x]; }
    }
    float* out = activations + blockIdx.x * my_cuda_network::features + threadIdx.y * 3 + threadIdx.x;
    out[0]     = fmaxf(sum / 16, 0.F);
    out[3 * 3] = fmaxf(-sum / 16, 0.F);
}

__global__ void add_up(float const* activations, float* logits)
{
    float const* plane = activations + (blockIdx.x * my_cuda_network::classes + threadIdx.x) * 9;
    float sum          = 0;
    for (int i = 0; i < 9; ++i) { sum += plane[i]; }
    logits[blockIdx.x * my_cuda_network::classes + threadIdx.x] = sum;
}

}  // namespace

my_cuda_network::my_cuda_network()
{
    cudaMalloc(&activations, sizeof(float) * batch * features);
    cudaMalloc(&logits, sizeof(float) * batch * classes);
}
my_cuda_network::~my_cuda_network()
{
    cudaFree(activations);
    cudaFree(logits);
}

void my_cuda_network::run(float const* images, int n, cudaStream_t stream)
{
    block_means<<<n, dim3(3, 3), 0, stream>>>(images, activations);
    add_up<<<n, classes, 0, stream>>>(activations, logits);
}
