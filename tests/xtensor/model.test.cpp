#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include <xtensor/xbuilder.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xtensor.hpp>
#include <xtensor/xview.hpp>

#include <scorecam/explain.hpp>
#include <scorecam/make_model.hpp>
#include <scorecam/reference.hpp>
#include <scorecam/xtensor/model.hpp>
#include <scorecam/xtensor/view.hpp>

#include "xtensor/message.hpp"

using scorecam::index_t;
using scorecam::tensor;
using scorecam::tensor_view;
namespace sx = scorecam::xtensor;

namespace {

constexpr scorecam::image_shape shape{2, 6, 4};

// The network: activations are relu(x_c - 0.25·(c + 1)) of every second pixel, logits are their means times (1, 2; 3, -1).

/// In xtensor. The thresholds are local, so that what refers to them is returned as a container.
template <class Batch>
auto activations_of(Batch const& batch)
{
    auto const thresholds = xt::xtensor<float, 3>{{{0.25F}}, {{0.5F}}};
    auto const pixels     = xt::view(batch, xt::all(), xt::all(), xt::range(0, 6, 2), xt::range(0, 4, 2));
    return xt::xtensor<float, 4>(xt::maximum(pixels - thresholds, 0.F));
}
template <class Activations>
xt::xtensor<float, 2> logits_of(Activations const& a)
{
    xt::xtensor<float, 2> const mean = xt::mean(a, {2, 3});
    auto const m0                    = xt::view(mean, xt::all(), 0);
    auto const m1                    = xt::view(mean, xt::all(), 1);
    return xt::stack(xt::xtuple(m0 * 1.F + m1 * 2.F, m0 * 3.F - m1), 1);
}

/// The same with scorecam's own containers.
tensor<float, 4> plain_activations_of(tensor_view<float const, 4> x)
{
    tensor<float, 4> a{{{x.extent(0), 2, 3, 2}}};
    for (index_t n = 0; n < x.extent(0); ++n) {
        for (index_t c = 0; c < 2; ++c) {
            for (index_t i = 0; i < 3; ++i) {
                for (index_t j = 0; j < 2; ++j) {
                    a(n, c, i, j) = std::max(x(n, c, 2 * i, 2 * j) - 0.25F * static_cast<float>(c + 1), 0.F);
                }
            }
        }
    }
    return a;
}
tensor<float, 2> plain_logits_of(tensor<float, 4> const& a)
{
    tensor<float, 2> logits{{{a.extent(0), 2}}};
    for (index_t n = 0; n < a.extent(0); ++n) {
        float mean[2] = {0, 0};
        for (index_t c = 0; c < 2; ++c) {
            for (auto const value : a[n][c]) { mean[c] += value / 6; }
        }
        logits(n, 0) = mean[0] + 2 * mean[1];
        logits(n, 1) = 3 * mean[0] - mean[1];
    }
    return logits;
}

xt::xtensor<float, 3> image() { return xt::sin(xt::arange<float>(1.F, 49.F).reshape({2, 6, 4})); }

double distance(auto const& a, auto const& b)
{
    REQUIRE(a.shape() == b.shape());
    return xt::amax(xt::abs(sx::to_xtensor(a) - sx::to_xtensor(b)))();
}

}  // namespace

TEST_CASE("a network in xtensor is explained like the same network without")
{
    auto in_xtensor = sx::make_model(
        shape, [](auto const& batch) { return logits_of(activations_of(batch)); },
        [](auto const& batch) {
            auto const a = activations_of(batch);
            return std::pair{logits_of(a), a};
        });
    auto plain = scorecam::make_model(
        shape, [](tensor_view<float const, 4> batch) { return plain_logits_of(plain_activations_of(batch)); },
        [](tensor_view<float const, 4> batch) {
            auto const a = plain_activations_of(batch);
            return std::pair{plain_logits_of(a), a};
        });
    static_assert(scorecam::model<decltype(in_xtensor)>);

    scorecam::reference_backend on;
    auto const x              = image();
    auto const found          = scorecam::explain(on, in_xtensor, sx::view(x), scorecam::target{1});
    auto const expected       = scorecam::explain(on, plain, sx::view(x), scorecam::target{1});
    constexpr double few_ulps = 1e-6;  // the means are summed in another order
    CHECK(found.status(0, 0) == scorecam::map_status::meaningful);
    CHECK(distance(found.maps, expected.maps) < few_ulps);
    CHECK(distance(found.weights, expected.weights) < few_ulps);
    CHECK(distance(found.outputs, expected.outputs) < few_ulps);
    CHECK(found.forwards == expected.forwards);
}

