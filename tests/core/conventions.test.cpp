// Conventions as compositions of policies, each against its formula written out, and what each costs. The formulas are
// evaluated in double in another order of operations: 1e-12 leaves room for the rounding of some thousand of them, and is
// far below 1e-8, the smallest epsilon that a convention has.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/scorecam.hpp>

#include "support/networks.hpp"

namespace sc          = scorecam;
namespace conventions = scorecam::conventions;

namespace {

constexpr double rounding = 1e-12;

using plane = std::vector<double>;

/// A map of height h and width w.
struct map {
    sc::index_t h;
    sc::index_t w;
    plane values;
};

template <class F>
map each(map a, F const& f)
{
    for (auto& value : a.values) { value = f(value); }
    return a;
}
map relu(map a)
{
    return each(std::move(a), [](double v) { return std::max(v, 0.0); });
}
map min_max(map a, double epsilon)
{
    auto const [lo, hi] = std::minmax_element(a.values.begin(), a.values.end());
    return each(a, [lo = *lo, hi = *hi, epsilon](double v) { return (v - lo) / (hi - lo + epsilon); });
}
map sum(std::vector<map> const& maps, plane const& weights)
{
    map total{maps[0].h, maps[0].w, plane(maps[0].values.size(), 0.0)};
    for (std::size_t k = 0; k < maps.size(); ++k) {
        for (std::size_t p = 0; p < total.values.size(); ++p) { total.values[p] += weights[k] * maps[k].values[p]; }
    }
    return total;
}

/// Bilinear interpolation as a weighted mean of all positions, each weighted by its distance to the sample.
enum class samples { at_centres, at_corners };
map resized(map const& a, sc::index_t h, sc::index_t w, samples rule)
{
    auto const source = [rule](sc::index_t i, sc::index_t in, sc::index_t out) {
        double const x = rule == samples::at_centres
                             ? (static_cast<double>(i) + 0.5) * static_cast<double>(in) / static_cast<double>(out) - 0.5
                             : static_cast<double>(i) * static_cast<double>(in - 1) / static_cast<double>(out - 1);
        return std::clamp(x, 0.0, static_cast<double>(in - 1));
    };
    auto const tent = [](double x, sc::index_t i) { return std::max(0.0, 1 - std::abs(x - static_cast<double>(i))); };
    map up{h, w, plane(static_cast<std::size_t>(h * w), 0.0)};
    for (sc::index_t p = 0; p < h * w; ++p) {
        for (sc::index_t q = 0; q < a.h * a.w; ++q) {
            up.values[static_cast<std::size_t>(p)] += tent(source(p / w, a.h, h), q / a.w) *
                                                      tent(source(p % w, a.w, w), q % a.w) *
                                                      a.values[static_cast<std::size_t>(q)];
        }
    }
    return up;
}

plane softmax(plane const& v)
{
    double total = 0;
    for (double const value : v) { total += std::exp(value); }
    plane out;
    for (double const value : v) { out.push_back(std::exp(value) / total); }
    return out;
}

/// X∘H, or X∘H + B∘(1 - H).
sc::tensor<double, 3> masked(sc::tensor<double, 3> const& image, map const& mask, sc::tensor<double, 3> const& background)
{
    auto out = image;
    for (sc::index_t e = 0; e < image.size(); ++e) {
        double const h = mask.values[static_cast<std::size_t>(e % (mask.h * mask.w))];
        out.data()[e]  = image.data()[e] * h + background.data()[e] * (1 - h);
    }
    return out;
}

/// A network, its image, and what is read from it without the library.
struct scene {
    networks::seeded<double> model;
    sc::tensor<double, 3> image;
    sc::tensor<double, 3> black{image.shape()};
    sc::index_t target = 1;

    scene(sc::image_shape input, sc::image_shape activation, std::uint64_t seed)
        : model{input, activation, 4, seed}, image{networks::drawn_tensor<double>(input, seed + 1)}
    {
    }

