// SqueezeNet 1.1 on a photo, against what the authors' code gave for the same pixels in PyTorch float32.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/opencv/images.hpp>
#include <scorecam/opencv/network.hpp>
#include <scorecam/scorecam.hpp>
#include <scorecam/xtensor/npy.hpp>

#include "support/data.hpp"

namespace sc  = scorecam;
namespace ocv = scorecam::opencv;

namespace {

template <class T, std::size_t Rank>
auto recorded(std::string const& name)
{
    return sc::xtensor::load_npy<T, Rank>(data::from_folder("golden/squeezenet/" + name + ".npy"));
}

}  // namespace

TEST_CASE("the official convention is reproduced on real weights, from exact pixels")
{
    data::require("golden/squeezenet/chelsea_small/image_u8.npy");
    auto const pixels = recorded<unsigned char, 3>("chelsea_small/image_u8");  // (H, W, RGB)
    auto how          = ocv::imagenet_torch();
    how.height = static_cast<int>(pixels.shape(0)), how.width = static_cast<int>(pixels.shape(1));
    cv::Mat picture;
    cv::cvtColor(cv::Mat{how.height, how.width, CV_8UC3, const_cast<unsigned char*>(pixels.data())}, picture,
                 cv::COLOR_RGB2BGR);

    ocv::network network{ocv::read_network(data::from_folder("models/squeezenet1_1.onnx")), how.shape()};
    sc::cpu::backend cpu;
    auto const target = recorded<std::int64_t, 1>("chelsea_small/class")(0);
    auto const found  = sc::explain(cpu, network, ocv::prepare(picture, how).view(), sc::target{target});

    auto const weights = recorded<float, 1>("chelsea_small/official_weight");
    auto const live    = recorded<unsigned char, 1>("chelsea_small/official_live");
    for (sc::index_t k = 0; k < found.channels(); ++k) {
        auto const at = static_cast<std::size_t>(k);
        REQUIRE((found.flat(0, k) == 0) == (live(at) != 0));
        if (live(at) != 0) {
            REQUIRE(std::abs(found.weights(0, k, 0) - weights(at)) < 1e-5F);
        }  // engines differ by as much
    }
    auto const map = recorded<float, 2>("chelsea_small/official_map_every4");  // every fourth row and column
    double worst   = 0;
    for (std::size_t y = 0; y < map.shape(0); ++y) {
        for (std::size_t x = 0; x < map.shape(1); ++x) {
            auto const mine = found.map()(static_cast<sc::index_t>(4 * y), static_cast<sc::index_t>(4 * x));
            worst           = std::max(worst, static_cast<double>(std::abs(mine - map(y, x))));
        }
    }
    MESSAGE("largest difference of the map: " << worst);
    CHECK(worst < 1e-4);
}

TEST_CASE("two classes of one photo: two maps, from the forwards of one")
{
    data::require("images/both.png");
    auto const how = ocv::imagenet_torch();
    ocv::network network{ocv::read_network(data::from_folder("models/squeezenet1_1.onnx")), how.shape()};
    sc::cpu::backend cpu;
    auto const input = ocv::prepare(ocv::read_image(data::from_folder("images/both.png")), how);
    auto const found = sc::explain(cpu, network, input.view(), sc::targets{243, 282});
    CHECK(found.channels() == 512);
    CHECK(found.forwards == 512 - found.flat_channels + 1);

    for (auto const& [m, file] : {std::pair{0, "both_c243_map_official"}, std::pair{1, "both_c282_map_official"}}) {
        auto const map = recorded<float, 2>(file);  // of pixels resized by Pillow: alike, not equal
        double xy = 0, xx = 0, yy = 0, x1 = 0, y1 = 0;
        auto const mine  = found.map(0, m);
        auto const count = static_cast<double>(map.size());
        for (std::size_t p = 0; p < map.size(); ++p) {
            auto const a = static_cast<double>(mine.data()[p]), b = static_cast<double>(map.data()[p]);
            xy += a * b, xx += a * a, yy += b * b, x1 += a, y1 += b;
        }
        double const correlation = (xy - x1 * y1 / count) / std::sqrt((xx - x1 * x1 / count) * (yy - y1 * y1 / count));
        std::string const name{file};  // a structured binding cannot be captured
        CAPTURE(name);
        MESSAGE("correlation with the recorded map: " << correlation);
        CHECK(correlation > 0.98);
    }
    double apart = 0;
    for (sc::index_t p = 0; p < found.map().size(); ++p) {
        apart = std::max(apart, static_cast<double>(std::abs(found.map(0, 0).data()[p] - found.map(0, 1).data()[p])));
    }
    CHECK(apart > 0.2);
}