TEST_CASE("expressions over the batch are evaluated before the call returns")
{
    auto model = sx::make_model(
        shape, [](auto const& batch) { return xt::mean(batch, {2, 3}); },
        [](auto const& batch) { return std::pair{xt::mean(batch, {2, 3}), batch * 2.F}; });
    tensor<float, 4> batch{scorecam::prepend(shape, 1)};
    std::fill_n(batch.data(), batch.size(), 3.F);
    auto const seen = model.capture(batch);
    std::fill_n(batch.data(), batch.size(), 0.F);
    CHECK(seen.outputs(0, 1) == 3);
    CHECK(seen.activations(0, 1, 5, 3) == 6);
}

TEST_CASE("results of another element type are converted")
{
    auto model = sx::make_model<double>(
        shape, [](auto const& batch) { return xt::cast<float>(xt::mean(batch, {2, 3})); },
        [](auto const& batch) { return std::pair{xt::mean(batch, {2, 3}), xt::cast<int>(batch)}; });
    static_assert(std::is_same_v<decltype(model)::value_type, double>);
    tensor<double, 4> batch{scorecam::prepend(shape, 1)};
    std::fill_n(batch.data(), batch.size(), 2.5);
    CHECK(model.forward(batch)(0, 0) == 2.5);
    CHECK(model.capture(batch).activations(0, 0, 0, 0) == 2);
}

TEST_CASE("the callables may keep state and name the batch's type")
{
    using batch_type = sx::adaptor<float const, 4>;
    int calls        = 0;
    auto model       = sx::make_model(
        shape,
        [&calls, own = 0](batch_type const& batch) mutable {
            calls = ++own;
            return xt::xtensor<float, 2>(xt::mean(batch, {2, 3}));
        },
        [](batch_type const& batch) { return std::pair{xt::mean(batch, {2, 3}), batch}; });
    tensor<float, 4> const batch{scorecam::prepend(shape, 1)};
    static_cast<void>(model.forward(batch));
    static_cast<void>(model.forward(batch));
    CHECK(calls == 2);
}

TEST_CASE("signals and volumes, too")
{
    auto signals = sx::make_model(
        scorecam::signal_shape{1, 8}, [](auto const& batch) { return xt::mean(batch, {2}); },
        [](auto const& batch) { return std::pair{xt::mean(batch, {2}), batch}; });
    static_assert(scorecam::spatial_rank_of<decltype(signals)> == 1);
    xt::xtensor<float, 2> const signal = xt::arange<float>(8.F).reshape({1, 8});
    scorecam::reference_backend on;
    auto const found = scorecam::explain(on, signals, sx::view(signal));
    CHECK(found.map()(7) == 1);
}

TEST_CASE("results of other dimensions are refused with their shape")
{
    auto const means = [](auto const& batch) { return xt::mean(batch, {2, 3}); };
    tensor<float, 4> const batch{scorecam::prepend(shape, 5)};

    auto one_number = sx::make_model(
        shape, [](auto const& x) { return xt::mean(x, {1, 2, 3}); }, [&](auto const& x) { return std::pair{means(x), x}; });
    CHECK(message_of([&] { static_cast<void>(one_number.forward(batch)); }) ==
          "what the model's first callable returned has the shape (5), which is not one of 2 dimensions");

    auto no_channels =
        sx::make_model(shape, means, [&](auto const& x) { return std::pair{means(x), xt::view(x, xt::all(), 0)}; });
    CHECK(message_of([&] { static_cast<void>(no_channels.capture(batch)); }) ==
          "what the model's second callable returned second has the shape (5, 6, 4), which is not one of 4 dimensions");
}
