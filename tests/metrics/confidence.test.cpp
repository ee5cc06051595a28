// Average drop, increase and gain: by hand on four pixels, and what holds for every map.
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/metrics/confidence.hpp>
#include <scorecam/metrics/sanity.hpp>
#include <scorecam/reference.hpp>

#include "support/networks.hpp"

namespace sc = scorecam;
namespace mt = scorecam::metrics;

namespace {

/// The confidence is a weighted sum of four pixels, all 1.
networks::linear<double> counting_model(std::vector<double> weights)
{
    return {{1, 2, 2}, sc::tensor<double, 2>{{{1, 4}}, std::move(weights)}, sc::tensor<double, 3>{{{1, 2, 2}}}};
}
sc::tensor<double, 3> const ones{{{1, 2, 2}}, {1, 1, 1, 1}};
sc::tensor<double, 2> const map{{{2, 2}}, {1, 0.5, 0, 0.25}};

template <class Protocol>
mt::confidence of(std::vector<double> weights, Protocol const& protocol, sc::tensor<double, 2> const& with = map)
{
    sc::reference_backend cpu;
    auto model = counting_model(std::move(weights));
    return mt::confidence_under(cpu, model, ones.view(), with, protocol, sc::logit{}).of();
}

}  // namespace

TEST_CASE("the paper keeps the better half of the pixels as they are")
{
    auto const fall = of({0.2, 0.1, 0.15, 0.05}, mt::paper{});  // 0.5, and 0.3 of the pixels with 1 and 0.5
    CHECK(fall.before == doctest::Approx(0.5));
    CHECK(fall.after == doctest::Approx(0.3));
    CHECK(fall.drop.value == doctest::Approx(0.4));
    CHECK(fall.increase.value == 0);
    CHECK(fall.gain.value == 0);
    CHECK(to_string(fall.drop) == "average_drop (paper): 0.400000");
    CHECK(fall.increase.metric == "average_increase");
    CHECK(fall.gain.metric == "average_gain");

    auto const rise = of({0.4, 0.3, -0.1, -0.2}, mt::paper{});  // 0.4, then 0.7
    CHECK(rise.drop.value == 0);
    CHECK(rise.increase.value == 1);
    CHECK(rise.gain.value == doctest::Approx(0.3 / 0.6));

    auto const most = of({0.2, 0.1, 0.15, 0.05}, mt::paper{.kept = 0.75});  // all but the one with 0
    CHECK(most.after == doctest::Approx(0.35));
    CHECK(most.drop.protocol == "paper (kept 0.75)");
}

TEST_CASE("the others multiply the image by the map")
{
    auto const exact = of({0.4, 0.3, -0.1, -0.2}, mt::multiply{});  // 0.4, then 0.4 + 0.15 - 0.05
    CHECK(exact.after == doctest::Approx(0.5));
    CHECK(exact.gain.value == doctest::Approx(0.1 / 0.6));
    auto const fall = of({0.1, 0.2, 0.1, 0.1}, mt::multiply{});  // 0.5, then 0.1 + 0.1 + 0.025
    CHECK(fall.drop.value == doctest::Approx(0.275 / 0.5).epsilon(1e-12));
    auto const padded = of({0.1, 0.2, 0.1, 0.1}, mt::torch_cam{});
    CHECK(padded.drop.value == doctest::Approx(0.275 / (0.5 + 1e-7)).epsilon(1e-12));
    CHECK(padded.drop.value < fall.drop.value);
}

TEST_CASE("an increase is strict")
{
    sc::tensor<double, 2> const all{{{2, 2}}, {1, 1, 1, 1}};
    auto const same = of({0.1, 0.2, 0.1, 0.1}, mt::multiply{}, all);
    CHECK(same.increase.value == 0);
    CHECK(same.drop.value == 0);
    CHECK(same.gain.value == 0);
    CHECK(same.increase.why == mt::caveat::constant_map);
}

TEST_CASE("0/0 is no number, unless the protocol says so")
{
    auto const nothing = of({0, 0, 0, 0}, mt::multiply{});
    CHECK_FALSE(nothing.drop.has_value());
    CHECK(nothing.drop.why == mt::caveat::no_confidence);
    CHECK(nothing.gain.value == 0);
    CHECK(of({0, 0, 0, 0}, mt::torch_cam{}).drop.value == 0);  // 0 / 1e-7

    auto const certain = of({0.25, 0.25, 0.25, 0.25}, mt::multiply{});
    CHECK_FALSE(certain.gain.has_value());
    CHECK(certain.gain.why == mt::caveat::full_confidence);
    CHECK(certain.drop.value == doctest::Approx(1 - 1.75 / 4));
    CHECK(to_string(certain.gain) == "average_gain (multiply): undefined, no confidence to gain");
}

