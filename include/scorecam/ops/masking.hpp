#pragma once
// H_k = s(Up(A_k)) and X∘H_k: how an activation becomes a mask and a mask an input.
#include <cstddef>
#include <cstdint>

#include <scorecam/config.hpp>
#include <scorecam/ops/range.hpp>
#include <scorecam/ops/resize.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::ops {

/// Channel k of image i of a call.
struct pick {
    std::int32_t image;
    std::int32_t channel;
};

/// The extrema that a mask is normalised with.
enum class extrema_of {
    resized,    ///< s(Up(A)): of the resized map, so that the mask reaches 0 and 1
    activation  ///< Up(s(A)): of the map as captured
};

/// How masks are made from activations.
struct mask_rule {
    axis_rule axis     = axis_rule::half_pixel;
    extrema_of extrema = extrema_of::resized;
    double epsilon     = 0;  ///< added to max - min
};

/// Where the image begins on a map that is enlarged beyond it, in pixels of the enlarged map, one for each axis.
template <std::size_t Rank>
struct shift {
    std::int32_t at[Rank];
};

/// X∘H + B∘(1 - H) at one element. Affine normalisation commutes with interpolation, so `mask` may be
/// Up(s(A)) with the extrema of Up(A): that is s(Up(A)).
template <class T>
[[nodiscard]] SCORECAM_HD constexpr T blend(T pixel, T background, T mask)
{
    return background + mask * (pixel - background);
}

}  // namespace scorecam::ops
