// SqueezeNet 1.1 on photos, against what the authors' code, torch-cam and pytorch-grad-cam gave in PyTorch float32.
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

#include "golden/recorded.hpp"
#include "support/data.hpp"

namespace sc          = scorecam;
namespace ocv         = scorecam::opencv;
namespace conventions = scorecam::conventions;
using golden::deviation;

namespace {

// Engines differ by less: OpenCV's weights are up to 3e-6 from PyTorch's, logits and maps up to 8e-6. Logits and maps that
// exceed 1 are compared in units of the largest.
constexpr double tolerance_of_weights = 1e-5;
constexpr double tolerance_of_logits  = 1e-4;
constexpr double tolerance_of_maps    = 1e-4;

template <class T, std::size_t Rank, class From = T>
sc::tensor<T, Rank> recorded(std::string const& name)
{
    return sc::testing::load<T, Rank, From>(files::from_folder("golden/squeezenet/" + name + ".npy"));
}

ocv::network squeezenet()
{
    return ocv::network{ocv::read_network(files::from_folder("models/squeezenet1_1.onnx")), ocv::imagenet_torch().shape()};
}

/// The photo that was recorded with its exact pixels, ready to be explained.
struct chelsea {
    ocv::network network;
    sc::tensor<float, 3> input;
    sc::target target;
    sc::cpu::backend cpu;

    chelsea() : chelsea{pixels()} {}

    template <class... Policies>
    [[nodiscard]] sc::explanation<float> explained(Policies... policies)
    {
        return sc::explain(cpu, network, input.view(), target, std::move(policies)...);
    }

private:
    explicit chelsea(sc::tensor<unsigned char, 3> rgb)
        : network{squeezenet()}, input{prepared(rgb)},
          target{recorded<sc::index_t, 1, std::int64_t>("chelsea_small/class")(0)}
    {
    }
    static sc::tensor<unsigned char, 3> pixels()  // (H, W, RGB)
    {
        files::require("golden/squeezenet/chelsea_small/image_u8.npy");
        return recorded<unsigned char, 3>("chelsea_small/image_u8");
    }
    static sc::tensor<float, 3> prepared(sc::tensor<unsigned char, 3>& rgb)
    {
        cv::Mat picture;
        cv::cvtColor(cv::Mat{static_cast<int>(rgb.extent(0)), static_cast<int>(rgb.extent(1)), CV_8UC3, rgb.data()}, picture,
                     cv::COLOR_RGB2BGR);
        return ocv::prepare(picture, ocv::imagenet_torch());
    }
};

/// Every fourth row and column of a map: so much was recorded.
sc::tensor<float, 2> every4(sc::tensor_view<float const, 2> map)
{
    sc::tensor<float, 2> part{{{(map.extent(0) + 3) / 4, (map.extent(1) + 3) / 4}}};
    for (sc::index_t y = 0; y < part.extent(0); ++y) {
        for (sc::index_t x = 0; x < part.extent(1); ++x) { part(y, x) = map(4 * y, 4 * x); }
    }
    return part;
}

/// 0 for the channels that the authors' code skipped and recorded as NaN.
template <std::size_t Rank>
sc::tensor<float, Rank> zero_if_skipped(sc::tensor<float, Rank> numbers)
{
    for (auto& number : numbers.view()) { number = std::isnan(number) ? 0.F : number; }
    return numbers;
}

/// Compares, and says how far apart the numbers are.
template <class Numbers, class Expected>
void check_close(std::string const& what, Numbers const& numbers, Expected const& expected, double tolerance)
{
    CAPTURE(what);
    auto const apart = deviation(numbers, expected);
    MESSAGE(what << ": " << apart);
    CHECK(apart < tolerance);
}

}  // namespace

TEST_CASE("SqueezeNet in OpenCV gives the activations and logits of PyTorch")
{
    chelsea photo;
    auto const seen  = photo.network.capture({photo.input.data(), prepend(photo.input.shape(), 1)});
    auto const first = recorded<float, 4>("chelsea_small/act");  // of the first 64 channels
    check_close("activations", seen.activations[0].slice(0, first.extent(1)), first, tolerance_of_maps);
    check_close("logits", seen.outputs, recorded<float, 2>("chelsea_small/logits"), tolerance_of_logits);
}

