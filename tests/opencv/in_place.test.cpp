// A convolution before a ReLU, explained through OpenCV, which fuses the two or lets the ReLU write over the convolution's
// values: against what PyTorch gave for the same weights.
#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/conventions.hpp>
#include <scorecam/cpu/backend.hpp>
#include <scorecam/opencv/network.hpp>
#include <scorecam/scorecam.hpp>

#include "golden/recorded.hpp"

namespace sc          = scorecam;
namespace ocv         = scorecam::opencv;
namespace conventions = scorecam::conventions;

namespace {

/// The recorded case whose explained layer is conv2, with a ReLU behind it.
std::string const before_relu = "signed_40x24_k8";

template <std::size_t Rank>
cv::Mat copied(sc::tensor<float, Rank> const& numbers)
{
    std::vector<int> sizes;
    for (std::size_t d = 0; d < Rank; ++d) { sizes.push_back(static_cast<int>(numbers.extent(d))); }
    if (Rank == 1) { sizes.insert(sizes.begin(), 1); }
    cv::Mat copy{sizes, CV_32F};
    std::copy(numbers.begin(), numbers.end(), copy.ptr<float>());
    return copy;
}

void add_convolution(cv::dnn::Net& net, std::string const& name, sc::testing::convolution<float> const& layer)
{
    cv::dnn::LayerParams how;
    how.blobs = {copied(layer.weight), copied(layer.bias)};
    how.set("num_output", static_cast<int>(layer.weight.extent(0)));
    how.set("kernel_size", static_cast<int>(layer.weight.extent(2)));
    how.set("stride", static_cast<int>(layer.stride));
    how.set("pad", static_cast<int>(layer.padding));
    net.addLayerToPrev(name, "Convolution", how);
}

/// The recorded network as OpenCV's layers.
cv::dnn::Net network_of(sc::testing::tiny_layers<float> const& layers)
{
    cv::dnn::LayerParams mean;
    mean.set("pool", "ave");
    mean.set("global_pooling", true);
    cv::dnn::LayerParams linear;
    linear.blobs = {copied(layers.linear_weight), copied(layers.linear_bias)};
    linear.set("num_output", static_cast<int>(layers.linear_bias.extent(0)));
    cv::dnn::LayerParams none;

    cv::dnn::Net net;
    add_convolution(net, "conv1", layers.conv1);
    net.addLayerToPrev("relu1", "ReLU", none);
    add_convolution(net, "conv2", layers.conv2);
    net.addLayerToPrev("relu2", "ReLU", none);
    net.addLayerToPrev("mean", "Pooling", mean);
    net.addLayerToPrev("linear", "InnerProduct", linear);
    return net;
}

ocv::network explained_at(std::vector<std::string> const& layer_names, bool fusion)
{
    sc::testing::tiny_layers<float> const layers{golden::folder(before_relu)};
    auto net = network_of(layers);
    net.enableFusion(fusion);
    return ocv::network{net, layers.input, layer_names};
}

sc::tensor<float, 3> recorded(std::string const& array) { return golden::recorded<float, 3>(before_relu + "/" + array); }

}  // namespace

TEST_CASE("OpenCV captures a convolution as it is before the ReLU behind it")
{
    golden::example<float> example{before_relu};
    auto const before = golden::recorded<float, 4>(before_relu + "/act");
    auto const after  = sc::testing::relu(before);
    auto const logits = golden::recorded<float, 2>(before_relu + "/logits");
    REQUIRE(golden::deviation(after, before) > 0.1);
    for (bool const fusion : {true, false}) {
        CAPTURE(fusion);
        auto at_conv = explained_at({"conv2"}, fusion);
        auto at_relu = explained_at({"relu2"}, fusion);
        auto at_both = explained_at({"conv2", "relu2"}, fusion);
        for (int time = 0; time < 2; ++time) {  // and again when OpenCV has run the network without keeping any layer
            CAPTURE(time);
            auto const of_conv = at_conv.capture(example.images.view());
            CHECK(golden::deviation(of_conv.activations, before) < golden::single_precision);
            CHECK(golden::deviation(of_conv.outputs, logits) < golden::single_precision);
            auto const of_relu = at_relu.capture(example.images.view());
            CHECK(golden::deviation(of_relu.activations, after) < golden::single_precision);
            CHECK(golden::deviation(of_relu.outputs, logits) < golden::single_precision);
            auto const of_both = at_both.capture_layers(example.images.view());
            CHECK(golden::deviation(of_both.activations[0], before) < golden::single_precision);
            CHECK(golden::deviation(of_both.activations[1], after) < golden::single_precision);
            for (auto* network : {&at_conv, &at_relu, &at_both}) {
                CHECK(golden::deviation(network->forward(example.images.view()), logits) < golden::single_precision);
            }
        }
    }
}

TEST_CASE("maps of a convolution before a ReLU, through OpenCV, are the recorded ones")
{
    golden::example<float> example{before_relu};
    sc::cpu::backend cpu;
    for (bool const fusion : {true, false}) {
        CAPTURE(fusion);
        auto network         = explained_at({"conv2"}, fusion);
        auto const explained = [&](auto... policies) {
            return sc::explain(cpu, network, example.images, example.targets(), policies...);
        };
        auto const official = explained(conventions::official{});
        CHECK(golden::deviation(official.weights, golden::recorded<float, 2>(before_relu + "/official_weight")) <
              golden::single_precision);
        CHECK(golden::deviation(official.maps, recorded("official_map")) < golden::single_precision);
        auto const other = explained(conventions::pytorch_grad_cam{});
        CHECK(golden::deviation(other.activation_maps, recorded("pgc_map_raw")) < golden::single_precision);
        CHECK(golden::deviation(other.maps, recorded("pgc_map")) < golden::single_precision);

        auto behind          = explained_at({"relu2"}, fusion);
        auto const of_behind = sc::explain(cpu, behind, example.images, example.targets());
        CHECK(golden::deviation(of_behind.maps, recorded("official_map")) > 0.01);  // another layer, another map
    }
}
