// What an engine computes, and what it shows of its layers, against PyTorch.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/scorecam.hpp>

#include "engines/recorded.hpp"
#include "engines/tested.hpp"

using namespace engines;

TEST_CASE_TEMPLATE("outputs and activations are those of PyTorch, one layer at a time and several in one pass", Engine,
                   tested)
{
    for (auto const& one : recorded_networks) {
        CAPTURE(one.name);
        auto const images  = recorded<4>(one.name, "input");
        auto const outputs = recorded<2>(one.name, "output");
        auto const check   = [&](auto& network, std::vector<recorded_layer> const& layers) {
            for (int time = 0; time < 2; ++time) {
                CHECK(deviation(network.forward(images.view()), outputs) < tolerance);
                auto const seen = network.capture_layers(images.view());
                CHECK(deviation(seen.outputs, outputs) < tolerance);
                REQUIRE(seen.activations.size() == layers.size());
                for (std::size_t l = 0; l < layers.size(); ++l) {
                    CAPTURE(layers[l].name);
                    auto const expected = recorded<4>(one.name, layers[l].array);
                    CHECK(seen.activations[l].shape() == expected.shape());
                    CHECK(deviation(seen.activations[l], expected) < tolerance);
                }
                CHECK(deviation(network.capture(images.view()).activations, recorded<4>(one.name, layers[0].array)) <
                        tolerance);
            }
        };
        for (auto const& layer : one.layers) {
            auto alone = Engine::make(file_of(one.name), one.input, {layer.name});
            check(alone, {layer});
        }
        auto together = Engine::make(file_of(one.name), one.input, one.names());
        check(together, one.layers);
        auto backwards = one;
        std::reverse(backwards.layers.begin(), backwards.layers.end());
        auto network = Engine::make(file_of(one.name), one.input, backwards.names());
        check(network, backwards.layers);
    }
}

TEST_CASE_TEMPLATE("a layer before a ReLU is shown as it is, with its negative values", Engine, tested)
{
    for (auto const& [network, input, layer, array, after] :
         {std::tuple{"plain", plain_input, "/second/Conv", "second", "relu"},
          std::tuple{"residual", residual_input, "/add/Add", "add", "last"}}) {
        std::string const name{network};
        CAPTURE(name);
        auto engine     = Engine::make(file_of(network), input, {layer});
        auto const seen = engine.capture(recorded<4>(network, "input").view()).activations;
        CHECK(*std::min_element(seen.begin(), seen.end()) < -0.5F);
        auto before = recorded<4>(network, array);
        CHECK(deviation(seen, before) < tolerance);
        CHECK(deviation(sc::testing::relu(before), recorded<4>(network, after)) < tolerance);  // so the two differ
    }
}

TEST_CASE_TEMPLATE("the layers are listed with names, types and shapes, in the order of the network", Engine, tested)
{
    auto const network  = Engine::make(file_of("plain"), plain_input);
    auto const expected = Engine::layers_of_plain();
    REQUIRE(network.layers().size() == expected.size());
    for (std::size_t l = 0; l < expected.size(); ++l) {
        CHECK(network.layers()[l].name == expected[l].name);
        CHECK(network.layers()[l].type == expected[l].type);
        CHECK(network.layers()[l].shape == expected[l].shape);
    }
    CHECK(network.classes() == 5);
    CHECK(network.input_shape() == plain_input);
}

TEST_CASE_TEMPLATE("the layer explained by default is the last activation before the classifier", Engine, tested)
{
    for (auto const& [name, input] : {std::pair{"plain", plain_input}, std::pair{"residual", residual_input}}) {
        auto const network = Engine::make(file_of(name), input);
        std::string const expected{name == std::string{"plain"} ? "/relu/Relu" : "/last/Relu"};
        REQUIRE(network.explained().size() == 1);
        CHECK(network.explained()[0].name == Engine::name_of(expected));
    }
}

TEST_CASE_TEMPLATE("every layer that is listed can be explained, alone and with all the others", Engine, tested)
{
    for (std::string const name : {"plain", "features_first"}) {
        CAPTURE(name);
        auto const images = recorded<4>(name, "input");
        auto const names  = layers_of(Engine::make(file_of(name), plain_input));
        CHECK(std::set<std::string>(names.begin(), names.end()).size() == names.size());
        auto all        = Engine::make(file_of(name), plain_input, names);
        auto const seen = all.capture_layers(images.view());
        CHECK(deviation(seen.outputs, recorded<2>(name, "output")) < tolerance);
        REQUIRE(seen.activations.size() == names.size());
        for (std::size_t l = 0; l < names.size(); ++l) {
            CAPTURE(names[l]);
            CHECK(seen.activations[l].shape() == prepend(all.layers()[l].shape, images.extent(0)));
            auto one = Engine::make(file_of(name), plain_input, {names[l]});
            CHECK(deviation(one.capture(images.view()).activations, seen.activations[l]) < tolerance);
        }
    }
}

TEST_CASE_TEMPLATE("a layer that is an output of the file is explained like any other", Engine, tested)
{
    auto const images   = recorded<4>("features_first", "input");
    auto const outputs  = recorded<2>("features_first", "output");
    auto const features = recorded<4>("features_first", "features");
    auto const own      = Engine::name_of("/relu/Relu", "features");
    auto by_default     = Engine::make(file_of("features_first"), plain_input);
    CHECK(by_default.explained()[0].name == own);
    auto const seen = by_default.capture(images.view());
    CHECK(deviation(seen.outputs, outputs) < tolerance);
    CHECK(deviation(seen.activations, features) < tolerance);
    for (bool const first : {true, false}) {
        std::vector<std::string> const names{first ? own : "/second/Conv", first ? "/second/Conv" : own};
        auto both       = Engine::make(file_of("features_first"), plain_input, names);
        auto const of_2 = both.capture_layers(images.view());
        CHECK(deviation(of_2.outputs, outputs) < tolerance);
        CHECK(deviation(of_2.activations[first ? 0 : 1], features) < tolerance);
        auto const before = of_2.activations[first ? 1 : 0];
        CHECK(*std::min_element(before.begin(), before.end()) < 0);
        CHECK(deviation(both.forward(images.view()), outputs) < tolerance);
    }
}

TEST_CASE_TEMPLATE("the map is that of the authors' code written out in PyTorch", Engine, tested)
{
    auto network     = Engine::make(file_of("plain"), plain_input, {"/second/Conv"});
    auto const image = recorded<4>("plain", "input");
    sc::cpu::backend cpu;
    auto const found = sc::explain(cpu, network, image.view()[0], sc::target{4}, sc::conventions::official{});
    CHECK(deviation(found.maps[0][0], recorded<2>("plain", "map")) < tolerance);
    auto const weights = recorded<1>("plain", "weights");
    for (index_t k = 0; k < weights.size(); ++k) {
        CHECK(found.weights(0, k, 0) == doctest::Approx(weights(k)).epsilon(1e-4));
    }
}
