// Whole explanations on a stream, against the reference.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <doctest/doctest.h>

#include <scorecam/metrics/metrics.hpp>
#include <scorecam/scorecam.hpp>
#include <scorecam/testing/cases.hpp>
#include <scorecam/testing/checks.hpp>

#include "cuda/device.hpp"
#include "support/networks.hpp"
#include "support/other_inputs.hpp"

namespace sc = scorecam;

namespace {

constexpr sc::image_shape input{3, 16, 20};
constexpr sc::image_shape activation{6, 4, 5};

/// Some ulps per channel: sums of scores are added up in another order.
template <class T>
constexpr T tolerance = 256;

template <class T, std::size_t SpatialRank>
void check_same(sc::explanation<T, SpatialRank> const& found, sc::explanation<T, SpatialRank> const& expected)
{
    sc::testing::check_close(found.maps, expected.maps, tolerance<T>);
    sc::testing::check_close(found.activation_maps, expected.activation_maps, tolerance<T>);
    sc::testing::check_close(found.scores, expected.scores, tolerance<T>);
    sc::testing::check_close(found.weights, expected.weights, tolerance<T>);
    CHECK(std::equal(found.targets.begin(), found.targets.end(), expected.targets.begin()));
    CHECK(std::equal(found.flat.begin(), found.flat.end(), expected.flat.begin()));
    CHECK(found.forwards == expected.forwards);
}

/// The same explanation by the reference and on the device.
template <class HostModel, class Images, class... Policies>
void check_explained(HostModel& host, Images const& images, Policies... policies)
{
    sc::reference_backend reference;
    auto const expected = sc::explain(reference, host, images.view(), policies...);

    sc::cuda::stream const stream;
    device::poisoned_backend on{stream.get()};
    device::hosted_model model{host, 16};
    device::moved const here{on, images};
    check_same(sc::explain(on, model, here.view(), policies...), expected);
}

template <class T, std::size_t SpatialRank>
void check_odd_shapes()
{
    for (auto const& shape : sc::testing::cases::odd<SpatialRank>()) {
        CAPTURE(std::string{shape.name});
        networks::seeded<T, SpatialRank> host{shape.image, shape.activation, 5, 31};
        auto const images = networks::drawn_tensor<T>(prepend(shape.image, 2), 32);
        check_explained(host, images, sc::top{2}, sc::background{sc::blurred{1}});
        check_explained(host, images, sc::target{1}, sc::flat_channels::scored, sc::fixed_batch{3});
    }
}

}  // namespace

TEST_CASE("policies: every one that computes on the device")
{
    networks::seeded<float> host{input, activation, 4, 21};
    auto const images = networks::drawn_tensor<float>(prepend(input, 2), 22);
    auto const check  = [&](auto... policies) { check_explained(host, images, policies...); };
    check();
    check(sc::top{3}, sc::logit{}, sc::baseline{sc::blurred{1.5}}, sc::fixed_batch{3});
    check(sc::targets{1, 2}, sc::baseline{sc::mean{}}, sc::background{sc::noise{3}}, sc::relu_weights{});
    check(sc::target{0}, sc::baseline{sc::constant{0.5}}, sc::sigmoid{}, sc::flat_channels::scored);
    check(sc::target{0}, sc::softmax_weights{}, sc::fixed_batch{1});
    check(sc::target{0}, sc::uniform_weights{});
    check(sc::target{2}, sc::largest_deviation{3}, sc::unscored_channels::zero);
    check(sc::target{2}, sc::channel_groups{3}, sc::summand::masks);
    check(sc::target{2}, sc::baseline{sc::unmasked{}}, sc::summand::masks);
}

TEST_CASE("odd shapes of signals, images and volumes, in float and double")
{
    check_odd_shapes<float, 1>();
    check_odd_shapes<double, 1>();
    check_odd_shapes<float, 2>();
    check_odd_shapes<double, 2>();
    check_odd_shapes<float, 3>();
    check_odd_shapes<double, 3>();
}

TEST_CASE("images that do not begin at 16 bytes are masked all the same")
{
    networks::seeded<float> host{input, activation, 4, 21};
    auto const images = networks::drawn_tensor<float>(prepend(input, 1), 22);
    sc::reference_backend reference;
    auto const expected = sc::explain(reference, host, images.view(), sc::target{1});

    sc::cuda::stream const stream;
    sc::cuda::backend on{stream.get()};
    device::hosted_model model{host, 16};
    for (sc::index_t const shift : {0, 1, 2, 3}) {
        CAPTURE(shift);
        auto const memory = on.allocate<float>(images.size() + shift);
        sc::tensor_view<float, 4, sc::cuda_space> const here{memory.data() + shift, images.shape()};
        on.from_host(images.data(), here);
        check_same(sc::explain(on, model, here, sc::target{1}), expected);
    }
}

