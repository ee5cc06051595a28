#pragma once
// Batches for models whose inputs have other elements than the images, or their channels last.
#include <cstddef>

#include <scorecam/config.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// The order of a batch in memory: (n, C, H, W) or (n, H, W, C), other spatial ranks likewise.
enum class layout { channels_first, channels_last };

/// How far apart the neighbours of an element of a batch are.
struct batch_strides {
    index_t image;
    index_t channel;
    index_t position;

    /// Where element (b, c, p) lies; p counts the positions of a plane, row by row.
    [[nodiscard]] SCORECAM_HD constexpr index_t operator()(index_t b, index_t c, index_t p) const noexcept
    {
        return b * image + c * channel + p * position;
    }
};

/// A batch (n, C, spatial...) to be written by a backend, which lies in memory as `Layout` says. Its elements are anything
/// that the images' convert to by static_cast: half, for instance.
template <class T, std::size_t Rank, layout Layout, space Space = host_space>
class batch_view {
public:
    using element_type = T;
    using space_type   = Space;

    SCORECAM_HD constexpr batch_view(T* data, extents<Rank> shape) noexcept : data_{data}, shape_{shape} {}

    [[nodiscard]] SCORECAM_HD constexpr T* data() const noexcept { return data_; }
    [[nodiscard]] SCORECAM_HD constexpr extents<Rank> const& shape() const noexcept { return shape_; }  ///< (n, C, ...)

private:
    T* data_;
    extents<Rank> shape_;
};

/// The order of what a backend writes: that of a batch_view is its own, that of images (n, C, spatial...) is channels_first.
template <class Batch>
inline constexpr layout order_of = layout::channels_first;
template <class T, std::size_t Rank, layout Layout, class Space>
inline constexpr layout order_of<batch_view<T, Rank, Layout, Space>> = Layout;

/// The extents in memory of a batch (n, C, spatial...).
template <std::size_t Rank>
[[nodiscard]] SCORECAM_HD constexpr extents<Rank> extents_in_memory(extents<Rank> shape, layout order) noexcept
{
    if (order == layout::channels_last) {
        index_t const channels = shape[1];
        for (std::size_t d = 2; d < Rank; ++d) { shape[d - 1] = shape[d]; }
        shape[Rank - 1] = channels;
    }
    return shape;
}

template <std::size_t Rank>
[[nodiscard]] SCORECAM_HD constexpr batch_strides strides_of(extents<Rank> const& shape, layout order) noexcept
{
    index_t const channels = shape[1];
    index_t const plane    = trailing<Rank - 2>(shape).size();
    if (order == layout::channels_last) { return {channels * plane, 1, channels}; }
    return {channels * plane, plane, 1};
}
template <class Batch>
[[nodiscard]] SCORECAM_HD constexpr batch_strides strides_of(Batch const& batch) noexcept
{
    return strides_of(batch.shape(), order_of<Batch>);
}

}  // namespace scorecam
