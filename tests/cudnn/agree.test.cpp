// Networks on cuDNN beside engines of the CPU: the same layers, scores and maps. From the repository alone, but for the last
// test case, which is a test of its own: cudnn.photos.
#include <algorithm>
#include <string>
#include <type_traits>

#include <doctest/doctest.h>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/scorecam.hpp>
#include <scorecam/testing/drawn.hpp>

#include "cudnn/other_engine.hpp"

using namespace cudnn_tests;

namespace {

/// Between convolutions that sum in other orders, in parts of the largest value. Measured: 2.8e-7 at most.
constexpr double alike = 1e-5;
/// The same of thousands of products, some fifty times in a row. Measured: 1.7e-6 at most.
constexpr double alike_when_deep = 1e-4;

}  // namespace

TEST_CASE("all layers of the small networks are those of another engine")
{
    require_other_engine();
    check_same(files::own("examples/drawings/drawings.onnx"), picture(disc_file, imagenet_tf), alike);
    for (std::string const name : {"mobile", "fire", "normal", "means"}) {
        auto const file   = files::own("tests/onnx/networks/" + name);
        auto const images = sc::testing::load<float, 4>(file + ".input.npy");
        sc::tensor<float, 3> image{sc::trailing<3>(images.shape())};
        std::copy_n(images.data(), image.size(), image.data());
        check_same(file + ".onnx", image, alike);
    }
}

TEST_CASE("whole explanations on the device are those of the CPU backend and another engine")
{
    if constexpr (!std::is_void_v<other_engine>) {
        auto const file  = files::own("examples/drawings/drawings.onnx");
        auto const image = picture(disc_file, imagenet_tf);
        auto other       = other_engine::make(file, image.shape());
        sc::cpu::backend cpu;
        auto const expected = sc::explain(cpu, other, image.view(), sc::targets{0, 3}, sc::conventions::official{});

        on_a_stream here;
        cudnn::network network{file, image.shape()};
        sc::tensor<float, 4> images{sc::prepend(image.shape(), 1)};
        std::copy(image.begin(), image.end(), images.data());
        device::moved const there{here.on, images};
        auto const found = sc::explain(here.on, network, there.view()[0], sc::targets{0, 3}, sc::conventions::official{},
                                       sc::fixed_batch{32});
        MESSAGE("maps " << deviation(found.maps, expected.maps) << " apart, weights "
                        << deviation(found.weights, expected.weights));
        CHECK(deviation(found.maps, expected.maps) < 1e-4);        // measured: 7.8e-7
        CHECK(deviation(found.weights, expected.weights) < 1e-5);  // measured: 4.5e-7
        CHECK(found.status(0, 0) == sc::map_status::meaningful);
        CHECK(found.forwards == expected.forwards);
    }
}

TEST_CASE("scores and activations of real networks on a photo are those of another engine" * doctest::skip())
{
    files::require("models/squeezenet1_1.onnx");
    files::require(chelsea + "image_u8.npy");
    require_other_engine();
    auto const file   = [](std::string const& name) { return files::from_folder("models/" + name + ".onnx"); };
    auto const drawn  = [](sc::image_shape shape) { return sc::testing::drawn_tensor<float, 3>(shape, 1); };
    auto const pixels = files::from_folder(chelsea + "image_u8.npy");
    check_same(file("squeezenet1_1"), picture(pixels, imagenet_torch), alike_when_deep, 9);
    check_same(file("mobilenetv2_1.0_224"), picture(pixels, imagenet_tf), alike_when_deep, 20);
    check_same(file("mobilenetv1_0.25_128"), drawn({3, 128, 128}), alike_when_deep, 7);
    check_same(file("resnet20_cifar10"), drawn({3, 32, 32}), alike_when_deep, 5);
    check_same(file("mnist"), drawn({1, 28, 28}), alike_when_deep);
}
