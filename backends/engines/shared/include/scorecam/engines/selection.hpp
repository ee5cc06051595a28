#pragma once
// The layers of a network, and those that are explained: the named ones, or the default.
#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/engines/choose.hpp>
#include <scorecam/engines/flow.hpp>
#include <scorecam/engines/layer.hpp>
#include <scorecam/engines/ports.hpp>
#include <scorecam/engines/tokens.hpp>
#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::engines {

/// A layer as the network has it.
template <std::size_t SpatialRank>
struct layer_place {
    std::size_t number = 0;  ///< among the candidates
    layer_form form    = layer_form::none;
    std::vector<index_t> dims{};       ///< after the batch
    extents<SpatialRank + 1> shape{};  ///< as activations
    std::string type{};                ///< of its values
};

template <std::size_t SpatialRank>
struct selection {
    std::vector<layer<SpatialRank>> layers{};
    std::vector<layer<SpatialRank>> explained{};
    std::vector<layer_place<SpatialRank>> places{};  ///< of those that are explained
    std::string why{};                               ///< the default is the default
    std::string doubt{};                             ///< what to say where only its shape speaks for it
    std::string activation{};                        ///< see activation_of()
    std::string precision = "float32";               ///< see precision_of()
    bool rows_apart       = false;                   ///< see rows_are_apart()
};

namespace detail {

template <std::size_t SpatialRank>
[[nodiscard]] std::string text_of(layer_place<SpatialRank> const& one)
{
    if (one.form == layer_form::maps) { return "maps"; }
    auto const places  = one.shape.size() / one.shape[0];
    auto const leading = onnx::product(one.dims) / one.shape[0] - places;
    if (one.dims.size() == SpatialRank + 1 && leading == 0) { return "channels last"; }
    return "tokens" + (leading > 0 ? ", " + std::to_string(leading) + " of no place before them" : std::string{});
}

/// The name of the layer that was chosen. Throws model_error if its values are none that can be explained.
[[nodiscard]] inline std::string explainable(candidate const& chosen)
{
    if (chosen.tensor.is_float()) { return chosen.tensor.name; }
    throw quantised(chosen.tensor.name + " is of " + chosen.tensor.type + " (" + chosen.type + ")");
}

/// Throws model_error if no layer lies so.
template <std::size_t SpatialRank>
void expect_tokens(token_grid<SpatialRank> const& tokens, extents<SpatialRank> const& image,
                   std::vector<layer_place<SpatialRank>> const& places)
{
    bool const some =
        std::any_of(places.begin(), places.end(), [](auto const& one) { return one.form == layer_form::tokens; });
    if (some && has_aspect(tokens.grid, image)) { return; }
    throw model_error{"no layer of the network has " + std::to_string(tokens.leading) + " and " + to_string(tokens.grid) +
                      " tokens that lie on an image of " + to_string(image) +
                      "; give the rows and columns of its patches, or nothing"};
}

/// The number of the last of the layers with the most channels, of those that are maps and lie on the image by their aspect;
/// none if there is none. What a detector or a segmenter has behind it are answers already.
template <std::size_t SpatialRank>
[[nodiscard]] std::optional<std::size_t> deepest(std::vector<layer_place<SpatialRank>> const& places,
                                                 extents<SpatialRank> const& image)
{
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < places.size(); ++i) {
        auto const& shape = places[i].shape;
        auto const grid   = trailing<SpatialRank>(shape);
        bool const lies = places[i].form != layer_form::tokens && grid.size() > 1 && shape[0] > 1 && has_aspect(grid, image);
        if (lies && (!found || shape[0] >= places[*found].shape[0])) { found = i; }
    }
    return found;
}

}  // namespace detail

/// Chooses among tensors of a batch of n; those without a name are no layers. Throws model_error, with `advice` where there
/// is no layer.
template <std::size_t SpatialRank>
[[nodiscard]] selection<SpatialRank>
select(std::vector<candidate> const& candidates, std::size_t scores, index_t classes, index_t n,
       extents<SpatialRank + 1> const& input, std::optional<token_grid<SpatialRank>> const& tokens,
       std::vector<std::string> names, std::string const& advice, bool answers_with_places = false)
{
    flow const graph{candidates, scores};
    auto const seen = readings_of(candidates, graph, n, input, tokens);
    selection<SpatialRank> made;
    made.activation = activation_of(scores, candidates, graph);
    made.precision  = precision_of(candidates, graph);
    made.rows_apart = rows_are_apart(candidates, graph, n);
    std::vector<layer_place<SpatialRank>> places;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        auto const& [tensor, type, of] = candidates[i];
        if (seen[i].form == layer_form::none || !tensor.is_float() || tensor.name.empty()) { continue; }
        places.push_back({i, seen[i].form, {tensor.dims.begin() + 1, tensor.dims.end()}, seen[i].shape, tensor.type});
        made.layers.push_back({tensor.name, type, seen[i].shape, detail::text_of(places.back())});
    }
    if (tokens) { detail::expect_tokens(*tokens, trailing<SpatialRank>(input), places); }
    try {
        if (names.empty() && answers_with_places) {
            if (auto const one = detail::deepest(places, trailing<SpatialRank>(input))) {
                names.push_back(made.layers[*one].name);
                made.why = "its outputs are of many places: of the layers that lie on the image, the last of those with the "
                           "most channels";
            }
        }
        if (names.empty()) {
            auto const found = default_choice(candidates, graph, seen, classes, input);
            if (found) { names.push_back(detail::explainable(candidates[found->number])); }
            made.why = found ? found->why : "the last spatial activation, as far as shapes tell";
            if (!found && graph.is_known() && !made.layers.empty()) {
                made.doubt = "which layer lies on the image is not sure: " + default_layer(made.layers, classes).name +
                             " was taken by its shape; look at the others and name one";
            }
        }
        made.explained = chosen_layers(made.layers, names, classes);
    } catch (model_error const& e) {
        throw model_error{e.what() + advice};
    }
    for (auto const& one : made.explained) {
        auto const same = [&](layer<SpatialRank> const& other) { return other.name == one.name; };
        auto const at   = std::find_if(made.layers.begin(), made.layers.end(), same) - made.layers.begin();
        made.places.push_back(places[static_cast<std::size_t>(at)]);
    }
    return made;
}

}  // namespace scorecam::engines