TEST_CASE("the numbers of an empty map stand beside a caveat")
{
    auto const black = of({0.1, 0.2, 0.1, 0.1}, mt::multiply{}, sc::tensor<double, 2>{{{2, 2}}});
    CHECK(black.after == 0);
    CHECK(black.drop.value == 1);
    CHECK(black.drop.why == mt::caveat::empty_map);
    CHECK_FALSE(black.drop.sound());
}

TEST_CASE("a perfect map beats random ones, and everything kept loses nothing")
{
    sc::reference_backend cpu;
    sc::image_shape const shape{2, 8, 8};
    auto weights = networks::drawn_tensor<double>(sc::extents<2>{2, shape.size()}, 1);
    networks::linear<double> model{shape, weights, sc::tensor<double, 3>{{{1, 2, 2}}}};
    auto const image = networks::drawn_tensor<double>(shape, 2);
    sc::tensor<double, 2> perfect{{{8, 8}}};
    for (sc::index_t p = 0; p < shape.size(); ++p) {
        perfect.data()[p % 64] += (weights(0, p) - weights(1, p)) * image.data()[p];  // what softmax of two sees
    }
    auto const under = [&](auto const& with, mt::paper const& protocol) {
        return mt::confidence_under(cpu, model, image.view(), with, protocol, sc::target{0}).of();
    };
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        CHECK(under(perfect, {}).after > under(mt::random_map<double>(sc::extents<2>{8, 8}, seed), {}).after);
    }
    auto const whole = under(perfect, {.kept = 1});
    CHECK(whole.after == whole.before);
    CHECK(whole.drop.value == 0);
}

TEST_CASE("the maps of several images cost one forward each, besides the images, in shared batches")
{
    sc::reference_backend cpu;
    sc::image_shape const shape{1, 6, 8};
    networks::linear<float> model{shape, networks::drawn_tensor<float>(sc::extents<2>{4, 48}, 1),
                                  sc::tensor<float, 3>{{{1, 2, 2}}}};
    auto const images = networks::drawn_tensor<float>(sc::extents<4>{3, 1, 6, 8}, 2);
    sc::tensor<float, 4> maps{{{3, 2, 6, 8}}};
    for (sc::index_t j = 0; j < 6; ++j) {
        auto const one = mt::random_map<float>(sc::extents<2>{6, 8}, static_cast<std::uint64_t>(j));
        std::copy(one.begin(), one.end(), maps.data() + j * 48);
    }
    auto const all =
        mt::confidence_under(cpu, model, images.view(), maps.view(), mt::multiply{}, sc::targets{2, 0}, sc::fixed_batch{4});
    CHECK(all.spent.forwards == 3 + 6);
    CHECK(all.spent.batches == 1 + 2);
    CHECK(model.largest_batch == 4);
    for (sc::index_t i = 0; i < 3; ++i) {
        for (sc::index_t m = 0; m < 2; ++m) {
            auto const one =
                mt::confidence_under(cpu, model, images[i], maps[i][m], mt::multiply{}, sc::target{m == 0 ? 2 : 0});
            CHECK(all.of(i, m).after == one.of().after);
            CHECK(all.of(i, m).before == one.of().before);
        }
    }
}

TEST_CASE("logits, and maps that are no factors, are refused in words")
{
    CHECK_THROWS_WITH_AS(static_cast<void>(of({1, 1, 1, 1}, mt::paper{})), doctest::Contains("use probability{}"),
                         sc::option_error);
    CHECK_THROWS_AS(static_cast<void>(of({0.1, -0.9, 0, 0}, mt::paper{})), sc::option_error);
    sc::tensor<double, 2> const large{{{2, 2}}, {1, 2, 0, 0}};
    CHECK_THROWS_WITH_AS(static_cast<void>(of({0.1, 0.1, 0.1, 0.1}, mt::multiply{}, large)),
                         doctest::Contains("from 0.000000 to 2.000000"), sc::option_error);
    sc::tensor<double, 2> const negative{{{2, 2}}, {1, -0.5, 0, 0}};
    CHECK_THROWS_AS(static_cast<void>(of({0.1, 0.1, 0.1, 0.1}, mt::multiply{}, negative)), sc::option_error);
    CHECK(of({0.1, 0.1, 0.1, 0.1}, mt::paper{}, large).drop.sound());  // only ranked
    CHECK_THROWS_AS(static_cast<void>(of({0.1, 0.1, 0.1, 0.1}, mt::paper{.kept = 0})), sc::option_error);
}
