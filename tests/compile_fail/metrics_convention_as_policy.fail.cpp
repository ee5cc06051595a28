// expected-error: scorecam: a metric takes a target, a score
#include "program.hpp"
#include <scorecam/metrics/insertion_deletion.hpp>

int main()
{
    working_model model;
    working_backend on;
    scorecam::tensor<float, 2> const map;
    auto const found = scorecam::metrics::deletion(on, model, image_view{}, map, scorecam::metrics::rise{},
                                                   scorecam::conventions::uniform{});
    static_cast<void>(found);
}
