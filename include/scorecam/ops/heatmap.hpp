#pragma once
// From Σ_k w_k A_k to what is shown: ReLU, enlarge, scale, in the order that a convention has them.
#include <scorecam/config.hpp>
#include <scorecam/ops/axis.hpp>
#include <scorecam/ops/range.hpp>

namespace scorecam::ops {

/// Whether values are scaled by min-max.
enum class scaling { none, min_max };

/// At which size a step is taken: the activations' or the input's.
enum class step_at { activation, input };

/// How the weighted sum becomes a map. The steps, in order: ReLU and scaling at the activations' size, if asked for there;
/// resizing, if the map is to have the input's size; ReLU, if it is to come now; scaling.
struct heatmap_rule {
    step_at relu              = step_at::input;  ///< ReLU does not commute with resizing
    scaling activation_scale  = scaling::none;   ///< before resizing
    double activation_epsilon = 0;               ///< added to max - min there
    axis_rule axis            = axis_rule::half_pixel;
    step_at size              = step_at::input;    ///< of the map
    scaling scale             = scaling::min_max;  ///< at last: to [0, 1], all 0 where there is nothing to show
    double epsilon            = 0;                 ///< added to max - min there
};

/// An element of the sum before resizing; `sum` are the extrema of the whole sum.
template <class T>
[[nodiscard]] SCORECAM_HD constexpr T heat_before(T value, range<T> sum, heatmap_rule const& rule)
{
    if (rule.relu == step_at::activation) {
        value = relu(value);
        sum   = {relu(sum.lo), relu(sum.hi)};  // ReLU never decreases
    }
    return rule.activation_scale == scaling::none ? value : min_max(value, sum, static_cast<T>(rule.activation_epsilon));
}

/// An element of the map after resizing; `resized` are the extrema of the whole resized map.
template <class T>
[[nodiscard]] SCORECAM_HD constexpr T heat_after(T value, range<T> resized, heatmap_rule const& rule)
{
    if (rule.relu == step_at::input) {
        value   = relu(value);
        resized = {relu(resized.lo), relu(resized.hi)};
    }
    return rule.scale == scaling::none ? value : min_max(value, resized, static_cast<T>(rule.epsilon));
}

}  // namespace scorecam::ops
