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

/// A thread for each Count neighbours of a row, in all channels. Count divides the width.
template <class T, class U, std::size_t Rank, int Count>
struct masking {
    T const* images;      ///< (I, C, H, W)
    T const* background;  ///< (1 or I, C, H, W), or null for zeros
    bool one_background;  ///< for all images
    T const* normalised;  ///< s(A) of the picks, (n, h, w)
    ops::pick const* picks;
    index_t count;     ///< n
    index_t channels;  ///< C
    extents<Rank> low;
    extents<Rank> high;
    extents<Rank> enlarged;          ///< what the maps are resized to: `high`, or more where they are shifted
    ops::shift<Rank> const* shifts;  ///< of the channels, or null
    ops::axis_rule axis;
    U* batch;  ///< n images of C · H · W elements

    [[nodiscard]] SCORECAM_HD index_t outer() const { return count; }
    [[nodiscard]] SCORECAM_HD index_t inner() const { return high.size() / Count; }

protected:
    /// The Count neighbours that are number i of mask b, made channel by channel.
    class neighbours {
    public:
        SCORECAM_HD neighbours(masking const& all, index_t b, std::uint32_t i) : plane_{all.high.size()}
        {
            all.mask_at(b, i, h_);
            index_t const at    = index_t{i} * Count;
            index_t const image = all.picks[b].image;
            pixels_             = all.images + image * all.channels * plane_ + at;
            behind_             = all.background;
            if (behind_ != nullptr) { behind_ += (all.one_background ? 0 : image * all.channels * plane_) + at; }
        }
        SCORECAM_HD void masked(index_t channel, T* to) const
        {
            T pixel[Count], through[Count] = {};
            load_values<Count>(pixels_ + channel * plane_, pixel);
            if (behind_ != nullptr) { load_values<Count>(behind_ + channel * plane_, through); }
            for (int j = 0; j < Count; ++j) { to[j] = ops::blend(pixel[j], through[j], h_[j]); }
        }

    private:
        T h_[Count];
        index_t plane_;
        T const* pixels_;
        T const* behind_;
    };

private:
    /// The mask at the Count positions from i · Count on, which are in one row.
    SCORECAM_HD void mask_at(index_t b, std::uint32_t i, T* h) const
    {
        T const* const map   = normalised + b * low.size();
        ops::shift<Rank> const from = shifts == nullptr ? ops::shift<Rank>{} : shifts[picks[b].channel];
        auto const row_packs = static_cast<std::uint32_t>(high[Rank - 1] / Count);
        std::uint32_t row    = i / row_packs;
        auto const first     = static_cast<std::int32_t>(i - row * row_packs) * Count;
        ops::tap<T, std::int32_t> taps[Rank];
        for (std::size_t d = Rank - 1; d-- > 0;) {
            auto const extent = static_cast<std::uint32_t>(high[d]);
            taps[d]           = tap_at(d, static_cast<std::int32_t>(row % extent) + from.at[d]);
            row /= extent;
        }
        for (int j = 0; j < Count; ++j) {
            taps[Rank - 1] = tap_at(Rank - 1, first + j + from.at[Rank - 1]);
            h[j]           = ops::interpolate(map, low, taps);
        }
    }
    [[nodiscard]] SCORECAM_HD ops::tap<T, std::int32_t> tap_at(std::size_t d, std::int32_t at) const
    {
        return ops::tap_at<T>(axis, at, static_cast<std::int32_t>(low[d]), static_cast<std::int32_t>(enlarged[d]));
    }
};

/// Into (n, C, H, W).
template <class T, class U, std::size_t Rank, int Count>
struct mask : masking<T, U, Rank, Count> {
    SCORECAM_HD void operator()(index_t b, std::uint32_t i) const
    {
        typename mask::neighbours const here{*this, b, i};
        index_t const plane = this->high.size();
        U* out              = this->batch + b * this->channels * plane + index_t{i} * Count;
#if defined(__CUDA_ARCH__)
#pragma unroll 1  // nvcc would take registers for four channels at once
#endif
        for (index_t c = 0; c < this->channels; ++c, out += plane) {
            T masked[Count];
            here.masked(c, masked);
            pack<U, Count> values;
            for (int j = 0; j < Count; ++j) { values.values[j] = static_cast<U>(masked[j]); }
            store_pack(out, values);
        }
    }
};

/// Into (n, H, W, C), with as many channels as Channels says, which are written in packs, or with any number if it says 0.
template <class T, class U, std::size_t Rank, int Count, int Channels>
struct mask_channels_last : masking<T, U, Rank, Count> {
    SCORECAM_HD void operator()(index_t b, std::uint32_t i) const
    {
        typename mask_channels_last::neighbours const here{*this, b, i};
        index_t const first = (b * this->high.size() + index_t{i} * Count) * this->channels;
        U* const out        = this->batch + first;
        if constexpr (Channels > 0) {
            T masked[Channels][Count];
            for (int c = 0; c < Channels; ++c) { here.masked(c, masked[c]); }
            for (int p = 0; p < Channels; ++p) {  // packs: the elements are Channels · Count
                pack<U, Count> values;
                for (int j = 0; j < Count; ++j) {
                    int const e      = p * Count + j;
                    values.values[j] = static_cast<U>(masked[e % Channels][e / Channels]);
                }
                store_pack(out + p * Count, values);
            }
        } else {
#if defined(__CUDA_ARCH__)
#pragma unroll 1
#endif
            for (index_t c = 0; c < this->channels; ++c) {
                T masked[Count];
                here.masked(c, masked);
                for (int j = 0; j < Count; ++j) { out[j * this->channels + c] = static_cast<U>(masked[j]); }
            }
        }
    }
};

}  // namespace scorecam::cuda::work
