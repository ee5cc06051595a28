#pragma once
// What an explanation tells: the maps, what they were made of, and what they cost.
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/ops/contribution.hpp>
#include <scorecam/ops/rows.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// Whether a map shows something, and if not, why it is all 0 (after min-max scaling).
enum class map_status {
    meaningful,         ///< it has a place of largest evidence
    all_channels_flat,  ///< no activation has contrast, so there was nothing to mask with
    nothing_positive,   ///< every place speaks against the class: 0 after ReLU
    constant            ///< the same positive value everywhere
};

/// "meaningful", "all channels flat", ...
[[nodiscard]] constexpr char const* to_string(map_status status)
{
    switch (status) {
    case map_status::meaningful:
        return "meaningful";
    case map_status::all_channels_flat:
        return "all channels flat";
    case map_status::nothing_positive:
        return "nothing positive";
    case map_status::constant:
        return "constant";
    }
    return "unknown";
}

/// A tensor of a result. A view of one does not outlive it: none is given of a temporary.
template <class T, std::size_t Rank>
class result_tensor : public tensor<T, Rank> {
public:
    using tensor<T, Rank>::tensor;
    result_tensor(tensor<T, Rank> of) : tensor<T, Rank>{std::move(of)} {}

    [[nodiscard]] tensor_view<T const, Rank> view() const& noexcept { return tensor<T, Rank>::view(); }
    [[nodiscard]] tensor_view<T, Rank> view() & noexcept { return tensor<T, Rank>::view(); }
    tensor_view<T const, Rank> view() const&& = delete;
    operator tensor_view<T const, Rank>() const& noexcept { return view(); }
    operator tensor_view<T const, Rank>() const&& = delete;
};

/// An output of the model beside its first one.
template <class T>
struct further_output {
    std::string name;
    ops::row_shape shape;  ///< of one image
    tensor<T, 2> values;   ///< (I, numbers of a row)
};

/// The result for I images, K channels and M target classes each, in host memory. For images, SpatialRank is 2.
template <class T, std::size_t SpatialRank = 2>
struct explanation {
    result_tensor<T, SpatialRank + 2> maps;  ///< (I, M, H, W): the saliency maps, in [0, 1] unless scaling::none
    result_tensor<map_status, 2> status;     ///< (I, M)
    result_tensor<T, SpatialRank + 2>
        activation_maps;  ///< (I, M, h, w): Σ_k w_k A_k, at the size of the activations, or what the estimate makes
    result_tensor<index_t, 2> targets;    ///< (I, M): the classes explained
    result_tensor<T, 3> scores;           ///< (I, K, M): f(X∘H_k); of a flat channel, f(all-zero mask) or 0
    result_tensor<T, 3> weights;          ///< (I, K, M): w_k; 0 for a flat channel that was skipped
    result_tensor<T, 2> baseline_scores;  ///< (I, M): f(X_b); 0 without a baseline
    result_tensor<T, 2> outputs;          ///< (I, classes): the model's first output for the unmasked images, a row each
    ops::row_shape output_shape{};        ///< (classes), or the extents of a row of another kind
    std::vector<further_output<T>> further_outputs;  ///< of a model that has several
    result_tensor<unsigned char, 2> flat;            ///< (I, K): 1 for a channel without contrast
    result_tensor<ops::channel_role, 2> roles;       ///< (I, K): what each channel did

    /// (I, M, h, w) of an estimate that has such numbers (fitted), else empty: what each cell adds to the logit, or to the
    /// score that the estimate is made of, and the standard error of that.
    result_tensor<T, SpatialRank + 2> cell_values;
    result_tensor<T, SpatialRank + 2> cell_deviations;

    bool baseline_cancels = false;  ///< a baseline was given with a weighting on which it has no effect; it was not scored
    index_t flat_channels = 0;      ///< how many channels were flat, over all images
    index_t forwards      = 0;      ///< images pushed through the model: captured, masked, baseline and zero-mask ones
    index_t batches       = 0;      ///< calls of the model
    index_t batch_size    = 0;      ///< what the batching strategy settled on, or the largest batch
    index_t activation_bytes = 0;   ///< held for the captured activations
    index_t peak_bytes       = 0;   ///< held by the explainer so far: activations, one batch, maps and lists
    std::string precision;          ///< what the model computed in: "float32", "bfloat16", ...

    [[nodiscard]] index_t images() const { return maps.extent(0); }
    [[nodiscard]] index_t channels() const { return scores.extent(1); }

    /// The map (H, W) of image i and its m-th target. A view into this explanation, so that it is refused on a temporary.
    [[nodiscard]] tensor_view<T const, SpatialRank> map(index_t i = 0, index_t m = 0) const& { return maps.view()[i][m]; }
    tensor_view<T const, SpatialRank> map(index_t i = 0, index_t m = 0) const&& = delete;

    /// Flat channels of image i.
    [[nodiscard]] index_t flat_channels_of(index_t i) const
    {
        index_t count = 0;
        for (auto const is_flat : flat.view()[i]) { count += is_flat; }
        return count;
    }
};

}  // namespace scorecam
