#pragma once
// Σ_k w_k H_k / Σ_k H_k at the image's size, where masks lie differently and have no common grid.
#include <cstddef>
#include <cstdint>

#include <scorecam/config.hpp>
#include <scorecam/ops/axis.hpp>
#include <scorecam/ops/contribution.hpp>
#include <scorecam/ops/masking.hpp>
#include <scorecam/ops/range.hpp>
#include <scorecam/ops/resize.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cuda::work {

/// A thread for each position of each target. Sums are double, as the reference's.
template <class T, std::size_t Rank>
struct average {
    T const* maps;                   ///< (I or 1, K, h, w)
    ops::range<T> const* ranges;     ///< (I or 1, K)
    bool one_image;                  ///< has the maps of all
    ops::shift<Rank> const* shifts;  ///< (K), or null
    T const* weights;                ///< (I, K, M)
    index_t images;                  ///< I
    index_t channels;                ///< K
    index_t wanted;                  ///< M
    extents<Rank> low;
    extents<Rank> high;
    extents<Rank> enlarged;  ///< what the maps are resized to
    ops::mask_rule rule;
    T* out;  ///< (I, M, H, W)

    [[nodiscard]] SCORECAM_HD index_t outer() const { return images * wanted; }
    [[nodiscard]] SCORECAM_HD index_t inner() const { return high.size(); }
    SCORECAM_HD void operator()(index_t o, std::uint32_t p) const
    {
        index_t const image = o / wanted;
        index_t const first = one_image ? 0 : image * channels;
        auto const here     = coordinates_of(p, high);
        ops::weighted_mean_of<double> mean;
        for (index_t k = 0; k < channels; ++k) {
            auto at = here;
            for (std::size_t d = 0; shifts != nullptr && d < Rank; ++d) { at[d] += shifts[k].at[d]; }
            T const up = ops::resized(maps + (first + k) * low.size(), low, enlarged, rule.axis, at);
            T const h  = ops::min_max(up, ranges[first + k], static_cast<T>(rule.epsilon));
            mean.include(static_cast<double>(weights[(image * channels + k) * wanted + o % wanted]), static_cast<double>(h));
        }
        out[o * high.size() + p] = static_cast<T>(mean.value());
    }
};

}  // namespace scorecam::cuda::work
