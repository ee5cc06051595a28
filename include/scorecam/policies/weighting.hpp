#pragma once
// From the contributions C(A_k) to the weights of the channels.
#include <concepts>
#include <type_traits>

#include <scorecam/ops/contribution.hpp>
#include <scorecam/ops/rows.hpp>
#include <scorecam/policies/kinds.hpp>

namespace scorecam {

/// A weighting turns the row of contributions into a reading: `weighting(row)(k)` is the weight of channel k. Channels that
/// are left out are in the row too: pass over those for which `row.takes_part(k)` is false; their weight is 0 anyway.
/// One that takes a team too may share the row, as a score may.
/// `shift_invariant` says that adding one number to all contributions changes nothing, so that a baseline cannot matter.
template <class W, class T>
concept weighting = requires(W const w, ops::contributions<T> row, index_t k) {
    { w(row)(k) } -> std::convertible_to<T>;
    { W::shift_invariant } -> std::convertible_to<bool>;
};

/// w_k = C(A_k): Definition 5 of the paper and the authors' code. The default.
struct raw_weights {
    using kind                            = kinds::weighting;
    static constexpr bool shift_invariant = false;
    template <class Row>
    [[nodiscard]] SCORECAM_HD auto operator()(Row contributions) const
    {
        return ops::identity_of<Row>{contributions};
    }
};

/// w_k = max(C(A_k), 0): only channels that speak for the class.
struct relu_weights {
    using kind                            = kinds::weighting;
    static constexpr bool shift_invariant = false;
    template <class Row>
    [[nodiscard]] SCORECAM_HD auto operator()(Row contributions) const
    {
        return ops::relu_of<Row>{contributions};
    }
};

/// w = softmax over the channels: Algorithm 1 of the paper. A baseline cancels here and is not scored.
struct softmax_weights {
    using kind                            = kinds::weighting;
    static constexpr bool shift_invariant = true;
    template <class Row, class Team = ops::alone>
    [[nodiscard]] SCORECAM_HD auto operator()(Row contributions, Team const& team = {}) const
    {
        return ops::softmax_of<Row>{contributions, team};
    }
};

/// w_k = C(A_k) less the mean of all: what a mask shows more than others do. A baseline cancels.
struct centred_weights {
    using kind                            = kinds::weighting;
    static constexpr bool shift_invariant = true;
    template <class Row, class Team = ops::alone>
    [[nodiscard]] SCORECAM_HD auto operator()(Row contributions, Team const& team = {}) const
    {
        return ops::centred_of<Row>{contributions, team};
    }
};

/// w_k = -C(A_k): what is missed where a mask hides something. With baseline{unmasked{}} the drop of the score.
struct drop_weights {
    using kind                            = kinds::weighting;
    static constexpr bool shift_invariant = false;
    template <class Row>
    [[nodiscard]] SCORECAM_HD auto operator()(Row contributions) const
    {
        return ops::negative_of<Row>{contributions};
    }
};

/// w_k = -C(A_k)/f(X_b): the drop as a share of the baseline's score, which must not be 0. Ablation-CAM, Eq. 3, with
/// baseline{unmasked{}}.
struct relative_drop_weights {
    using kind                            = kinds::weighting;
    static constexpr bool shift_invariant = false;
    template <class Row>
    struct share {
        Row contributions;
        [[nodiscard]] SCORECAM_HD auto operator()(index_t k) const { return -contributions[k] / contributions.baseline; }
    };
    template <class Row>
    [[nodiscard]] SCORECAM_HD auto operator()(Row contributions) const
    {
        return share<Row>{contributions};
    }
};

/// w_k = 1: no scoring at all, not one masked image. The control that every evaluation needs.
struct uniform_weights {
    using kind                            = kinds::weighting;
    static constexpr bool shift_invariant = true;
    static constexpr bool needs_scores    = false;
    template <class Row>
    struct one {
        [[nodiscard]] SCORECAM_HD auto operator()(index_t) const { return typename Row::value_type(1); }
    };
    template <class Row>
    [[nodiscard]] SCORECAM_HD auto operator()(Row) const
    {
        return one<Row>{};
    }
};

/// True for weightings that read the contributions; one that does not says so with `needs_scores = false`.
template <class W>
[[nodiscard]] constexpr bool needs_scores()
{
    if constexpr (requires { W::needs_scores; }) {
        return W::needs_scores;
    } else {
        return true;
    }
}

/// True for weightings that give each channel a weight of its own contribution alone, never less for a larger one: limits
/// of a score are limits of a weight.
template <class W>
inline constexpr bool weighs_channels_alone = std::is_same_v<W, raw_weights> || std::is_same_v<W, relu_weights>;

/// A channel without contrast (max = min) gives no mask. Most are dead ReLU channels: all zero.
enum class flat_channels {
    skipped,  ///< it takes no part: weight 0, no forward. The default, and what the authors' code does
    scored    ///< it takes part with the score of the image under an all-zero mask: one forward for all of them
};
template <>
struct policy_kind<flat_channels> {
    using type = kinds::flat;
};

template <>
struct choice<kinds::weighting> {
    using standard = raw_weights;
    template <class P, class T>
    static consteval void check()
    {
        static_assert(
            weighting<P, T>,
            "scorecam: a weighting is called with scorecam::ops::contributions<T> and returns what is called with a "
            "channel: weighting(row)(k) -> T; it has static constexpr bool shift_invariant");
    }
};
template <>
struct choice<kinds::flat> {
    using standard = flat_channels;
    template <class P, class T>
    static consteval void check()
    {
        static_assert(std::is_convertible_v<P const&, flat_channels>,
                      "scorecam: a policy for flat channels is convertible to scorecam::flat_channels");
    }
};

}  // namespace scorecam
