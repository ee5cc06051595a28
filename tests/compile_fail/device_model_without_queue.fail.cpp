// expected-error: scorecam: a model has forward\(.* on a device it takes the queue, as space_type::queue_type
#include "program.hpp"

struct device_model {
    using value_type = float;
    using space_type = elsewhere;
    using batch_type = scorecam::tensor_view<float const, 4, elsewhere>;

    scorecam::image_shape input_shape() const { return {{3, 4, 4}}; }
    scorecam::tensor_view<float const, 2, elsewhere> forward(batch_type) { return {}; }
    scorecam::captured<float, elsewhere> capture(batch_type) { return {}; }
};

int main() { try_to_explain<device_model>(); }
