#pragma once
// From Up(Σ_k w_k A_k) to what is shown: ReLU, then min-max.
#include <scorecam/config.hpp>
#include <scorecam/ops/axis.hpp>
#include <scorecam/ops/range.hpp>

namespace scorecam::ops {

/// Whether the final map is scaled.
enum class scaling {
    min_max,  ///< to [0, 1] for display; all 0 where there is nothing to show
    none      ///< ReLU(Up(Σ_k w_k A_k)) as it is
};

/// How the weighted sum becomes a map of the input's size.
struct heatmap_rule {
    axis_rule axis = axis_rule::half_pixel;
    scaling scale  = scaling::min_max;
};

/// One element of the map. ReLU never decreases, so the extrema after it are the ReLU of those before it.
template <class T>
[[nodiscard]] SCORECAM_HD constexpr T heat(T value, range<T> before_relu, scaling scale)
{
    T const positive = relu(value);
    if (scale == scaling::none) { return positive; }
    return min_max(positive, range<T>{relu(before_relu.lo), relu(before_relu.hi)});
}

}  // namespace scorecam::ops
