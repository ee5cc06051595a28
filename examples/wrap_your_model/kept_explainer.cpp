// One explainer for many pictures: it keeps its memory, and what is asked may differ from call to call.
#include <cstdio>
#include <stop_token>
#include <vector>

#include <scorecam/scorecam.hpp>

#include "my_network.hpp"

int main()
{
    my_network network;
    auto const run = [&](scorecam::tensor_view<float const, 4> batch) {
        network.run(batch.data(), static_cast<std::size_t>(batch.extent(0)));
        return scorecam::tensor_view<float const, 2>{network.logits.data(), batch.extent(0), 2};
    };
    auto const capture = [&](scorecam::tensor_view<float const, 4> batch) {
        auto const logits = run(batch);
        return std::pair{logits, scorecam::tensor_view<float const, 4>{network.features.data(), batch.extent(0), 3, 3, 3}};
    };
    auto model = scorecam::make_model(scorecam::image_shape{1, 12, 12}, run, capture);
    scorecam::reference_backend cpu;

    scorecam::explainer explain{cpu, model, scorecam::conventions::torch_cam{}, scorecam::probability{}};
    std::stop_source user;
    for (scorecam::index_t const wanted : {0, 1}) {
        auto const picture = two_spots();
        scorecam::tensor_view<float const, 3> const image{picture.data(), 1, 12, 12};
        auto const found = explain(image, scorecam::target{wanted}, scorecam::stop_when{user.get_token()});
        std::printf("class %td: left spot %.2f, right spot %.2f\n", found.targets(0, 0),
                    static_cast<double>(found.map()(10, 1)), static_cast<double>(found.map()(1, 10)));
    }

    user.request_stop();
    try {
        auto const picture = two_spots();
        auto const found   = explain(scorecam::tensor_view<float const, 3>{picture.data(), 1, 12, 12}, scorecam::target{0},
                                     scorecam::stop_when{user.get_token()});
        std::printf("%td forwards\n", found.forwards);
    } catch (scorecam::cancelled const&) {
        std::printf("stopped\n");
    }
}
