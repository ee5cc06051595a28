// expected-error: scorecam: an image is a tensor_view<.*in the backend's memory
#include "program.hpp"

int main() { try_to_explain<working_model, working_backend, scorecam::tensor_view<float const, 3, elsewhere>>(); }
