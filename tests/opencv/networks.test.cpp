// Networks of several families: the layer chosen by default, and rows that do not depend on the batch.
#include <algorithm>
#include <cmath>
#include <string>

#include <doctest/doctest.h>

#include <scorecam/opencv/images.hpp>
#include <scorecam/opencv/network.hpp>

#include "support/data.hpp"
#include "support/networks.hpp"

namespace sc  = scorecam;
namespace ocv = scorecam::opencv;

TEST_CASE("the default layer of each network is its last spatial activation, and any batch size runs")
{
    files::require("models/mobilenetv2_1.0_224.onnx");
    struct expected {
        char const* file;
        sc::image_shape input;
        char const* layer;
        sc::image_shape activation;
    };
    for (auto const& e :
         {expected{"squeezenet1_1", {3, 224, 224}, "onnx_node!/features/features.12/Concat", {512, 13, 13}},
          expected{"mobilenetv2_1.0_224", {3, 224, 224}, "onnx_node!conv61_relu6", {1280, 7, 7}},
          expected{"mobilenetv1_0.25_128", {3, 128, 128}, "onnx_node!conv26_relu6", {256, 4, 4}},
          expected{"mobilenetv1_0.25_128_features", {3, 128, 128}, "onnx_node!conv26_relu6", {256, 4, 4}},  // two outputs
          expected{"resnet20_cifar10", {3, 32, 32}, "onnx_node!/layer3/layer3.2/Relu_1", {64, 8, 8}},
          expected{"mnist", {1, 28, 28}, "onnx_node!ReLU114", {16, 14, 14}}}) {
        CAPTURE(std::string{e.file});
        ocv::network network{ocv::read_network(files::from_folder(std::string{"models/"} + e.file + ".onnx")), e.input};
        CHECK(network.explained()[0].name == e.layer);
        CHECK(network.explained()[0].shape == e.activation);
        CHECK(network.max_batch() > 7);

        auto const batch = networks::drawn_tensor<float>(prepend(e.input, 7), 1);
        auto const view  = network.forward(batch.view());
        sc::tensor<float, 2> const together{view.shape(), {view.begin(), view.end()}};
        auto const alone = network.forward(batch.view().slice(6, 1));
        float worst      = 0;  // OpenCV divides the work of a batch among threads, so that sums differ in their last bits
        for (sc::index_t c = 0; c < together.extent(1); ++c) {
            worst = std::max(worst, std::abs(alone(0, c) - together(6, c)));
        }
        CHECK(worst < 1e-4F);
    }
}