TEST_CASE("a convolution of SqueezeNet is captured as it is before the ReLU behind it")
{
    chelsea photo;
    ocv::network before{ocv::read_network(files::from_folder("models/squeezenet1_1.onnx")),
                        photo.network.input_shape(),
                        {"/features/features.12/expand1x1/Conv"}};
    auto const seen  = before.capture({photo.input.data(), prepend(photo.input.shape(), 1)});
    auto const after = recorded<float, 4>("chelsea_small/act");  // the ReLU's, of the first 64 channels
    sc::tensor<float, 4> first{after.shape()};
    std::copy_n(seen.activations.data(), first.size(), first.data());
    CHECK(*std::min_element(first.begin(), first.end()) < -1);
    check_close("activations after ReLU", sc::testing::relu(first), after, tolerance_of_maps);
}

TEST_CASE("the official convention is reproduced on real weights, from exact pixels")
{
    chelsea photo;
    auto const found = photo.explained(conventions::official{});
    auto const live  = recorded<unsigned char, 1>("chelsea_small/official_live");
    REQUIRE(found.channels() == live.size());
    for (sc::index_t k = 0; k < live.size(); ++k) { REQUIRE((found.flat(0, k) == 0) == (live(k) != 0)); }
    check_close("weights", found.weights, zero_if_skipped(recorded<float, 1>("chelsea_small/official_weight")),
                tolerance_of_weights);
    check_close("map", every4(found.map()), recorded<float, 2>("chelsea_small/official_map_every4"), tolerance_of_maps);

    sc::tensor<float, 3> raw{found.maps[0].shape()};
    sc::tensor<sc::ops::range<float>, 1> range{sc::extents<1>{1}};
    photo.cpu.heatmap(merge_leading(found.activation_maps.view()), sc::heatmap_rule{.scale = sc::scaling::none}, raw.view(),
                      range.view());
    check_close("map before scaling", every4(raw[0]), recorded<float, 2>("chelsea_small/official_map_raw_every4"),
                tolerance_of_maps);
}

TEST_CASE("the logits under the official masks are reproduced on real weights, from exact pixels")
{
    chelsea photo;
    auto const found = photo.explained(conventions::official{}, sc::logit{});
    check_close("logits", found.scores, zero_if_skipped(recorded<float, 1>("chelsea_small/official_logit_class")),
                tolerance_of_logits);
}

TEST_CASE("torch-cam is reproduced on real weights, from exact pixels")
{
    chelsea photo;
    auto at_activation = conventions::torch_cam::shown;  // torch-cam leaves enlarging the map to its caller
    at_activation.size = sc::step_at::activation;
    auto const found   = photo.explained(conventions::torch_cam{}, at_activation);
    check_close("logits", found.scores, recorded<float, 2>("chelsea_small/torchcam_logit_class"), tolerance_of_logits);
    check_close("weights", found.weights, recorded<float, 2>("chelsea_small/torchcam_weight"), tolerance_of_weights);
    check_close("map before scaling", sc::testing::relu(found.activation_maps),
                recorded<float, 3>("chelsea_small/torchcam_map_raw"), tolerance_of_maps);
    check_close("map", found.maps, recorded<float, 3>("chelsea_small/torchcam_map"), tolerance_of_maps);
}

TEST_CASE("pytorch-grad-cam is reproduced on real weights, from exact pixels")
{
    chelsea photo;
    auto const found = photo.explained(conventions::pytorch_grad_cam{});
    check_close("logits", found.scores, recorded<float, 2>("chelsea_small/pgc_logit_class"), tolerance_of_logits);
    check_close("weights", found.weights, recorded<float, 2>("chelsea_small/pgc_weight"), tolerance_of_weights);
    check_close("map before ReLU", found.activation_maps, recorded<float, 3>("chelsea_small/pgc_map_raw"),
                tolerance_of_maps);
    check_close("map", every4(found.map()), recorded<float, 3>("chelsea_small/pgc_map_every4"), tolerance_of_maps);
}

TEST_CASE("two classes of one photo: two maps, from the forwards of one")
{
    files::require("images/both.png");
    auto network = squeezenet();
    sc::cpu::backend cpu;
    auto const input = ocv::prepare(ocv::read_image(files::from_folder("images/both.png")), ocv::imagenet_torch());
    auto const found = sc::explain(cpu, network, input.view(), sc::targets{243, 282});
    CHECK(found.channels() == 512);
    CHECK(found.forwards == 512 - found.flat_channels + 1);

    for (auto const& [m, file] : {std::pair{0, "both_c243_map_official"}, std::pair{1, "both_c282_map_official"}}) {
        auto const map = recorded<float, 2>(file);  // of pixels resized by Pillow: alike, not equal
        double xy = 0, xx = 0, yy = 0, x1 = 0, y1 = 0;
        auto const mine  = found.map(0, m);
        auto const count = static_cast<double>(map.size());
        for (sc::index_t p = 0; p < map.size(); ++p) {
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
