#pragma once
// What an OpenCV network consists of: names, types and shapes, and which layer one would explain.
#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>

#include <scorecam/error.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::opencv {

namespace detail {

/// OpenCV writes to stderr before it throws; the exception says the same. Silent while any of these is in scope, in
/// whatever thread.
class quiet_log {
public:
    quiet_log()
    {
        std::lock_guard const lock{state().mutex};
        if (state().count++ == 0) { state().before = cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT); }
    }
    quiet_log(quiet_log const&)            = delete;
    quiet_log& operator=(quiet_log const&) = delete;
    ~quiet_log()
    {
        std::lock_guard const lock{state().mutex};
        if (--state().count == 0) { cv::utils::logging::setLogLevel(state().before); }
    }

private:
    struct shared {
        std::mutex mutex;
        int count = 0;
        cv::utils::logging::LogLevel before{};
    };
    static shared& state()
    {
        static shared one;
        return one;
    }
};

/// Calls f; an error of OpenCV becomes a model_error that starts with `doing`.
template <class F>
decltype(auto) translated(std::string const& doing, F&& f)
{
    quiet_log const quiet;
    try {
        return f();
    } catch (cv::Exception const& e) {
        std::string said = e.err;
        std::replace(said.begin(), said.end(), '\n', ' ');
        throw model_error{doing + ": OpenCV says: " + said};
    }
}

[[nodiscard]] inline std::vector<int> blob_shape(image_shape const& input, index_t batch)
{
    return {static_cast<int>(batch), static_cast<int>(input[0]), static_cast<int>(input[1]), static_cast<int>(input[2])};
}

}  // namespace detail

/// A layer whose output is (channels, height, width) for each image, with more than one position, and so can be explained.
struct layer {
    std::string name;   ///< as cv::dnn::Net::forward takes it
    std::string type;   ///< OpenCV's name of the operation: "Convolution", "ReLU", "Concat", ...
    image_shape shape;  ///< (K, h, w)
};

/// The layers of `net` that can be explained, in the order of the network, for inputs of the given shape.
/// Throws model_error if the network does not take such inputs.
[[nodiscard]] inline std::vector<layer> spatial_layers(cv::dnn::Net& net, image_shape const& input)
{
    std::vector<int> ids;
    std::vector<std::vector<cv::dnn::MatShape>> in;
    std::vector<std::vector<cv::dnn::MatShape>> out;
    detail::translated("the network does not take inputs of " + to_string(input) +
                           "; give the size and the channels it was made for",
                       [&] { net.getLayersShapes(detail::blob_shape(input, 1), ids, in, out); });

    std::vector<layer> found;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        if (ids[i] == 0 || out[i].empty() || out[i][0].size() != 4) { continue; }  // 0 is the input itself
        if (out[i][0][0] != 1) { continue; }                 // something else was folded into the batch
        if (out[i][0][2] * out[i][0][3] == 1) { continue; }  // no place to point at
        auto const& shape = out[i][0];
        auto const one    = net.getLayer(ids[i]);
        found.push_back({one->name, one->type, {{shape[1], shape[2], shape[3]}}});
    }
    return found;
}

/// The layer to explain if none is named: the last spatial activation before the classifier. That is the last layer that
/// neither pools nor moves values about; one that already holds a map per class is part of
/// the classifier, unless there is no other. Returns null if there is none.
[[nodiscard]] inline layer const* default_layer(std::vector<layer> const& layers, index_t classes)
{
    static std::vector<std::string> const moving{"Pooling", "Dropout", "Identity", "Reshape", "Flatten", "Permute",
                                                 "Const",   "Padding", "Slice",    "Softmax", "SoftMax"};
    layer const* of_classifier = nullptr;
    for (auto l = layers.rbegin(); l != layers.rend(); ++l) {
        if (std::find(moving.begin(), moving.end(), l->type) != moving.end()) { continue; }
        if (l->shape[0] != classes) { return &*l; }
        if (of_classifier == nullptr) { of_classifier = &*l; }
    }
    return of_classifier;
}

/// The layer with the given name; names from ONNX files may leave out OpenCV's prefix "onnx_node!".
/// Throws model_error with the names there are.
[[nodiscard]] inline layer const& layer_named(std::vector<layer> const& layers, std::string const& name)
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

}  // namespace scorecam::opencv
