// Maps fitted to random masks are NumPy's, on the same masks.
#include <doctest/doctest.h>

#include <scorecam/conventions.hpp>
#include <scorecam/policies/fields.hpp>
#include <scorecam/policies/fitted.hpp>

#include <golden/fitted.hpp>

namespace sc = scorecam;

TEST_CASE("random fields have the same bits as NumPy's")
{
    for (auto const& one : golden::fitted_cases) {
        CAPTURE(one.folder);
        golden::example<float> const example{one.network};
        auto const recorded = golden::recorded_fitted<float, 3, std::uint8_t>(std::string{one.folder} + "/masks");
        auto const [fields, part, cells, seed] =
            std::tuple{one.convention.masks, 0, one.convention.cells, one.convention.seed};
        sc::random_fields const source{fields, cells, seed};
        CHECK(source.follows_activations() == (cells == 0));
        auto const size = sc::trailing<2>(example.images.shape());
        auto const made = source.make<float>(size, cells == 0 ? sc::trailing<2>(recorded.shape()) : sc::extents<2>{});
        CHECK(made.maps.shape() == recorded.shape());
        CHECK(std::equal(made.maps.begin(), made.maps.end(), recorded.begin(), recorded.end()));
    }
}

TEST_CASE_TEMPLATE("fitted maps, cells and error bars are NumPy's", Calculation, golden::on_reference<float>,
                   golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    using T = typename Calculation::value_type;
    typename Calculation::backend on;
    for (auto const& one : golden::fitted_cases) {
        golden::example<T> example{one.network};
        std::pair<sc::fitted_part, char const*> const parts[]{
            {sc::fitted_part::both, "both"}, {sc::fitted_part::shapley, "shapley"}, {sc::fitted_part::linear, "linear"}};
        for (auto const& [part, name] : parts) {
            auto asked     = one.convention;
            asked.part     = part;
            example.images = sc::tensor<T, 4>{
                sc::prepend(sc::trailing<3>(example.images.shape()), 1),
                {example.images.begin(), example.images.begin() + example.images.size() / example.images.extent(0)}};
            example.classes  = sc::tensor<sc::index_t, 1>{{{1}}, {example.classes(0)}};
            auto const found = one.logit ? example.explained_on(on, asked, sc::logit{}) : example.explained_on(on, asked);
            golden::check_fitted(found, one, name);
        }
    }
}

TEST_CASE("of a thousand classes, the likely ones and the rest have columns: every target is as if it were the only one")
{
    auto const masks    = golden::recorded_fitted<float, 3, std::uint8_t>("many_classes/masks");
    auto const answers  = golden::recorded_fitted<float, 2, float>("many_classes/answers");
    auto const targets  = golden::recorded_fitted<sc::index_t, 1, std::int64_t>("many_classes/targets");
    sc::index_t const N = masks.extent(0);
    sc::tensor<float, 2> const scores{{{N, 2}}};
    sc::tensor<float, 1> const two{{{2}}};
    sc::evidence<float> seen;
    seen.masks          = masks;
    seen.scores         = scores;
    seen.outputs        = answers.view().slice(0, N);
    seen.hidden_outputs = answers[N];
    seen.whole_outputs  = answers[N + 1];
    seen.hidden_scores = seen.whole_scores = two;
    seen.targets                           = targets;
    seen.nature                            = sc::score_nature::probability;
    auto const check                       = [&](sc::estimated<float> const& found, sc::index_t at, std::string const& m) {
        CHECK(golden::deviation(found.maps[at], golden::recorded_fitted<double, 2>("many_classes/both_" + m)) < 1e-5);
        CHECK(golden::deviation(found.values[at], golden::recorded_fitted<double, 2>("many_classes/values_" + m)) < 1e-5);
        CHECK(golden::deviation(found.deviations[at], golden::recorded_fitted<double, 2>("many_classes/deviations_" + m)) <
                                    1e-5);
    };
    auto const both = sc::fitted{}.from(seen);
    check(both, 0, "0");
    check(both, 1, "1");
    seen.targets = targets.view().slice(1, 1);
    check(sc::fitted{}.from(seen), 0, "1");

    auto switched_off = answers;  // a class whose logit is -infinity everywhere has no chance, and no column
    for (sc::index_t n = 0; n < N + 2; ++n) {
        switched_off(n, (targets(0) + 1) % 120) = -std::numeric_limits<float>::infinity();
    }
    seen.outputs        = switched_off.view().slice(0, N);
    seen.hidden_outputs = switched_off[N];
    seen.whole_outputs  = switched_off[N + 1];
    CHECK(std::isfinite(sc::fitted{}.from(seen).maps(0, 0, 0)));
    sc::tensor<sc::index_t, 1> const that{{{1}}, {(targets(0) + 1) % 120}};
    seen.targets = that;
    CHECK_THROWS_AS(static_cast<void>(sc::fitted{}.from(seen)), sc::non_finite_error);
}
