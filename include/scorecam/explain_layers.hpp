#pragma once
// Several layers of one network, captured in one pass, each explained by itself, and their maps fused into one.
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/explain.hpp>
#include <scorecam/explanation.hpp>
#include <scorecam/policies/fusion.hpp>
#include <scorecam/model.hpp>
#include <scorecam/detail/kept_outputs.hpp>
#include <scorecam/detail/scratch.hpp>

namespace scorecam {

/// The maps of several layers, and the one they make together.
template <class T, std::size_t SpatialRank = 2>
struct layered_explanation {
    result_tensor<T, SpatialRank + 2> maps;           ///< (I, M, H, W): fused
    result_tensor<map_status, 2> status;              ///< (I, M)
    std::vector<explanation<T, SpatialRank>> layers;  ///< each as if it had been explained alone
    index_t forwards   = 0;                           ///< images pushed through the model, the captured ones once
    index_t batches    = 0;                           ///< calls of the model
    index_t peak_bytes = 0;                           ///< held by the explainer so far

    /// The fused map (H, W) of image i and its m-th target.
    [[nodiscard]] tensor_view<T const, SpatialRank> map(index_t i = 0, index_t m = 0) const& { return maps.view()[i][m]; }
    tensor_view<T const, SpatialRank> map(index_t i = 0, index_t m = 0) const&& = delete;
};

/// One of a model's layers as a model of its own: capturing the first one runs the network and keeps what the others show.
template <class Backend, layered_model Model>
class layer_of {
public:
    using value_type                          = typename Model::value_type;
    using space_type                          = typename Model::space_type;
    using batch_value_type                    = batch_value_of<Model>;
    static constexpr layout batch_layout      = layout_of<Model>;
    static constexpr std::size_t spatial_rank = spatial_rank_of<Model>;

    bool capturable;  ///< as the model is

    layer_of(Backend& on, Model& model) : capturable{detail::is_capturable(model)}, on_{on}, model_{model} {}

    /// The next calls of capture are for the layer `number`, for `images` images in all.
    void choose(index_t number, index_t images)
    {
        number_ = static_cast<std::size_t>(number);
        images_ = images;
        shown_  = 0;
    }
    /// How many layers there are; known when the first one has been captured.
    [[nodiscard]] index_t layers() const { return static_cast<index_t>(activations_.size()); }
    /// Calls of the model to capture, which all layers share.
    [[nodiscard]] index_t captures() const { return captures_; }
    [[nodiscard]] index_t bytes() const
    {
        index_t sum = outputs_.bytes();
        for (auto const& one : activations_) { sum += one.bytes(); }
        return sum;
    }

    [[nodiscard]] auto input_shape() const { return model_.input_shape(); }

    template <class... Queue>
    outputs_of<Model> forward(batch_of<Model> batch, Queue... queue)
        requires requires(Model& m) { m.forward(batch, queue...); }
    {
        return as_outputs<value_type, space_type>(model_.forward(batch, queue...));
    }
    template <class... Queue>
    captured_of<Model> capture(batch_of<Model> batch, Queue... queue)
        requires requires(Model& m) { m.capture_layers(batch, queue...); }
    {
        if (number_ == 0) { keep(model_.capture_layers(batch, queue...), batch.extent(0)); }
        auto const first = std::exchange(shown_, shown_ + batch.extent(0));
        return {outputs_.slice(first, batch.extent(0)),
                as_const(activations_[number_].view().slice(first, batch.extent(0)))};
    }

    template <class... Queue>
    outputs_of<Model> resume(detail::activations_of<Model> activations, Queue... queue)
        requires requires(Model& m) { m.resume(activations, queue...); }
    {
        return as_outputs<value_type, space_type>(model_.resume(activations, queue...));
    }
    auto input_buffer(index_t n)
        requires requires(Model& m) { m.input_buffer(n); }
    {
        return model_.input_buffer(n);
    }
    index_t preferred_batch()
        requires requires(Model& m) { m.preferred_batch(); }
    {
        return model_.preferred_batch();
    }
    index_t max_batch()
        requires requires(Model& m) { m.max_batch(); }
    {
        return model_.max_batch();
    }

    auto replica()
        requires requires(Model& m) { m.replica(); }
    {
        return model_.replica();
    }
    std::string precision() const
        requires requires(Model const& m) { std::string{m.precision()}; }
    {
        return std::string{model_.precision()};
    }

private:
    void keep(captured_layers_of<Model> const& seen, index_t n)
    {
        captures_ = shown_ == 0 ? 1 : captures_ + 1;
        if (seen.activations.empty()) {
            throw shape_error{
                "the model's capture_layers returned no activations; it must return those of one layer or more"};
        }
        if (shown_ == 0) { activations_.resize(seen.activations.size()); }
        if (activations_.size() != seen.activations.size()) {
            throw shape_error{"the model's capture_layers returned the activations of " +
                              std::to_string(seen.activations.size()) + " layers; it must return " +
                              std::to_string(activations_.size()) + " in every call"};
        }
        outputs_.keep(on_, seen.outputs, shown_, n, images_);
        for (std::size_t l = 0; l < activations_.size(); ++l) { keep(seen.activations[l], activations_[l], n); }
    }

