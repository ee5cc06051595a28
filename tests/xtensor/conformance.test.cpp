// A model of callables on xtensor arrays, held against what every model promises.
#include <utility>

#include <doctest/doctest.h>

#include <xtensor/xmath.hpp>
#include <xtensor/xtensor.hpp>

#include <scorecam/reference.hpp>
#include <scorecam/testing/model_conformance.hpp>
#include <scorecam/xtensor/model.hpp>

TEST_CASE("a model of xtensor callables conforms")
{
    auto const activations_of = [](auto const& batch) { return xt::xtensor<float, 4>(batch * batch - 0.5F * batch); };
    auto model                = scorecam::xtensor::make_model(
        scorecam::image_shape{2, 6, 4},
        [=](auto const& batch) { return xt::xtensor<float, 2>(xt::mean(activations_of(batch), {2, 3})); },
        [=](auto const& batch) {
            auto a = activations_of(batch);
            return std::pair{xt::xtensor<float, 2>(xt::mean(a, {2, 3})), std::move(a)};
        });
    scorecam::reference_backend on;
    scorecam::testing::check_model_conformance(on, model, {.tap_is_signed = true});
}
