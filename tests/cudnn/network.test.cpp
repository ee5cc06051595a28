// Networks on cuDNN against PyTorch and ONNX Runtime: outputs, activations, maps, batches and errors.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/cudnn/network.hpp>
#include <scorecam/scorecam.hpp>
#include <scorecam/testing/model_conformance.hpp>

#include "cudnn/on_a_stream.hpp"

using namespace cudnn_tests;

namespace {

/// Between cuDNN and PyTorch or ONNX Runtime. On a GPU convolutions may be Winograd's, whose sums are less exact; on the
/// host they stay below 1e-5.
constexpr double alike = 1e-4;

/// Of networks in bfloat16, in parts of the largest value. Measured on the host: 0.009 at most.
constexpr double of_bfloat16 = 0.02;

template <std::size_t Rank>
double relative(sc::tensor<float, Rank> const& found, sc::tensor<float, Rank> const& expected)
{
    float largest = 0;
    for (float const v : expected) { largest = std::max(largest, std::abs(v)); }
    return deviation(found, expected) / static_cast<double>(largest);
}

/// What is wrong with loading a network; empty if nothing is.
std::string refused(std::string const& network, sc::image_shape input, std::vector<std::string> const& layers = {})
{
    try {
        cudnn::network const made{file_of(network), input, layers};
    } catch (sc::model_error const& e) {
        return e.what();
    }
    return "";
}

}  // namespace

TEST_CASE("outputs and activations are those of PyTorch, one layer at a time and several in one pass")
{
    on_a_stream here;
    for (auto const& one : recorded_networks) {
        CAPTURE(one.name);
        auto const images  = recorded<4>(one.name, "input");
        auto const outputs = recorded<2>(one.name, "output");
        std::vector<std::vector<recorded_layer>> choices{one.layers};
        for (auto const& layer : one.layers) { choices.push_back({layer}); }
        for (auto const& layers : choices) {
            std::vector<std::string> names;
            for (auto const& layer : layers) { names.push_back(layer.name); }
            cudnn::network network{file_of(one.name), one.input, names};
            CHECK(network.classes() == 5);
            CHECK(network.precision() == "float32");
            for (index_t const n : {3, 1, 7, 3}) {
                CAPTURE(n);
                auto const batch = repeated(images, n);
                CHECK(deviation(here.forward(network, batch), repeated(outputs, n)) < alike);
                auto const seen = here.capture(network, batch);
                CHECK(deviation(seen.outputs, repeated(outputs, n)) < alike);
                REQUIRE(seen.activations.size() == layers.size());
                for (std::size_t l = 0; l < layers.size(); ++l) {
                    auto const expected = repeated(recorded<4>(one.name, layers[l].array), n);
                    CHECK(seen.activations[l].shape() == expected.shape());
                    CHECK(deviation(seen.activations[l], expected) < alike);
                }
            }
        }
    }
}

TEST_CASE("networks with every operator give what was recorded with ONNX Runtime, fused and not")
{
    struct expected {
        std::string network, layer;
    };
    on_a_stream here;
    for (auto const& one :
         {expected{"mobile", "13_Clip"}, {"fire", "9_Concat"}, {"normal", "12_Relu"}, {"means", "7_Sum"}}) {
        CAPTURE(one.network);
        auto const file   = files::own("tests/onnx/networks/" + one.network);
        auto const images = sc::testing::load<float, 4>(file + ".input.npy");
        auto const shape  = sc::trailing<3>(images.shape());
        cudnn::network fused{file + ".onnx", shape, {one.layer}};
        cudnn::network plain{file + ".onnx", shape, layers_of(fused)};
        for (auto* network : {&fused, &plain}) {
            auto const seen = here.capture(*network, images);
            CHECK(deviation(seen.outputs, sc::testing::load<float, 2>(file + ".output.npy")) < alike);
            for (std::size_t l = 0; l < seen.activations.size(); ++l) {
                if (network->explained()[l].name != one.layer) { continue; }
                CHECK(deviation(seen.activations[l], sc::testing::load<float, 4>(file + ".layer.npy")) < alike);
            }
        }
    }
}

TEST_CASE("the layers are those of the file, and the one explained by default is the last before the classifier")
{
    cudnn::network const network{file_of("plain"), plain_input};
    std::vector<std::string> const expected{"/first/Conv", "/Relu", "/second/Conv", "/relu/Relu"};
    CHECK(layers_of(network) == expected);
    CHECK(network.explained()[0].name == "/relu/Relu");
    CHECK(cudnn::network{file_of("residual"), residual_input}.explained()[0].name == "/last/Relu");
    CHECK(cudnn::network{file_of("features_first"), plain_input}.explained()[0].name == "/relu/Relu");
}

