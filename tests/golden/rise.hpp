#pragma once
// The masks of tests/golden/make_rise.py, and what NumPy makes of them.
#include <cstdint>
#include <vector>

#include <scorecam/policies/masks.hpp>
#include <scorecam/tensor.hpp>

#include <golden/recorded.hpp>

namespace golden {

inline constexpr auto rise_case = "rect48x64_k16";

template <class T, std::size_t Rank, class From>
[[nodiscard]] scorecam::tensor<T, Rank> recorded_rise(std::string const& array)
{
    return scorecam::testing::load<T, Rank, From>(files::own("tests/golden/rise/" + array + ".npy"));
}

template <class T>
[[nodiscard]] scorecam::given_masks<T> rise_masks()
{
    auto const places   = recorded_rise<index_t, 2, std::int64_t>("shifts");
    auto const enlarged = recorded_rise<index_t, 1, std::int64_t>("enlarged");
    std::vector<scorecam::ops::shift<2>> shifts;
    for (index_t k = 0; k < places.extent(0); ++k) {
        shifts.push_back({{static_cast<std::int32_t>(places(k, 0)), static_cast<std::int32_t>(places(k, 1))}});
    }
    return scorecam::given_masks<T>{{recorded_rise<T, 3, float>("grids"), shifts, {{enlarged(0), enlarged(1)}}}};
}

/// An explanation with rise_masks() against the recording.
template <class T>
void check_rise(scorecam::explanation<T> const& found)
{
    constexpr double apart = 1e-5;
    CHECK(deviation(found.scores, recorded_rise<double, 1, double>("scores")) < apart);
    CHECK(deviation(found.activation_maps, recorded_rise<double, 2, double>("mean")) < apart);
    CHECK(deviation(found.maps, recorded_rise<double, 2, double>("map")) < apart);
    CHECK(found.forwards == found.channels() + 1);
    CHECK(found.status(0, 0) == scorecam::map_status::meaningful);
}

}  // namespace golden
