// An adapter of the user's own, tested with the kit of an installed scorecam.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <scorecam/reference.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/testing/backend_conformance.hpp>
#include <scorecam/testing/model_conformance.hpp>

using batch_type = scorecam::tensor_view<float const, 4>;

/// Two classes: the first pixel and the last one. The activations are the pixels.
struct my_adapter {
    using value_type = float;
    using space_type = scorecam::host_space;
    scorecam::tensor<float, 2> outputs;
    scorecam::tensor<float, 4> activations;

    scorecam::image_shape input_shape() const { return {1, 2, 3}; }
    scorecam::tensor_view<float const, 2> forward(batch_type batch)
    {
        outputs = scorecam::tensor<float, 2>{{{batch.extent(0), 2}}};
        for (scorecam::index_t n = 0; n < batch.extent(0); ++n) {
            outputs(n, 0) = batch(n, 0, 0, 0);
            outputs(n, 1) = batch(n, 0, 1, 2);
        }
        return outputs;
    }
    scorecam::captured<float> capture(batch_type batch)
    {
        activations = {batch.shape(), {batch.begin(), batch.end()}};
        return {forward(batch), activations};
    }
};

TEST_CASE("my adapter is a model")
{
    my_adapter model;
    scorecam::reference_backend on;
    scorecam::testing::check_model_conformance(on, model, {.tap_is_signed = true});
}

TEST_CASE("the reference backend is one")
{
    scorecam::reference_backend on;
    scorecam::testing::check_backend_conformance(on);
}
