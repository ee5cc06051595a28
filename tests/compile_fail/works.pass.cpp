// What the other files here get wrong in one place each, without a fault: this one has to compile.
#include "program.hpp"

int main()
{
    try_to_explain();
    try_to_explain(scorecam::target{3}, scorecam::logit{});

    using batch_type   = scorecam::tensor_view<float const, 4>;
    auto const forward = [](batch_type) { return scorecam::tensor<float, 2>{}; };
    auto const capture = [](batch_type) { return std::pair{scorecam::tensor<float, 2>{}, scorecam::tensor<float, 4>{}}; };
    auto model         = scorecam::make_model(scorecam::image_shape{{3, 4, 4}}, forward, capture);
    static_assert(scorecam::model<decltype(model)>);

    float const numbers[] = {1, 2};
    scorecam::tensor_view<float const, 1> const on_host{numbers, 2};
    return on_host(0) < on_host(1) ? 0 : 1;
}
