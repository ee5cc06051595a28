// expected-error: no match(ing function)? for call to .*tensor_view<const float, 1, elsewhere>
#include "program.hpp"

float first(scorecam::tensor_view<float const, 1, elsewhere> on_device) { return on_device(0); }
