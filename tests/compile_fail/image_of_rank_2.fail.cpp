// expected-error: scorecam: an image is a tensor_view<value_type const, 3, space_type> \(C, H, W\)
#include "program.hpp"

int main() { try_to_explain<working_model, working_backend, scorecam::tensor_view<float const, 2>>(); }
