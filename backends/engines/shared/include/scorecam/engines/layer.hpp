#pragma once
// The layers of a network that an engine can show, and which of them one would explain.
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// A layer whose output is (channels, height, width) for each image, with more than one position, and so can be explained.
/// Of signals it is (channels, length), of volumes (channels, depth, height, width).
template <std::size_t SpatialRank = 2>
struct layer {
    std::string name;                ///< as the engine's adapter takes it
    std::string type;                ///< the engine's name of the operation: "Convolution", "Relu", "Concat", ...
    extents<SpatialRank + 1> shape;  ///< (K, h, w)
    std::string form = "maps";       ///< how its values lie: "maps", "tokens (T, C)", ...; they are laid out as maps
};

/// Whether an operation only pools values, or moves them about.
[[nodiscard]] inline bool only_moves(std::string const& type)
{
    static std::vector<std::string> const moving{
        "Pooling",  "MaxPool",  "AveragePool", "AvgPool", "GlobalAveragePool", "GlobalMaxPool", "ReduceMean",
        "Dropout",  "Identity", "Reshape",     "Flatten", "Permute",           "Transpose",     "Const",
        "Constant", "Padding",  "Pad",         "Slice",   "Squeeze",           "Unsqueeze",     "Cast",
        "Softmax",  "SoftMax",  "Convert"};
    return std::find(moving.begin(), moving.end(), type) != moving.end();
}

/// The layer to explain if none is named and nothing is known of the graph (choose.hpp goes first where it is): the last
/// spatial activation before the classifier. That is the last layer that neither pools nor moves values about; one that
/// already holds a map per class is part of the classifier, unless there is no other. Throws model_error if there is none.
template <std::size_t SpatialRank>
[[nodiscard]] layer<SpatialRank> const& default_layer(std::vector<layer<SpatialRank>> const& layers, index_t classes)
{
    layer<SpatialRank> const* of_classifier = nullptr;
    for (auto l = layers.rbegin(); l != layers.rend(); ++l) {
        if (only_moves(l->type)) { continue; }
        if (l->shape[0] != classes) { return *l; }
        if (of_classifier == nullptr) { of_classifier = &*l; }
    }
    if (of_classifier == nullptr) {
        throw model_error{
            "the network has no spatial activation before its classifier; name a layer with (channels, height, "
            "width) outputs"};
    }
    return *of_classifier;
}

/// The layer with the given name; names from ONNX files may leave out OpenCV's prefix "onnx_node!".
/// Throws model_error with the names there are.
template <std::size_t SpatialRank>
[[nodiscard]] layer<SpatialRank> const& layer_named(std::vector<layer<SpatialRank>> const& layers, std::string const& name)
{
    for (auto const& one : layers) {
        if (one.name == name || one.name == "onnx_node!" + name) { return one; }
    }
    std::string known;
    for (std::size_t i = layers.size() > 4 ? layers.size() - 4 : 0; i < layers.size(); ++i) {
        known += (known.empty() ? " " : ", ") + layers[i].name;
    }
    throw model_error{"the network has no spatial layer '" + name + "'; the last of its " + std::to_string(layers.size()) +
                      " spatial layers are:" + known};
}

/// The layers with the given names, each once, or the default one if there are no names. Throws model_error.
template <std::size_t SpatialRank>
[[nodiscard]] std::vector<layer<SpatialRank>> chosen_layers(std::vector<layer<SpatialRank>> const& layers,
                                                            std::vector<std::string> const& names, index_t classes)
{
    if (names.empty()) { return {default_layer(layers, classes)}; }
    std::vector<layer<SpatialRank>> chosen;
    for (auto const& name : names) {
        auto const& wanted = layer_named(layers, name);
        for (auto const& other : chosen) {
            if (other.name == wanted.name) { throw model_error{"the layer '" + name + "' is named twice; name each once"}; }
        }
        chosen.push_back(wanted);
    }
    return chosen;
}

}  // namespace scorecam
