// expected-error: scorecam: a model names its element type, float or double
#include "program.hpp"

struct nameless {
    using space_type = scorecam::host_space;
    scorecam::image_shape input_shape() const;
    scorecam::tensor_view<float const, 2> forward(scorecam::tensor_view<float const, 4>);
    scorecam::captured<float> capture(scorecam::tensor_view<float const, 4>);
};

int main() { try_to_explain<nameless>(); }