    std::vector<map> channels()
    {
        auto const seen = model.capture(one(image));
        auto const& a   = seen.activations;
        std::vector<map> out;
        for (sc::index_t k = 0; k < a.extent(1); ++k) {
            auto const values = a[0][k];
            out.push_back({a.extent(2), a.extent(3), plane(values.begin(), values.end())});
        }
        return out;
    }
    double logit_of(sc::tensor<double, 3> const& picture) { return model.forward(one(picture))(0, target); }
    double probability_of(sc::tensor<double, 3> const& picture)
    {
        auto const row = model.forward(one(picture))[0];
        return softmax(plane(row.begin(), row.end()))[static_cast<std::size_t>(target)];
    }
    map resized_to_input(map const& a, samples rule = samples::at_centres) const
    {
        return resized(a, image.extent(1), image.extent(2), rule);
    }
    template <class... Policies>
    auto explained(Policies... policies)
    {
        sc::reference_backend cpu;
        return sc::explain(cpu, model, image.view(), sc::target{target}, policies...);
    }

private:
    static sc::tensor_view<double const, 4> one(sc::tensor<double, 3> const& picture)
    {
        return {picture.data(), prepend(picture.shape(), 1)};
    }
};

template <class Range>
void check_close(Range const& found, plane const& expected)
{
    REQUIRE(static_cast<std::size_t>(found.size()) == expected.size());
    auto value = found.begin();
    double far = 0;
    for (double const wanted : expected) { far = std::max(far, std::abs(*value++ - wanted)); }
    CHECK(far < rounding);
}

template <class A, class B>
void check_same(A const& a, B const& b)
{
    CHECK(std::equal(a.maps.begin(), a.maps.end(), b.maps.begin(), b.maps.end()));
    CHECK(std::equal(a.weights.begin(), a.weights.end(), b.weights.begin(), b.weights.end()));
    CHECK(std::equal(a.scores.begin(), a.scores.end(), b.scores.begin(), b.scores.end()));
    CHECK(a.forwards == b.forwards);
}

/// All of them as objects.
template <class F>
void for_each_convention(F const& f)
{
    std::apply([&](auto const&... convention) { (f(convention), ...); }, conventions::all{});
}

}  // namespace

TEST_CASE("a policy beside a convention overrides its part and nothing else, in any order")
{
    scene at{{2, 16, 20}, {6, 4, 5}, 21};
    auto const written_out =
        at.explained(sc::probability{}, sc::softmax_weights{}, sc::flat_channels::scored,
                     sc::mask_rule{.extrema = sc::extrema_of::activation, .epsilon = 1e-8}, conventions::torch_cam::shown);
    check_same(at.explained(conventions::torch_cam{}, sc::probability{}), written_out);
    check_same(at.explained(sc::probability{}, conventions::torch_cam{}), written_out);

    auto const of_logits = at.explained(conventions::torch_cam{});
    CHECK_FALSE(std::equal(of_logits.scores.begin(), of_logits.scores.end(), written_out.scores.begin()));
    check_same(at.explained(conventions::pytorch_grad_cam{}, sc::probability{}),
               at.explained(conventions::pytorch_grad_cam_probability{}));
}

TEST_CASE("what overrides a part of a convention may be chosen at run time")
{
    scene at{{2, 16, 20}, {6, 4, 5}, 21};
    std::variant<sc::logit, sc::probability> const score{sc::probability{}};
    check_same(at.explained(conventions::pytorch_grad_cam{}, score),
               at.explained(conventions::pytorch_grad_cam_probability{}));
}

TEST_CASE("torch-cam 0.3.2 sums normalised activations, weighted by a softmax of the logits under their masks")
{
    scene at{{2, 15, 22}, {7, 4, 5}, 22};
    std::vector<map> normalised;
    plane scores;
    for (auto const& a : at.channels()) {
        normalised.push_back(min_max(a, 0));
        scores.push_back(at.logit_of(masked(at.image, at.resized_to_input(normalised.back()), at.black)));
    }
    auto const weights = softmax(scores);
    auto const low     = min_max(relu(sum(normalised, weights)), 0);

    auto const found = at.explained(conventions::torch_cam_0_3_2{});
    check_close(found.weights, weights);
    check_close(found.map(), at.resized_to_input(low).values);
    CHECK(found.baseline_cancels);

    auto small               = conventions::torch_cam::shown;
    small.size               = sc::step_at::activation;
    small.activation_epsilon = 0;
    check_close(at.explained(conventions::torch_cam_0_3_2{}, small).maps, low.values);
}

TEST_CASE("torch-cam 0.3.1 sums normalised activations, weighted by the probabilities under their masks")
{
    scene at{{2, 15, 22}, {7, 4, 5}, 22};
    std::vector<map> normalised;
    plane scores;
    for (auto const& a : at.channels()) {
        normalised.push_back(min_max(a, 0));
        scores.push_back(at.probability_of(masked(at.image, at.resized_to_input(normalised.back()), at.black)));
    }
    auto const low = min_max(relu(sum(normalised, scores)), 0);

    auto const found = at.explained(conventions::torch_cam_0_3_1{});
    check_close(found.weights, scores);
    check_close(found.map(), at.resized_to_input(low).values);
    CHECK_FALSE(found.baseline_cancels);
}

