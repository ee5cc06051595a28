#pragma once
// The batch: each pick's map enlarged, blended with its image and written, in one pass.
#include <cstddef>
#include <cstdint>

#include <scorecam/config.hpp>
#include <scorecam/cuda/packs.hpp>
#include <scorecam/ops/axis.hpp>
#include <scorecam/ops/masking.hpp>
#include <scorecam/ops/resize.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cuda::work {

/// A thread for each Count neighbours of a row, which it writes in all channels. Count divides the width.
template <class T, std::size_t Rank, int Count>
struct mask {
    T const* images;      ///< (I, C, H, W)
    T const* background;  ///< (1 or I, C, H, W), or null for zeros
    bool one_background;  ///< for all images
    T const* normalised;  ///< s(A) of the picks, (n, h, w)
    ops::pick const* picks;
    index_t count;     ///< n
    index_t channels;  ///< C
    extents<Rank> low;
    extents<Rank> high;
    ops::axis_rule axis;
    T* batch;  ///< (n, C, H, W)

    [[nodiscard]] SCORECAM_HD index_t outer() const { return count; }
    [[nodiscard]] SCORECAM_HD index_t inner() const { return high.size() / Count; }
    SCORECAM_HD void operator()(index_t b, std::uint32_t i) const
    {
        T h[Count];
        mask_at(normalised + b * low.size(), i, h);

        index_t const plane = high.size();
        index_t const at    = index_t{i} * Count;
        index_t const image = picks[b].image;
        T const* pixels     = images + image * channels * plane + at;
        T const* behind     = background;
        if (behind != nullptr) { behind += (one_background ? 0 : image * channels * plane) + at; }
        T* out = batch + b * channels * plane + at;
        for (index_t c = 0; c < channels; ++c, pixels += plane, out += plane) {
            auto const pixel = load_pack<Count>(pixels);
            pack<T, Count> through{};
            if (behind != nullptr) { through = load_pack<Count>(behind + c * plane); }
            pack<T, Count> masked;
            for (int j = 0; j < Count; ++j) { masked.values[j] = ops::blend(pixel.values[j], through.values[j], h[j]); }
            store_pack(out, masked);
        }
    }

private:
    /// The mask at the Count positions from i · Count on, which are in one row.
    SCORECAM_HD void mask_at(T const* map, std::uint32_t i, T* h) const
    {
        auto const row_packs = static_cast<std::uint32_t>(high[Rank - 1] / Count);
        std::uint32_t row    = i / row_packs;
        auto const first     = static_cast<std::int32_t>(i - row * row_packs) * Count;
        ops::tap<T, std::int32_t> taps[Rank];
        for (std::size_t d = Rank - 1; d-- > 0;) {
            auto const extent = static_cast<std::uint32_t>(high[d]);
            taps[d]           = tap_at(d, static_cast<std::int32_t>(row % extent));
            row /= extent;
        }
        for (int j = 0; j < Count; ++j) {
            taps[Rank - 1] = tap_at(Rank - 1, first + j);
            h[j]           = ops::interpolate(map, low, taps);
        }
    }
    [[nodiscard]] SCORECAM_HD ops::tap<T, std::int32_t> tap_at(std::size_t d, std::int32_t at) const
    {
        return ops::tap_at<T>(axis, at, static_cast<std::int32_t>(low[d]), static_cast<std::int32_t>(high[d]));
    }
};

}  // namespace scorecam::cuda::work
