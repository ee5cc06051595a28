// The same algorithm on memory that the host cannot read, where work is enqueued and waits are counted.
#include <algorithm>

#include <doctest/doctest.h>

#include <scorecam/scorecam.hpp>
#include <scorecam/testing/model_conformance.hpp>

#include "support/deferred_backend.hpp"
#include "support/networks.hpp"

namespace sc = scorecam;

namespace {

constexpr sc::image_shape input{3, 16, 20};
constexpr sc::image_shape activation{6, 4, 5};

template <class T>
using on_device = sc::tensor_view<T, 4, deferred::space>;

/// The same explanation on the host and on the made-up device.
template <class... Policies>
void check_same(Policies... policies)
{
    networks::seeded<float> host_model{input, activation, 4, 21};
    auto images = networks::drawn_tensor<float>(prepend(input, 2), 22);
    sc::reference_backend host;
    auto const expected = sc::explain(host, host_model, images.view(), policies...);

    deferred::queue queue;
    deferred::backend device{queue};
    deferred::model<networks::seeded<float>> model{host_model, 4, activation, 16, queue};
    auto memory = device.allocate<float>(images.size());
    on_device<float> const moved{memory.data(), images.shape()};
    device.from_host(images.data(), moved);

    sc::explainer explain{device, model, policies...};
    auto const found = explain(moved);
    CHECK(std::equal(found.maps.begin(), found.maps.end(), expected.maps.begin()));
    CHECK(std::equal(found.targets.begin(), found.targets.end(), expected.targets.begin()));
    CHECK(std::equal(found.scores.begin(), found.scores.end(), expected.scores.begin()));
    CHECK(found.forwards == expected.forwards);
}

}  // namespace

TEST_CASE("a model on the device conforms")
{
    networks::seeded<float> host_model{input, activation, 4, 21};
    deferred::queue queue;
    deferred::backend device{queue};
    deferred::model<networks::seeded<float>> model{host_model, 4, activation, 16, queue};
    sc::testing::check_model_conformance(device, model);
}

TEST_CASE("a device gives the same maps as the host, to the last bit")
{
    check_same();
    check_same(sc::top{3}, sc::logit{}, sc::baseline{sc::blurred{1.5}}, sc::fixed_batch{3});
    check_same(sc::targets{1, 2}, sc::baseline{sc::mean{}}, sc::background{sc::noise{3}}, sc::relu_weights{});
    check_same(sc::target{0}, sc::baseline{sc::constant{0.5}}, sc::background{sc::blurred{2}}, sc::flat_channels::scored);
    check_same(sc::target{0}, sc::softmax_weights{}, sc::fixed_batch{1});
}

TEST_CASE("the loop over the masks does not wait")
{
    auto const waits_with = [](sc::index_t batch) {
        networks::seeded<float> host_model{input, activation, 4, 21};
        deferred::queue queue;
        deferred::backend device{queue};
        deferred::model<networks::seeded<float>> model{host_model, 4, activation, 16, queue};
        auto const image = networks::drawn_tensor<float>(prepend(input, 1), 22);
        auto memory      = device.allocate<float>(image.size());
        device.from_host(image.data(), on_device<float>{memory.data(), image.shape()});
        sc::explainer explain{device, model, sc::fixed_batch{batch}};
        static_cast<void>(explain(on_device<float const>{memory.data(), image.shape()}));
        return queue.waits;
    };
    CHECK(waits_with(1) == 2);  // for the flat channels, and for the result
    CHECK(waits_with(6) == 2);
}
