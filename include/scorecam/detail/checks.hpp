#pragma once
// What comes back from a model and from the arithmetic is looked at once: NaN and infinity never pass silently, and a map
// without evidence is called so.
#include <cmath>
#include <cstddef>
#include <string>

#include <scorecam/error.hpp>
#include <scorecam/explanation.hpp>
#include <scorecam/ops/range.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::detail {

/// Images (I, C, H, W) for a model of the given input shape. What a host cannot read, it does not look into.
template <class T, std::size_t Rank, class Space>
void check_images(tensor_view<T const, Rank, Space> images, extents<Rank - 1> const& wanted)
{
    for (std::size_t d = 0; d < Rank - 1; ++d) {
        if (wanted[d] < 1) {
            throw shape_error{"the model's input_shape() is " + to_string(wanted) + "; it names fixed extents of 1 or more"};
        }
    }
    if (images.data() == nullptr) {
        throw shape_error{
            "the view of the images is null; make one of pixels: scorecam::tensor_view<float const, 3>{data, C, H, W}"};
    }
    if (!(trailing<Rank - 1>(images.shape()) == wanted) || images.extent(0) < 1) {
        throw shape_error{"the images have the shape " + to_string(images.shape()) + ", the model takes " +
                          to_string(wanted) + " each; pass that, or several of them"};
    }
    if constexpr (Space::host_accessible) {
        for (T const value : images) {
            if (!std::isfinite(value)) {
                throw non_finite_error{"the images contain NaN or infinity; check how they were prepared"};
            }
        }
    }
}

/// The model's own outputs (I, classes): infinite logits of classes that are switched off are allowed, NaN is not.
template <class T>
void check_outputs(tensor<T, 2> const& outputs)
{
    for (index_t i = 0; i < outputs.extent(0); ++i) {
        for (T const value : outputs[i]) {
            if (std::isnan(value)) {
                throw non_finite_error{"the model's outputs for image " + std::to_string(i) +
                                       " contain NaN, as an overflow makes it; check the image's values and the model"};
            }
        }
    }
}

/// The extrema (I, K) of the activations.
template <class T>
void check_activations(tensor<ops::range<T>, 2> const& ranges)
{
    for (index_t i = 0; i < ranges.extent(0); ++i) {
        for (index_t k = 0; k < ranges.extent(1); ++k) {
            if (!ranges(i, k).finite()) {
                throw non_finite_error{
                    "the activations of image " + std::to_string(i) + ", channel " + std::to_string(k) +
                    " overflow: they contain NaN, infinity or values too far apart; check the image's values and the model"};
            }
        }
    }
}

/// Channels that were not scored one by one have the score of the image under an all-zero mask (I, M), if they take it, or
/// 0.
template <class T, std::size_t SpatialRank>
void fill_in_unscored(explanation<T, SpatialRank>& found, tensor<T, 2> const& zero_mask)
{
    for (index_t i = 0; i < found.scores.extent(0); ++i) {
        for (index_t k = 0; k < found.scores.extent(1); ++k) {
            if (found.roles(i, k) == ops::channel_role::scored) { continue; }
            bool const shared = found.roles(i, k) == ops::channel_role::zero_mask;
            for (index_t m = 0; m < found.scores.extent(2); ++m) { found.scores(i, k, m) = shared ? zero_mask(i, m) : T(0); }
        }
    }
}

/// Scores (N, M) and rows of outputs under the masks of image i, before an estimate is made of them: infinite logits of
/// classes that are switched off are allowed, NaN is not.
template <class T>
void check_evidence(tensor<T, 2> const& scores, tensor<T, 2> const& outputs, index_t i)
{
    for (T const value : scores) {
        if (!std::isfinite(value)) {
            throw non_finite_error{"a score under a mask is NaN or infinite (image " + std::to_string(i) +
                                   "); check the model and the score"};
        }
    }
    for (T const value : outputs) {
        if (std::isnan(value)) {
            throw non_finite_error{"the model's outputs under a mask contain NaN (image " + std::to_string(i) +
                                   "); check the model"};
        }
    }
}

template <class T, std::size_t SpatialRank>
void check_scores(explanation<T, SpatialRank> const& found)
{
    auto const refuse = [&](std::string const& of, index_t i, index_t m) {
        throw non_finite_error{"the score " + of + " is NaN or infinite (image " + std::to_string(i) + ", class " +
                               std::to_string(found.targets(i, m)) +
                               "): numbers overflow under it; check the image's values, the model and the score"};
    };
    for (index_t i = 0; i < found.scores.extent(0); ++i) {
        for (index_t m = 0; m < found.scores.extent(2); ++m) {
            if (!std::isfinite(found.baseline_scores(i, m))) { refuse("of the baseline", i, m); }
            for (index_t k = 0; k < found.scores.extent(1); ++k) {
                if (!std::isfinite(found.scores(i, k, m))) {
                    refuse("under the mask of channel " + std::to_string(k), i, m);
                }
                if (!std::isfinite(found.weights(i, k, m))) {
                    throw non_finite_error{"the weight of channel " + std::to_string(k) + " is NaN or infinite (image " +
                                           std::to_string(i) + ", class " + std::to_string(found.targets(i, m)) +
                                           "); a weighting passes over channels for which row.takes_part(k) is false"};
                }
            }
        }
    }
}

/// Sets the status of every map from the extrema (I, M) of Up(Σ_k w_k A_k).
template <class T, std::size_t SpatialRank>
void set_status(explanation<T, SpatialRank>& found, tensor<ops::range<T>, 2> const& extrema)
{
    found.status = tensor<map_status, 2>{extrema.shape()};
    for (index_t i = 0; i < extrema.extent(0); ++i) {
        bool const all_flat = found.flat_channels_of(i) == found.channels();
        for (index_t m = 0; m < extrema.extent(1); ++m) {
            auto const r = extrema(i, m);
            if (!r.finite()) {
                throw non_finite_error{"the map of image " + std::to_string(i) + ", class " +
                                       std::to_string(found.targets(i, m)) + " overflows; check the scale of the scores"};
            }
            bool const shows   = r.hi > T(0) && !r.flat();
            found.status(i, m) = shows         ? map_status::meaningful
                                 : all_flat    ? map_status::all_channels_flat
                                 : r.hi > T(0) ? map_status::constant
                                               : map_status::nothing_positive;
        }
    }
}

}  // namespace scorecam::detail
