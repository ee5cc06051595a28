#pragma once
// How a map is made of the masks and the answers to them.
#include <concepts>
#include <cstddef>
#include <type_traits>

#include <scorecam/policies/kinds.hpp>
#include <scorecam/policies/score.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// The estimates that a backend makes.
enum class estimate {
    weighted_sum,  ///< Σ_k w_k A_k, or of the normalised maps, as `summand` says. The default
    weighted_mean  ///< Σ_k w_k H_k / Σ_k H_k at the image's size (RISE), for masks that are shifted, too
};
template <>
struct policy_kind<estimate> {
    using type = kinds::estimate;
};

/// What is known of one image when its masks are scored: N masks, d cells, M targets. In host memory.
template <class T, std::size_t SpatialRank = 2>
struct evidence {
    tensor_view<T const, SpatialRank + 1> masks;  ///< (N, h, w): the small maps of those that were scored, from 0 to 1
    tensor_view<T const, 2> scores;               ///< (N, M)
    tensor_view<T const, 2> weights;              ///< (N, M): what the weighting made of them
    tensor_view<T const, 2> outputs;              ///< (N, numbers of a row), if the estimate asked for them; or empty
    // if the estimate has answers_without_masks
    tensor_view<T const, 1> whole_outputs;              ///< of the image as it is
    tensor_view<T const, 1> hidden_outputs;             ///< of what an all-zero mask lets through
    tensor_view<T const, 1> whole_scores;               ///< (M)
    tensor_view<T const, 1> hidden_scores;              ///< (M)
    tensor_view<index_t const, 1> targets;              ///< (M)
    tensor_view<T const, SpatialRank + 1> activations;  ///< (K, h, w) on the masks' grid; empty if they were not captured
    score_nature nature = score_nature::other;
};

/// What an estimate makes of it, on the grid of the masks.
template <class T, std::size_t SpatialRank = 2>
struct estimated {
    tensor<T, SpatialRank + 1> maps;          ///< (M, h, w)
    tensor<T, SpatialRank + 1> values{};      ///< (M, h, w): what each cell adds, or empty if the estimate has no such thing
    tensor<T, SpatialRank + 1> deviations{};  ///< (M, h, w): the standard errors of the values
};

/// An estimate that is made on the host: from(evidence) -> estimated. With `static constexpr bool answers_without_masks =
/// true` it is told the answers to the image as it is and to nothing of it. `reads_outputs(nature)`, where there is one,
/// says whether it asks for whole rows of outputs; what has none does not.
template <class E, class T>
concept estimate_on_host = requires(E const e, evidence<T, 2> const& seen) {
    { e.from(seen) } -> std::same_as<estimated<T, 2>>;
};

template <>
struct choice<kinds::estimate> {
    using standard = estimate;
    template <class P, class T>
    static consteval void check()
    {
        static_assert(std::is_convertible_v<P const&, estimate> || estimate_on_host<P, T>,
                      "scorecam: an estimate is convertible to scorecam::estimate, or makes a scorecam::estimated<T> of "
                      "scorecam::evidence<T> in from(evidence) const");
    }
};

}  // namespace scorecam
