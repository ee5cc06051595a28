// expected-error: no instance|call of an object of a class type without appropriate operator
#include <scorecam/cuda/backend.hpp>

float first(scorecam::tensor_view<float, 1, scorecam::cuda_space> view) { return view(0); }
