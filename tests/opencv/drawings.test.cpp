// A real network through a real engine, from the repository alone: the classifier of drawings.
#include <algorithm>
#include <fstream>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/cpu/backend.hpp>
#include <scorecam/opencv/images.hpp>
#include <scorecam/opencv/network.hpp>
#include <scorecam/scorecam.hpp>

#include "support/data.hpp"

namespace sc  = scorecam;
namespace ocv = scorecam::opencv;

namespace {

ocv::preprocessing preparation()
{
    auto how  = ocv::imagenet_tf();
    how.width = how.height = 96;
    return how;
}
ocv::network drawings(std::vector<std::string> const& layers = {})
{
    return ocv::network{ocv::read_network(files::own("examples/drawings/drawings.onnx")), preparation().shape(), layers};
}

struct sample {
    std::string image;
    sc::index_t target;
    std::string mask;
};

std::vector<sample> samples()
{
    std::ifstream lines{files::own("examples/drawings/samples/samples.csv")};
    std::vector<sample> all;
    std::string line;
    std::getline(lines, line);  // the heading
    while (std::getline(lines, line)) {
        std::istringstream fields{line};
        sample s;
        std::string target;
        std::getline(fields, s.image, ',');
        std::getline(fields, target, ',');
        std::getline(fields, s.mask);
        s.target = std::stol(target);
        all.push_back(s);
    }
    return all;
}
bool shows_two(sample const& s) { return s.image.find("_and_") != std::string::npos; }

/// The share of the map's energy that lies where the mask is white.
double energy_in(sc::tensor_view<float const, 2> map, cv::Mat const& mask)
{
    double inside = 0, all = 0;
    for (int y = 0; y < mask.rows; ++y) {
        for (int x = 0; x < mask.cols; ++x) {
            all += static_cast<double>(map(y, x));
            inside += mask.at<cv::Vec3b>(y, x)[0] > 127 ? static_cast<double>(map(y, x)) : 0;
        }
    }
    return inside / all;
}
cv::Mat read(std::string const& file) { return ocv::read_image(files::own("examples/drawings/samples/" + file)); }

/// Every channel counts the same: what a map is worth without any scoring.
struct uniform_weights {
    using kind                            = sc::kinds::weighting;
    static constexpr bool shift_invariant = true;
    template <class Row>
    struct reading {
        [[nodiscard]] auto operator()(sc::index_t) const { return typename Row::value_type(1); }
    };
    template <class Row>
    [[nodiscard]] auto operator()(Row) const
    {
        return reading<Row>{};
    }
};

}  // namespace

TEST_CASE("the layer taken by default is the last spatial activation before the classifier")
{
    auto const network = drawings();
    CHECK(network.explained()[0].name == "onnx_node!/features/relu5/Relu");
    CHECK(network.explained()[0].shape == sc::image_shape{64, 12, 12});
    CHECK(network.classes() == 8);
    CHECK(drawings({"/features/relu3/Relu"}).explained()[0].type == "ReLU");
}

TEST_CASE(
    "maps find the object: more of their energy lies in its mask than with uniform weights, and far more than by chance")
{
    auto network = drawings();
    sc::cpu::backend cpu;
    sc::explainer explain{cpu, network, sc::top{}, sc::baseline{sc::black{}}};
    sc::explainer control{cpu, network, sc::top{}, uniform_weights{}};
    int counted        = 0;
    double with_scores = 0, without = 0, chance = 0;
    for (auto const& s : samples()) {
        if (shows_two(s)) { continue; }
        auto const mask  = read(s.mask);
        auto const input = ocv::prepare(read(s.image), preparation());
        auto const found = explain(input.view());
        CAPTURE(s.image);
        CHECK(found.targets(0, 0) == s.target);
        auto const energy  = energy_in(found.map(), mask);
        auto const plain   = control(input.view());
        auto const uniform = energy_in(plain.map(), mask);
        CHECK(energy > uniform);
        sc::tensor<float, 2> const everywhere{{{96, 96}}, std::vector<float>(96 * 96, 1.0F)};
        with_scores += energy, without += uniform, chance += energy_in(everywhere.view(), mask), ++counted;
    }
    REQUIRE(counted == 8);
    MESSAGE("energy in the mask: " << with_scores / 8 << ", uniform weights " << without / 8 << ", chance " << chance / 8);
    CHECK(with_scores > 1.1 * without);
    CHECK(with_scores > 2.5 * chance);
}

