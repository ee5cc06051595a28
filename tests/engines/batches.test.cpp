// Batches: their sizes, and that rows do not know of each other.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/scorecam.hpp>
#include <scorecam/testing/model_conformance.hpp>

#include "engines/recorded.hpp"
#include "engines/tested.hpp"

using namespace engines;

TEST_CASE_TEMPLATE("1 image, 3, many, 1: each row is the one recorded for its image", Engine, tested)
{
    for (auto const& one : recorded_networks) {
        CAPTURE(one.name);
        auto network = Engine::make(file_of(one.name), one.input, one.names());
        CHECK(network.max_batch() > 100);
        auto const images  = recorded<4>(one.name, "input");
        auto const outputs = recorded<2>(one.name, "output");
        for (index_t const n : {1, 3, 70, 1, 2}) {
            CAPTURE(n);
            auto const batch = repeated(images, n);
            CHECK(network.forward(batch.view()).shape() == sc::extents<2>{n, 5});
            CHECK(deviation(network.forward(batch.view()), repeated(outputs, n)) < tolerance);
            auto const seen = network.capture_layers(batch.view());
            CHECK(deviation(seen.outputs, repeated(outputs, n)) < tolerance);
            for (std::size_t l = 0; l < one.layers.size(); ++l) {
                auto const layer = recorded<4>(one.name, one.layers[l].array);
                CHECK(seen.activations[l].shape() == sc::prepend(sc::trailing<3>(layer.shape()), n));
                CHECK(deviation(seen.activations[l], repeated(layer, n)) < tolerance);
            }
        }
    }
}

TEST_CASE_TEMPLATE("a network that takes one image at a time, whatever its file says, is found out when it is loaded",
                   Engine, tested)
{
    auto network = Engine::make(file_of("folded"), plain_input);
    CHECK(network.max_batch() == 1);
    auto const image = recorded<4>("folded", "input");
    auto const seen  = network.capture(image.view());
    CHECK(deviation(seen.outputs, recorded<2>("folded", "output")) < tolerance);
    CHECK(deviation(seen.activations, recorded<4>("folded", "relu")) < tolerance);
    sc::cpu::backend cpu;
    auto const found = sc::explain(cpu, network, image.view()[0], sc::fixed_batch{8});
    CHECK(found.batches == found.forwards);
    CHECK(found.forwards == 9);
}

TEST_CASE_TEMPLATE("a file made for one image runs", Engine, tested)
{
    auto network = Engine::make(file_of("one"), plain_input);
    CHECK((network.max_batch() == 1) != Engine::frees_batches);
    auto const image = recorded<4>("one", "input");
    for (index_t const n : {1, 3}) {
        if (n > network.max_batch()) { continue; }
        auto const seen = network.capture(repeated(image, n).view());
        CHECK(deviation(seen.outputs, repeated(recorded<2>("one", "output"), n)) < tolerance);
        CHECK(deviation(seen.activations, repeated(recorded<4>("one", "relu"), n)) < tolerance);
    }
}

TEST_CASE_TEMPLATE("the engine's networks conform", Engine, tested)
{
    sc::reference_backend on;
    for (auto const& one : recorded_networks) {
        CAPTURE(one.name);
        for (auto const& layers : {std::vector<std::string>{}, {one.layers[0].name}, one.names()}) {
            auto network = Engine::make(file_of(one.name), one.input, layers);
            sc::testing::check_model_conformance(
                on, network,
                {.nan_stays_visible = Engine::keeps_nan, .refuses_wrong_shapes = true, .tap_is_signed = !layers.empty()});
        }
    }
    auto one_by_one = Engine::make(file_of("folded"), plain_input);
    sc::testing::check_model_conformance(on, one_by_one,
                                         {.nan_stays_visible = Engine::keeps_nan, .refuses_wrong_shapes = true});
}
