// A model of one pixel's brightness, explained by the fast backend of an installed scorecam.
#include <utility>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/scorecam.hpp>

using batch_type = scorecam::tensor_view<float const, 4>;

int main()
{
    auto const forward = [](batch_type batch) {
        scorecam::tensor<float, 2> brightness{scorecam::extents<2>{{batch.extent(0), 1}}};
        for (scorecam::index_t i = 0; i < batch.extent(0); ++i) { brightness(i, 0) = batch(i, 0, 0, 0); }
        return brightness;
    };
    auto const capture = [&](batch_type batch) {
        scorecam::tensor<float, 4> activations{batch.shape()};
        for (scorecam::index_t at = 0; at < batch.size(); ++at) { activations.data()[at] = batch.data()[at]; }
        return std::pair{forward(batch), std::move(activations)};
    };
    auto model = scorecam::make_model(scorecam::image_shape{{1, 2, 2}}, forward, capture);
    scorecam::cpu::backend cpu;
    scorecam::tensor<float, 3> const image{scorecam::image_shape{{1, 2, 2}}, {1, 0, 0, 0}};
    auto const found = scorecam::explain(cpu, model, image.view(), scorecam::target{0}, scorecam::logit{});
    return found.map()(0, 0) == 1 && found.map()(1, 1) == 0 ? 0 : 1;
}
