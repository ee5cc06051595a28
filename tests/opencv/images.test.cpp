#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

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

TEST_CASE("an overlay shows the whole picture; what the crop left away is dark and grey, and has no answer")
{
    cv::Mat const wide(100, 300, CV_8UC3, cv::Scalar{200, 100, 50});
    auto how       = ocv::imagenet_torch();
    how.short_side = 1;
    scorecam::tensor<float, 2> map{{{2, 2}}, {1, 1, 1, 1}};
    auto const shown = ocv::overlay(wide, map.view(), how);
    CHECK(shown.size() == cv::Size{300, 100});
    auto const outside = shown.at<cv::Vec3b>(50, 99), inside = shown.at<cv::Vec3b>(50, 100);
    CHECK(outside[0] == outside[2]);
    CHECK(inside[2] != inside[0]);
    auto const in_picture = ocv::map_of_picture(wide.size(), map.view(), how);
    CHECK(in_picture.shape() == scorecam::extents<2>{100, 300});
    CHECK(std::isnan(in_picture(0, 99)));
    CHECK(in_picture(0, 100) == 1);
    CHECK(in_picture(99, 199) == 1);
    CHECK(std::isnan(in_picture(99, 200)));
}

TEST_CASE("stretch and letterbox show the whole picture, the latter undistorted between grey bands")
{
    cv::Mat picture(20, 40, CV_8UC3, cv::Scalar::all(0));
    picture(cv::Rect{0, 0, 40, 10}).setTo(cv::Scalar::all(255));
    auto how  = ocv::mnist();
    how.width = how.height = 40;
    how.fitting            = ocv::fit::stretch;
    CHECK(ocv::seen_part(picture.size(), how) == cv::Rect{0, 0, 40, 20});
    auto const stretched = ocv::prepare(picture, how);
    CHECK(stretched(0, 1, 20) == 1);
    CHECK(stretched(0, 38, 20) == 0);

    how.fitting = ocv::fit::letterbox;
    CHECK(ocv::seen_part(picture.size(), how) == cv::Rect{0, -10, 40, 40});
    auto const boxed = ocv::prepare(picture, how);
    CHECK(boxed(0, 5, 20) == doctest::Approx(114 / 255.0));
    CHECK(boxed(0, 12, 20) == 1);
    CHECK(boxed(0, 27, 20) == 0);
    CHECK(boxed(0, 35, 20) == doctest::Approx(114 / 255.0));

    scorecam::tensor<float, 2> map{{{40, 40}}};
    map(12, 7)      = 1;  // row 2 of the picture
    auto const back = ocv::map_of_picture(picture.size(), map.view(), how);
    CHECK(back.shape() == scorecam::extents<2>{20, 40});
    CHECK(back(2, 7) == 1);
    CHECK(std::count(back.begin(), back.end(), 1.0F) == 1);
    CHECK(std::none_of(back.begin(), back.end(), [](float v) { return std::isnan(v); }));
    CHECK(ocv::overlay(picture, map.view(), how).size() == cv::Size{224, 112});
    CHECK(ocv::seen_part({1, 1000}, how) == cv::Rect{-499, 0, 1000, 1000});
    CHECK(ocv::prepare(cv::Mat(1000, 1, CV_8UC3, cv::Scalar::all(9)), how).size() == 1600);
}

