// What a map should depend on, and the controls.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include <doctest/doctest.h>

#include <scorecam/metrics/sanity.hpp>
#include <scorecam/reference.hpp>

#include "support/networks.hpp"

namespace sc = scorecam;
namespace mt = scorecam::metrics;

namespace {

struct with_parameters : networks::seeded<double> {
    using networks::seeded<double>::seeded;
    [[nodiscard]] networks::seeded<double> randomised(std::uint64_t seed) const { return {{3, 12, 12}, {8, 6, 6}, 5, seed}; }
};
static_assert(mt::randomisable_model<with_parameters> && !mt::randomisable_model<networks::seeded<double>>);

struct scene {
    sc::reference_backend cpu;
    with_parameters model{sc::image_shape{3, 12, 12}, sc::image_shape{8, 6, 6}, 5, 61};
    sc::tensor<double, 4> images = networks::drawn_tensor<double>(sc::extents<4>{2, 3, 12, 12}, 62);
};

}  // namespace

TEST_CASE("class sensitivity compares the maps of the most and the least likely class")
{
    scene at;
    auto const found = mt::class_sensitivity(at.cpu, at.model, at.images.view(), mt::correlation::pearson, sc::logit{});
    CHECK(found.all.shape() == sc::extents<2>{2, 1});
    for (sc::index_t i = 0; i < 2; ++i) {
        auto const all  = sc::explain(at.cpu, at.model, at.images[i], sc::top{5}, sc::logit{});
        auto const want = mt::similarity(all.map(0, 0), all.map(0, 4));
        REQUIRE(want.has_value());
        CHECK(found.of(i).value == doctest::Approx(want.value).epsilon(1e-12));
        CHECK(found.of(i).metric == "class_sensitivity");
        CHECK(found.of(i).protocol == "pearson");
        CHECK(found.of(i).value < 0.99);
    }
    CHECK(found.spent.forwards == 2 + 2 * (1 + 8));
}

TEST_CASE("maps that do not look at the class have no class sensitivity")
{
    scene at;
    auto const found =
        mt::class_sensitivity(at.cpu, at.model, at.images.view(), mt::correlation::spearman, sc::conventions::uniform{});
    CHECK(found.of(0).value == doctest::Approx(1).epsilon(1e-12));
    CHECK(found.of(1).protocol == "spearman");

    networks::linear<float> single{{1, 4, 4},
                                   networks::drawn_tensor<float>(sc::extents<2>{1, 16}, 1),
                                   networks::drawn_tensor<float>(sc::image_shape{2, 2, 2}, 2)};
    auto const image = networks::drawn_tensor<float>(sc::image_shape{1, 4, 4}, 3);
    CHECK_THROWS_WITH_AS(static_cast<void>(mt::class_sensitivity(at.cpu, single, image.view(), mt::correlation::pearson)),
                         doctest::Contains("compares two classes"), sc::option_error);
}

TEST_CASE("random parameters change the map, the model's own do not")
{
    scene at;
    auto const seen  = sc::explain(at.cpu, at.model, at.images.view(), sc::top{2});
    auto const own   = mt::parameter_randomisation(at.cpu, at.model, at.images.view(), seen, 61, mt::correlation::pearson);
    auto const other = mt::parameter_randomisation(at.cpu, at.model, at.images.view(), seen, 99, mt::correlation::pearson);
    auto strange     = at.model.randomised(99);
    auto const want  = sc::explain(at.cpu, strange, at.images.view(), mt::targets_of(seen));
    for (sc::index_t i = 0; i < 2; ++i) {
        for (sc::index_t m = 0; m < 2; ++m) {
            CHECK(own.of(i, m).value == doctest::Approx(1).epsilon(1e-12));
            CHECK(other.of(i, m).value == mt::similarity(seen.map(i, m), want.map(i, m)).value);
            CHECK(other.of(i, m).value < 0.95);
        }
    }
}

TEST_CASE("the uniform control costs one forward per image and knows itself")
{
    scene at;
    auto const seen  = sc::explain(at.cpu, at.model, at.images.view(), sc::top{2});
    auto const found = mt::similarity_to_uniform(at.cpu, at.model, at.images.view(), seen, mt::correlation::pearson);
    CHECK(found.spent.forwards == 2);
    auto const uniform = sc::explain(at.cpu, at.model, at.images[1], sc::conventions::uniform{});
    CHECK(found.of(1, 1).value == doctest::Approx(mt::similarity(seen.map(1, 1), uniform.map()).value).epsilon(1e-12));

    auto const itself = sc::explain(at.cpu, at.model, at.images.view(), sc::conventions::uniform{});
    CHECK(mt::similarity_to_uniform(at.cpu, at.model, at.images.view(), itself, mt::correlation::spearman).of(0).value ==
          doctest::Approx(1));
}

TEST_CASE("a random map is uniform, and a function of its seed")
{
    auto const map = mt::random_map<float>(sc::extents<2>{100, 100}, 7);
    CHECK(std::all_of(map.begin(), map.end(), [](float v) { return v >= 0 && v < 1; }));
    double const mean = std::accumulate(map.begin(), map.end(), 0.0) / 10000;
    double variance   = 0;
    for (float const v : map) { variance += (v - mean) * (v - mean) / 10000; }
    CHECK(mean == doctest::Approx(0.5).epsilon(0.02));
    CHECK(variance == doctest::Approx(1.0 / 12).epsilon(0.04));
    auto const again = mt::random_map<float>(sc::extents<2>{100, 100}, 7);
    CHECK(std::equal(map.begin(), map.end(), again.begin()));
    auto const other = mt::random_map<float>(sc::extents<2>{100, 100}, 8);
    CHECK(std::abs(mt::similarity(sc::as_const(map.view()), sc::as_const(other.view())).value) < 0.05);
}
