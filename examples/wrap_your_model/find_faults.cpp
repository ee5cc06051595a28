// What the kit finds wrong with an adapter, without a test framework: here, activations that are said to be (n, K, h, w)
// with h and w exchanged.
#include <cstddef>
#include <cstdio>

#include <scorecam/scorecam.hpp>
#include <scorecam/testing/model_findings.hpp>

#include "my_network.hpp"

int main()
{
    my_network network;
    auto const run = [&](scorecam::tensor_view<float const, 4> batch) {
        network.run(batch.data(), static_cast<std::size_t>(batch.extent(0)));
        return scorecam::tensor_view<float const, 2>{network.logits.data(), batch.extent(0), 2};
    };
    scorecam::tensor<float, 4> exchanged;
    auto const capture = [&](scorecam::tensor_view<float const, 4> batch) {
        auto const logits = run(batch);
        exchanged         = scorecam::tensor<float, 4>{{{batch.extent(0), 3, 3, 3}}};
        for (scorecam::index_t map = 0; map < batch.extent(0) * 3; ++map) {
            for (scorecam::index_t i = 0; i < 9; ++i) {
                exchanged.data()[map * 9 + i] = network.features[static_cast<std::size_t>(map * 9 + i % 3 * 3 + i / 3)];
            }
        }
        return std::pair{logits, exchanged.view()};
    };
    auto model = scorecam::make_model(scorecam::image_shape{1, 12, 12}, run, capture);

    scorecam::reference_backend on;
    for (auto const& one : scorecam::testing::model_findings(on, model)) { std::puts(to_string(one).c_str()); }
}
