#pragma once
// An ONNX network on ONNX Runtime as a model.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <onnxruntime_cxx_api.h>

#include <scorecam/engines/layer.hpp>
#include <scorecam/model.hpp>
#include <scorecam/onnxruntime/file.hpp>
#include <scorecam/onnxruntime/values.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>
#include <scorecam/engines/tokens.hpp>

namespace scorecam::onnxruntime {

/// The environment that networks use whose caller brings none: it logs nothing, errors are thrown.
[[nodiscard]] inline Ort::Env& environment()
{
    static Ort::Env one{ORT_LOGGING_LEVEL_FATAL, "scorecam"};
    return one;
}

/// What may be chosen beside the file and the layers. Threads and execution providers are the session options'.
template <std::size_t SpatialRank = 2>
struct settings {
    Ort::SessionOptions session{};
    std::string input;                                ///< its name; empty: the only one
    std::string output;                               ///< its name; empty: the only one of the form (n, classes)
    std::optional<token_grid<SpatialRank>> tokens{};  ///< layers of tokens are activations, too
};

/// A network with one float32 input, explained at any of its layers: those that are no outputs become some when the file is
/// loaded, in memory. The batch is read and the results are written where they lie; nothing is copied.
///
/// Networks that run one image at a time only, or a fixed number of them, are found out here; max_batch() says so, and
/// smaller batches are filled up. A copy shares the session, and copies may run at the same time.
template <std::size_t SpatialRank = 2>
class basic_network {
public:
    using value_type = float;
    using space_type = host_space;
    using input_type = extents<SpatialRank + 1>;
    using batch_type = tensor_view<float const, SpatialRank + 2>;

    /// Inputs are (C, H, W) = `input`. Layers are named as layers() has them; none: default_layer(). Throws model_error.
    explicit basic_network(std::string const& file, input_type input, std::vector<std::string> const& layer_names = {},
                           settings<SpatialRank> how = {})
        : input_{input}, input_name_{std::move(how.input)}, wanted_output_{std::move(how.output)}
    {
        detail::translated("cannot use the network " + file, [&] {
            auto const bytes = read_file(file);
            auto const graph = graph_of(bytes);
            how.session.AddConfigEntry("session.model_external_initializers_file_folder_path",
                                       std::filesystem::path{file}.parent_path().string().c_str());
            look_at_all_layers(bytes, graph, how);
            choose_layers(layer_names);
            std::vector<std::string> tensors;
            for (auto const& one : taps_) { tensors.push_back(one.tensor); }
            session_ = session_with(bytes, graph, tensors, how.session);
        });
    }

    /// A session of the caller's: of its outputs, those of the form (n, K, h, w) can be explained.
    explicit basic_network(std::shared_ptr<Ort::Session> session, input_type input,
                           std::vector<std::string> const& layer_names = {}, settings<SpatialRank> how = {})
        : session_{std::move(session)}, input_{input}, input_name_{std::move(how.input)},
          wanted_output_{std::move(how.output)}
    {
        detail::translated("cannot use the session", [&] {
            auto const outputs = detail::output_names(*session_);
            std::vector<tap> candidates;
            for (auto const& name : outputs) { candidates.push_back({name, "Output", name}); }
            look_at(*session_, outputs, std::move(candidates), how.tokens);
            choose_layers(layer_names);
        });
    }

    [[nodiscard]] input_type input_shape() const { return input_; }
    [[nodiscard]] index_t max_batch() const { return fixed_batch_ > 0 ? fixed_batch_ : unlimited; }
    [[nodiscard]] index_t classes() const { return classes_; }
    /// The same network for another thread.
    [[nodiscard]] basic_network replica() const { return *this; }

    /// The layers that are explained, and all that could be.
    [[nodiscard]] std::vector<layer<SpatialRank>> const& explained() const { return explained_; }
    [[nodiscard]] std::vector<layer<SpatialRank>> const& layers() const { return layers_; }

    [[nodiscard]] Ort::Session& session() const { return *session_; }

    tensor_view<float const, 2> forward(batch_type batch)
    {
        run(batch, {});
        return {outputs_.data(), batch.extent(0), classes_};
    }

    captured<float, host_space, SpatialRank> capture(batch_type batch)
    {
        auto const seen = capture_layers(batch);
        return {seen.outputs, seen.activations[0]};
    }

