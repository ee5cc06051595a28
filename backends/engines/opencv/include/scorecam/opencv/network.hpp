#pragma once
// A cv::dnn network (ONNX, Caffe, TensorFlow, ...) as a model.
#include <string>
#include <utility>
#include <vector>

#include <opencv2/dnn.hpp>

#include <scorecam/model.hpp>
#include <scorecam/opencv/layers.hpp>

namespace scorecam::opencv {

/// Reads a network: an ONNX file alone, or weights and description of Caffe or TensorFlow. Throws model_error.
[[nodiscard]] inline cv::dnn::Net read_network(std::string const& file, std::string const& description = "")
{
    return detail::translated("cannot read the network " + file, [&] { return cv::dnn::readNet(file, description); });
}

/// A network with one image input, explained at one of its layers or at several. Of its outputs the one of the form (n,
/// classes) counts.
///
/// cv::dnn::Net is a handle: the caller's copy and this one are the same network. Threads, backend and target are whatever
/// the caller set on it. Networks that OpenCV can only run one image at a time are found out here; max_batch() says so.
class network {
public:
    using value_type = float;
    using space_type = host_space;

    /// Inputs are (C, H, W) = `input`. Layers are named as layers() has them; none: default_layer(). Throws model_error.
    explicit network(cv::dnn::Net net, image_shape input, std::vector<std::string> const& layer_names = {})
        : net_{std::move(net)}, input_{input}
    {
        layers_ = spatial_layers(net_, input_);
        choose_output();
        probe_batches();
        explained_ = chosen_layers(layers_, layer_names, classes_);
    }

    [[nodiscard]] image_shape input_shape() const { return input_; }
    [[nodiscard]] index_t max_batch() const { return max_batch_; }
    [[nodiscard]] index_t classes() const { return classes_; }

    /// The layers that are explained, and all that could be.
    [[nodiscard]] std::vector<layer<2>> const& explained() const { return explained_; }
    [[nodiscard]] std::vector<layer<2>> const& layers() const { return layers_; }

    tensor_view<float const, 2> forward(tensor_view<float const, 4> batch)
    {
        output_ = detail::translated("the network failed on a batch of " + to_string(batch.shape()), [&] {
            net_.setInput(blob(batch));
            return net_.forward(output_name_);
        });
        return outputs_of(output_, batch.extent(0));
    }

    captured<float> capture(tensor_view<float const, 4> batch)
    {
        auto const seen = capture_layers(batch);
        return {seen.outputs, seen.activations[0]};
    }

    /// OpenCV keeps the layers that are asked for out of its layer fusion, so that the values are those of the layer itself.
    captured_layers<float> capture_layers(tensor_view<float const, 4> batch)
    {
        std::vector<cv::String> names{output_name_};
        for (auto const& one : explained_) { names.push_back(one.name); }
        detail::translated("the network failed on a batch of " + to_string(batch.shape()), [&] {
            net_.setInput(blob(batch));
            net_.forward(captured_, names);
        });
        captured_layers<float> seen{outputs_of(captured_[0], batch.extent(0)), {}};
        for (std::size_t l = 0; l < explained_.size(); ++l) {
            auto const& activation = captured_[l + 1];
            auto const wanted      = prepend(explained_[l].shape, batch.extent(0));
            if (activation.type() != CV_32F || !activation.isContinuous() ||
                static_cast<index_t>(activation.total()) != wanted.size()) {
                throw model_error{"the layer " + explained_[l].name +
                                  " does not give a contiguous float32 tensor of the shape " + to_string(wanted)};
            }
            seen.activations.push_back({activation.ptr<float>(), wanted});
        }
        return seen;
    }

private:
    /// A header over the caller's memory; cv::dnn copies it once.
    static cv::Mat blob(tensor_view<float const, 4> batch)
    {
        auto const shape = detail::blob_shape(trailing<3>(batch.shape()), batch.extent(0));
        return {4, shape.data(), CV_32F,
                const_cast<float*>(batch.data())};  // cv::Mat has no read-only form; it is only read
    }

    static tensor_view<float const, 2> outputs_of(cv::Mat const& output, index_t n)
    {
        if (output.type() != CV_32F || !output.isContinuous()) {
            throw model_error{"the network's output is not a contiguous float32 tensor"};
        }
        return {output.ptr<float>(), n, static_cast<index_t>(output.total()) / n};
    }

    void choose_output()
    {
        std::vector<cv::Mat> outputs;
        auto const names = net_.getUnconnectedOutLayersNames();
        detail::translated("the network does not run", [&] {
            net_.setInput(cv::Mat{detail::blob_shape(input_, 1), CV_32F, cv::Scalar(0)});
            net_.forward(outputs, names);
        });
        std::string found;
        int suitable = 0;
        for (std::size_t i = 0; i < names.size(); ++i) {
            auto const& output = outputs[i];
            bool const suits   = output.dims >= 2 && output.total() == static_cast<std::size_t>(output.size[0]) *
                                                                         static_cast<std::size_t>(output.size[1]);
            if (suits) {
                output_name_ = names[i];
                ++suitable;
            }
            found += " " + names[i];
            for (int d = 0; d < output.dims; ++d) { found += (d == 0 ? " (" : ", ") + std::to_string(output.size[d]); }
            found += ")";
        }
        if (suitable != 1) { throw model_error{"the network needs one output of the form (n, classes); it has" + found}; }
    }

    void probe_batches()
    {
        auto const outputs_for = [&](index_t n) {
            cv::Mat const zeros{detail::blob_shape(input_, n), CV_32F, cv::Scalar(0)};
            detail::quiet_log const quiet;
            net_.setInput(zeros);
            return static_cast<index_t>(net_.forward(output_name_).total());
        };
        classes_ = detail::translated("the network does not run", [&] { return outputs_for(1); });
        try {
            max_batch_ = outputs_for(2) == 2 * classes_ ? unlimited : 1;
        } catch (cv::Exception const&) {
            max_batch_ = 1;
        }
        if (max_batch_ == 1) { outputs_for(1); }  // leaves the network ready for what it can do
    }

    static constexpr index_t unlimited = 1 << 20;

    cv::dnn::Net net_;
    image_shape input_;
    cv::String output_name_;
    std::vector<layer<2>> layers_;
    std::vector<layer<2>> explained_;
    index_t classes_   = 0;
    index_t max_batch_ = unlimited;
    cv::Mat output_;
    std::vector<cv::Mat> captured_;  // the outputs, then each layer
};

static_assert(layered_model<network>);

}  // namespace scorecam::opencv
