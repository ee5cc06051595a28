// expected-error: scorecam: make_model's second callable returns std::pair{outputs \(n, classes\), activations
#include "program.hpp"

int main()
{
    auto const forward = [](scorecam::tensor_view<float const, 4>) { return scorecam::tensor<float, 2>{}; };
    auto const capture = [](scorecam::tensor_view<float const, 4>) {
        return std::pair{scorecam::tensor<float, 2>{}, scorecam::tensor<float, 3>{}};
    };
    auto const model = scorecam::make_model(scorecam::image_shape{{3, 4, 4}}, forward, capture);
}
