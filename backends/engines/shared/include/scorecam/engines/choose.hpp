#pragma once
// How a network's tensors lie on the image, and which of them one would explain, by what its graph says.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/engines/flow.hpp>
#include <scorecam/engines/layer.hpp>
#include <scorecam/engines/tokens.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::engines {

/// How a tensor is seen as activations.
template <std::size_t SpatialRank>
struct reading {
    layer_form form = layer_form::none;
    extents<SpatialRank + 1> shape{};  ///< (K, h, w)
    bool is_sure = false;              ///< the graph or the size of the image says so, not the number of extents alone
};

/// Whether the sides of `grid` are to each other as those of the image, within a factor of exp(log_factor).
template <std::size_t SpatialRank>
[[nodiscard]] bool has_aspect(extents<SpatialRank> const& grid, extents<SpatialRank> const& image, double log_factor = 0.25)
{
    for (std::size_t d = 1; d < SpatialRank; ++d) {
        auto const ours   = std::log(static_cast<double>(grid[d]) / static_cast<double>(grid[0]));
        auto const theirs = std::log(static_cast<double>(image[d]) / static_cast<double>(image[0]));
        if (grid[0] < 1 || grid[d] < 1 || std::abs(ours - theirs) > log_factor) { return false; }
    }
    return true;
}

/// Whether the image makes that grid of square patches, or of steps of one size.
template <std::size_t SpatialRank>
[[nodiscard]] bool is_of_patches(extents<SpatialRank> const& grid, extents<SpatialRank> const& image)
{
    for (index_t patch = 1; patch <= image[0]; ++patch) {
        bool all = true;
        for (std::size_t d = 0; d < SpatialRank; ++d) { all = all && image[d] / patch == grid[d]; }
        if (all) { return grid.size() > 1; }
    }
    return false;
}

/// The grid of patches of which `tokens` are made, after leading ones that belong to no place: of the class, of registers,
/// of distillation.
[[nodiscard]] inline std::optional<token_grid<2>> grid_of(index_t tokens, extents<2> const& image)
{
    for (index_t const leading : {0, 1, 2, 5, 4, 3, 8}) {  // as they are usual
        for (index_t patch = 1; patch <= image[0]; ++patch) {
            extents<2> const grid{image[0] / patch, image[1] / patch};
            if (grid.size() > 1 && grid.size() == tokens - leading) { return token_grid<2>{grid, leading}; }
        }
    }
    return std::nullopt;
}

/// How each tensor is seen. `n` is the batch of their extents; if the caller says how tokens lie, that holds for all.
template <std::size_t SpatialRank>
[[nodiscard]] std::vector<reading<SpatialRank>> readings_of(std::vector<candidate> const& tensors, flow const& graph,
                                                            index_t n, extents<SpatialRank + 1> const& input,
                                                            std::optional<token_grid<SpatialRank>> const& tokens)
{
    auto const image = trailing<SpatialRank>(input);
    std::vector<reading<SpatialRank>> all(tensors.size());
    for (std::size_t v = 0; v < tensors.size(); ++v) {
        auto const& [tensor, type, of] = tensors[v];
        auto const& with_batch         = tensor.dims;
        bool const open                = std::any_of(with_batch.begin(), with_batch.end(), [](index_t d) { return d < 1; });
        if (!carries_image(tensors[v]) || open || with_batch.empty() || with_batch[0] != n) {
            continue;
        }  // or folded into it
        std::vector<index_t> dims(with_batch.begin() + 1, with_batch.end());
        auto& found = all[v];
        if (tokens) {
            found.form    = form_of<SpatialRank>(dims, tokens, found.shape);
            found.is_sure = found.form == layer_form::tokens;
            if (found.is_sure) { continue; }
        }
        found.form = form_of<SpatialRank>(dims, std::nullopt, found.shape);
        if (found.form == layer_form::maps) {
            auto const same_places = [&](std::size_t from) {
                return from != the_image && all[from].form == layer_form::maps && all[from].is_sure &&
                       trailing<SpatialRank>(all[from].shape) == trailing<SpatialRank>(found.shape);
            };
            auto const& before = graph.of(v);
            bool const kept    = !is_weighted(type) && std::any_of(before.begin(), before.end(), same_places);
            found.is_sure      = is_of_places(type) || kept;
        }
        if (found.is_sure || tokens || !graph.is_known()) { continue; }
        if constexpr (SpatialRank == 2) {
            while (dims.size() > 2 && dims[0] == 1) { dims.erase(dims.begin()); }
            std::optional<token_grid<2>> grid;
            if (dims.size() == 3 && is_of_patches<2>({dims[0], dims[1]}, image)) { grid = {{dims[0], dims[1]}, 0}; }
            if (dims.size() == 2) { grid = grid_of(dims[0], image); }
            if (grid) {
                found = {form_of<2>(dims, grid, found.shape), found.shape, true};
                continue;
            }
        }
        found.is_sure = found.form == layer_form::maps && is_of_patches(trailing<SpatialRank>(found.shape), image);
    }
    return all;
}

/// The tensor that one would explain, and why.
struct choice {
    std::size_t number = 0;
    std::string why{};
};

