// Real networks on a photo, through the engine.
#include <cmath>
#include <cstdint>
#include <string>

#include <doctest/doctest.h>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/scorecam.hpp>

#include "engines/photos.hpp"
#include "engines/recorded.hpp"
#include "engines/tested.hpp"

using namespace engines;

namespace {

template <class T, std::size_t Rank, class From = T>
sc::tensor<T, Rank> of_chelsea(std::string const& array)
{
    return sc::testing::load<T, Rank, From>(files::from_folder(chelsea + array + ".npy"));
}

}  // namespace

TEST_CASE_TEMPLATE("the official convention is reproduced with SqueezeNet, from exact pixels", Engine, tested)
{
    files::require(chelsea + "image_u8.npy");
    auto const input = picture(files::from_folder(chelsea + "image_u8.npy"), imagenet_torch);
    auto network     = Engine::make(files::from_folder("models/squeezenet1_1.onnx"), input.shape());
    sc::cpu::backend cpu;
    auto const found = sc::explain(cpu, network, input.view(), sc::target{of_chelsea<index_t, 1, std::int64_t>("class")(0)},
                                   sc::conventions::official{});
    auto const weights = of_chelsea<float, 1>("official_weight");
    REQUIRE(found.channels() == weights.size());
    double apart = 0;
    for (index_t k = 0; k < weights.size(); ++k) {
        REQUIRE((found.flat(0, k) != 0) == std::isnan(weights(k)));  // skipped
        if (!std::isnan(weights(k))) {
            apart = std::max(apart, static_cast<double>(std::abs(found.weights(0, k, 0) - weights(k))));
        }
    }
    auto const expected = of_chelsea<float, 2>("official_map_every4");
    sc::tensor<float, 2> every4{expected.shape()};
    for (index_t y = 0; y < every4.extent(0); ++y) {
        for (index_t x = 0; x < every4.extent(1); ++x) { every4(y, x) = found.map()(4 * y, 4 * x); }
    }
    MESSAGE("weights " << apart << ", map " << deviation(every4, expected) << ", logits "
                       << deviation(found.outputs, of_chelsea<float, 2>("logits")));
    CHECK(apart < 1e-5);                                                     // measured: 2e-7
    CHECK(deviation(every4, expected) < 1e-4);                               // measured: 1.2e-6
    CHECK(deviation(found.outputs, of_chelsea<float, 2>("logits")) < 1e-4);  // measured: 5e-7
}

TEST_CASE_TEMPLATE("the default layer of each network is its last activation before the classifier", Engine, tested)
{
    files::require("models/mobilenetv2_1.0_224.onnx");
    struct expected {
        std::string file;
        sc::image_shape input;
        std::string layer;
        sc::image_shape activation;
    };
    for (auto const& one :
         {expected{"squeezenet1_1", {3, 224, 224}, Engine::name_of("/features/features.12/Concat"), {512, 13, 13}},
          expected{"mobilenetv2_1.0_224", {3, 224, 224}, Engine::name_of("conv61_relu6"), {1280, 7, 7}},
          expected{"mobilenetv1_0.25_128", {3, 128, 128}, Engine::name_of("conv26_relu6"), {256, 4, 4}},
          expected{"mobilenetv1_0.25_128_features", {3, 128, 128}, Engine::name_of("conv26_relu6", "features"), {256, 4, 4}},
          expected{"resnet20_cifar10", {3, 32, 32}, Engine::name_of("/layer3/layer3.2/Relu_1"), {64, 8, 8}},
          expected{"mnist", {1, 28, 28}, Engine::name_of("ReLU114"), {16, 14, 14}}}) {
        CAPTURE(one.file);
        auto network = Engine::make(files::from_folder("models/" + one.file + ".onnx"), one.input);
        CHECK(network.explained()[0].name == one.layer);
        CHECK(network.explained()[0].shape == one.activation);
        CHECK(network.max_batch() > 7);
        sc::tensor<float, 4> const black{prepend(one.input, 2)};
        auto const seen = network.capture(black.view());
        CHECK(seen.activations.shape() == prepend(one.activation, 2));
        CHECK(deviation(seen.outputs[0], seen.outputs[1]) < 1e-4);
        CHECK(deviation(seen.activations[0], seen.activations[1]) < 1e-4);
    }
}
