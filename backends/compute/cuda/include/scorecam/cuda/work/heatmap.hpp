#pragma once
// From the weighted sum to what is shown, in two passes: what has to know a whole sum, and the map.
#include <cstddef>
#include <cstdint>

#include <scorecam/config.hpp>
#include <scorecam/cuda/work/extrema.hpp>
#include <scorecam/ops/heatmap.hpp>
#include <scorecam/ops/range.hpp>
#include <scorecam/ops/resize.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cuda::work {

/// The sums as they are before resizing, and the extrema of them resized.
template <class T, std::size_t Rank>
struct heat_before {
    T const* sums;  ///< (N, h, w)
    index_t count;  ///< N
    extents<Rank> low;
    extents<Rank> high;
    ops::heatmap_rule rule;
    T* before;              ///< (N, h, w)
    ops::range<T>* ranges;  ///< (N)

    [[nodiscard]] SCORECAM_HD index_t rows() const { return count; }
    template <class Team>
    SCORECAM_HD void operator()(index_t row, Team const& together) const
    {
        T const* const sum = sums + row * low.size();
        T* const to        = before + row * low.size();
        auto const whole   = ops::range_of(sum, low.size(), together);
        together.for_each(low.size(), [&](index_t p) { to[p] = ops::heat_before(sum[p], whole, rule); });
        together.sync();
        auto const found = extrema_of_resized(static_cast<T const*>(to), low, high, rule.axis, together);
        if (together.rank() == 0) { ranges[row] = found; }
    }
};

/// An element of the map.
template <class T, std::size_t Rank>
struct heat_after {
    T const* before;  ///< (N, h, w)
    index_t count;    ///< N
    extents<Rank> low;
    extents<Rank> high;
    ops::heatmap_rule rule;
    ops::range<T> const* ranges;  ///< (N)
    T* maps;                      ///< (N, H, W)

    [[nodiscard]] SCORECAM_HD index_t outer() const { return count; }
    [[nodiscard]] SCORECAM_HD index_t inner() const { return high.size(); }
    SCORECAM_HD void operator()(index_t n, std::uint32_t i) const
    {
        T const up                = ops::resized(before + n * low.size(), low, high, rule.axis, coordinates_of(i, high));
        maps[n * high.size() + i] = ops::heat_after(up, ranges[n], rule);
    }
};

}  // namespace scorecam::cuda::work