TEST_CASE("two streams at once do not disturb each other")
{
    networks::seeded<float> first_host{input, activation, 4, 21};
    networks::seeded<float> second_host{input, activation, 4, 41};
    auto const images = networks::drawn_tensor<float>(prepend(input, 2), 22);
    sc::reference_backend reference;
    auto const first_expected  = sc::explain(reference, first_host, images.view(), sc::target{1});
    auto const second_expected = sc::explain(reference, second_host, images.view(), sc::target{2});

    sc::cuda::stream const one;
    sc::cuda::stream const two;
    sc::cuda::backend on_one{one.get()};
    sc::cuda::backend on_two{two.get()};
    device::hosted_model first{first_host, 16};
    device::hosted_model second{second_host, 16};
    device::moved const here{on_one, images};
    sc::cuda::event sent;
    sent.record(one.get());
    start_after(two.get(), sent);  // its images are sent on the other stream

    // Step by step, so that both streams have work at any time.
    sc::detail::steps explain_first{on_one, first, sc::target{1}, sc::fixed_batch{2}};
    sc::detail::steps explain_second{on_two, second, sc::target{2}, sc::fixed_batch{3}};
    auto const each = [&](auto const& step) {
        step(explain_first);
        step(explain_second);
    };
    each([&](auto& steps) { steps.begin(here.view(), steps.chosen().call); });
    each([](auto& steps) { steps.look(); });
    each([](auto& steps) { steps.choose_targets(); });
    each([](auto& steps) { steps.make_masks(); });
    each([](auto& steps) { steps.score_masks(); });
    each([](auto& steps) { steps.score_baseline(); });
    each([](auto& steps) { steps.score_flat_channels(); });
    each([](auto& steps) { steps.weigh(); });
    each([](auto& steps) { steps.estimate(); });
    each([](auto& steps) { steps.draw(); });
    check_same(explain_first.collect(), first_expected);
    check_same(explain_second.collect(), second_expected);
}

TEST_CASE("a model of half or bfloat16 inputs, channels first or last, is handed what it takes")
{
    networks::seeded<float> inner{input, activation, 4, 21};
    auto const images = networks::drawn_tensor<float>(prepend(input, 2), 22);
    auto const apart  = [&](auto host) {
        sc::reference_backend reference;
        auto const expected = sc::explain(reference, host, images.view(), sc::top{2}, sc::baseline{sc::mean{}});
        sc::cuda::stream const stream;
        device::poisoned_backend on{stream.get()};
        device::hosted_model model{host, 16};
        device::moved const here{on, images};
        auto const found = sc::explain(on, model, here.view(), sc::top{2}, sc::baseline{sc::mean{}});
        CHECK(found.forwards == expected.forwards);
        double worst       = 0;
        auto const compare = [&](auto const& a, auto const& b) {
            REQUIRE(a.shape() == b.shape());
            for (sc::index_t i = 0; i < a.size(); ++i) {
                double const off = std::abs(double{a.data()[i]} - double{b.data()[i]});
                worst            = off <= worst ? worst : off;  // NaN, too
            }
        };
        compare(found.maps, expected.maps);
        compare(found.scores, expected.scores);
        return worst;
    };
    using inner_type    = networks::seeded<float>;
    constexpr auto last = sc::layout::channels_last;
    CHECK(apart(networks::with_inputs<inner_type, float, last>{inner}) < 1e-4);
    // a mask's last bit may be rounded the other way
    CHECK(apart(networks::with_inputs<inner_type, __half, sc::layout::channels_first>{inner}) < 2e-3);
    CHECK(apart(networks::with_inputs<inner_type, __half, last>{inner}) < 2e-3);
    CHECK(apart(networks::with_inputs<inner_type, __nv_bfloat16, last>{inner}) < 2e-2);
}

TEST_CASE("a score that refers to the device's memory: the cosine to two embeddings")
{
    networks::seeded<float> host{input, activation, 4, 21};
    auto const images     = networks::drawn_tensor<float>(prepend(input, 2), 22);
    auto const embeddings = networks::drawn_tensor<float>(sc::extents<2>{2, 4}, 23);
    sc::reference_backend reference;
    auto const expected = sc::explain(reference, host, images.view(), sc::cosine_to{embeddings.view()});
    CHECK(expected.targets.extent(1) == 2);
    sc::cuda::stream const stream;
    device::poisoned_backend on{stream.get()};
    device::hosted_model model{host, 16};
    device::moved const here{on, images};
    device::moved const there{on, embeddings};
    check_same(sc::explain(on, model, here.view(), sc::cosine_to{there.view()}), expected);
}

TEST_CASE("metrics are those of the reference")
{
    namespace mt = sc::metrics;
    networks::seeded<float> host{input, activation, 4, 21};
    auto const images  = networks::drawn_tensor<float>(prepend(input, 2), 22);
    auto const numbers = [&](auto& on, auto& model, auto shown) {
        auto const seen    = sc::explain(on, model, shown, sc::top{2});
        auto const classes = mt::targets_of(seen);
        std::vector<double> found;
        for (auto const& one : mt::insertion(on, model, shown, seen.maps, mt::rise{.step = 40}, classes).all) {
            found.insert(found.end(), one.scores.begin(), one.scores.end());
        }
        for (auto const& one : mt::confidence_under(on, model, shown, seen.maps, mt::paper{}, classes).all) {
            found.push_back(one.after);
        }
        return found;
    };
    sc::reference_backend reference;
    auto const expected = numbers(reference, host, sc::as_const(images.view()));

    sc::cuda::stream const stream;
    sc::cuda::backend on{stream.get()};
    device::hosted_model model{host, 16};
    device::moved const here{on, images};
    auto const found = numbers(on, model, here.view());
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) { CHECK(found[i] == doctest::Approx(expected[i]).epsilon(2e-5)); }
}

TEST_CASE("NaN from a model and in an image is an error, as on the host")
{
    networks::seeded<float> host{input, activation, 4, 21};
    sc::tensor<float, 4> images{prepend(input, 1)};
    std::fill_n(images.data(), images.size(), std::numeric_limits<float>::quiet_NaN());
    sc::cuda::stream const stream;
    sc::cuda::backend on{stream.get()};
    device::hosted_model model{host, 16};
    device::moved const here{on, images};
    CHECK_THROWS_AS(static_cast<void>(sc::explain(on, model, here.view(), sc::target{1})), sc::non_finite_error);
}
