// The same, with real networks on a photo.
#include <doctest/doctest.h>

#include "engines/agree.hpp"

using namespace engines;

TEST_CASE("the engines agree on a photo, with SqueezeNet")
{
    files::require(chelsea + "image_u8.npy");
    auto const input = picture(files::from_folder(chelsea + "image_u8.npy"), imagenet_torch);
    check_agreement(
        by_all(files::from_folder("models/squeezenet1_1.onnx"), input, sc::target{281}, sc::conventions::official{}));
}

TEST_CASE("the engines agree on a photo, with MobileNetV2")
{
    files::require("models/mobilenetv2_1.0_224.onnx");
    auto const input = picture(files::from_folder(chelsea + "image_u8.npy"), imagenet_tf);
    check_agreement(by_all(files::from_folder("models/mobilenetv2_1.0_224.onnx"), input, sc::top{},
                           sc::conventions::official{}, sc::largest_mass{64}));  // of 1280
}