TEST_CASE("of two objects, the map lights up the one that was asked for")
{
    auto network = drawings();
    sc::cpu::backend cpu;
    auto const all = samples();
    int counted    = 0;
    for (std::size_t i = 0; i + 1 < all.size(); ++i) {
        if (!shows_two(all[i]) || all[i].image != all[i + 1].image) { continue; }
        auto const found = sc::explain(cpu, network, ocv::prepare(read(all[i].image), preparation()).view(),
                                       sc::targets{all[i].target, all[i + 1].target}, sc::baseline{sc::black{}});
        CAPTURE(all[i].image);
        auto const first = read(all[i].mask), second = read(all[i + 1].mask);
        CHECK(energy_in(found.map(0, 0), first) > 3 * energy_in(found.map(0, 0), second));
        CHECK(energy_in(found.map(0, 1), second) > 3 * energy_in(found.map(0, 1), first));
        ++counted;
    }
    CHECK(counted == 3);
}

TEST_CASE("rows do not depend on the batch they came in, and capture's outputs are forward's")
{
    auto network    = drawings();
    auto const one  = ocv::prepare(read("striped_disc.png"), preparation());
    auto const size = one.size();
    for (sc::index_t const n : {1, 7, 32, 2, 1}) {
        sc::tensor<float, 4> batch{prepend(preparation().shape(), n)};
        for (sc::index_t i = 0; i < n; ++i) {
            std::transform(one.begin(), one.end(), batch.data() + i * size,
                           [i](float v) { return v * (1.0F - 0.02F * static_cast<float>(i)); });
        }
        auto const view = network.forward(batch.view());
        CHECK(view.shape() == sc::extents<2>{n, 8});
        std::vector<float> const outputs(view.begin(), view.end());
        auto const seen = network.capture(batch.view());
        CHECK(std::equal(outputs.begin(), outputs.end(), seen.outputs.begin()));
        for (sc::index_t i = 0; i < n; ++i) {
            auto const alone = network.forward(batch.view().slice(i, 1));
            for (sc::index_t c = 0; c < 8; ++c) {
                CHECK(alone(0, c) == doctest::Approx(outputs[static_cast<std::size_t>(i * 8 + c)]).epsilon(1e-5));
            }
        }
    }
}

TEST_CASE("OpenCV's layer fusion does not change what is captured")
{
    auto const input = ocv::prepare(read("plain_star.png"), preparation());
    auto const batch = sc::tensor_view<float const, 4>{input.data(), prepend(input.shape(), 1)};
    for (std::string const layer :
         {"/features/conv5/Conv", "/features/relu5/Relu", "/features/conv3/Conv", "/features/relu3/Relu"}) {
        CAPTURE(layer);
        auto captured = [&](bool fusion, bool after_forward) {
            auto net = ocv::read_network(files::own("examples/drawings/drawings.onnx"));
            net.enableFusion(fusion);
            ocv::network network{net, preparation().shape(), {layer}};
            if (after_forward) { static_cast<void>(network.forward(batch)); }
            auto const seen = network.capture(batch).activations;
            return std::vector<float>(seen.begin(), seen.end());
        };
        auto const plain = captured(false, false);
        auto const fused = captured(true, true);
        REQUIRE(plain.size() == fused.size());
        for (std::size_t i = 0; i < plain.size(); ++i) { REQUIRE(fused[i] == doctest::Approx(plain[i]).epsilon(1e-4)); }
        bool const negative = std::any_of(plain.begin(), plain.end(), [](float v) { return v < 0; });
        CHECK(negative == (layer.find("conv") != std::string::npos));  // before the ReLU, not after it
    }
}

TEST_CASE("what cannot be loaded or is not there is a model_error in words")
{
    CHECK_THROWS_WITH_AS(static_cast<void>(ocv::read_network("no/such.onnx")), doctest::Contains("no/such.onnx"),
                         sc::model_error);
    CHECK_THROWS_WITH_AS(drawings({"/features/nothing"}), doctest::Contains("relu5"), sc::model_error);
    auto net = ocv::read_network(files::own("examples/drawings/drawings.onnx"));
    CHECK_THROWS_WITH_AS((ocv::network{net, {5, 96, 96}}), doctest::Contains("(5, 96, 96)"), sc::model_error);
}
