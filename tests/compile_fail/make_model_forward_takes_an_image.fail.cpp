// expected-error: scorecam: make_model's first callable takes the batch
#include "program.hpp"

int main()
{
    auto const forward = [](scorecam::tensor_view<float const, 3>) { return scorecam::tensor<float, 2>{}; };
    auto const capture = [](scorecam::tensor_view<float const, 4>) {
        return std::pair{scorecam::tensor<float, 2>{}, scorecam::tensor<float, 4>{}};
    };
    auto const model = scorecam::make_model(scorecam::image_shape{{3, 4, 4}}, forward, capture);
}
