#pragma once
// A network as a straight line of steps on images, as libraries for GPUs compute them.
//
// Everything is float32. A value has a fixed number of elements for each image; steps see it as (C, H, W), scores as
// (classes, 1, 1).
#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include <scorecam/engines/layer.hpp>
#include <scorecam/engines/onnx/graph.hpp>
#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::onnx {

/// A number for vertical and one for horizontal.
using pair = extents<2>;

/// What is done to each value by itself.
enum class pointwise { none, relu, clipped_relu, sigmoid, tanh };

/// A pointwise function; `ceiling` is what clipped_relu does not exceed.
struct activation {
    pointwise function = pointwise::none;
    double ceiling     = 0;
};

/// y = activation(weights * x + bias + residual), where the residual is the step's second input if there are two. Padded
/// with as many zeros on either side. Fully connected layers and normalisations are convolutions, too.
struct convolution {
    extents<4> shape;            ///< of the weights: (channels out, channels in / groups, height, width)
    std::vector<float> weights;  ///< so many
    std::vector<float> bias;     ///< one for each channel out
    pair stride{1, 1};
    pair padding{0, 0};
    pair dilation{1, 1};
    index_t groups = 1;
    activation then{};
};

/// The largest value of each window, or the mean. Windows may reach beyond the image: what lies there does not count, except
/// in means that say so.
struct pooling {
    enum class kind { max, mean, mean_with_padding };
    kind of;
    pair window;
    pair stride{1, 1};
    pair padding{0, 0};  ///< above and to the left
};

/// Channel after channel of all inputs.
struct concatenation {};
/// The sum of two inputs of the same shape.
struct addition {};
/// Over the channels; `logarithm`: of the result.
struct softmax {
    bool logarithm = false;
};

using operation = std::variant<convolution, pooling, activation, addition, concatenation, softmax>;

/// Values are numbered; that of the input is 0.
using value_id                      = std::size_t;
inline constexpr value_id the_input = 0;

/// A value as a step sees it.
struct operand {
    value_id value = the_input;
    image_shape shape{};
};

struct step {
    std::string node;  ///< "Conv, the node /first/Conv": what it stands for, in messages
    operation what;
    std::vector<operand> inputs;
    operand output;
};

/// What a node gives. It can be explained if it is (C, H, W).
struct result {
    std::string name;  ///< of the node, or of the tensor itself where the node has none
    std::string type;  ///< "Conv", ...
    std::string tensor;
    dims shape;  ///< for each image, as the file has it
    value_id value;
};

struct plan {
    std::vector<index_t> sizes;   ///< of the values: elements for each image
    std::vector<step> steps;      ///< each after those whose outputs it takes
    std::vector<result> results;  ///< in the order of the file, without those that are constants
    value_id scores = the_input;
    index_t classes = 0;

    /// The layers that can be explained: one value for each image, channel and place.
    [[nodiscard]] std::vector<layer<2>> layers() const
    {
        std::vector<layer<2>> all;
        for (auto const& one : results) {
            if (one.shape.size() == 3 && one.value != the_input && one.value != scores && one.shape[1] * one.shape[2] > 1) {
                all.push_back({one.name, one.type, {one.shape[0], one.shape[1], one.shape[2]}});
            }
        }
        return all;
    }
    /// The value of the layer with that name.
    [[nodiscard]] value_id value_of(std::string const& name) const
    {
        for (auto const& one : results) {
            if (one.name == name) { return one.value; }
        }
        throw model_error{"the network has no layer '" + name + "'; name one of layers()"};
    }
};

}  // namespace scorecam::onnx
