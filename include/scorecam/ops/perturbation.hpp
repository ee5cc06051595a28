#pragma once
// Copies of an image that a saliency map has a say in: one element of each, to be painted as a picture is.
#include <cstdint>

#include <scorecam/config.hpp>
#include <scorecam/ops/paint.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::ops {

/// Whose pixels the image keeps: those of the first `count` ranks, or the others.
enum class kept { first, others };

/// The image where its pixels are kept, another picture elsewhere. Both are copied, bit for bit.
template <class T>
struct kept_by_rank {
    std::int32_t const* ranks;  ///< of the positions, 0 for the most important; in the backend's memory
    std::int32_t count;
    kept which;
    T const* elsewhere;  ///< (C, size) in the backend's memory, or null for zeros

    template <std::size_t Rank>
    [[nodiscard]] SCORECAM_HD constexpr T operator()(pixel<T, Rank> p) const
    {
        bool const first = ranks[p.offset] < count;
        if (first == (which == kept::first)) { return p.value(); }
        return elsewhere == nullptr ? T(0) : elsewhere[p.channel * p.size.size() + p.offset];
    }
};

/// X∘L: the image times the map.
template <class T>
struct times_map {
    T const* map;  ///< of the image's spatial extents, in the backend's memory
    template <std::size_t Rank>
    [[nodiscard]] SCORECAM_HD constexpr T operator()(pixel<T, Rank> p) const
    {
        return p.value() * map[p.offset];
    }
};

}  // namespace scorecam::ops