    template <std::size_t Rank>
    void keep(tensor_view<value_type const, Rank, space_type> seen, detail::scratch<Backend, value_type, Rank>& kept, index_t n)
    {
        auto shape = seen.shape();
        shape[0]   = images_;
        if (shown_ == 0) { kept.resize(on_, shape); }
        if (seen.extent(0) != n || !(shape == kept.shape())) {
            shape    = kept.shape();
            shape[0] = n;
            throw shape_error{"the model's capture_layers returned a tensor of the shape " + to_string(seen.shape()) +
                              " for a batch of " + std::to_string(n) + "; it must return " + to_string(shape)};
        }
        on_.copy(seen, kept.view().slice(shown_, n));
    }

    Backend& on_;
    Model& model_;
    detail::kept_outputs<Backend, value_type> outputs_;
    std::vector<detail::scratch<Backend, value_type, spatial_rank + 2>> activations_;
    std::size_t number_ = 0;
    index_t images_     = 0;
    index_t shown_      = 0;
    index_t captures_   = 0;
};

/// Explains images at all the layers a model captures. Policies are as for explainer and hold for every layer; a progress
/// policy hears of the layers one after the other, each from 0 on. Like an explainer, it keeps its memory between calls.
template <class Backend, layered_model Model>
class layers_explainer {
public:
    using layer_type                          = layer_of<Backend, Model>;
    using explainer_type                      = explainer<Backend, layer_type>;
    using value_type                          = typename Model::value_type;
    static constexpr std::size_t spatial_rank = spatial_rank_of<Model>;
    using images_view                         = typename explainer_type::images_view;
    using image_view                          = typename explainer_type::image_view;
    using explanation_type                    = layered_explanation<value_type, spatial_rank>;

    template <class... Policies>
    layers_explainer(Backend& on, Model& model, fusion how, Policies... policies)
        : fusion_{how}, layer_{on, model}, explain_{on, layer_, std::move(policies)...}
    {
    }
    layers_explainer(layers_explainer const&)            = delete;
    layers_explainer& operator=(layers_explainer const&) = delete;

    /// Explains the images (I, C, H, W) in the backend's memory. Waits for each layer. Throws as explainer does, and
    /// option_error if several maps are of different sizes, because a heatmap_rule leaves them at the activations' size.
    /// `now` holds for this call alone, as for explainer.
    template <detail::call_argument... Now>
    [[nodiscard]] explanation_type operator()(images_view images, Now... now)
    {
        explanation_type found;
        index_t layers = 1;  // until the first capture tells
        for (index_t l = 0; l < layers; ++l) {
            layer_.choose(l, images.extent(0));
            auto one = explain_(images, now...);
            layers   = layer_.layers();
            found.forwards += one.forwards - (l == 0 ? 0 : images.extent(0));
            found.batches += one.batches - (l == 0 ? 0 : layer_.captures());
            found.peak_bytes = one.peak_bytes + layer_.bytes();
            found.layers.push_back(std::move(one));
        }
        std::vector<tensor_view<value_type const, spatial_rank + 2>> maps;
        for (auto const& one : found.layers) { maps.push_back(one.maps); }
        found.maps   = fuse(maps, fusion_);
        found.status = tensor<map_status, 2>{found.layers[0].status.shape()};
        for (index_t i = 0; i < found.status.size(); ++i) { found.status.data()[i] = status_of(found, i); }
        return found;
    }

    /// Explains one image (C, H, W).
    template <detail::call_argument... Now>
    [[nodiscard]] explanation_type operator()(image_view image, Now... now)
    {
        return (*this)(images_view{image.data(), prepend(image.shape(), 1)}, std::move(now)...);
    }

private:
    [[nodiscard]] static map_status status_of(explanation_type const& found, index_t map)
    {
        auto const maps   = merge_leading(found.maps.view());
        auto const values = maps[map];
        auto const range  = ops::range_of(values.data(), values.size());
        if (!range.flat()) { return map_status::meaningful; }
        if (range.hi > value_type(0)) { return map_status::constant; }
        for (auto const& one : found.layers) {
            if (one.status.data()[map] != map_status::all_channels_flat) { return map_status::nothing_positive; }
        }
        return map_status::all_channels_flat;
    }

    fusion fusion_;
    layer_type layer_;
    explainer_type explain_;
};

/// The saliency maps of one image or several at all the layers that the model captures, and the fused ones:
/// explain_layers(cpu, model, image, fusion{.by = fuse_by::mean}, target{243}). See explain and layers_explainer.
template <class Backend, class Model, class Image, class... Policies>
[[nodiscard]] auto explain_layers(Backend& on, Model& model, Image const& image, fusion how, Policies... policies)
{
    static_assert(check_model<Model>());
    static_assert(layered_model<Model>,
                  "scorecam: a model that is explained at several layers has capture_layers(batch), which returns "
                  "scorecam::captured_layers<value_type, space_type>");
    if constexpr (layered_model<Model>) {
        using run_type     = layers_explainer<Backend, Model>;
        constexpr bool one = std::is_convertible_v<Image const&, typename run_type::image_view>;
        run_type run{on, model, how, std::move(policies)...};
        return run(std::conditional_t<one, typename run_type::image_view, typename run_type::images_view>{image});
    }
}

}  // namespace scorecam
