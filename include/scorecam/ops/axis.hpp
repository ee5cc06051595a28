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

/// A sample: value = a[lo] + weight * (a[hi] - a[lo]). A device counts faster in 32 bits.
template <class T, class Index = index_t>
struct tap {
    Index lo;
    Index hi;
    T weight;
};

/// Sample i of an axis of `in` values resized to `out` values, 0 <= i < out.
template <class T, class Index = index_t>
[[nodiscard]] SCORECAM_HD constexpr tap<T, Index> tap_at(axis_rule rule, Index i, Index in, Index out)
{
    T position = 0;
    if (rule == axis_rule::half_pixel) {
        position = (static_cast<T>(i) + T(0.5)) * (static_cast<T>(in) / static_cast<T>(out)) - T(0.5);
        position = position > T(0) ? position : T(0);
    } else if (out > 1) {
        position = static_cast<T>(i) * (static_cast<T>(in - 1) / static_cast<T>(out - 1));
    }
    auto lo           = static_cast<Index>(position);
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

/// The number of samples that extreme_sample knows.
[[nodiscard]] SCORECAM_HD constexpr index_t extreme_samples(index_t in, index_t out) { return out < 2 * in ? out : 2 * in; }

/// Sample j of a list that has every extreme one, 0 <= j < extreme_samples(in, out), found without a table.
template <class T>
[[nodiscard]] SCORECAM_HD constexpr index_t extreme_sample(axis_rule rule, index_t j, index_t in, index_t out)
{
    if (out <= 2 * in) { return j; }
    index_t const wanted = (j + 1) / 2;  // the first sample between wanted and its next, or the last one before it
    index_t begin = 0, end = out;
    while (begin < end) {
        index_t const middle = begin + (end - begin) / 2;
        if (tap_at<T>(rule, middle, in, out).lo < wanted) {
            begin = middle + 1;
        } else {
            end = middle;
        }
    }
    index_t const found = j % 2 == 0 ? begin : begin - 1;
    return found < out ? found : out - 1;
}

}  // namespace scorecam::ops
