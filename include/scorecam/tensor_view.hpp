#pragma once
// The vocabulary of shapes and memory: extents, the space a tensor lives in, and a view of it.
#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>

#include <scorecam/config.hpp>

struct CUstream_st;  // cudaStream_t points to it

namespace scorecam {

using index_t = std::ptrdiff_t;

/// The size of each dimension, outermost first. An aggregate that a kernel can take by value.
template <std::size_t Rank>
struct extents {
    static constexpr std::size_t rank = Rank;
    index_t extent[Rank];

    [[nodiscard]] SCORECAM_HD constexpr index_t operator[](std::size_t i) const noexcept { return extent[i]; }
    [[nodiscard]] SCORECAM_HD constexpr index_t& operator[](std::size_t i) noexcept { return extent[i]; }

    /// The number of elements.
    [[nodiscard]] SCORECAM_HD constexpr index_t size() const noexcept
    {
        index_t product = 1;
        for (std::size_t i = 0; i < Rank; ++i) { product *= extent[i]; }
        return product;
    }

    [[nodiscard]] friend SCORECAM_HD constexpr bool operator==(extents const& a, extents const& b) noexcept
    {
        for (std::size_t i = 0; i < Rank; ++i) {
            if (a.extent[i] != b.extent[i]) { return false; }
        }
        return true;
    }
};

/// (channels, length), (channels, height, width) and (channels, depth, height, width) of one input.
using signal_shape = extents<2>;
using image_shape  = extents<3>;
using volume_shape = extents<4>;

namespace detail {

[[nodiscard]] inline std::string shape_text(index_t const* extents, std::size_t rank)
{
    std::string text = "(";
    for (std::size_t i = 0; i < rank; ++i) {
        if (i > 0) { text += ", "; }
        text += std::to_string(extents[i]);
    }
    return text + ")";
}

}  // namespace detail

/// "(3, 224, 224)", as it stands in every message about shapes.
template <std::size_t Rank>
[[nodiscard]] std::string to_string(extents<Rank> const& shape)
{
    return detail::shape_text(shape.extent, Rank);
}

/// The extents `leading..., shape...`: a batch of n images is prepend(image_shape, n).
template <std::size_t Rank, class... Leading>
[[nodiscard]] SCORECAM_HD constexpr auto prepend(extents<Rank> const& shape, Leading... leading) noexcept
{
    extents<sizeof...(Leading) + Rank> all{{static_cast<index_t>(leading)...}};
    for (std::size_t i = 0; i < Rank; ++i) { all[sizeof...(Leading) + i] = shape[i]; }
    return all;
}

/// The last `Count` extents: drop the batch and the channels of (n, C, H, W) to get (H, W).
template <std::size_t Count, std::size_t Rank>
    requires(Count <= Rank)
[[nodiscard]] SCORECAM_HD constexpr extents<Count> trailing(extents<Rank> const& shape) noexcept
{
    extents<Count> last{};
    for (std::size_t i = 0; i < Count; ++i) { last[i] = shape[Rank - Count + i]; }
    return last;
}

/// The coordinates of element p of a row-major grid, computed in the type of p: on a device 32 bits are faster.
template <class Index, std::size_t Rank>
[[nodiscard]] SCORECAM_HD constexpr extents<Rank> coordinates_of(Index p, extents<Rank> const& size) noexcept
{
    extents<Rank> at{};
    for (std::size_t d = Rank; d-- > 0; p /= static_cast<Index>(size[d])) { at[d] = p % static_cast<Index>(size[d]); }
    return at;
}

/// Where a view's memory lives. A space is an empty tag. A device's space sets host_accessible to false and names its
/// `queue_type` (a CUDA stream, say): work on such memory is enqueued, and a model is handed the queue in each call.
template <class S>
concept space = std::is_empty_v<S> && requires {
    { S::host_accessible } -> std::same_as<bool const&>;
};

/// Ordinary memory.
struct host_space {
    static constexpr bool host_accessible = true;
};

/// The memory of a CUDA device. Its name alone: nothing here needs CUDA.
struct cuda_space {
    static constexpr bool host_accessible = false;
    using queue_type                      = CUstream_st*;
};

/// A non-owning, contiguous, row-major view (the last extent is the fastest). Trivially copyable, so that a kernel can
/// take it by value. Elements can be touched by index only where the host may read them.
template <class T, std::size_t Rank, space Space = host_space>
class tensor_view {
public:
    using element_type                = T;
    using value_type                  = std::remove_cv_t<T>;
    using space_type                  = Space;
    static constexpr std::size_t rank = Rank;

