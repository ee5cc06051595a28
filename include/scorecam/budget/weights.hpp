#pragma once
// From the scores of all channels to their weights, by the weighting in force.
#include <cstddef>
#include <functional>
#include <span>
#include <type_traits>

#include <scorecam/ops/contribution.hpp>
#include <scorecam/policies/weighting.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::budget {

/// How a map is weighed: weigh(scores (K) of target m, m, weights (K)) writes the weight of every channel. It is asked about
/// scores that nobody has seen, true and predicted.
template <class W, class T>
concept weigher =
    requires(W const& weigh, std::span<T const> scores, index_t m, std::span<T> weights) { weigh(scores, m, weights); };

/// The weights of Score-CAM: of C(A_k) = f(X∘H_k) - f(X_b), through a weighting. Refers to what it is given.
template <class T, class Weighting>
struct weigh_by {
    Weighting const& weighting;
    std::span<ops::channel_role const> roles;  ///< (K): `scored` for a channel that is, or is predicted
    std::span<T const> baseline;               ///< (M), or empty for none
    std::span<T const> zero_mask;              ///< (M), or empty if no channel takes it

    void operator()(std::span<T const> scores, index_t m, std::span<T> weights) const
    {
        auto const at = [&](std::span<T const> each) { return each.empty() ? T(0) : each[static_cast<std::size_t>(m)]; };
        ops::contributions<T> const c{.scores    = scores.data(),
                                      .roles     = roles.data(),
                                      .count     = static_cast<index_t>(scores.size()),
                                      .stride    = 1,
                                      .baseline  = at(baseline),
                                      .zero_mask = at(zero_mask)};
        if constexpr (std::is_same_v<Weighting,
                                     std::function<void(ops::contributions<T> const&, T*)>>) {  // of whatever type it was
            weighting(c, weights.data());
        } else {
            auto const reading = weighting(c);
            for (index_t k = 0; k < c.count; ++k) {
                weights[static_cast<std::size_t>(k)] = static_cast<T>(ops::weight_of(c, reading, k));
            }
        }
    }
};
template <class T, class Weighting>
weigh_by(Weighting const&, std::span<ops::channel_role const>, std::span<T const>, std::span<T const>)
    -> weigh_by<T, Weighting>;

}  // namespace scorecam::budget
