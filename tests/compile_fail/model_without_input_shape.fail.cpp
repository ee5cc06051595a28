// expected-error: scorecam: a model tells the shape of one input
#include "program.hpp"

struct shapeless {
    using value_type = float;
    using space_type = scorecam::host_space;
    scorecam::tensor_view<float const, 2> forward(scorecam::tensor_view<float const, 4>);
    scorecam::captured<float> capture(scorecam::tensor_view<float const, 4>);
};

int main() { try_to_explain<shapeless>(); }
