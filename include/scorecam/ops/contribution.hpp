#pragma once
// C(A_k): what a channel contributes to the score, as a row over the channels that a weighting can read.
#include <scorecam/config.hpp>
#include <scorecam/ops/range.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::ops {

/// The part a channel takes.
enum class channel_role : unsigned char {
    scored,     ///< it has its own score
    zero_mask,  ///< it has no contrast, and takes the score of the image under an all-zero mask
    zero,       ///< it was not scored, and contributes 0
    left_out    ///< it takes no part: weight 0
};

/// The contributions of all channels of one image to one target class.
/// Eq. 1: C(A_k) = f(X∘H_k) - f(X_b); with baseline 0 it is Eq. 2.
template <class T>
struct contributions {
    using value_type = T;
    T const* scores;            ///< f(X∘H_k), one every `stride`
    channel_role const* roles;  ///< of the channels
    index_t count;              ///< K
    index_t stride;             ///< M, the number of target classes
    T baseline;                 ///< f(X_b)
    T zero_mask;                ///< f of the image under an all-zero mask, for the channels that take it

    [[nodiscard]] SCORECAM_HD constexpr index_t size() const { return count; }
    /// False for a channel that is left out: a weighting passes over it.
    [[nodiscard]] SCORECAM_HD constexpr bool takes_part(index_t k) const { return roles[k] != channel_role::left_out; }

    /// C(A_k). NaN for a channel that is left out, so that a weighting that does not pass over it is found out.
    [[nodiscard]] SCORECAM_HD constexpr T operator[](index_t k) const
    {
        switch (roles[k]) {
        case channel_role::scored:
            return scores[k * stride] - baseline;
        case channel_role::zero_mask:
            return zero_mask - baseline;
        case channel_role::zero:
            return T(0);
        case channel_role::left_out:
            break;
        }
        return nan_of<T>;
    }
};

/// w_k: the weight of channel k; 0 for a channel that takes no part.
template <class T, class Reading>
[[nodiscard]] SCORECAM_HD constexpr T weight_of(contributions<T> const& c, Reading const& reading, index_t k)
{
    return c.takes_part(k) ? reading(k) : T(0);
}

/// Σ_k w_k m_k / Σ_k m_k; 0 where all m_k are. RISE, Petsiuk et al. 2018, Eq. 6, with the masks' own sum for their expectation.
template <class T>
struct weighted_mean_of {
    T sum  = 0;
    T mass = 0;

    SCORECAM_HD constexpr void include(T weight, T mask)
    {
        sum += weight * mask;
        mass += mask;
    }
    [[nodiscard]] SCORECAM_HD constexpr T value() const { return mass == T(0) ? T(0) : sum / mass; }
};

}  // namespace scorecam::ops
