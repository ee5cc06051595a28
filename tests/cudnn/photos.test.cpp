// Real networks on a photo, on cuDNN and on an engine of the CPU.
#include <string>

#include <doctest/doctest.h>

#include <scorecam/testing/drawn.hpp>

#include "cudnn/other_engine.hpp"

using namespace cudnn_tests;

namespace {

/// Sums over thousands of products in other orders, some fifty times in a row. Measured: 1.7e-6 at most.
constexpr double alike = 1e-4;

sc::tensor<float, 3> drawn(sc::image_shape shape) { return sc::testing::drawn_tensor<float, 3>(shape, 1); }
std::string file(std::string const& name) { return data::from_folder("models/" + name + ".onnx"); }

}  // namespace

TEST_CASE("scores and activations of real networks are those of another engine")
{
    data::require("models/squeezenet1_1.onnx");
    data::require(chelsea + "image_u8.npy");
    require_other_engine();
    auto const pixels = data::from_folder(chelsea + "image_u8.npy");
    check_same(file("squeezenet1_1"), picture(pixels, imagenet_torch), alike, 9);
    check_same(file("mobilenetv2_1.0_224"), picture(pixels, imagenet_tf), alike, 20);
    check_same(file("mobilenetv1_0.25_128"), drawn({3, 128, 128}), alike, 7);
    check_same(file("resnet20_cifar10"), drawn({3, 32, 32}), alike, 5);
    check_same(file("mnist"), drawn({1, 28, 28}), alike);
}
