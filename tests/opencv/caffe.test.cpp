// Networks of another family than ONNX, described in the test: Caffe layers without weights.
#include <string>

#include <doctest/doctest.h>

#include <scorecam/opencv/network.hpp>
#include <scorecam/scorecam.hpp>

#include "support/networks.hpp"

namespace sc  = scorecam;
namespace ocv = scorecam::opencv;

namespace {

constexpr sc::image_shape small_input{2, 8, 8};

/// ReLU, 2×2 means, [a reshape], ReLU "last", the mean of each channel as its class's output.
cv::dnn::Net caffe(std::string const& between = "")
{
    std::string const text = R"(
        name: "means" input: "data" input_shape { dim: 1 dim: 2 dim: 8 dim: 8 }
        layer { name: "first" type: "ReLU" bottom: "data" top: "first" }
        layer { name: "blocks" type: "Pooling" bottom: "first" top: "blocks" pooling_param { pool: AVE kernel_size: 2 stride: 2 } })" +
                             between + R"(
        layer { name: "last" type: "ReLU" bottom: ")" +
                             (between.empty() ? "blocks" : "between") + R"(" top: "last" }
        layer { name: "mean" type: "Pooling" bottom: "last" top: "mean" pooling_param { pool: AVE global_pooling: true } })";
    return cv::dnn::readNetFromCaffe(text.data(), text.size());
}

}  // namespace

TEST_CASE("a Caffe network is explained like any other")
{
    ocv::network network{caffe(), small_input};
    CHECK(network.explained()[0].name == "last");
    CHECK(network.explained()[0].shape == sc::image_shape{2, 4, 4});
    CHECK(network.max_batch() > 100);

    sc::tensor<float, 3> picture{small_input};
    picture(0, 0, 0) = picture(0, 1, 1) = 2.0F;
    picture(1, 6, 6)                    = 1.0F;
    sc::reference_backend cpu;
    auto const found = sc::explain(cpu, network, picture.view(), sc::targets{0, 1}, sc::logit{});
    CHECK(found.outputs(0, 0) == doctest::Approx(4.0 / 64));
    CHECK(found.status(0, 0) == sc::map_status::meaningful);
    CHECK(found.map(0, 0)(0, 0) == 1.0F);
    CHECK(found.map(0, 1)(7, 7) > 0.5F);
    CHECK(found.map(0, 1)(0, 0) < 0.1F);
}

TEST_CASE("a network that runs one image at a time is found out when it is loaded, and explained one by one")
{
    std::string const only_one = R"(
        layer { name: "between" type: "Reshape" bottom: "blocks" top: "between"
                reshape_param { shape { dim: 1 dim: 2 dim: 4 dim: 4 } } })";
    ocv::network narrow{caffe(only_one), small_input};
    CHECK(narrow.max_batch() == 1);
    ocv::network wide{caffe(), small_input};

    auto const picture = networks::drawn_tensor<float>(small_input, 1);
    sc::reference_backend cpu;
    auto const expected = sc::explain(cpu, wide, picture.view(), sc::target{1}, sc::fixed_batch{8});
    auto const found    = sc::explain(cpu, narrow, picture.view(), sc::target{1}, sc::fixed_batch{8});
    CHECK(found.batches == found.forwards);
    for (sc::index_t p = 0; p < found.maps.size(); ++p) {
        CHECK(found.maps.data()[p] == doctest::Approx(expected.maps.data()[p]).epsilon(1e-5));
    }
}
