// The equations of the paper, evaluated in float64 by an independent program.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include <scorecam/conventions.hpp>
#include <scorecam/explain.hpp>

#include <golden/recorded.hpp>

using scorecam::baseline;
using scorecam::black;
using scorecam::index_t;
using scorecam::logit;
using scorecam::mean;
using scorecam::no_baseline;
using scorecam::probability;
using scorecam::softmax_weights;

namespace {

/// Where a weighting stands in paper64_w and paper64_mapact (N, 8, ...).
enum weighting { logit_none, logit_zero, logit_mean, logit_softmax, prob_none, prob_zero, prob_mean, prob_softmax };

/// Where it stands in paper64_mapup (N, 4, ...), if it does.
constexpr index_t not_recorded = -1;
constexpr index_t place_of_map(weighting w)
{
    switch (w) {
    case prob_none:
        return 0;
    case prob_zero:
        return 1;
    case logit_zero:
        return 2;
    case logit_softmax:
        return 3;
    default:
        return not_recorded;
    }
}

/// How far a map may be from its recording. Every channel's weight has the rounding of the baseline's score in it, alike,
/// and so the sum has it times the number of channels: up to 3e-6 in float32.
template <class T>
constexpr double tolerance_of_map(weighting w)
{
    bool const over_baseline = w == logit_zero || w == logit_mean || w == prob_zero || w == prob_mean;
    return over_baseline ? 2 * golden::precision_of<T> : golden::precision_of<T>;
}

/// Explains every case with the policies and compares with the recordings of the weighting.
template <class Calculation, class... Policies>
void check(weighting w, Policies... policies)
{
    using T = typename Calculation::value_type;
    typename Calculation::backend on;
    for (auto const& name : golden::all_cases) {
        CAPTURE(name);
        golden::example<T> example{name};
        // A channel without contrast has an all-zero mask in these recordings, and takes part.
        auto const found   = example.explained_on(on, scorecam::flat_channels::scored,
                                                  scorecam::heatmap_rule{.scale = scorecam::scaling::none}, policies...);
        auto const weights = golden::recorded<double, 3>(name + "/paper64_w");
        auto const maps    = golden::recorded<double, 4>(name + "/paper64_mapact");
        auto const shown   = golden::recorded<double, 4>(name + "/paper64_mapup");
        auto const sums    = scorecam::testing::relu(found.activation_maps);
        for (index_t i = 0; i < found.images(); ++i) {
            CAPTURE(i);
            CHECK(golden::deviation(found.weights[i], weights[i][w]) < golden::precision_of<T>);
            CHECK(golden::deviation(sums[i], maps[i][w]) < tolerance_of_map<T>(w));
            if (place_of_map(w) != not_recorded) {
                CHECK(golden::deviation(found.map(i), shown[i][place_of_map(w)]) < tolerance_of_map<T>(w));
            }
        }
    }
}

}  // namespace

TEST_CASE_TEMPLATE("a channel is flat if it is constant before it is resized", Calculation, golden::on_reference<float>,
                   golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    using T = typename Calculation::value_type;
    typename Calculation::backend on;
    for (auto const& name : golden::all_cases) {
        CAPTURE(name);
        golden::example<T> example{name};
        auto const flat = example.explained_on(on).flat;
        auto const live = golden::recorded<std::uint8_t, 2>(name + "/paper64_live");
        REQUIRE(flat.shape() == live.shape());
        for (index_t i = 0; i < live.extent(0); ++i) {
            for (index_t k = 0; k < live.extent(1); ++k) {
                CAPTURE(k);
                CHECK(flat(i, k) == (live(i, k) == 0 ? 1 : 0));
            }
        }
    }
}

TEST_CASE_TEMPLATE("weighted by the score alone, Eq. 2", Calculation, golden::on_reference<float>,
                   golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    check<Calculation>(logit_none, logit{});
    check<Calculation>(prob_none, probability{});
}

TEST_CASE_TEMPLATE("weighted by the increase over a black image, Eq. 1", Calculation, golden::on_reference<float>,
                   golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    check<Calculation>(logit_zero, logit{}, baseline{black{}});
    check<Calculation>(prob_zero, probability{}, baseline{black{}});
}

TEST_CASE_TEMPLATE("weighted by the increase over the image's mean colour", Calculation, golden::on_reference<float>,
                   golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    check<Calculation>(logit_mean, logit{}, baseline{mean{}});
    check<Calculation>(prob_mean, probability{}, baseline{mean{}});
}

TEST_CASE_TEMPLATE("weighted by a softmax over the channels, Algorithm 1", Calculation, golden::on_reference<float>,
                   golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    check<Calculation>(logit_softmax, logit{}, softmax_weights{});
    check<Calculation>(prob_softmax, probability{}, softmax_weights{});
}

TEST_CASE_TEMPLATE("a baseline cancels in a softmax over the channels, and is not scored", Calculation,
                   golden::on_reference<float>, golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    using T = typename Calculation::value_type;
    typename Calculation::backend on;
    for (auto const& name : golden::all_cases) {
        CAPTURE(name);
        golden::example<T> example{name};
        auto const without = example.explained_on(on, softmax_weights{});
        auto const with    = example.explained_on(on, softmax_weights{}, baseline{mean{}});
        CHECK(golden::deviation(with.weights, without.weights) == 0);
        CHECK(with.baseline_cancels);
        CHECK(!without.baseline_cancels);
        CHECK(with.forwards == without.forwards);
    }
}

TEST_CASE_TEMPLATE("the logits of all classes under every mask and of both baselines", Calculation,
                   golden::on_reference<float>, golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    using T = typename Calculation::value_type;
    typename Calculation::backend on;
    for (auto const& name : golden::all_cases) {
        CAPTURE(name);
        golden::example<T> example{name};
        auto const masked = golden::recorded<double, 3>(name + "/paper64_logits");
        auto const bases  = golden::recorded<double, 3>(name + "/paper64_logits_base");  // (N, 2, classes): black, mean
        std::vector<index_t> all;
        for (index_t c = 0; c < masked.extent(2); ++c) { all.push_back(c); }
        auto const explained = [&](auto base) {
            return scorecam::explain(on, example.network, example.images, scorecam::targets{all}, logit{}, base,
                                     scorecam::flat_channels::scored);
        };
        auto const over_black = explained(baseline{black{}});
        auto const over_mean  = explained(baseline{mean{}});
        CHECK(golden::deviation(over_black.scores, masked) < golden::precision_of<T>);
        for (index_t i = 0; i < over_black.images(); ++i) {
            CHECK(golden::deviation(over_black.baseline_scores[i], bases[i][0]) < golden::precision_of<T>);
            CHECK(golden::deviation(over_mean.baseline_scores[i], bases[i][1]) < golden::precision_of<T>);
        }
    }
}

TEST_CASE_TEMPLATE("the conventions of the paper are its equations", Calculation, golden::on_reference<float>,
                   golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    check<Calculation>(prob_zero, scorecam::conventions::paper{});
    check<Calculation>(logit_softmax, scorecam::conventions::paper_algorithm_1{});
}
