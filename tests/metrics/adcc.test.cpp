// ADCC by hand on four pixels, at its poles, and against the same steps taken one by one.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/metrics/adcc.hpp>
#include <scorecam/reference.hpp>

#include "support/networks.hpp"

namespace sc = scorecam;
namespace mt = scorecam::metrics;

namespace {

mt::measured part(double value, mt::caveat why = mt::caveat::none) { return {"part", "aimagelab", value, why}; }
double const undefined = std::numeric_limits<double>::quiet_NaN();

/// One channel, always (1, 0.5, 0.25, 0), so that every map is that; the logits are a weighted sum of the pixels and 0.
networks::linear<double> one_channel(std::vector<double> weights)
{
    weights.resize(8);
    return {{1, 2, 2},
            sc::tensor<double, 2>{{{2, 4}}, std::move(weights)},
            sc::tensor<double, 3>{{{1, 2, 2}}, {1, 0.5, 0.25, 0}}};
}
sc::tensor<double, 3> const ones{{{1, 2, 2}}, {1, 1, 1, 1}};

}  // namespace

TEST_CASE("the harmonic mean of coherency, 1 - complexity and 1 - drop")
{
    CHECK(mt::harmonic_mean(part(0.5), part(0.25), part(0.5)).value == doctest::Approx(0.5625));  // 3 / (2 + 4/3 + 2)
    CHECK(mt::harmonic_mean(part(1), part(0), part(0)).value == 1);
    CHECK(mt::harmonic_mean(part(0.5), part(0.25), part(0.5)).metric == "adcc");
}

TEST_CASE("at a pole ADCC is its limit, 0, and says so; without a part it is nothing")
{
    for (auto const& found :
         {mt::harmonic_mean(part(0), part(0.25), part(0.5)), mt::harmonic_mean(part(0.5), part(1), part(0.5)),
          mt::harmonic_mean(part(0.5), part(0.25), part(1))}) {
        CHECK(found.value == 0);
        CHECK(found.why == mt::caveat::at_pole);
        CHECK_FALSE(found.sound());
    }
    auto const none = mt::harmonic_mean(part(undefined, mt::caveat::constant_second_map), part(0.2), part(0.2));
    CHECK_FALSE(none.has_value());
    CHECK(none.why == mt::caveat::constant_second_map);
    CHECK(mt::harmonic_mean(part(0.5), part(0.2), part(undefined, mt::caveat::no_confidence)).why ==
          mt::caveat::no_confidence);
}

TEST_CASE("by hand: a coherent map of complexity 7/16, and what it drops")
{
    sc::reference_backend cpu;
    // The only weight is on the pixel where the map is 1/2. Before: logit 2 ln 3, confidence 9/10; after: ln 3, 3/4.
    auto model      = one_channel({0, 2 * std::log(3.0), 0, 0});
    auto const seen = sc::explain(cpu, model, ones.view(), sc::target{0});
    REQUIRE(seen.map()(0, 1) == doctest::Approx(0.5));
    auto const found = mt::adcc(cpu, model, ones.view(), seen, mt::aimagelab{}, sc::fixed_batch{4});
    CHECK(found.of().coherency.value == doctest::Approx(1));
    CHECK(found.of().complexity.value == doctest::Approx(7.0 / 16));
    CHECK(found.of().drop.value == doctest::Approx(1.0 / 6));
    CHECK(found.of().adcc.value == doctest::Approx(3 / (1 + 16.0 / 9 + 6.0 / 5)));
    CHECK(found.of().adcc.protocol == "aimagelab");
    CHECK(found.of().adcc.sound());
    CHECK(found.spent.forwards == 2);  // X∘map and its one channel
}

TEST_CASE("an empty map has a drop and a complexity, beside a caveat, and no ADCC")
{
    sc::reference_backend cpu;
    networks::linear<double> model{{1, 2, 2},
                                   sc::tensor<double, 2>{{{2, 4}}, {1, 1, 1, 1, 0, 0, 0, 0}},
                                   sc::tensor<double, 3>{{{1, 2, 2}}, {3, 3, 3, 3}}};
    auto const seen = sc::explain(cpu, model, ones.view(), sc::target{0});
    REQUIRE(seen.status(0, 0) == sc::map_status::all_channels_flat);
    auto const found = mt::adcc(cpu, model, ones.view(), seen, mt::aimagelab{}).of();
    CHECK(found.drop.why == mt::caveat::empty_map);
    CHECK(found.drop.has_value());
    CHECK(found.complexity.value == 0);
    CHECK(found.complexity.why == mt::caveat::empty_map);
    CHECK_FALSE(found.coherency.has_value());
    CHECK_FALSE(found.adcc.has_value());
    CHECK(found.adcc.why == mt::caveat::empty_map);
}

