// The shortest way: two callables on plain arrays become a model.
#include <cstddef>
#include <cstdio>
#include <utility>

#include <scorecam/scorecam.hpp>

#include "my_network.hpp"

int main()
{
    my_network network;
    auto run = [&](scorecam::tensor_view<float const, 4> batch) {
        network.run(batch.data(), static_cast<std::size_t>(batch.extent(0)));
        return scorecam::tensor_view<float const, 2>{network.logits.data(), batch.extent(0), 2};
    };
    auto capture = [&](scorecam::tensor_view<float const, 4> batch) {
        auto const logits = run(batch);
        return std::pair{logits, scorecam::tensor_view<float const, 4>{network.features.data(), batch.extent(0), 3, 3, 3}};
    };
    auto model = scorecam::make_model(scorecam::image_shape{1, 12, 12}, run, capture);

    auto const picture = two_spots();
    scorecam::reference_backend cpu;  // or scorecam::cpu::backend, the fast one
    auto const found = scorecam::explain(cpu, model, scorecam::tensor_view<float const, 3>{picture.data(), 1, 12, 12},
                                         scorecam::targets{0, 1}, scorecam::baseline{scorecam::black{}});

    for (scorecam::index_t m = 0; m < 2; ++m) {
        std::printf("class %td\n", found.targets(0, m));
        for (scorecam::index_t y = 0; y < 12; ++y) {
            for (scorecam::index_t x = 0; x < 12; ++x) {
                std::printf("%c", " .:-=+*#%@"[int(found.map(0, m)(y, x) * 9.99F)]);
            }
            std::printf("\n");
        }
    }
    std::printf("%td forwards, %td flat channels\n", found.forwards, found.flat_channels);
}