namespace detail {

/// Of a tensor of tokens that nothing but its leading ones are taken of: the last attention that its other tokens feed, and
/// of what goes into that, the last tensor through which all of it passes. None if the tokens are used.
template <std::size_t SpatialRank>
[[nodiscard]] std::optional<choice> before_attention(std::size_t tokens, std::vector<candidate> const& tensors,
                                                     flow const& graph, std::vector<reading<SpatialRank>> const& seen)
{
    auto const& dims   = tensors[tokens].tensor.dims;
    auto const size_of = [](std::vector<index_t> const& of) {
        index_t size = 1;
        for (auto const d : of) { size *= d; }
        return size;
    };
    auto const& shape  = seen[tokens].shape;
    auto const whole   = size_of(dims) / dims[0];
    auto const leading = whole - shape.size();
    auto const users   = graph.users(tokens);
    bool const picks   = leading > 0 && !users.empty() && std::all_of(users.begin(), users.end(), [&](std::size_t u) {
                           return names_any(tensors[u].type, {"Gather", "Slice", "Split", "Crop"}) &&
                                  !tensors[u].tensor.dims.empty() && size_of(tensors[u].tensor.dims) / dims[0] <= leading;
                       });
    if (!picks) { return std::nullopt; }
    for (std::size_t v = tokens; v-- > 0;) {
        bool const in_one  = names_any(tensors[v].type, {"Attention"});
        bool const attends = in_one || (is_weighted(tensors[v].type) && graph.of(v).size() > 1);
        if (!graph.feeds(v) || !attends || !graph.behind(v)[tokens]) { continue; }
        for (auto at = graph.through(v); at != the_image; at = graph.through(at)) {
            bool const is_layer = !tensors[at].tensor.name.empty() && tensors[at].tensor.dims == dims;
            if (is_layer && seen[at].form == layer_form::tokens && seen[at].shape == shape) {
                return choice{at, "the input of the last attention, which is the last that all patches feed: behind it the "
                                  "class is read from tokens that lie nowhere"};
            }
        }
        return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace detail

/// The last tensor that lies on the image as it does, that feeds the scores and is no part of the classifier. None if the
/// graph is not known, or has none.
template <std::size_t SpatialRank>
[[nodiscard]] std::optional<choice> default_choice(std::vector<candidate> const& tensors, flow const& graph,
                                                   std::vector<reading<SpatialRank>> const& seen, index_t classes,
                                                   extents<SpatialRank + 1> const& input)
{
    std::optional<choice> of_classifier;
    for (std::size_t v = tensors.size(); v-- > 0;) {
        auto const& one = seen[v];
        if (one.form == layer_form::none || !one.is_sure || !graph.feeds(v)) { continue; }
        bool const is_layer = !tensors[v].tensor.name.empty();
        double const apart =
            one.form == layer_form::maps ? 0.8 : 0.25;  // a stride of 2 along one axis alone is no strip yet
        bool const fits = has_aspect(trailing<SpatialRank>(one.shape), trailing<SpatialRank>(input), apart);
        if (one.shape[0] < 2 || !fits) { continue; }
        if (one.form == layer_form::tokens) {
            auto const before = detail::before_attention(v, tensors, graph, seen);
            if (before) { return before; }
        }
        if (!is_layer) { continue; }
        auto made_by = v;  // what a conversion was made of
        while (only_converts(tensors[made_by].type) && graph.of(made_by).size() == 1 && graph.of(made_by)[0] != the_image) {
            made_by = graph.of(made_by)[0];
        }
        if (only_moves(tensors[made_by].type) || tensors[v].type == "QuantizeLinear") { continue; }
        if (one.shape[0] != classes || graph.has_weights_behind(v)) {
            return choice{v, "the last spatial activation before the classifier"};
        }
        if (!of_classifier) {
            of_classifier = choice{v, "the last spatial activation, which holds a map for each class already"};
        }
    }
    return of_classifier;
}

/// What the scores are, as far as the graph tells: "softmax", "log_softmax", "sigmoid", or nothing.
[[nodiscard]] inline std::string activation_of(std::size_t scores, std::vector<candidate> const& tensors, flow const& graph)
{
    while (scores < tensors.size()) {
        auto const& type = tensors[scores].type;
        if (names_any(type, {"LogSoftmax", "LogSoftMax"})) { return "log_softmax"; }
        if (names_any(type, {"Softmax", "SoftMax"})) { return "softmax"; }
        if (type.ends_with("Sigmoid") && !type.starts_with("Hard")) { return "sigmoid"; }
        if (!only_moves(type) && !only_converts(type) && !names_any(type, {"Result"})) { break; }
        if (graph.of(scores).size() != 1) { break; }
        scores = graph.of(scores)[0];
    }
    return "";
}

/// What a network's file says it computes in: "float32", "float16", "int8", ...
[[nodiscard]] inline std::string precision_of(std::vector<candidate> const& tensors, flow const& graph)
{
    std::string found = "float32";
    for (std::size_t v = 0; v < tensors.size(); ++v) {
        if (!graph.feeds(v)) { continue; }
        auto const& type = tensors[v].type;
        if (names_any(type, {"QuantizeLinear", "DequantizeLinear", "FakeQuantize", "QLinear", "QGemm", "Integer"})) {
            return "int8";
        }
        if (is_weighted(type) && tensors[v].tensor.is_float() && tensors[v].tensor.type != "float32") {
            found = tensors[v].tensor.type;
        }
    }
    return found;
}

}  // namespace scorecam::engines