    /// An output of a graph is never worked on in place, so that the values are those of the layer itself.
    captured_layers<float, host_space, SpatialRank> capture_layers(batch_type batch)
    {
        run(batch, taps_);
        captured_layers<float, host_space, SpatialRank> seen{{outputs_.data(), batch.extent(0), classes_}, {}};
        for (auto& one : taps_) {
            if (one.form == layer_form::tokens) {
                auto const places = one.shape.size() / one.shape[0];
                auto const tokens = detail::product(one.dims) / one.shape[0];
                one.maps.resize(static_cast<std::size_t>(batch.extent(0) * one.shape.size()));
                lay_out<float, SpatialRank>({one.values.data(), batch.extent(0), tokens, one.shape[0]}, tokens - places,
                                            {one.maps.data(), prepend(one.shape, batch.extent(0))});
            }
            auto const& values = one.form == layer_form::tokens ? one.maps : one.values;
            seen.activations.push_back({values.data(), prepend(one.shape, batch.extent(0))});
        }
        return seen;
    }

private:
    /// A layer as the session has it.
    struct tap {
        std::string name;
        std::string type;
        std::string tensor;
        layer_form form = layer_form::none;
        std::vector<std::int64_t> dims{};  // after the batch
        input_type shape{};                // as activations
        std::vector<float> values{};
        std::vector<float> maps{};  // of tokens
    };

    void look_at_all_layers(std::string const& bytes, graph const& graph, settings<SpatialRank> const& how)
    {
        std::vector<tap> candidates;
        std::vector<std::string> tensors;
        for (auto const& node : graph.nodes) {
            for (std::size_t i = 0; i < node.outputs.size(); ++i) {
                auto const& tensor = node.outputs[i];
                if (tensor.empty() || node.type == "Constant") { continue; }
                candidates.push_back({i == 0 && !node.name.empty() ? node.name : tensor, node.type, tensor});
                tensors.push_back(tensor);
            }
        }
        auto plain = how.session.Clone();
        plain.SetGraphOptimizationLevel(ORT_DISABLE_ALL);
        look_at(*session_with(bytes, graph, tensors, plain), graph.outputs, std::move(candidates), how.tokens);
    }

    static std::shared_ptr<Ort::Session> session_with(std::string const& bytes, graph const& graph,
                                                      std::vector<std::string> const& tensors,
                                                      Ort::SessionOptions const& options)
    {
        std::vector<std::string> further;
        for (auto const& one : tensors) {
            if (std::find(graph.outputs.begin(), graph.outputs.end(), one) == graph.outputs.end()) {
                further.push_back(one);
            }
        }
        auto const file = with_outputs(bytes, further);
        return std::make_shared<Ort::Session>(environment(), file.data(), file.size(), options);
    }

    /// Finds the input, the output, the batches that run and the layers that can be explained: runs zeros once.
    void look_at(Ort::Session& session, std::vector<std::string> const& own_outputs, std::vector<tap> candidates,
                 std::optional<token_grid<SpatialRank>> const& tokens)
    {
        choose_input(session);
        auto const names = detail::output_names(session);
        auto const runs  = [&](index_t n) {
            tensor<float, SpatialRank + 2> zeros{prepend(input_, n)};
            auto const in = detail::value_on(zeros.data(), zeros.size(), detail::dims_of(zeros.shape()));
            return session.Run({}, detail::pointers({input_name_}).data(), &in, 1, detail::pointers(names).data(),
                                names.size());
        };
        index_t n = fixed_batch_ > 0 ? fixed_batch_ : 2;
        std::vector<Ort::Value> values;
        std::size_t suitable = 0;
        try {
            values   = runs(n);
            suitable = choose_output(names, own_outputs, values, n);
        } catch (Ort::Exception const&) {
            if (fixed_batch_ > 0) { throw; }
        }
        if (suitable != 1 && fixed_batch_ == 0) {
            fixed_batch_ = n = 1;
            values           = runs(n);
            suitable         = choose_output(names, own_outputs, values, n);
        }
        if (suitable != 1) {
            throw model_error{"the network needs one output of the form (n, classes); it has" +
                              detail::listed(names, own_outputs, values) +
                              (suitable > 1 || !wanted_output_.empty() ? "; name one of that form in settings::output"
                                                                       : "; export it with its scores")};
        }
        for (auto& one : candidates) {
            auto const at   = std::find(names.begin(), names.end(), one.tensor) - names.begin();
            auto const dims = detail::float_dims(values[static_cast<std::size_t>(at)]);
            if (one.tensor == output_name_ || dims.empty() || dims[0] != n) { continue; }  // or folded into the batch
            one.dims.assign(dims.begin() + 1, dims.end());
            one.form = form_of<SpatialRank>({one.dims.begin(), one.dims.end()}, tokens, one.shape);
            if (one.form == layer_form::none) { continue; }
            layers_.push_back({one.name, one.type, one.shape});
            known_.push_back(std::move(one));
        }
    }