TEST_CASE("tf-keras-vis resizes with aligned corners and weights by the probabilities")
{
    scene at{{2, 15, 22}, {7, 4, 5}, 22};
    auto const activations = at.channels();
    plane scores;
    for (auto const& a : activations) {
        auto const mask = min_max(at.resized_to_input(a, samples::at_corners), 1e-7);
        scores.push_back(at.probability_of(masked(at.image, mask, at.black)));
    }
    auto const shown = min_max(at.resized_to_input(relu(sum(activations, scores)), samples::at_corners), 1e-7);

    auto const found = at.explained(conventions::tf_keras_vis{});
    check_close(found.weights, scores);
    check_close(found.map(), shown.values);
}

TEST_CASE("tf-keras-vis with max_n scores the channels of the largest deviation, and without it all")
{
    scene at{{3, 24, 24}, {12, 6, 6}, 23};
    auto const deviation = [](map const& a) {
        auto const count  = static_cast<double>(a.values.size());
        double const mean = std::accumulate(a.values.begin(), a.values.end(), 0.0) / count;
        double squares    = 0;
        for (double const v : a.values) { squares += (v - mean) * (v - mean); }
        return std::sqrt(squares / count);
    };
    plane deviations;
    for (auto const& a : at.channels()) { deviations.push_back(deviation(a)); }
    auto sorted = deviations;
    std::sort(sorted.begin(), sorted.end());

    auto const all = at.explained(conventions::tf_keras_vis{});
    CHECK(std::count(all.weights.begin(), all.weights.end(), 0.0) == 0);
    CHECK(all.forwards == 1 + 12);

    auto const some = at.explained(conventions::tf_keras_vis{.max_n = 5});
    CHECK(some.forwards == 1 + 5);
    for (sc::index_t k = 0; k < 12; ++k) {
        bool const large = deviations[static_cast<std::size_t>(k)] >= sorted[12 - 5];
        CHECK(some.weights(0, k, 0) == (large ? all.weights(0, k, 0) : 0));
    }
}

TEST_CASE("group_cam masks with sums of channels over a blurred background, weighted by what they add to it")
{
    scene at{{2, 28, 30}, {8, 4, 5}, 24};
    at.target = 2;  // some groups speak for it, some against
    // Gaussian blur over 51 x 51, standard deviation 50, the edges mirrored without repeating the last line
    sc::tensor<double, 3> blurred{at.image.shape()};
    auto const mirrored = [](sc::index_t i, sc::index_t n) {
        i = std::abs(i);
        return i < n ? i : 2 * (n - 1) - i;
    };
    for (sc::index_t c = 0; c < 2; ++c) {
        for (sc::index_t y = 0; y < 28; ++y) {
            for (sc::index_t x = 0; x < 30; ++x) {
                double total = 0;
                double value = 0;
                for (sc::index_t dy = -25; dy <= 25; ++dy) {
                    for (sc::index_t dx = -25; dx <= 25; ++dx) {
                        double const weight = std::exp(-static_cast<double>(dy * dy + dx * dx) / (2 * 50.0 * 50.0));
                        total += weight;
                        value += weight * at.image(c, mirrored(y + dy, 28), mirrored(x + dx, 30));
                    }
                }
                blurred(c, y, x) = value / total;
            }
        }
    }
    auto const channels   = at.channels();
    double const baseline = at.probability_of(blurred);
    std::vector<map> masks;
    plane weights;
    for (std::size_t g = 0; g < 4; ++g) {
        auto const group = relu(sum({channels[2 * g], channels[2 * g + 1]}, {1, 1}));
        masks.push_back(min_max(at.resized_to_input(group), 0));
        double const gain = at.probability_of(masked(at.image, masks.back(), blurred)) - baseline;
        weights.push_back(std::max(gain, 0.0));
    }
    REQUIRE(std::count(weights.begin(), weights.end(), 0.0) % 4 != 0);

    auto const found = at.explained(conventions::group_cam{.groups = 4});
    CHECK(std::abs(found.baseline_scores(0, 0) - baseline) < rounding);
    check_close(found.weights, weights);
    check_close(found.map(), min_max(sum(masks, weights), 0).values);
    CHECK(found.forwards == 1 + 4 + 1);
}

