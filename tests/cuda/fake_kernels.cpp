// What scorecam::cuda_kernels has, for the made-up device.
#include "cuda/fake_launch.hpp"

#include "all_work.hpp"
