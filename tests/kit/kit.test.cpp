// Models of every kind that keep their promises pass the kit's checks; broken.test.cpp has those that do not.
#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/scorecam.hpp>
#include <scorecam/testing/model_conformance.hpp>

#include "support/archetypes.hpp"
#include "support/networks.hpp"

// The adapter of the examples, from the program that shows it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wreturn-type"  // main alone needs no return
#define main main_of_the_example
#include "../../examples/wrap_your_model/adapter.cpp"
#undef main
#pragma GCC diagnostic pop

namespace sc = scorecam;
using sc::testing::check_model_conformance;

namespace {

constexpr sc::image_shape input{3, 16, 20};
constexpr sc::image_shape activation{6, 4, 5};
using batch_type = sc::tensor_view<float const, 4>;

/// A network with all that an engine may have beside the two calls: its own input, limits, layers, replicas, refusals.
class engine : public networks::seeded<float> {
public:
    engine() : networks::seeded<float>{input, activation, 4, 21} {}

    [[nodiscard]] sc::index_t preferred_batch() const { return 2; }
    [[nodiscard]] sc::index_t max_batch() const { return 4; }
    sc::tensor_view<float, 4> input_buffer(sc::index_t n) { return {own_input_.data(), prepend(input, n)}; }

    sc::tensor_view<float const, 2> forward(batch_type batch)
    {
        if (batch.extent(0) > max_batch() || !(sc::trailing<3>(batch.shape()) == input)) {
            throw sc::shape_error{"a batch of the shape " + to_string(batch.shape())};
        }
        return networks::seeded<float>::forward(batch);
    }
    sc::captured_layers<float> capture_layers(batch_type batch)
    {
        auto const seen = capture(batch);
        early_          = {batch.shape(), {batch.begin(), batch.end()}};
        return {seen.outputs, {seen.activations, early_.view()}};
    }
    [[nodiscard]] engine replica() const { return *this; }

private:
    sc::tensor<float, 4> own_input_{prepend(input, 4)};
    sc::tensor<float, 4> early_;
};

}  // namespace

TEST_CASE_TEMPLATE("networks of signals, images and volumes conform", T, float, double)
{
    sc::reference_backend on;
    networks::seeded<T, 1> ears{{2, 40}, {5, 7}, 3, 11};
    check_model_conformance(on, ears);
    networks::seeded<T, 2> eyes{input, activation, 4, 21};
    check_model_conformance(on, eyes);
    networks::seeded<T, 3> scanner{{1, 8, 12, 10}, {6, 2, 4, 5}, 3, 13};
    check_model_conformance(
        on, scanner,
        {.seed = 7, .input_scale = 10, .largest_batch = 4, .tap_is_local = false});  // cells see beyond the end of their row
}

TEST_CASE("callables that return tensors conform, with one layer and with several")
{
    networks::seeded<float> late{input, activation, 4, 21}, early{input, {6, 8, 10}, 4, 22};
    auto const forward = [&](batch_type batch) {
        auto const y = late.forward(batch);
        return sc::tensor<float, 2>{y.shape(), {y.begin(), y.end()}};
    };
    auto one = sc::make_model(input, forward,
                              [&](batch_type batch) { return std::pair{forward(batch), late.capture(batch).activations}; });
    auto two = sc::make_model(input, forward, [&](batch_type batch) {
        return std::pair{forward(batch), std::vector{late.capture(batch).activations, early.capture(batch).activations}};
    });
    static_assert(!sc::layered_model<decltype(one)> && sc::layered_model<decltype(two)>);
    sc::reference_backend on;
    check_model_conformance(on, one);
    check_model_conformance(on, two, {.tap_is_local = false});  // cells of `early` see beyond the end of their row
}

TEST_CASE("the adapter of the examples is a model")
{
    my_network network;
    my_adapter model{network};
    sc::reference_backend on;
    check_model_conformance(on, model);
}

TEST_CASE("types that can do nothing more than a concept says can be checked")
{
    archetypes::minimal_model model;
    archetypes::minimal_backend on;
    check_model_conformance(on, model);

    std::vector<int> queues;
    archetypes::minimal_device_model on_device{queues};
    archetypes::minimal_device_backend device;
    check_model_conformance(device, on_device);
    CHECK(std::all_of(queues.begin(), queues.end(), [&](int queue) { return queue == device.queue_id; }));
}

TEST_CASE("an engine with its own input, limits, layers, replicas and refusals conforms")
{
    engine model;
    sc::reference_backend on;
    check_model_conformance(on, model, {.refuses_wrong_shapes = true});
}

TEST_CASE("a model that takes one image at a time conforms")
{
    struct one_by_one : engine {
        [[nodiscard]] sc::index_t max_batch() const { return 1; }
    };
    one_by_one model;
    sc::reference_backend on;
    check_model_conformance(on, model);
}

TEST_CASE("classes that are switched off have infinite logits, and a tap before a ReLU has negative values")
{
    networks::seeded<float> network{input, activation, 4, 21};
    sc::tensor<float, 2> logits;
    sc::tensor<float, 4> before_relu;
    auto const forward = [&](batch_type batch) {
        auto const y = network.forward(batch);
        logits       = {y.shape(), {y.begin(), y.end()}};
        for (sc::index_t n = 0; n < y.extent(0); ++n) { logits(n, 2) = -std::numeric_limits<float>::infinity(); }
        return logits.view();
    };
    auto model = sc::make_model(input, forward, [&](batch_type batch) {
        auto const a = network.capture(batch).activations;
        before_relu  = {a.shape(), {a.begin(), a.end()}};
        for (auto& value : before_relu.view()) { value -= 0.5F; }
        return std::pair{forward(batch), before_relu.view()};
    });
    sc::reference_backend on;
    check_model_conformance(on, model, {.tap_is_signed = true});
}

TEST_CASE("outputs of other shapes, several outputs and resume conform")
{
    sc::reference_backend on;
    networks::segmenter<float> segmenter{{{3, 5}}};
    check_model_conformance(on, segmenter);
    networks::two_outputs<float> detector;
    check_model_conformance(on, detector);
}