TEST_CASE("files made for one image, for four, or for one at a time run with any number")
{
    on_a_stream here;
    for (std::string const name : {"one", "four", "folded", "weights_apart"}) {
        CAPTURE(name);
        bool const apart   = name == "weights_apart";  // the weights of plain
        auto const images  = recorded<4>(apart ? "plain" : name, "input");
        auto const outputs = recorded<2>(apart ? "plain" : name, "output");
        cudnn::network network{file_of(name), plain_input};
        CHECK(network.max_batch() > 1000);
        for (index_t const n : {1, 6}) {
            auto const seen = here.capture(network, repeated(images, n));
            CHECK(deviation(seen.outputs, repeated(outputs, n)) < alike);
            CHECK(deviation(seen.activations[0], repeated(recorded<4>(apart ? "plain" : name, "relu"), n)) < alike);
        }
    }
}

TEST_CASE("the output that is asked for is the scores")
{
    on_a_stream here;
    auto const images = recorded<4>("two_scores", "input");
    for (auto const& [output, array] : {std::pair{"logits", "output"}, std::pair{"probabilities", "probabilities"}}) {
        cudnn::network network{file_of("two_scores"), plain_input, {}, {.output = output}};
        CHECK(deviation(here.forward(network, images), recorded<2>("two_scores", array)) < alike);
    }
}

TEST_CASE("TF32 is as good as its 10 bits of mantissa, and says so")
{
    on_a_stream here;
    auto const images  = recorded<4>("plain", "input");
    auto const outputs = recorded<2>("plain", "output");
    cudnn::network network{file_of("plain"), plain_input, {}, {.precision = cudnn::arithmetic::tf32}};
    CHECK(network.precision() == "tf32");
    auto const apart = deviation(here.forward(network, images), outputs);
    CHECK(apart < 0.2);  // 10 bits of mantissa, and the head's weights are 60-fold
}

TEST_CASE("bfloat16 is as good as its 8 bits of mantissa, in every operator, and says so")
{
    on_a_stream here;
    for (auto const& one : recorded_networks) {
        CAPTURE(one.name);
        cudnn::bfloat16_network network{file_of(one.name), one.input, one.names()};
        CHECK(network.precision() == "bfloat16");
        auto const images = recorded<4>(one.name, "input");
        for (index_t const n : {3, 1, 7}) {
            auto const seen = here.capture(network, repeated(images, n));
            CHECK(relative(seen.outputs, repeated(recorded<2>(one.name, "output"), n)) < of_bfloat16);
            for (std::size_t l = 0; l < one.layers.size(); ++l) {
                auto const expected = repeated(recorded<4>(one.name, one.layers[l].array), n);
                CHECK(relative(seen.activations.at(l), expected) < of_bfloat16);
            }
        }
    }
    for (std::string const name : {"mobile", "fire", "normal", "means"}) {
        CAPTURE(name);
        auto const file   = files::own("tests/onnx/networks/" + name);
        auto const images = sc::testing::load<float, 4>(file + ".input.npy");
        cudnn::network exact{file + ".onnx", sc::trailing<3>(images.shape())};
        cudnn::bfloat16_network network{file + ".onnx", sc::trailing<3>(images.shape()), layers_of(exact)};
        auto const seen = here.capture(network, images);
        CHECK(relative(seen.outputs, sc::testing::load<float, 2>(file + ".output.npy")) < of_bfloat16);
    }
}

TEST_CASE("the map of a network in bfloat16 is nearly that of float32")
{
    on_a_stream here;
    cudnn::network exact{file_of("residual"), residual_input};
    cudnn::bfloat16_network network{file_of("residual"), residual_input};
    device::moved const batch{here.on, recorded<4>("residual", "input")};
    auto const expected = sc::explain(here.on, exact, batch.view(), sc::target{1}, sc::fixed_batch{4});
    auto const found    = sc::explain(here.on, network, batch.view(), sc::target{1}, sc::fixed_batch{4});
    CHECK(found.precision == "bfloat16");
    CHECK(found.forwards == expected.forwards);
    CHECK(relative(found.scores, expected.scores) < of_bfloat16);
    CHECK(relative(found.scores, expected.scores) > 0);
    CHECK(relative(found.maps, expected.maps) < 4 * of_bfloat16);
}

