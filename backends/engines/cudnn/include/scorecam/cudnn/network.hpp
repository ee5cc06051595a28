#pragma once
// A feed-forward ONNX network on cuDNN as a model, on the caller's stream.
//
// Tested against a cuDNN that computes on the host, and with cuDNN 9 on an H200.
#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <cuda_runtime_api.h>

#include <scorecam/batch_view.hpp>
#include <scorecam/cudnn/executor.hpp>
#include <scorecam/engines/layer.hpp>
#include <scorecam/engines/onnx/file.hpp>
#include <scorecam/engines/ports.hpp>
#include <scorecam/error.hpp>
#include <scorecam/model.hpp>
#include <scorecam/onnx/channels_last.hpp>
#include <scorecam/onnx/fuse.hpp>
#include <scorecam/onnx/lower.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::cudnn {

/// What may be chosen beside the file and the layers.
struct settings {
    arithmetic precision  = arithmetic::float32;      ///< of a network of floats
    std::string output    = {};                       ///< its name; empty: the only one of the form (n, classes)
    std::size_t workspace = std::size_t{256} << 20U;  ///< bytes that a convolution may use beside its operands
};

/// A network with one input, explained at any of its layers: what is explained is computed as it is, everything else is
/// fused where it can be. Files are those of the other engines, in float32; an operator that cannot be run is named, with
/// its node.
///
/// Values and weights are of type Element: float, or __nv_bfloat16, which is computed with the channels last; products are
/// summed in float32. Outputs and activations are floats, as ONNX has them, in any case; of bfloat16 they are made by a
/// kernel, so that a program without nvcc links scorecam::cuda_kernels as well.
///
/// Batches of any size run, as far as cuDNN's 32-bit sizes reach, also of files that were made for one image. It belongs to
/// the device that is current when it is made.
template <class Element>
class basic_network {
    using runs = executor<Element>;

public:
    using value_type                     = float;
    using space_type                     = cuda_space;
    using batch_value_type               = Element;
    static constexpr layout batch_layout = form_of<Element>.order;
    using input_type                     = image_shape;
    using batch_type                     = typename runs::batch_type;
    using layers_seen                    = captured_layers<float, cuda_space>;

    /// Runs of as many images do the same work at the same place. Set to false, nothing is recorded.
    bool capturable = true;

    /// Inputs are (C, H, W) = `input`. Layers are named as layers() has them; none: default_layer(). Throws model_error.
    explicit basic_network(std::string const& file, input_type input, std::vector<std::string> const& layer_names = {},
                           settings how = {})
        : input_{input}, precision_{how.precision}
    {
        try {
            auto plan  = onnx::lowered(onnx::read_file(file), input, how.output);
            classes_   = plan.classes;
            layers_    = plan.layers();
            explained_ = chosen_layers(layers_, layer_names, classes_);
            for (auto const& one : explained_) { taps_.push_back(plan.value_of(one.name)); }
            for (auto const size : plan.sizes) { largest_ = std::max(largest_, size); }
            plan = onnx::fused(std::move(plan), taps_);
            if (batch_layout == layout::channels_last) { plan = onnx::for_channels_last(std::move(plan), input); }
            runs_ = std::make_unique<runs>(std::move(plan), taps_, precision_, how.workspace);
        } catch (model_error const& e) {
            throw model_error{"cannot use the network " + file + ": " + e.what()};
        }
    }

    [[nodiscard]] input_type input_shape() const { return input_; }
    [[nodiscard]] index_t max_batch() const { return std::numeric_limits<int>::max() / largest_; }
    /// So many that layers of 7 × 7 places still fill a large GPU: 3136 of them. Not measured.
    [[nodiscard]] index_t preferred_batch() const { return std::min<index_t>(64, max_batch()); }
    [[nodiscard]] index_t classes() const { return classes_; }
    [[nodiscard]] std::string precision() const
    {
        if (!std::is_same_v<Element, float>) { return "bfloat16"; }
        return precision_ == arithmetic::tf32 ? "tf32" : "float32";
    }

    /// The layers that are explained, and all that could be.
    [[nodiscard]] std::vector<layer<2>> const& explained() const { return explained_; }
    [[nodiscard]] std::vector<layer<2>> const& layers() const { return layers_; }

    tensor_view<float const, 2, cuda_space> forward(batch_type batch, cudaStream_t stream)
    {
        run(batch, stream, false);
        return scores(batch);
    }

    captured<float, cuda_space> capture(batch_type batch, cudaStream_t stream)
    {
        run(batch, stream, true);
        return {scores(batch), activations(0, batch)};
    }

    layers_seen capture_layers(batch_type batch, cudaStream_t stream)
    {
        run(batch, stream, true);
        layers_seen seen{scores(batch), {}};
        for (std::size_t l = 0; l < taps_.size(); ++l) { seen.activations.push_back(activations(l, batch)); }
        return seen;
    }

private:
    void run(batch_type batch, cudaStream_t stream, bool captures)
    {
        auto const largest = extents_in_memory(prepend(input_, max_batch()), batch_layout);
        engines::expect_batch(batch.shape(), trailing<3>(largest), max_batch());
        try {
            runs_->run(batch, stream, captures);
        } catch (model_error const& e) {
            throw model_error{"the network failed on a batch of " + to_string(batch.shape()) + ": " + e.what()};
        }
    }
    [[nodiscard]] tensor_view<float const, 2, cuda_space> scores(batch_type batch) const
    {
        return {runs_->value(runs_->plan().scores), batch.extent(0), classes_};
    }
    [[nodiscard]] tensor_view<float const, 4, cuda_space> activations(std::size_t l, batch_type batch) const
    {
        return {runs_->value(taps_[l]), prepend(explained_[l].shape, batch.extent(0))};
    }

    input_type input_;
    arithmetic precision_;
    index_t classes_ = 0;
    index_t largest_ = 1;  // value, in elements for each image
    std::vector<layer<2>> layers_;
    std::vector<layer<2>> explained_;
    std::vector<onnx::value_id> taps_;  // of those explained
    std::unique_ptr<runs> runs_;
};

using network          = basic_network<float>;
using bfloat16_network = basic_network<__nv_bfloat16>;

static_assert(layered_model<network> && layered_model<bfloat16_network>);

}  // namespace scorecam::cudnn
