#include <cstdio>
#include <filesystem>

#include <doctest/doctest.h>

#include <scorecam/opencv/images.hpp>

namespace ocv = scorecam::opencv;

namespace {

/// Pixel (x, y) of a picture is (10·x, 10·y, 200) in BGR.
cv::Mat ramp(int width, int height)
{
    cv::Mat picture(height, width, CV_8UC3);
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            picture.at<cv::Vec3b>(y, x) = {static_cast<unsigned char>(10 * x), static_cast<unsigned char>(10 * y), 200};
        }
    }
    return picture;
}

}  // namespace

TEST_CASE("a picture of the input's size is taken pixel by pixel, in the network's channel order")
{
    auto how  = ocv::imagenet_torch();
    how.width = 12, how.height = 8;
    auto const rgb = ocv::prepare(ramp(12, 8), how);
    CHECK(rgb.shape() == scorecam::image_shape{3, 8, 12});
    CHECK(rgb(0, 3, 5) == doctest::Approx((200 / 255.0 - 0.485) / 0.229).epsilon(1e-6));
    CHECK(rgb(1, 3, 5) == doctest::Approx((30 / 255.0 - 0.456) / 0.224).epsilon(1e-6));
    CHECK(rgb(2, 3, 5) == doctest::Approx((50 / 255.0 - 0.406) / 0.225).epsilon(1e-6));

    how.order      = ocv::channel_order::bgr;
    auto const bgr = ocv::prepare(ramp(12, 8), how);
    CHECK(bgr(0, 3, 5) == doctest::Approx((50 / 255.0 - 0.485) / 0.229).epsilon(1e-6));
}

TEST_CASE("presets: TensorFlow's range is [-1, 1], MNIST's is [0, 1] in one channel")
{
    cv::Mat const white(300, 400, CV_8UC3, cv::Scalar::all(255));
    cv::Mat const dark(300, 400, CV_8UC3, cv::Scalar::all(0));
    CHECK(ocv::prepare(white, ocv::imagenet_tf())(2, 223, 0) == 1);
    CHECK(ocv::prepare(dark, ocv::imagenet_tf())(0, 0, 223) == -1);
    auto const digit = ocv::prepare(white, ocv::mnist());
    CHECK(digit.shape() == scorecam::image_shape{1, 28, 28});
    CHECK(digit(0, 14, 14) == 1);
}

TEST_CASE("the crop is the centre, with the margin of the preset and the input's aspect ratio")
{
    auto const crop = ocv::crop_of({512, 320}, ocv::imagenet_torch());  // short side 320 stands for 256
    CHECK(crop == cv::Rect{116, 20, 280, 280});
    CHECK(ocv::crop_of({224, 224}, ocv::imagenet_torch()) == cv::Rect{0, 0, 224, 224});
    auto wide  = ocv::cifar();
    wide.width = 64;
    CHECK(ocv::crop_of({100, 100}, wide) == cv::Rect{0, 25, 100, 50});
    CHECK(ocv::crop_of({1, 1}, ocv::imagenet_torch()) == cv::Rect{0, 0, 1, 1});
}

TEST_CASE("an overlay is red where the map is 1 and blue where it is 0, at the crop's own resolution")
{
    cv::Mat const grey(300, 300, CV_8UC3, cv::Scalar::all(128));
    auto how       = ocv::imagenet_torch();
    how.short_side = 1;
    scorecam::tensor<float, 2> map{{{2, 2}}, {1, 0, 0, 0}};
    auto const shown = ocv::overlay(grey, map.view(), how);
    CHECK(shown.size() == cv::Size{300, 300});
    auto const hot = shown.at<cv::Vec3b>(5, 5), cold = shown.at<cv::Vec3b>(295, 295);
    CHECK(hot[2] > hot[0] + 50);
    CHECK(cold[0] > cold[2] + 50);
}

TEST_CASE("small pictures are enlarged to be seen, and panels put pictures side by side under captions")
{
    scorecam::tensor<float, 2> const map{{{8, 8}}};
    auto const shown = ocv::overlay(ramp(16, 16), map.view(), ocv::cifar());
    CHECK(shown.cols == 224);
    auto const panel = ocv::side_by_side({{shown, "one"}, {shown, "two"}});
    CHECK(panel.cols == 2 * 224 + 4);
    CHECK(panel.rows > shown.rows);
    CHECK_THROWS_AS(static_cast<void>(ocv::side_by_side({})), scorecam::option_error);
}

TEST_CASE("pictures that cannot be read or written are errors with the path")
{
    CHECK_THROWS_WITH_AS(static_cast<void>(ocv::read_image("no/such.png")), doctest::Contains("no/such.png"),
                         scorecam::error);
    CHECK_THROWS_WITH_AS(static_cast<void>(ocv::read_image(__FILE__)), doctest::Contains("not a picture"), scorecam::error);
    CHECK_THROWS_WITH_AS(ocv::write_image("no/folder/x.png", ramp(3, 3)), doctest::Contains("no/folder/x.png"),
                         scorecam::error);
    CHECK_THROWS_WITH_AS(ocv::write_image("x.unknown", ramp(3, 3)), doctest::Contains("x.unknown"), scorecam::error);
}
