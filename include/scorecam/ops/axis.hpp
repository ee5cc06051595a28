#pragma once
// One axis of a resized map: which two neighbours a sample lies between, and how far.
#include <scorecam/config.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::ops {

/// Where the samples of the resized axis lie on the original one.
enum class axis_rule {
    half_pixel,     ///< torch.nn.functional.interpolate with align_corners=False, cv2.INTER_LINEAR; edges clamped
    align_corners,  ///< the same with align_corners=True, scipy.ndimage.zoom: first and last samples coincide
};

/// A sample: value = a[lo] + weight * (a[hi] - a[lo]).
template <class T>
struct tap {
    index_t lo;
    index_t hi;
    T weight;
};

/// Sample i of an axis of `in` values resized to `out` values, 0 <= i < out.
template <class T>
[[nodiscard]] SCORECAM_HD constexpr tap<T> tap_at(axis_rule rule, index_t i, index_t in, index_t out)
{
    T position = 0;
    if (rule == axis_rule::half_pixel) {
        position = (static_cast<T>(i) + T(0.5)) * (static_cast<T>(in) / static_cast<T>(out)) - T(0.5);
        position = position > T(0) ? position : T(0);
    } else if (out > 1) {
        position = static_cast<T>(i) * (static_cast<T>(in - 1) / static_cast<T>(out - 1));
    }
    auto lo           = static_cast<index_t>(position);
    lo                = lo < in - 1 ? lo : in - 1;
    auto const hi     = lo < in - 1 ? lo + 1 : lo;
    auto const weight = position - static_cast<T>(lo);
    return {lo, hi, weight < T(1) ? weight : T(1)};
}

/// True if sample i is the first or the last one between its two neighbours. Interpolation is affine between
/// neighbours, so a resized map takes its extrema at samples that are extreme on every axis: at most 2·in per axis. That is
/// exact on one axis; on several, rounding can put a sample between them outside by one unit in the last place.
template <class T>
[[nodiscard]] SCORECAM_HD constexpr bool extreme_at(axis_rule rule, index_t i, index_t in, index_t out)
{
    auto const lo = tap_at<T>(rule, i, in, out).lo;
    return i == 0 || i == out - 1 || tap_at<T>(rule, i - 1, in, out).lo != lo || tap_at<T>(rule, i + 1, in, out).lo != lo;
}

}  // namespace scorecam::ops
