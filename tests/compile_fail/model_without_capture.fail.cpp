// expected-error: scorecam: a model has capture\(.* that returns scorecam::captured<value_type, space_type>
#include "program.hpp"

struct keeps_its_activations {
    using value_type = float;
    using space_type = scorecam::host_space;
    scorecam::image_shape input_shape() const;
    scorecam::tensor_view<float const, 2> forward(scorecam::tensor_view<float const, 4>);
};

int main() { try_to_explain<keeps_its_activations>(); }
