// expected-error: scorecam: the model and the backend live in different memory
#include "program.hpp"

struct device_model : working_model {
    using space_type = elsewhere;
    using batch_type = scorecam::tensor_view<float const, 4, elsewhere>;
    scorecam::tensor_view<float const, 2, elsewhere> forward(batch_type, int) { return {}; }
    scorecam::captured<float, elsewhere> capture(batch_type, int) { return {}; }
};

int main() { try_to_explain<device_model>(); }
