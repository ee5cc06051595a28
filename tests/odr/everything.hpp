#pragma once
// Everything there is, for both translation units, and a use of it.
#include <scorecam/scorecam.hpp>
#if defined(WITH_CPU)
#include <scorecam/cpu/backend.hpp>
using fastest_backend = scorecam::cpu::backend;
#else
using fastest_backend = scorecam::reference_backend;
#endif

/// The maps of a ramp, looked at by a model that adds it up.
inline scorecam::explanation<float> explain_a_ramp()
{
    using batch_type = scorecam::tensor_view<float const, 4>;

    auto const forward = [](batch_type batch) {
        scorecam::tensor<float, 2> sums{{{batch.extent(0), 2}}};
        for (scorecam::index_t i = 0; i < batch.extent(0); ++i) {
            for (float const pixel : batch[i]) { sums(i, 0) += pixel; }
        }
        return sums;
    };
    auto const capture = [forward](batch_type batch) {
        scorecam::tensor<float, 4> const maps{batch.shape(), {batch.begin(), batch.end()}};
        return std::pair{forward(batch), maps};
    };
    auto model = scorecam::make_model(scorecam::image_shape{{1, 2, 2}}, forward, capture);
    fastest_backend on;
    scorecam::tensor<float, 3> const image{{{1, 2, 2}}, {0, 1, 2, 3}};
    return scorecam::explain(on, model, image.view(), scorecam::target{0});
}
