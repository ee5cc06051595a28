// The algorithm against maps worked out by hand, and the properties that every map must have.
#include <algorithm>
#include <cmath>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/scorecam.hpp>

#include "support/networks.hpp"

namespace sc = scorecam;

namespace {

/// Two classes, two activations of the input's own size, a picture of ones:
///   A_0 = 1 0   A_1 = 0 0    logits: y_0 = 3·x_00 + 5·x_11,  y_1 = -y_0
///         0 0         0 2
/// so H_0 = A_0, H_1 = A_1/2, and f(X∘H_0) = 3, f(X∘H_1) = 5 for class 0.
networks::linear<double> by_hand()
{
    return {{1, 2, 2}, {{{2, 4}}, {3, 0, 0, 5, -3, 0, 0, -5}}, {{{2, 2, 2}}, {1, 0, 0, 0, 0, 0, 0, 2}}};
}
sc::tensor<double, 3> const ones{{{1, 2, 2}}, {1, 1, 1, 1}};

std::vector<double> values(sc::tensor_view<double const, 2> map) { return {map.begin(), map.end()}; }

}  // namespace

TEST_CASE("Eq. 2: the map is ReLU of the sum of activations, each weighted by the score under its mask")
{
    auto model = by_hand();
    sc::reference_backend cpu;
    auto const found = sc::explain(cpu, model, ones.view(), sc::target{0}, sc::logit{});
    CHECK(found.scores(0, 0, 0) == 3);
    CHECK(found.scores(0, 1, 0) == 5);
    CHECK(values(found.map()) == std::vector<double>{3.0 / 10, 0, 0, 1});  // 3·A_0 + 5·A_1 = (3 0 0 10), min-max
    CHECK(values(found.activation_maps.view()[0][0]) == std::vector<double>{3, 0, 0, 10});
    CHECK(found.status(0, 0) == sc::map_status::meaningful);
    CHECK(found.outputs(0, 0) == 8);
    CHECK(found.forwards == 3);  // the image and two masks
}

TEST_CASE("Eq. 1: the baseline's score is subtracted from every channel's, and the baseline is scored once")
{
    auto model = by_hand();
    sc::reference_backend cpu;
    // X_b = 0.5 everywhere: f(X_b) = 4, so C = (-1, 1) and the map is ReLU(-A_0 + A_1).
    auto const found = sc::explain(cpu, model, ones.view(), sc::target{0}, sc::logit{}, sc::baseline{sc::constant{0.5}});
    CHECK(found.baseline_scores(0, 0) == 4);
    CHECK(found.weights(0, 0, 0) == -1);
    CHECK(found.weights(0, 1, 0) == 1);
    CHECK(values(found.map()) == std::vector<double>{0, 0, 0, 1});
    CHECK(found.forwards == 4);
}

TEST_CASE("ReLU weights drop the channels that speak against the class")
{
    auto model = by_hand();
    sc::reference_backend cpu;
    auto const found = sc::explain(cpu, model, ones.view(), sc::target{0}, sc::logit{}, sc::baseline{sc::constant{0.5}},
                                   sc::relu_weights{});
    CHECK(found.weights(0, 0, 0) == 0);
    CHECK(found.weights(0, 1, 0) == 1);
}

TEST_CASE("softmax weights are those of the scores, and a baseline cancels and is not scored")
{
    auto model = by_hand();
    sc::reference_backend cpu;
    auto const plain = sc::explain(cpu, model, ones.view(), sc::target{0}, sc::logit{}, sc::softmax_weights{});
    CHECK(plain.weights(0, 1, 0) == doctest::Approx(1 / (1 + std::exp(-2.0))).epsilon(1e-14));  // exp(5)/(exp(3)+exp(5))
    CHECK_FALSE(plain.baseline_cancels);

    auto const with =
        sc::explain(cpu, model, ones.view(), sc::target{0}, sc::logit{}, sc::softmax_weights{}, sc::baseline{sc::black{}});
    CHECK(with.baseline_cancels);
    CHECK(with.forwards == plain.forwards);
    CHECK(values(with.map()) == values(plain.map()));
}