    tensor_view() = default;

    SCORECAM_HD constexpr tensor_view(T* data, scorecam::extents<Rank> shape) noexcept : data_{data}, shape_{shape} {}

    template <class... I>
        requires(sizeof...(I) == Rank && (std::is_convertible_v<I, index_t> && ...))
    SCORECAM_HD constexpr tensor_view(T* data, I... shape) noexcept : data_{data}, shape_{{static_cast<index_t>(shape)...}}
    {
    }

    /// A view of T is a view of T const, as with std::span.
    template <class U>
        requires(std::is_same_v<U const, T> && !std::is_same_v<U, T>)
    SCORECAM_HD constexpr tensor_view(tensor_view<U, Rank, Space> other) noexcept
        : data_{other.data()}, shape_{other.shape()}
    {
    }

    [[nodiscard]] SCORECAM_HD constexpr T* data() const noexcept { return data_; }
    [[nodiscard]] SCORECAM_HD constexpr scorecam::extents<Rank> const& shape() const noexcept { return shape_; }
    [[nodiscard]] SCORECAM_HD constexpr index_t extent(std::size_t i) const noexcept { return shape_[i]; }
    [[nodiscard]] SCORECAM_HD constexpr index_t size() const noexcept { return shape_.size(); }

    /// Element i of the outermost dimension, itself a view.
    [[nodiscard]] SCORECAM_HD constexpr tensor_view<T, Rank - 1, Space> operator[](index_t i) const noexcept
        requires(Rank > 1)
    {
        auto const inner = trailing<Rank - 1>(shape_);
        return {data_ + i * inner.size(), inner};
    }

    /// `count` elements of the outermost dimension, from `first` on.
    [[nodiscard]] SCORECAM_HD constexpr tensor_view slice(index_t first, index_t count) const noexcept
    {
        auto part         = shape_;
        part[0]           = count;
        auto const stride = shape_[0] == 0 ? 0 : size() / shape_[0];
        return {data_ + first * stride, part};
    }

    /// One element, on the host: does not exist for memory that the host cannot read.
    template <class... I>
        requires(Space::host_accessible && sizeof...(I) == Rank && (std::is_convertible_v<I, index_t> && ...))
    [[nodiscard]] constexpr T& operator()(I... i) const noexcept
    {
        index_t const at[] = {static_cast<index_t>(i)...};
        index_t offset     = 0;
        for (std::size_t d = 0; d < Rank; ++d) { offset = offset * shape_[d] + at[d]; }
        return data_[offset];
    }

    [[nodiscard]] constexpr T* begin() const noexcept
        requires(Space::host_accessible)
    {
        return data_;
    }
    [[nodiscard]] constexpr T* end() const noexcept
        requires(Space::host_accessible)
    {
        return data_ + size();
    }

private:
    T* data_ = nullptr;
    scorecam::extents<Rank> shape_{};
};

/// (I, K, h, w) seen as (I·K, h, w).
template <class T, std::size_t Rank, class Space>
    requires(Rank > 1)
[[nodiscard]] SCORECAM_HD constexpr tensor_view<T, Rank - 1, Space> merge_leading(tensor_view<T, Rank, Space> view) noexcept
{
    auto shape = trailing<Rank - 1>(view.shape());
    shape[0] *= view.extent(0);
    return {view.data(), shape};
}

/// The same view, read-only.
template <class T, std::size_t Rank, class Space>
[[nodiscard]] SCORECAM_HD constexpr tensor_view<T const, Rank, Space> as_const(tensor_view<T, Rank, Space> view) noexcept
{
    return view;
}

static_assert(std::is_trivially_copyable_v<tensor_view<float, 4>>);

}  // namespace scorecam