TEST_CASE("chunks recorded as a graph give the bits of chunks that are not")
{
    on_a_stream here;
    device::moved const batch{here.on, recorded<4>("residual", "input")};
    auto const check_alike = [&](auto network) {
        network.capturable  = false;
        auto const expected = sc::explain(here.on, network, batch.view(), sc::target{1}, sc::fixed_batch{2});
        network.capturable  = true;
        auto const found    = sc::explain(here.on, network, batch.view(), sc::target{1}, sc::fixed_batch{2});
        sc::detail::model_calls call{here.on, network};
        auto const two = call.entered(batch.view().slice(0, 2));
        REQUIRE(here.on.record([&] { static_cast<void>(network.forward(two, here.stream.get())); }));
        CHECK(expected.batches > 4);  // of the same size: one that runs, one that is recorded, others
        CHECK(std::equal(found.scores.begin(), found.scores.end(), expected.scores.begin(), expected.scores.end()));
        CHECK(std::equal(found.maps.begin(), found.maps.end(), expected.maps.begin(), expected.maps.end()));
    };
    check_alike(cudnn::network{file_of("residual"), residual_input});
    check_alike(cudnn::bfloat16_network{file_of("residual"), residual_input});
}

TEST_CASE("the networks conform")
{
    on_a_stream here;
    for (auto const& one : recorded_networks) {
        CAPTURE(one.name);
        for (auto const& layers : {std::vector<std::string>{}, {one.layers[0].name}, one.names()}) {
            cudnn::network network{file_of(one.name), one.input, layers};
            sc::testing::check_model_conformance(here.on, network,
                                                 {.refuses_wrong_shapes = true, .tap_is_signed = !layers.empty()});
            cudnn::bfloat16_network rounded{file_of(one.name), one.input, layers};
            sc::testing::check_model_conformance(
                here.on, rounded,
                {.tolerance = of_bfloat16, .refuses_wrong_shapes = true, .tap_is_signed = !layers.empty()});
        }
    }
}

TEST_CASE("the map is that of the authors' code written out in PyTorch")
{
    on_a_stream here;
    cudnn::network network{file_of("plain"), plain_input, {"/second/Conv"}};
    auto const image = sc::testing::load<float, 4>(files::own("tests/engines/networks/plain.input.npy"));
    sc::tensor<float, 4> first{sc::prepend(plain_input, 1)};
    std::copy_n(image.data(), first.size(), first.data());
    device::moved const batch{here.on, first};
    auto const found = sc::explain(here.on, network, batch.view()[0], sc::target{4}, sc::conventions::official{});
    CHECK(deviation(found.maps[0][0], recorded<2>("plain", "map")) < alike);
    auto const weights = recorded<1>("plain", "weights");
    for (index_t k = 0; k < weights.size(); ++k) {
        CHECK(found.weights(0, k, 0) == doctest::Approx(weights(k)).epsilon(1e-4));
    }
}

TEST_CASE("a network outlives the streams it was called on, and may be called on others")
{
    auto const images  = recorded<4>("residual", "input");
    auto const outputs = recorded<2>("residual", "output");
    cudnn::network network{file_of("residual"), residual_input};
    for (index_t const n : {2, 5, 1}) {
        on_a_stream here, other;
        CHECK(deviation(here.forward(network, repeated(images, n)), repeated(outputs, n)) < alike);
        device::moved const first{here.on, repeated(images, 3)};
        device::moved const second{other.on, repeated(images, 4)};  // and the first run may be on its way yet
        static_cast<void>(network.forward(first.view(), here.stream.get()));
        CHECK(deviation(other.on_host(network.forward(second.view(), other.stream.get())), repeated(outputs, 4)) < alike);
    }
}

TEST_CASE("what cannot be loaded is refused with the file, the operator and the node")
{
    CHECK(refused("plain", plain_input) == "");
    CHECK(refused("plain", plain_input, {"/third/Conv"}).find("/third/Conv") != std::string::npos);
    CHECK(refused("residual", {3, 8, 12}).find("residual.onnx: the network does not take inputs of (3, 8, 12)") !=
          std::string::npos);
    auto const transformer = refused("transformer", {3, 12, 16});
    CHECK(transformer.find("transformer.onnx: the operator ") != std::string::npos);
    CHECK(transformer.find("the node /") != std::string::npos);
    CHECK(transformer.find("; export ") != std::string::npos);
    CHECK(refused("no_such", plain_input).find("; pass the name of an ONNX file") != std::string::npos);
}