TEST_CASE("group_cam splits channels as torch.chunk does: groups of K / groups rounded up, the last with what is left")
{
    scene at{{2, 16, 16}, {7, 4, 4}, 25};
    auto const channels = at.channels();
    auto const raw      = sc::heatmap_rule{.size = sc::step_at::activation, .scale = sc::scaling::none};
    auto const found =
        at.explained(conventions::group_cam{.groups = 5}, sc::uniform_weights{}, sc::summand::activations, raw);
    check_close(found.maps, sum(channels, plane(7, 1.0)).values);  // no channel is lost
    CHECK(found.channels() == 4);                                  // 2 + 2 + 2 + 1

    plane last(7, 0.0);
    last[6]            = 1;
    auto const of_last = at.explained(conventions::group_cam{.groups = 5}, sc::uniform_weights{}, sc::summand::activations,
                                      raw, sc::listed_channels{{3}});
    check_close(of_last.maps, sum(channels, last).values);

    CHECK(at.explained(conventions::group_cam{.groups = 32}).channels() == 7);  // never more than channels
    CHECK_THROWS_WITH_AS(static_cast<void>(at.explained(conventions::group_cam{.groups = 0})),
                         doctest::Contains("0 groups of channels"), sc::option_error);
}

TEST_CASE("uniform costs one forward and shows the plain sum of the activations")
{
    scene at{{2, 16, 20}, {6, 4, 5}, 21};
    auto const found = at.explained(conventions::uniform{});
    auto const total = sum(at.channels(), plane(6, 1.0));
    CHECK(found.forwards == 1);
    check_close(found.activation_maps, total.values);
    check_close(found.map(), min_max(relu(at.resized_to_input(total)), 0).values);
}

TEST_CASE("each convention costs the forwards that it needs")
{
    // Six channels, one of them flat; three groups of two.
    auto activations = networks::drawn_tensor<double>(sc::image_shape{6, 3, 4}, 31);
    for (auto& value : activations.view()) { value = std::abs(value); }
    std::fill_n(activations.data() + 2 * 12, 12, 0.0);
    networks::linear<double> model{{2, 6, 8}, networks::drawn_tensor<double>(sc::extents<2>{3, 96}, 32), activations};
    auto const image         = networks::drawn_tensor<double>(sc::image_shape{2, 6, 8}, 33);
    auto const forwards_with = [&](auto convention) {
        sc::reference_backend cpu;
        return sc::explain(cpu, model, image.view(), convention).forwards;
    };
    CHECK(forwards_with(conventions::official{}) == 1 + 5);               // the image and the masks
    CHECK(forwards_with(conventions::paper{}) == 1 + 5 + 1);              // and the baseline
    CHECK(forwards_with(conventions::paper_algorithm_1{}) == 1 + 5 + 1);  // no baseline: it cancels; the zero mask
    CHECK(forwards_with(conventions::torch_cam{}) == 1 + 5 + 1);
    CHECK(forwards_with(conventions::torch_cam_0_3_2{}) == 1 + 5 + 1);
    CHECK(forwards_with(conventions::torch_cam_0_3_1{}) == 1 + 5 + 1);
    CHECK(forwards_with(conventions::pytorch_grad_cam{}) == 1 + 5 + 1);
    CHECK(forwards_with(conventions::pytorch_grad_cam_probability{}) == 1 + 5 + 1);
    CHECK(forwards_with(conventions::tf_keras_vis{}) == 1 + 5 + 1);
    CHECK(forwards_with(conventions::tf_keras_vis{.max_n = 3}) == 1 + 3);
    CHECK(forwards_with(conventions::group_cam{.groups = 3}) == 1 + 3 + 1);
    CHECK(forwards_with(conventions::uniform{}) == 1);
}

TEST_CASE_TEMPLATE("every convention gives a finite map in [0, 1] that says something, under its own name", T, float, double)
{
    networks::seeded<T> model{{3, 24, 28}, {36, 6, 7}, 5, 41};
    auto const image = networks::drawn_tensor<T>(sc::image_shape{3, 24, 28}, 42);
    sc::reference_backend cpu;
    std::set<std::string> names;
    for_each_convention([&](auto const& convention) {
        CAPTURE(convention.name);
        CHECK(names.insert(convention.name).second);
        auto const found = sc::explain(cpu, model, image.view(), sc::top{2}, convention);
        CHECK(found.maps.shape() == sc::extents<4>{1, 2, 24, 28});
        CHECK(std::all_of(found.maps.begin(), found.maps.end(), [](T v) { return v >= 0 && v <= 1; }));
        CHECK(found.status(0, 0) == sc::map_status::meaningful);
        CHECK(*std::max_element(found.map().begin(), found.map().end()) > T(0.5));
    });
    CHECK(names.size() == std::tuple_size_v<conventions::all>);
}
