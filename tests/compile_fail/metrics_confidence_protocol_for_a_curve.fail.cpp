// expected-error: scorecam: insertion and deletion have the protocols
#include "program.hpp"
#include <scorecam/metrics/insertion_deletion.hpp>

int main()
{
    working_model model;
    working_backend on;
    scorecam::tensor<float, 2> const map;
    auto const found = scorecam::metrics::deletion(on, model, image_view{}, map, scorecam::metrics::multiply{});
    static_cast<void>(found);
}
