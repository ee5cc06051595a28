// expected-error: scorecam: a model names where its tensors live: using space_type
#include "program.hpp"

struct nowhere {
    using value_type = float;
    scorecam::image_shape input_shape() const;
    scorecam::tensor_view<float const, 2> forward(scorecam::tensor_view<float const, 4>);
    scorecam::captured<float> capture(scorecam::tensor_view<float const, 4>);
};

int main() { try_to_explain<nowhere>(); }
