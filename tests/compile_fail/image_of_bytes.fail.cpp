// expected-error: scorecam: an image is a tensor_view<.*elements of another type than the model's value_type \(pixels of uint8
#include "program.hpp"

int main() { try_to_explain<working_model, working_backend, scorecam::tensor_view<unsigned char const, 3>>(); }
