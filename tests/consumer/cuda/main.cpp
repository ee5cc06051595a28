// The CUDA backend of an installed scorecam, and its networks on cuDNN, compiled without nvcc and linked with its kernels;
// run as far as the machine can.
#include <cstdio>

#include <scorecam/cuda/backend.hpp>
#include <scorecam/cuda/stream.hpp>
#if defined(HAS_CUDNN)
#include <scorecam/cudnn/network.hpp>
#endif

int main()
{
#if defined(HAS_CUDNN)
    try {
        scorecam::cudnn::network const network{"none.onnx", {3, 8, 8}};
        return 1;
    } catch (scorecam::model_error const& e) {
        std::puts(e.what());
    }
#endif
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
        std::puts("no GPU");
        return 0;
    }
#if defined(HAS_KERNELS)
    scorecam::cuda::stream const stream;
    scorecam::cuda::backend on{stream.get()};
    auto const outputs = on.allocate<float>(3);
    auto const best    = on.allocate<scorecam::index_t>(1);
    float const host[] = {1, 3, 2};
    on.from_host(host, scorecam::tensor_view<float, 1, scorecam::cuda_space>{outputs.data(), 3});
    on.top(scorecam::tensor_view<float const, 2, scorecam::cuda_space>{outputs.data(), 1, 3},
           scorecam::tensor_view<scorecam::index_t, 2, scorecam::cuda_space>{best.data(), 1, 1});
    scorecam::index_t found = 0;
    on.to_host(scorecam::tensor_view<scorecam::index_t const, 1, scorecam::cuda_space>{best.data(), 1}, &found);
    on.wait();
    return found == 1 ? 0 : 1;
#else
    return 0;
#endif
}