TEST_CASE("pictures are turned as their EXIF data say, transparency is laid on black, 12 of 16 bits are used in full, and "
          "it is said")
{
    auto const folder = std::filesystem::temp_directory_path() / "scorecam_images_test";
    std::filesystem::create_directories(folder);
    std::vector<std::string> notes;
    auto const path = [&](char const* name) { return (folder / name).string(); };

    // turned a quarter clockwise by a chunk with a TIFF header, one entry long
    std::string const exif{"MM\0*\0\0\0\10\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0", 26};
    auto const with_chunk = [&](char const* name, std::string const& chunk, std::size_t at) {
        std::ifstream in{path(name), std::ios::binary};
        std::string bytes{std::istreambuf_iterator<char>{in}, {}};
        in.close();
        bytes.insert(std::min(at, bytes.size()), chunk);
        std::ofstream{path(name), std::ios::binary} << bytes;
    };
    for (char const* name : {"turned.png", "turned.jpg", "turned.webp"}) {
        CAPTURE(name);
        cv::Mat upright(8, 16, CV_8UC3, cv::Scalar::all(0));
        upright(cv::Rect{8, 0, 8, 8}).setTo(cv::Scalar::all(255));
        ocv::write_image(path(name), upright);
        std::string const ending{std::string{name}.substr(7)};
        if (ending == "png") {
            with_chunk(name, std::string("\0\0\0\x1a", 4) + "eXIf" + exif + std::string("\x0b\xd3\x21\x3f", 4), 33);
        }
        if (ending == "jpg") { with_chunk(name, std::string("\xff\xe1\0\x22", 4) + std::string("Exif\0\0", 6) + exif, 2); }
        if (ending == "webp") { with_chunk(name, std::string("EXIF\x1a\0\0\0", 8) + exif, 1'000'000); }
        auto const seen = ocv::read_image(path(name), &notes);
        CHECK(seen.size() == cv::Size{8, 16});  // a quarter clockwise: what was right is below
        CHECK(seen.at<cv::Vec3b>(2, 4)[0] < 30);
        CHECK(seen.at<cv::Vec3b>(13, 4)[0] > 220);
    }
    CHECK(notes.empty());

    cv::Mat see_through(4, 4, CV_8UC4, cv::Scalar{200, 100, 50, 255});
    see_through.at<cv::Vec4b>(1, 2)[3] = 0;
    see_through.at<cv::Vec4b>(3, 3)[3] = 128;
    ocv::write_image(path("alpha.png"), see_through);
    auto const on_black = ocv::read_image(path("alpha.png"), &notes);
    CHECK(on_black.at<cv::Vec3b>(0, 0) == cv::Vec3b{200, 100, 50});
    CHECK(on_black.at<cv::Vec3b>(1, 2) == cv::Vec3b{0, 0, 0});
    CHECK(on_black.at<cv::Vec3b>(3, 3) == cv::Vec3b{100, 50, 25});
    REQUIRE(notes.size() == 1);
    CHECK(notes[0].find("transparent") != std::string::npos);

    cv::Mat deep(4, 4, CV_16UC1, cv::Scalar::all(2048));
    deep.at<unsigned short>(0, 0) = 4095;
    ocv::write_image(path("deep.png"), deep);
    ocv::write_image(path("deep.tif"), deep);
    for (char const* name : {"deep.png", "deep.tif"}) {
        notes.clear();
        auto const read = ocv::read_image(path(name), &notes);
        CHECK(read.at<cv::Vec3b>(0, 0)[1] == 255);
        CHECK(read.at<cv::Vec3b>(2, 2)[1] == 128);
        REQUIRE(notes.size() == 1);
        CHECK(notes[0].find("12 of its 16 bits") != std::string::npos);
    }

    ocv::write_image(path("half.jpg"), ramp(200, 200));
    std::filesystem::resize_file(path("half.jpg"), std::filesystem::file_size(path("half.jpg")) / 2);
    CHECK_THROWS_WITH_AS(static_cast<void>(ocv::read_image(path("half.jpg"))), doctest::Contains("half.jpg is cut off"),
                         scorecam::error);
    ocv::write_image(path("half.png"), ramp(200, 200));
    std::filesystem::resize_file(path("half.png"), std::filesystem::file_size(path("half.png")) / 2);
    CHECK_THROWS_WITH_AS(static_cast<void>(ocv::read_image(path("half.png"))), doctest::Contains("half.png"),
                         scorecam::error);
    std::filesystem::remove_all(folder);
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
