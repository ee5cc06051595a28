#pragma once
// What tests/golden/make_relatives.py recorded, and the same methods as compositions.
#include <string>

#include <scorecam/conventions.hpp>
#include <scorecam/policies/text.hpp>

#include <golden/recorded.hpp>
#include <golden/rise.hpp>

namespace golden {

template <class T, std::size_t Rank, class From = double>
[[nodiscard]] scorecam::tensor<T, Rank> recorded_relative(std::string const& array)
{
    return scorecam::testing::load<T, Rank, From>(files::own("tests/golden/relatives/" + array + ".npy"));
}

/// Calls check(name, explanation, forwards that it should have taken) for every method. `explained(policies...)` explains the image of
/// rise_case in T.
template <class T, class Explained, class Check>
void for_each_relative(Explained const& explained, Check const& check)
{
    namespace sc          = scorecam;
    namespace conventions = scorecam::conventions;
    constexpr index_t channels = 16, cells = 48, live = 16;
    check("rise_centred", explained(rise_masks<T>(), sc::estimate::weighted_mean, sc::centred_weights{}), 40 + 1);
    check("occlusion", explained(conventions::occlusion{{.size = 16, .stride = 8}}), 5 * 7 + 1);
    sc::given_masks<T> const grids{{recorded_relative<T, 3, float>("hsic_grids")}};
    check("hsic", explained(conventions::hsic{}, grids), 60 + 1);
    check("ss_cam", explained(conventions::ss_cam{{.number = 6, .deviation = 0.5, .seed = 3}}), 6 * live + 2);
    check("is_cam", explained(conventions::is_cam{}), 10 * live + 2);
    check("torch_cam_is_cam", explained(conventions::torch_cam_is_cam{}), 10 * live + 1);
    check("recipro_cam", explained(conventions::recipro_cam{}), cells + 1);
    check("recipro_cam_gaussian", explained(conventions::recipro_cam{sc::cell_window::gaussian}), cells + 1);
    check("ablation_cam", explained(conventions::ablation_cam{}), channels + 1);
    check("pytorch_grad_cam_ablation", explained(conventions::pytorch_grad_cam_ablation{}), channels + 1);
}

/// A method's map against its recording.
template <class T>
void check_relative(std::string const& name, scorecam::explanation<T> const& found, index_t forwards)
{
    constexpr double apart = 1e-5;
    CAPTURE(name);
    auto const before = recorded_relative<double, 2>(name);
    double largest    = 0;
    for (double const value : before) { largest = std::max(largest, std::abs(value)); }
    CHECK(deviation(found.activation_maps, before) < apart * std::min(1.0, largest));  // of small numbers, too
    CHECK(deviation(found.maps, recorded_relative<double, 2>(name + "_map")) < 5 * apart);
    CHECK(found.forwards == forwards);
    CHECK(found.status(0, 0) == scorecam::map_status::meaningful);
}

}  // namespace golden