TEST_CASE("scores: probability, logit, sigmoid and a function of one's own")
{
    auto model = by_hand();
    sc::reference_backend cpu;
    auto const score_of = [&](auto score) {
        return sc::explain(cpu, model, ones.view(), sc::target{0}, score).scores(0, 0, 0);
    };
    CHECK(score_of(sc::logit{}) == 3);
    CHECK(score_of(sc::probability{}) == doctest::Approx(1 / (1 + std::exp(-6.0))).epsilon(1e-14));  // logits 3 and -3
    CHECK(score_of(sc::sigmoid{}) == doctest::Approx(1 / (1 + std::exp(-3.0))).epsilon(1e-14));
    CHECK(score_of(sc::score_by{[](auto row, sc::index_t c) { return row[c] - row[1 - c]; }}) == 6);
}

TEST_CASE("a background is what masks let through where they are 0")
{
    auto model = by_hand();
    sc::reference_backend cpu;
    // X∘H + B∘(1-H) with B = 2: under H_0 = (1 0 0 0) the picture is (1 2 2 2), so f = 3 + 10.
    auto const found = sc::explain(cpu, model, ones.view(), sc::target{0}, sc::logit{}, sc::background{sc::constant{2.0}});
    CHECK(found.scores(0, 0, 0) == 13);
    CHECK(found.scores(0, 1, 0) == 11);
}

TEST_CASE("a choice made at run time is a std::variant of policies")
{
    auto model = by_hand();
    sc::reference_backend cpu;
    std::variant<sc::probability, sc::logit> score{sc::logit{}};
    std::variant<sc::no_baseline, sc::baseline<std::variant<sc::black, sc::constant>>> baseline{
        sc::baseline<std::variant<sc::black, sc::constant>>{sc::constant{0.5}}};
    auto const found = sc::explain(cpu, model, ones.view(), sc::target{0}, score, baseline);
    CHECK(found.weights(0, 1, 0) == 1);
}

TEST_CASE_TEMPLATE("the map does not depend on the batch size, to the last bit", T, float, double)
{
    networks::seeded<T> model{{3, 18, 22}, {9, 5, 6}, 4, 1};
    auto const image = networks::drawn_tensor<T>(sc::image_shape{3, 18, 22}, 2);
    sc::reference_backend cpu;
    auto const expected = sc::explain(cpu, model, image.view(), sc::target{1}, sc::fixed_batch{1});
    for (sc::index_t const size : {2, 3, 7, 9, 64}) {
        auto const found = sc::explain(cpu, model, image.view(), sc::target{1}, sc::fixed_batch{size});
        CHECK(std::equal(found.maps.begin(), found.maps.end(), expected.maps.begin()));
        CHECK(found.forwards == expected.forwards);
    }
    auto const bounded = sc::explain(cpu, model, image.view(), sc::target{1},
                                     sc::bounded_batch{2 * 3 * 18 * 22 * static_cast<sc::index_t>(sizeof(T))});
    CHECK(std::equal(bounded.maps.begin(), bounded.maps.end(), expected.maps.begin()));
    CHECK(bounded.batches == 1 + (expected.forwards - 1 + 1) / 2);
}

TEST_CASE("the map depends neither on the order of the channels nor on the scale of the activations")
{
    networks::seeded<double> model{{3, 16, 16}, {8, 4, 4}, 4, 3};
    auto const image = networks::drawn_tensor<double>(sc::image_shape{3, 16, 16}, 4);
    sc::reference_backend cpu;
    auto const expected = sc::explain(cpu, model, image.view(), sc::target{2});
    REQUIRE(expected.status(0, 0) == sc::map_status::meaningful);

    model.channel_order    = [](sc::index_t k) { return 7 - k; };
    auto const reversed    = sc::explain(cpu, model, image.view(), sc::target{2});
    model.activation_scale = 64;
    auto const scaled      = sc::explain(cpu, model, image.view(), sc::target{2});
    for (sc::index_t p = 0; p < expected.maps.size(); ++p) {
        CHECK(reversed.maps.data()[p] == doctest::Approx(expected.maps.data()[p]).epsilon(1e-12));
        CHECK(scaled.maps.data()[p] == doctest::Approx(expected.maps.data()[p]).epsilon(1e-12));
    }
}

