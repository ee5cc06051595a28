// Networks on OpenCV, held against what every model promises.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/opencv/network.hpp>
#include <scorecam/reference.hpp>
#include <scorecam/testing/model_conformance.hpp>

#include "support/data.hpp"

namespace sc  = scorecam;
namespace ocv = scorecam::opencv;

namespace {

void check(std::string const& file, sc::image_shape input, std::vector<std::string> const& layers,
           sc::testing::model_options const& options)
{
    ocv::network network{ocv::read_network(file), input, layers};
    sc::reference_backend on;
    sc::testing::check_model_conformance(on, network, options);
}

}  // namespace

TEST_CASE("the network of drawings conforms, after a ReLU, before it, and at both")
{
    auto const file = files::own("examples/drawings/drawings.onnx");
    check(file, {3, 96, 96}, {}, {.refuses_wrong_shapes = true});
    check(file, {3, 96, 96}, {"/features/conv5/Conv"}, {.tap_is_signed = true});
    check(file, {3, 96, 96}, {"/features/conv3/Conv", "/features/relu5/Relu"}, {.tap_is_signed = true});
}

TEST_CASE("SqueezeNet and a ResNet conform")
{
    files::require("models/squeezenet1_1.onnx");
    check(files::from_folder("models/resnet20_cifar10.onnx"), {3, 32, 32}, {}, {});
    check(files::from_folder("models/squeezenet1_1.onnx"), {3, 224, 224}, {}, {.largest_batch = 5});
}

TEST_CASE("of an ONNX file the input is checked, which of a network that was read before OpenCV does not tell")
{
    auto const file = files::own("tests/engines/networks/residual.onnx");
    ocv::network network{file, {3, 8, 8}};
    CHECK(network.classes() == 5);
    CHECK(network.max_batch() > 100);
    CHECK_THROWS_WITH_AS((ocv::network{file, {1, 8, 8}}), doctest::Contains("(1, 8, 8) but of (n, 3, 8, 8)"),
                         sc::model_error);
    CHECK_THROWS_WITH_AS((ocv::network{file, {3, 8, 12}}), doctest::Contains("residual.onnx"), sc::model_error);
    CHECK_THROWS_WITH_AS((ocv::network{files::own("tests/engines/networks/integers.onnx"), {2, 12, 10}}),
                         doctest::Contains("not of float32, float16 or uint8 but of int64"), sc::model_error);
    CHECK_THROWS_WITH_AS((ocv::network{files::own("tests/engines/networks/weights_apart.onnx"), {2, 12, 10}}),
                         doctest::Contains("'weights_apart.weights', which OpenCV does not read; export"), sc::model_error);
}
