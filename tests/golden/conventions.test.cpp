// What other implementations compute, by the name of their convention: torch-cam at f44afef, pytorch-grad-cam at 084273b.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include <scorecam/conventions.hpp>
#include <scorecam/explain.hpp>

#include <golden/masks.hpp>
#include <golden/recorded.hpp>

using scorecam::index_t;
namespace conventions = scorecam::conventions;

namespace {

/// pytorch-grad-cam resizes channel 2 of dead_sq32_k12, which is 0.5 everywhere, in float32: that makes its elements differ
/// by one ulp here and there, and it stretches that to a mask. Its weights and maps depend on that rounding noise, through
/// the softmax all of them. What is left of this case are the masks of the other channels.
std::string const case_with_noise  = "dead_sq32_k12";
constexpr index_t channel_of_noise = 2;

/// Everywhere pytorch-grad-cam can be followed by other arithmetic.
std::vector<std::string> const pytorch_grad_cam_cases = [] {
    auto cases = golden::all_cases;
    cases.erase(std::find(cases.begin(), cases.end(), case_with_noise));
    return cases;
}();

/// How a convention makes masks.
template <class Convention>
scorecam::mask_rule rule_of(Convention const& convention)
{
    auto all = convention.policies();
    return scorecam::detail::policy_in_force<scorecam::kinds::masking>(all);
}

template <class T>
bool equal(scorecam::tensor<T, 4> const& a, scorecam::tensor<T, 4> const& b)
{
    return a.shape() == b.shape() && std::equal(a.begin(), a.end(), b.begin());
}

}  // namespace

TEST_CASE_TEMPLATE("the official convention is what the library does when nothing is chosen, to the last bit", Calculation,
                   golden::on_reference<float>, golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    using T = typename Calculation::value_type;
    typename Calculation::backend on;
    for (auto const& name : golden::all_cases) {
        CAPTURE(name);
        golden::example<T> example{name};
        auto const chosen  = example.explained_on(on, conventions::official{});
        auto const nothing = example.explained_on(on);
        CHECK(equal(chosen.maps, nothing.maps));
        CHECK(equal(chosen.activation_maps, nothing.activation_maps));
        CHECK(std::equal(chosen.weights.begin(), chosen.weights.end(), nothing.weights.begin()));
        CHECK(chosen.forwards == nothing.forwards);
    }
}

TEST_CASE_TEMPLATE("torch-cam: activations are normalised before they are resized to masks", Calculation,
                   golden::on_reference<float>, golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    using T = typename Calculation::value_type;
    typename Calculation::backend on;
    auto const rule = rule_of(conventions::torch_cam{});
    int compared    = 0;
    for (auto const& name : golden::all_cases) {
        CAPTURE(name);
        auto const activations = golden::recorded<T, 4, float>(name + "/act");
        auto const size        = scorecam::trailing<2>(golden::recorded<float, 4>(name + "/input").shape());
        auto const ranges      = golden::extrema(on, activations, size, rule);
        auto normalised        = activations;
        on.normalise(scorecam::merge_leading(normalised.view()), scorecam::merge_leading(ranges.view()), rule);
        CHECK(golden::deviation(normalised, golden::recorded<float, 4>(name + "/torchcam_norm")) < golden::single_precision);

        if (!golden::exists(name + "/torchcam_mask")) { continue; }
        auto const expected = golden::recorded<float, 4>(name + "/torchcam_mask");
        auto const made     = golden::masks(on, activations, expected.extent(1), size, rule);
        CHECK(golden::deviation(made, expected) < golden::single_precision);
        ++compared;
    }
    CHECK(compared == 10);
}

TEST_CASE_TEMPLATE("torch-cam: weights and maps", Calculation, golden::on_reference<float>, golden::on_reference<double>,
                   golden::on_cpu<float>, golden::on_cpu<double>)
{
    using T = typename Calculation::value_type;
    typename Calculation::backend on;
    auto at_activation = conventions::torch_cam::shown;  // torch-cam leaves enlarging the map to its caller
    at_activation.size = scorecam::step_at::activation;
    for (auto const& name : golden::all_cases) {
        CAPTURE(name);
        golden::example<T> example{name};
        auto const found = example.explained_on(on, conventions::torch_cam{}, at_activation);
        CHECK(golden::deviation(found.weights, golden::recorded<float, 2>(name + "/torchcam_weight")) <
              golden::single_precision);
        CHECK(golden::deviation(scorecam::testing::relu(found.activation_maps),
                                golden::recorded<float, 3>(name + "/torchcam_map_raw")) < golden::single_precision);
        CHECK(golden::deviation(found.maps, golden::recorded<float, 3>(name + "/torchcam_map")) < golden::single_precision);
    }
}

