#pragma once
// Linear, bilinear and trilinear interpolation: one formula for every spatial rank.
#include <scorecam/config.hpp>
#include <scorecam/ops/axis.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::ops {

/// Between a and b; exactly a where they are equal, so that a constant map stays constant.
template <class T>
[[nodiscard]] SCORECAM_HD constexpr T lerp(T a, T b, T weight)
{
    return a + weight * (b - a);
}

/// The value of `map` (of extents `size`) at the point given by one tap per axis. Outer axes are blended first.
template <class T, std::size_t Rank, class Index, std::size_t Axis = Rank>
[[nodiscard]] SCORECAM_HD constexpr T interpolate(T const* map, extents<Rank> const& size, tap<T, Index> const* taps,
                                                  index_t stride = 1)
{
    if constexpr (Axis == 0) {
        return *map;
    } else {
        auto const at    = taps[Axis - 1];
        auto const outer = stride * size[Axis - 1];
        return lerp(interpolate<T, Rank, Index, Axis - 1>(map + at.lo * stride, size, taps, outer),
                    interpolate<T, Rank, Index, Axis - 1>(map + at.hi * stride, size, taps, outer), at.weight);
    }
}

/// Up(A): the value at `at` of `map` (of extents `low`) resized to `high`.
template <class T, std::size_t Rank>
[[nodiscard]] SCORECAM_HD constexpr T resized(T const* map, extents<Rank> const& low, extents<Rank> const& high,
                                              axis_rule rule, extents<Rank> const& at)
{
    tap<T> taps[Rank];
    for (std::size_t d = 0; d < Rank; ++d) { taps[d] = tap_at<T>(rule, at[d], low[d], high[d]); }
    return interpolate(map, low, taps);
}

}  // namespace scorecam::ops
