#pragma once
// Σ_k w_k H_k / Σ_k H_k at the image's size, where masks lie differently and have no common grid.
#include <cstddef>
#include <cstdint>

#include <scorecam/config.hpp>
#include <scorecam/ops/axis.hpp>
#include <scorecam/ops/contribution.hpp>
#include <scorecam/ops/masking.hpp>
#include <scorecam/ops/resize.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cuda::work {

/// A thread for each position of each target. Sums are double, as the reference's.
template <class T, std::size_t Rank>
struct average {
    T const* normalised;             ///< s(A), (I or 1, K, h, w)
    bool one_image;                  ///< has the maps of all
    ops::shift<Rank> const* shifts;  ///< (K), or null
    T const* weights;                ///< (I, K, M)
    index_t images;                  ///< I
    index_t channels;                ///< K
    index_t wanted;                  ///< M
    extents<Rank> low;
    extents<Rank> high;
    extents<Rank> enlarged;  ///< what the maps are resized to
    ops::axis_rule axis;
    T* out;  ///< (I, M, H, W)

    [[nodiscard]] SCORECAM_HD index_t outer() const { return images * wanted; }
    [[nodiscard]] SCORECAM_HD index_t inner() const { return high.size(); }
    SCORECAM_HD void operator()(index_t o, std::uint32_t p) const
    {
        auto const map      = static_cast<std::uint32_t>(o);  // one of I · M, which are maps in memory: 32 bits are enough
        index_t const image = map / static_cast<std::uint32_t>(wanted);
        index_t const first = one_image ? 0 : image * channels;
        T const* weight     = weights + image * channels * wanted + (o - image * wanted);
        T* const to = out + o * high.size() + p;
        std::int32_t here[Rank];
        for (std::size_t d = Rank; d-- > 0;) {
            auto const extent = static_cast<std::uint32_t>(high[d]);
            here[d]           = static_cast<std::int32_t>(p % extent);
            p /= extent;
        }
        ops::weighted_mean_of<double> mean;
#if defined(__CUDA_ARCH__)
#pragma unroll 1
#endif
        for (index_t k = 0; k < channels; ++k, weight += wanted) {
            ops::tap<T, std::int32_t> taps[Rank];
            for (std::size_t d = 0; d < Rank; ++d) {
                std::int32_t const from = shifts == nullptr ? 0 : shifts[k].at[d];
                taps[d]                 = ops::tap_at<T>(axis, here[d] + from, static_cast<std::int32_t>(low[d]),
                                                         static_cast<std::int32_t>(enlarged[d]));
            }
            T const h = ops::interpolate(normalised + (first + k) * low.size(), low, taps);
            mean.include(static_cast<double>(*weight), static_cast<double>(h));
        }
        *to = static_cast<T>(mean.value());
    }
};

}  // namespace scorecam::cuda::work