TEST_CASE_TEMPLATE("torch-cam: the map at the input's size is the small one, resized", Calculation,
                   golden::on_reference<float>, golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    using T = typename Calculation::value_type;
    typename Calculation::backend on;
    for (auto const& name : golden::all_cases) {
        CAPTURE(name);
        golden::example<T> example{name};
        auto const found = example.explained_on(on, conventions::torch_cam{});
        auto const low   = golden::recorded<T, 3, float>(name + "/torchcam_map");
        auto const size  = scorecam::trailing<2>(found.maps.shape());
        scorecam::tensor<T, 3> expected{scorecam::prepend(size, found.images())};
        for (index_t i = 0; i < found.images(); ++i) {
            for (index_t y = 0; y < size[0]; ++y) {
                for (index_t x = 0; x < size[1]; ++x) {
                    expected(i, y, x) =
                        scorecam::ops::resized(low[i].data(), scorecam::trailing<2>(low.shape()), size,
                                               scorecam::axis_rule::half_pixel, scorecam::extents<2>{{y, x}});
                }
            }
        }
        CHECK(golden::deviation(found.maps, expected) < golden::single_precision);
    }
}

TEST_CASE_TEMPLATE("pytorch-grad-cam: masks are resized with aligned corners", Calculation, golden::on_reference<float>,
                   golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    using T = typename Calculation::value_type;
    typename Calculation::backend on;
    int compared = 0;
    for (auto const& name : golden::all_cases) {
        if (!golden::exists(name + "/pgc_mask")) { continue; }
        CAPTURE(name);
        auto expected = golden::recorded<float, 4>(name + "/pgc_mask");
        auto made     = golden::masks(on, golden::recorded<T, 4, float>(name + "/act"), expected.extent(1),
                                      scorecam::trailing<2>(expected.shape()), rule_of(conventions::pytorch_grad_cam{}));
        if (name == case_with_noise) {
            for (auto& value : made.view()[channel_of_noise]) { CHECK(value == 0); }
            for (auto& value : expected.view()[0][channel_of_noise]) { value = 0; }
        }
        CHECK(golden::deviation(made, expected) < golden::single_precision);
        ++compared;
    }
    CHECK(compared == 10);
}

TEST_CASE_TEMPLATE("pytorch-grad-cam: weights and maps", Calculation, golden::on_reference<float>,
                   golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    using T = typename Calculation::value_type;
    typename Calculation::backend on;
    for (auto const& name : pytorch_grad_cam_cases) {
        CAPTURE(name);
        golden::example<T> example{name};
        auto const found = example.explained_on(on, conventions::pytorch_grad_cam{});
        CHECK(golden::deviation(found.weights, golden::recorded<float, 2>(name + "/pgc_weight")) < golden::single_precision);
        CHECK(golden::deviation(found.activation_maps, golden::recorded<float, 3>(name + "/pgc_map_raw")) <
              golden::single_precision);
        CHECK(golden::deviation(found.maps, golden::recorded<float, 3>(name + "/pgc_map")) < golden::single_precision);
    }
}

TEST_CASE_TEMPLATE("pytorch-grad-cam with probabilities: weights and maps", Calculation, golden::on_reference<float>,
                   golden::on_reference<double>, golden::on_cpu<float>, golden::on_cpu<double>)
{
    using T = typename Calculation::value_type;
    typename Calculation::backend on;
    for (auto const& name : pytorch_grad_cam_cases) {
        CAPTURE(name);
        golden::example<T> example{name};
        auto const found = example.explained_on(on, conventions::pytorch_grad_cam_probability{});
        CHECK(golden::deviation(found.weights, golden::recorded<float, 2>(name + "/pgcprob_weight")) <
              golden::single_precision);
        CHECK(golden::deviation(found.activation_maps, golden::recorded<float, 3>(name + "/pgcprob_map_raw")) <
              golden::single_precision);
    }
}
