// expected-error: scorecam: maps are host tensors or views
#include "program.hpp"
#include <scorecam/metrics/insertion_deletion.hpp>

int main()
{
    working_model model;
    working_backend on;
    scorecam::tensor<double, 2> const doubles;
    auto const found = scorecam::metrics::deletion(on, model, image_view{}, doubles, scorecam::metrics::rise{});
    static_cast<void>(found);
}
