// The recorded cases of tests/golden/tiny on a stream, under every convention: compared with the recordings where there are
// some, else with the reference.
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <scorecam/conventions.hpp>
#include <scorecam/explain.hpp>

#include "cuda/device.hpp"
#include <golden/fitted.hpp>
#include <golden/recorded.hpp>
#include <golden/relatives.hpp>
#include <golden/rise.hpp>

namespace sc          = scorecam;
namespace conventions = scorecam::conventions;

namespace {

/// A case on the device, in T.
template <class T>
struct example_on_device {
    golden::example<T> host;
    sc::cuda::stream stream;
    device::poisoned_backend on{stream.get()};
    device::hosted_model<sc::testing::tiny_network<T>> model{host.network, 64};
    device::moved<T, 4> images{on, host.images};

    explicit example_on_device(std::string const& name) : host{name} {}

    template <class... Policies>
    [[nodiscard]] sc::explanation<T> explained(Policies... policies)
    {
        return sc::explain(on, model, images.view(), host.targets(), policies...);
    }
};

/// Calls check(name, example) for every case.
template <class T, class Check>
void for_each_case(std::vector<std::string> const& cases, Check const& check)
{
    for (auto const& name : cases) {
        CAPTURE(name);
        example_on_device<T> example{name};
        check(name, example);
    }
}

}  // namespace

TEST_CASE_TEMPLATE("maps and weights are those of the authors' code", T, float, double)
{
    for_each_case<T>(golden::official_cases, [](std::string const& name, auto& example) {
        auto const found  = example.explained(conventions::official{});
        auto const weight = golden::recorded<float, 2>(name + "/official_weight");
        for (sc::index_t i = 0; i < weight.size(); ++i) {  // NaN stands for a channel that was skipped
            auto const expected = std::isnan(weight.data()[i]) ? 0.F : weight.data()[i];
            CHECK(std::abs(found.weights.data()[i] - static_cast<T>(expected)) < golden::single_precision);
        }
        CHECK(golden::deviation(found.maps, golden::recorded<float, 3>(name + "/official_map")) < golden::single_precision);
    });
}

TEST_CASE_TEMPLATE("maps and weights are those of the paper's equations in float64", T, float, double)
{
    constexpr sc::index_t prob_zero = 5, logit_softmax = 3;          // where they stand in paper64_w
    constexpr sc::index_t prob_zero_map = 1, logit_softmax_map = 3;  // and in paper64_mapup
    constexpr double over_baseline = 2 * golden::precision_of<T>;    // its rounding is in every channel's weight
    for_each_case<T>(golden::all_cases, [&](std::string const& name, auto& example) {
        auto const weights = golden::recorded<double, 3>(name + "/paper64_w");
        auto const shown   = golden::recorded<double, 4>(name + "/paper64_mapup");
        sc::heatmap_rule const unscaled{.scale = sc::scaling::none};
        auto const equation_1 = example.explained(conventions::paper{}, sc::flat_channels::scored, unscaled);
        auto const algorithm_1 =
            example.explained(conventions::paper_algorithm_1{}, sc::logit{}, sc::flat_channels::scored, unscaled);
        for (sc::index_t i = 0; i < equation_1.images(); ++i) {
            CHECK(golden::deviation(equation_1.weights[i], weights[i][prob_zero]) < golden::precision_of<T>);
            CHECK(golden::deviation(equation_1.map(i), shown[i][prob_zero_map]) < over_baseline);
            CHECK(golden::deviation(algorithm_1.weights[i], weights[i][logit_softmax]) < golden::precision_of<T>);
            CHECK(golden::deviation(algorithm_1.map(i), shown[i][logit_softmax_map]) < golden::precision_of<T>);
        }
    });
}

TEST_CASE_TEMPLATE("maps and weights are torch-cam's", T, float, double)
{
    auto at_activation = conventions::torch_cam::shown;
    at_activation.size = sc::step_at::activation;
    for_each_case<T>(golden::all_cases, [&](std::string const& name, auto& example) {
        auto const found = example.explained(conventions::torch_cam{}, at_activation);
        CHECK(golden::deviation(found.weights, golden::recorded<float, 2>(name + "/torchcam_weight")) <
              golden::single_precision);
        CHECK(golden::deviation(found.maps, golden::recorded<float, 3>(name + "/torchcam_map")) < golden::single_precision);
    });
}

TEST_CASE_TEMPLATE("maps and weights are pytorch-grad-cam's", T, float, double)
{
    auto cases = golden::all_cases;
    std::erase(cases, "dead_sq32_k12");  // recorded rounding noise, see tests/golden/conventions.test.cpp
    for_each_case<T>(cases, [](std::string const& name, auto& example) {
        auto const found = example.explained(conventions::pytorch_grad_cam{});
        CHECK(golden::deviation(found.weights, golden::recorded<float, 2>(name + "/pgc_weight")) < golden::single_precision);
        CHECK(golden::deviation(found.maps, golden::recorded<float, 3>(name + "/pgc_map")) < golden::single_precision);
        auto const by_probability = example.explained(conventions::pytorch_grad_cam_probability{});
        CHECK(golden::deviation(by_probability.weights, golden::recorded<float, 2>(name + "/pgcprob_weight")) <
              golden::single_precision);
    });
}

TEST_CASE("the other conventions give the reference's maps")
{
    sc::reference_backend reference;
    // group_cam weighs by differences of nearly equal probabilities, and what is left of them scales the map: a GPU's exp()
    // took it 4.2e-6 from the host's at most.
    double const precision = device::is_real ? 4 * golden::single_precision : golden::single_precision;
    for_each_case<float>(golden::all_cases, [&](std::string const&, auto& example) {
        auto const check = [&](auto convention) {
            auto const found    = example.explained(convention);
            auto const expected = example.host.explained_on(reference, convention);
            CHECK(golden::deviation(found.weights, expected.weights) < golden::single_precision);
            CHECK(golden::deviation(found.maps, expected.maps) < precision);
            CHECK(found.forwards == expected.forwards);
        };
        check(conventions::torch_cam_0_3_2{});
        check(conventions::torch_cam_0_3_1{});
        check(conventions::tf_keras_vis{});
        check(conventions::group_cam{});
        check(conventions::uniform{});
    });
}

TEST_CASE_TEMPLATE("RISE on recorded masks is NumPy's", T, float, double)
{
    example_on_device<T> example{golden::rise_case};
    golden::check_rise(example.explained(golden::rise_masks<T>(), sc::estimate::weighted_mean, sc::fixed_batch{7}));
}

TEST_CASE_TEMPLATE("fitted maps, cells and error bars are NumPy's", T, float, double)
{
    for (auto const& one : golden::fitted_cases) {
        example_on_device<T> example{one.network};
        golden::check_fitted(one.logit ? example.explained(one.convention, sc::logit{}) : example.explained(one.convention),
                             one, "both");
    }
}

TEST_CASE_TEMPLATE("every relative of Score-CAM is NumPy's", T, float, double)
{
    example_on_device<T> example{golden::rise_case};
    golden::for_each_relative<T>([&](auto... policies) { return example.explained(policies..., sc::fixed_batch{7}); },
                                 [](auto const&... found) { golden::check_relative<T>(found...); });
}