    void choose_input(Ort::Session& session)
    {
        auto const names = detail::input_names(session);
        if (input_name_.empty() && names.size() == 1) { input_name_ = names[0]; }
        auto const at = static_cast<std::size_t>(std::find(names.begin(), names.end(), input_name_) - names.begin());
        if (at == names.size() || names.size() != 1) {
            throw model_error{"the network needs one input, an image; it has" + detail::listed(names) +
                              "; export it with the image alone"};
        }
        auto const type = session.GetInputTypeInfo(at);
        auto const info = type.GetTensorTypeAndShapeInfo();
        if (info.GetElementType() != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT) {
            throw model_error{"the network's input " + input_name_ + " is not of float32; convert the network"};
        }
        auto const dims = info.GetShape();
        bool fits       = dims.size() == SpatialRank + 2;
        for (std::size_t d = 1; fits && d < dims.size(); ++d) { fits = dims[d] < 0 || dims[d] == input_[d - 1]; }
        if (!fits) {
            throw model_error{"the network does not take inputs of " + to_string(input_) + " but of" + detail::text(dims) +
                              " with the batch; give the size and the channels it was made for"};
        }
        fixed_batch_ = dims[0] > 0 ? dims[0] : 0;
    }

    /// How many outputs are of the form (n, classes); the last of them is taken.
    [[nodiscard]] std::size_t choose_output(std::vector<std::string> const& names, std::vector<std::string> const& own,
                                            std::vector<Ort::Value> const& values, index_t n)
    {
        std::size_t suitable = 0;
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (std::find(own.begin(), own.end(), names[i]) == own.end()) { continue; }
            auto const dims   = detail::float_dims(values[i]);
            bool const wanted = wanted_output_.empty() || names[i] == wanted_output_;
            if (!wanted || dims.size() < 2 || dims[0] != n || detail::product(dims) != dims[0] * dims[1]) { continue; }
            output_name_ = names[i];
            output_dims_.assign(dims.begin() + 1, dims.end());
            classes_ = output_dims_[0];
            ++suitable;
        }
        return suitable;
    }

    void choose_layers(std::vector<std::string> const& names)
    {
        explained_ = chosen_layers(layers_, names, classes_);
        for (auto const& one : explained_) {
            auto const same = [&](tap const& t) { return t.name == one.name; };
            taps_.push_back(*std::find_if(known_.begin(), known_.end(), same));
        }
        known_.clear();
    }

    void run(batch_type batch, std::span<tap> taps)
    {
        auto const n = batch.extent(0);
        if (!(trailing<SpatialRank + 1>(batch.shape()) == input_) || n > max_batch()) {
            throw shape_error{"a batch of the shape " + to_string(batch.shape()) + " was given to a network for " +
                              to_string(prepend(input_, max_batch())) + " at most"};
        }
        index_t const size = fixed_batch_ > 0 ? fixed_batch_ : n;
        float const* in    = batch.data();
        if (size != n) {
            filled_up_.resize(static_cast<std::size_t>(size * input_.size()));
            std::copy_n(in, batch.size(), filled_up_.begin());
            in = filled_up_.data();
        }
        std::vector<std::string> names{output_name_};
        std::vector<Ort::Value> values;
        values.push_back(on_own(outputs_, size, output_dims_));
        for (auto& one : taps) {
            names.push_back(one.tensor);
            values.push_back(on_own(one.values, size, one.dims));
        }
        detail::translated("the network failed on a batch of " + to_string(batch.shape()), [&] {
            auto const x = detail::value_on(const_cast<float*>(in), size * input_.size(),  // it is only read
                                            detail::dims_of(prepend(input_, size)));
            session_->Run(Ort::RunOptions{}, detail::pointers({input_name_}).data(), &x, 1, detail::pointers(names).data(),
                          values.data(), values.size());
        });
    }

    /// A tensor that the engine writes to, in memory that is kept.
    static Ort::Value on_own(std::vector<float>& memory, index_t n, std::vector<std::int64_t> dims)
    {
        dims.insert(dims.begin(), n);
        memory.resize(static_cast<std::size_t>(detail::product(dims)));
        return detail::value_on(memory.data(), detail::product(dims), dims);
    }

    static constexpr index_t unlimited = 1 << 20;

    std::shared_ptr<Ort::Session> session_;
    input_type input_;
    std::string input_name_;
    std::string wanted_output_;
    std::string output_name_;
    std::vector<std::int64_t> output_dims_;  // after the batch
    index_t classes_     = 0;
    index_t fixed_batch_ = 0;  // 0: any
    std::vector<layer<SpatialRank>> layers_;
    std::vector<layer<SpatialRank>> explained_;
    std::vector<tap> known_;
    std::vector<tap> taps_;
    std::vector<float> outputs_;
    std::vector<float> filled_up_;
};

using network = basic_network<2>;

static_assert(layered_model<network> && layered_model<basic_network<1>> && layered_model<basic_network<3>>);

}  // namespace scorecam::onnxruntime
