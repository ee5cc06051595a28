// scorecam::cuda_kernels: all the work of the backend, for programs that are not compiled by nvcc.
#include <scorecam/cuda/launch.hpp>

#include "all_work.hpp"
