#pragma once
// C(A_k): what a channel contributes to the score, as a row over the channels that a weighting can read.
#include <scorecam/config.hpp>
#include <scorecam/ops/range.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::ops {

/// The contributions of all channels of one image to one target class.
/// Eq. 1: C(A_k) = f(X∘H_k) - f(X_b); with baseline 0 it is Eq. 2. A flat channel has no mask: it takes the score of the
/// image under an all-zero mask if that is known, and otherwise takes no part.
template <class T>
struct contributions {
    using value_type = T;
    T const* scores;         ///< f(X∘H_k), one every `stride`
    range<T> const* ranges;  ///< of the channels; flat ones have no score of their own
    index_t count;           ///< K
    index_t stride;          ///< M, the number of target classes
    T baseline;              ///< f(X_b)
    T const* flat_score;     ///< f of the image under an all-zero mask, or null

    [[nodiscard]] SCORECAM_HD constexpr index_t size() const { return count; }
    [[nodiscard]] SCORECAM_HD constexpr bool takes_part(index_t k) const
    {
        return flat_score != nullptr || !ranges[k].flat();
    }
    [[nodiscard]] SCORECAM_HD constexpr T operator[](index_t k) const
    {
        if (!takes_part(k)) { return -infinity_of<T>; }  // adds 0 to a softmax
        return (ranges[k].flat() ? *flat_score : scores[k * stride]) - baseline;
    }
};

/// w_k: the weight of channel k; 0 for a channel that takes no part.
template <class T, class Reading>
[[nodiscard]] SCORECAM_HD constexpr T weight_of(contributions<T> const& c, Reading const& reading, index_t k)
{
    return c.takes_part(k) ? reading(k) : T(0);
}

}  // namespace scorecam::ops
