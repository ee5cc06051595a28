#pragma once
// The extrema of maps as they will be after resizing.
#include <cstddef>

#include <scorecam/config.hpp>
#include <scorecam/ops/axis.hpp>
#include <scorecam/ops/masking.hpp>
#include <scorecam/ops/range.hpp>
#include <scorecam/ops/resize.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cuda::work {

/// The extrema of `map` (of extents low) resized to `high`, from the at most 2h × 2w samples that can be extreme.
template <class T, std::size_t Rank, class Team>
[[nodiscard]] SCORECAM_HD ops::range<T> extrema_of_resized(T const* map, extents<Rank> const& low, extents<Rank> const& high,
                                                           ops::axis_rule rule, Team const& together)
{
    extents<Rank> candidates{};
    for (std::size_t d = 0; d < Rank; ++d) { candidates[d] = ops::extreme_samples(low[d], high[d]); }
    auto const sample = [&](index_t j) {
        auto at = coordinates_of(j, candidates);
        for (std::size_t d = 0; d < Rank; ++d) { at[d] = ops::extreme_sample<T>(rule, at[d], low[d], high[d]); }
        return ops::resized(map, low, high, rule, at);
    };
    return ops::range_over<T>(candidates.size(), sample, together);
}

template <class T, std::size_t Rank>
struct extrema {
    T const* maps;  ///< (N, h, w)
    index_t count;  ///< N
    extents<Rank> low;
    extents<Rank> high;
    ops::mask_rule rule;
    ops::range<T>* out;  ///< (N)

    [[nodiscard]] SCORECAM_HD index_t rows() const { return count; }
    template <class Team>
    SCORECAM_HD void operator()(index_t row, Team const& together) const
    {
        T const* const map = maps + row * low.size();
        auto found         = ops::range_of(map, low.size(), together);
        if (rule.extrema == ops::extrema_of::resized && !found.flat() && found.finite()) {
            found = extrema_of_resized(map, low, high, rule.axis, together);
        }
        if (together.rank() == 0) { out[row] = found; }
    }
};

}  // namespace scorecam::cuda::work