TEST_CASE("several target classes cost the forwards of one and give the maps of each")
{
    networks::seeded<float> model{{3, 20, 24}, {10, 5, 6}, 6, 5};
    auto const image = networks::drawn_tensor<float>(sc::image_shape{3, 20, 24}, 6);
    sc::reference_backend cpu;
    auto const together = sc::explain(cpu, model, image.view(), sc::targets{4, 0, 2}, sc::baseline{sc::blurred{2}});
    for (sc::index_t m = 0; m < 3; ++m) {
        auto const alone =
            sc::explain(cpu, model, image.view(), sc::target{together.targets(0, m)}, sc::baseline{sc::blurred{2}});
        CHECK(std::equal(alone.map().begin(), alone.map().end(), together.map(0, m).begin()));
        CHECK(alone.forwards == together.forwards);
    }
}

TEST_CASE("several images in one call give the maps of each, and share batches")
{
    networks::seeded<float> model{{3, 20, 24}, {10, 5, 6}, 6, 5};
    auto const images = networks::drawn_tensor<float>(sc::extents<4>{3, 3, 20, 24}, 7);
    sc::reference_backend cpu;
    auto const together =
        sc::explain(cpu, model, images.view(), sc::targets_per_image{{{1, 2}, {5, 0}, {3, 3}}}, sc::baseline{sc::mean{}},
                    sc::background{sc::blurred{1}}, sc::flat_channels::scored, sc::fixed_batch{7});
    sc::index_t forwards = 0;
    for (sc::index_t i = 0; i < 3; ++i) {
        auto const alone = sc::explain(cpu, model, images[i], sc::targets{together.targets(i, 0), together.targets(i, 1)},
                                       sc::baseline{sc::mean{}}, sc::background{sc::blurred{1}}, sc::flat_channels::scored);
        forwards += alone.forwards;
        for (sc::index_t m = 0; m < 2; ++m) {
            CHECK(std::equal(alone.map(0, m).begin(), alone.map(0, m).end(), together.map(i, m).begin()));
        }
        CHECK(alone.flat_channels == together.flat_channels_of(i));
    }
    CHECK(together.forwards >= forwards - 2);  // zero masks are scored for all images as soon as one of them needs it
    CHECK(together.batches < 12);
}

TEST_CASE("top classes are the model's own, largest first")
{
    networks::seeded<float> model{{1, 12, 12}, {6, 3, 3}, 5, 8};
    auto const image = networks::drawn_tensor<float>(sc::image_shape{1, 12, 12}, 9);
    sc::reference_backend cpu;
    auto const found = sc::explain(cpu, model, image.view(), sc::top{5});
    for (sc::index_t m = 1; m < 5; ++m) {
        CHECK(found.outputs(0, found.targets(0, m - 1)) >= found.outputs(0, found.targets(0, m)));
    }
    auto const first = sc::explain(cpu, model, image.view());
    CHECK(first.targets(0, 0) == found.targets(0, 0));
}

TEST_CASE("signals and volumes are explained by the same code")
{
    sc::reference_backend cpu;
    networks::seeded<double, 1> ears{sc::signal_shape{2, 40}, sc::signal_shape{5, 7}, 3, 11};
    auto const sound = networks::drawn_tensor<double>(sc::signal_shape{2, 40}, 12);
    auto const heard = sc::explain(cpu, ears, sound.view(), sc::target{0}, sc::baseline{sc::blurred{1.5}});
    CHECK(heard.maps.shape() == sc::extents<3>{1, 1, 40});

    networks::seeded<double, 3> scanner{sc::volume_shape{1, 8, 12, 10}, sc::volume_shape{6, 2, 4, 5}, 3, 13};
    auto const body = networks::drawn_tensor<double>(sc::volume_shape{1, 8, 12, 10}, 14);
    auto const scan = sc::explain(cpu, scanner, body.view(), sc::target{1});
    CHECK(scan.maps.shape() == sc::extents<5>{1, 1, 8, 12, 10});
    CHECK(scan.status(0, 0) == sc::map_status::meaningful);
}

TEST_CASE("an explainer keeps its memory: the second image allocates nothing new")
{
    networks::seeded<float> model{{3, 16, 16}, {8, 4, 4}, 4, 3};
    sc::reference_backend cpu;
    sc::explainer explain{cpu, model, sc::target{1}, sc::fixed_batch{4}};
    auto const first  = explain(networks::drawn_tensor<float>(sc::image_shape{3, 16, 16}, 1).view());
    auto const second = explain(networks::drawn_tensor<float>(sc::image_shape{3, 16, 16}, 2).view());
    CHECK(first.peak_bytes == second.peak_bytes);
    CHECK_FALSE(std::equal(first.maps.begin(), first.maps.end(), second.maps.begin()));
}
