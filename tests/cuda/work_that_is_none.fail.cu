// expected-error: scorecam: work for a device is trivially copyable
#include <scorecam/cuda/launch.hpp>

struct nothing {};

void launch(cudaStream_t stream) { scorecam::cuda::launch(nothing{}, stream); }
