// expected-error: scorecam: parameter randomisation needs a model with randomised
#include "program.hpp"
#include <scorecam/metrics/sanity.hpp>

int main()
{
    working_model model;
    working_backend on;
    auto const seen  = scorecam::explain(on, model, image_view{});
    auto const found = scorecam::metrics::parameter_randomisation(on, model, image_view{}, seen, 1,
                                                                  scorecam::metrics::correlation::pearson);
    static_cast<void>(found);
}
