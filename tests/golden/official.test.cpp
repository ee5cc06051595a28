// What the library does when nothing is chosen is what the authors' code does: haofanwang/Score-CAM, d312f14.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <scorecam/explain.hpp>

#include <golden/recorded.hpp>

using scorecam::index_t;

TEST_CASE_TEMPLATE("weights and skipped channels are those of the authors' code", Calculation, golden::on_reference<float>,
                   golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    using T = typename Calculation::value_type;
    typename Calculation::backend on;
    for (auto const& name : golden::official_cases) {
        CAPTURE(name);
        golden::example<T> example{name};
        auto const found  = example.explained_on(on);
        auto const live   = golden::recorded<std::uint8_t, 2>(name + "/official_live");
        auto const weight = golden::recorded<float, 2>(name + "/official_weight");
        REQUIRE(found.flat.shape() == live.shape());
        for (index_t i = 0; i < live.extent(0); ++i) {
            for (index_t k = 0; k < live.extent(1); ++k) {
                CAPTURE(k);
                CHECK(found.flat(i, k) == (live(i, k) == 0 ? 1 : 0));
                CHECK(std::isnan(weight(i, k)) == (live(i, k) == 0));
                auto const expected = live(i, k) == 0 ? 0.F : weight(i, k);
                CHECK(std::abs(found.weights(i, k, 0) - expected) < golden::single_precision);
                CHECK(std::abs(found.scores(i, k, 0) - expected) < golden::single_precision);
            }
        }
    }
}

TEST_CASE_TEMPLATE("maps are those of the authors' code", Calculation, golden::on_reference<float>,
                   golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    using T = typename Calculation::value_type;
    typename Calculation::backend on;
    for (auto const& name : golden::official_cases) {
        CAPTURE(name);
        golden::example<T> example{name};
        auto const found = example.explained_on(on);
        CHECK(golden::deviation(found.maps, golden::recorded<float, 3>(name + "/official_map")) < golden::single_precision);

        auto const raw = example.explained_on(on, scorecam::heatmap_rule{.scale = scorecam::scaling::none});
        CHECK(golden::deviation(raw.maps, golden::recorded<float, 3>(name + "/official_map_raw")) <
              golden::single_precision);
    }
}

TEST_CASE_TEMPLATE("the logits of all classes under every mask, from one pass", Calculation, golden::on_reference<float>,
                   golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    using T = typename Calculation::value_type;
    typename Calculation::backend on;
    for (auto const& name : golden::official_cases) {
        CAPTURE(name);
        golden::example<T> example{name};
        auto expected = golden::recorded<float, 3>(name + "/official_logits");
        std::vector<index_t> classes;
        for (index_t c = 0; c < expected.extent(2); ++c) { classes.push_back(c); }
        for (auto& logit : expected.view()) { logit = std::isnan(logit) ? 0.F : logit; }  // skipped: no score

        auto const found =
            scorecam::explain(on, example.network, example.images, scorecam::targets{classes}, scorecam::logit{});
        CHECK(golden::deviation(found.scores, expected) < golden::single_precision);
    }
}

TEST_CASE_TEMPLATE("several images at once are explained as one by one", Calculation, golden::on_reference<float>,
                   golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    using T = typename Calculation::value_type;
    typename Calculation::backend on;
    golden::example<T> example{"batch2_30x26_k8"};
    REQUIRE(example.images.extent(0) == 2);
    auto const together = example.explained_on(on);
    for (index_t i = 0; i < 2; ++i) {
        CAPTURE(i);
        auto const alone = scorecam::explain(on, example.network, example.images[i], scorecam::target{example.classes(i)});
        CHECK(golden::deviation(together.maps[i], alone.maps) == 0);
        CHECK(golden::deviation(together.scores[i], alone.scores) == 0);
        CHECK(golden::deviation(together.activation_maps[i], alone.activation_maps) == 0);
        CHECK(golden::deviation(together.outputs[i], alone.outputs) == 0);
    }
}