TEST_CASE("for several images and classes it is what the steps give one by one")
{
    sc::reference_backend cpu;
    networks::seeded<double> model{{3, 10, 12}, {7, 5, 6}, 4, 51};
    auto const images  = networks::drawn_tensor<double>(sc::extents<4>{2, 3, 10, 12}, 52);
    auto const weights = sc::softmax_weights{};
    auto const seen  = sc::explain(cpu, model, images.view(), sc::targets_per_image{{{0, 2}, {3, 1}}}, sc::logit{}, weights);
    auto const found = mt::adcc(cpu, model, images.view(), seen, mt::aimagelab{}, sc::logit{}, weights);
    for (sc::index_t i = 0; i < 2; ++i) {
        for (sc::index_t m = 0; m < 2; ++m) {
            CAPTURE(i);
            CAPTURE(m);
            auto const map = seen.map(i, m);
            sc::tensor<double, 3> shown{{{3, 10, 12}}};
            double mass = 0, sum = 0;
            for (sc::index_t p = 0; p < 360; ++p) { shown.data()[p] = images[i].data()[p] * map.data()[p % 120]; }
            auto const again = sc::explain(cpu, model, shown.view(), sc::target{seen.targets(i, m)}, sc::logit{}, weights);
            double ab = 0, aa = 0, bb = 0;
            for (sc::index_t p = 0; p < 120; ++p) { mass += map.data()[p], sum += again.maps.data()[p]; }
            for (sc::index_t p = 0; p < 120; ++p) {
                double const a = map.data()[p] - mass / 120, b = again.maps.data()[p] - sum / 120;
                ab += a * b, aa += a * a, bb += b * b;
            }
            auto const softmax = [&](auto outputs) {
                double total = 0;
                for (double const v : outputs) { total += std::exp(v); }
                return std::exp(outputs(seen.targets(i, m))) / total;
            };
            double const before = softmax(seen.outputs[i]), after = softmax(again.outputs[0]);
            double const coherency = (ab / std::sqrt(aa * bb) + 1) / 2;
            double const drop      = std::max(0.0, before - after) / before;
            auto const& one        = found.of(i, m);
            CHECK(one.coherency.value == doctest::Approx(coherency).epsilon(1e-10));
            CHECK(one.complexity.value == doctest::Approx(mass / 120).epsilon(1e-10));
            CHECK(one.drop.value == doctest::Approx(drop).epsilon(1e-10));
            double const mean = 3 / (1 / coherency + 1 / (1 - mass / 120) + 1 / (1 - drop));
            CHECK(one.adcc.value == doctest::Approx(mean).epsilon(1e-10));
            CHECK(mt::adcc_of(map, again.map(), before, after).adcc.value == doctest::Approx(mean).epsilon(1e-10));
        }
    }
    CHECK(found.spent.forwards <= 4 * (1 + 7));
}

TEST_CASE("maps of another size or scale are refused in words")
{
    sc::reference_backend cpu;
    networks::seeded<double> model{{3, 10, 12}, {7, 5, 6}, 4, 51};
    auto const image = networks::drawn_tensor<double>(sc::image_shape{3, 10, 12}, 52);
    auto const small = sc::explain(cpu, model, image.view(), sc::heatmap_rule{.size = sc::step_at::activation});
    CHECK_THROWS_WITH_AS(static_cast<void>(mt::adcc(cpu, model, image.view(), small, mt::aimagelab{})),
                         doctest::Contains("step_at::input"), sc::shape_error);
    auto const raw = sc::explain(cpu, model, image.view(), sc::heatmap_rule{.scale = sc::scaling::none});
    REQUIRE(*std::max_element(raw.maps.begin(), raw.maps.end()) > 1.1);
    CHECK_THROWS_WITH_AS(static_cast<void>(mt::adcc(cpu, model, image.view(), raw, mt::aimagelab{})),
                         doctest::Contains("scaling::min_max"), sc::option_error);
    auto const map = sc::explain(cpu, model, image.view());
    CHECK_THROWS_WITH_AS(static_cast<void>(mt::adcc_of(map.map(), small.map(), 0.5, 0.5)), doctest::Contains("same size"),
                         sc::shape_error);
    CHECK_THROWS_AS(static_cast<void>(mt::adcc_of(raw.map(), map.map(), 0.5, 0.5)), sc::option_error);
}
