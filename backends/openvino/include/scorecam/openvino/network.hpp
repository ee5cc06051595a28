#pragma once
// An ONNX or IR network on OpenVINO as a model.
#include <algorithm>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <openvino/openvino.hpp>

#include <scorecam/error.hpp>
#include <scorecam/layer.hpp>
#include <scorecam/model.hpp>
#include <scorecam/tensor_view.hpp>
#include <scorecam/tokens.hpp>

namespace scorecam::openvino {

/// What may be chosen beside the file and the layers. Threads, streams and all else of OpenVINO's are its properties.
template <std::size_t SpatialRank = 2>
struct settings {
    std::string device = "CPU";
    bool bfloat16 = false;  ///< a hint: precision() says what is in force. OpenVINO's own default depends on the processor
    ov::AnyMap properties{};
    std::string output;                               ///< its name; empty: the only one of the form (n, classes)
    std::optional<token_grid<SpatialRank>> tokens{};  ///< layers of tokens are activations, too
};

namespace detail {

/// Calls f; an error of OpenVINO, or ours, becomes a model_error that starts with `doing`.
template <class F>
decltype(auto) translated(std::string const& doing, F&& f)
{
    try {
        return f();
    } catch (ov::Exception const& e) {
        std::string said = e.what();
        std::replace(said.begin(), said.end(), '\n', ' ');
        throw model_error{doing + ": OpenVINO says: " + said};
    } catch (model_error const& e) {
        throw model_error{doing + ": " + e.what()};
    }
}

/// The extents after the batch; nothing if there are none, or if they are not the same for every input.
[[nodiscard]] inline std::optional<std::vector<index_t>> dims_after_batch(ov::PartialShape const& shape, index_t batch)
{
    if (shape.rank().is_dynamic() || shape.size() < 2) { return std::nullopt; }
    if (batch == 0 ? !shape[0].is_dynamic() : shape[0] != ov::Dimension{batch}) { return std::nullopt; }
    std::vector<index_t> dims;
    for (std::size_t d = 1; d < shape.size(); ++d) {
        if (shape[d].is_dynamic()) { return std::nullopt; }
        dims.push_back(shape[d].get_length());
    }
    return dims;
}

[[nodiscard]] inline index_t product(std::vector<index_t> const& dims)
{
    return std::accumulate(dims.begin(), dims.end(), index_t{1}, std::multiplies<>{});
}

template <std::size_t Rank>
[[nodiscard]] ov::Tensor tensor_on(float* data, extents<Rank> const& shape)
{
    return {ov::element::f32, ov::Shape(shape.extent, shape.extent + Rank), data};
}

/// A request of one's own: a copy starts without.
struct own_request {
    std::optional<ov::InferRequest> made;

    own_request() = default;
    own_request(own_request const&) noexcept {}
    own_request(own_request&&) = default;
    own_request& operator=(own_request other) noexcept
    {
        made = std::move(other.made);
        return *this;
    }
    ~own_request() = default;

    ov::InferRequest& of(ov::CompiledModel& compiled)
    {
        if (!made) { made = compiled.create_infer_request(); }
        return *made;
    }
};

}  // namespace detail

/// A network with one float32 input, explained at any of its layers: those that are no outputs become some when the file is
/// loaded, in memory. The batch is read and the results are written where they lie; nothing is copied.
///
/// Networks that run one image at a time only are found out here; max_batch() says so. A copy shares the compiled network
/// and makes requests of its own, so that copies may run at the same time: give num_streams for as many.
template <std::size_t SpatialRank = 2>
class basic_network {
public:
    using value_type = float;
    using space_type = host_space;
    using input_type = extents<SpatialRank + 1>;
    using batch_type = tensor_view<float const, SpatialRank + 2>;

    /// Inputs are (C, H, W) = `input`. Layers are named as layers() has them; none: default_layer(). Throws model_error.
    explicit basic_network(std::string const& file, input_type input, std::vector<std::string> const& layer_names = {},
                           settings<SpatialRank> const& how = {})
        : input_{input}
    {
        detail::translated("cannot use the network " + file, [&] {
            ov::Core core;
            auto const read = core.read_model(file);
            auto whole      = for_any_batch(core, *read, how);
            std::vector<ov::Output<ov::Node>> ports;
            for (auto const& port : whole->outputs()) { consider_output(port, how.output); }
            check_output(whole->outputs());
            for (auto const& node : whole->get_ordered_ops()) {
                std::string const type = node->get_type_name();
                if (type == "Constant" || type == "Parameter" || type == "Result") { continue; }
                for (std::size_t i = 0; i < node->get_output_size(); ++i) {
                    auto const name = node->get_friendly_name() + (i == 0 ? "" : ":" + std::to_string(i));
                    if (consider_layer(node->output(i), name, type, how.tokens)) { ports.push_back(node->output(i)); }
                }
            }
            auto const own = whole->outputs().size();
            for (auto const at : choose_layers(layer_names)) { whole->add_output(ports[at]); }
            compiled_ = core.compile_model(whole, how.device, properties(how));
            for (std::size_t l = 0; l < taps_.size(); ++l) { taps_[l].output = own + l; }
        });
    }

    /// A compiled network of the caller's: of its outputs, those of the form (n, K, h, w) can be explained.
    explicit basic_network(ov::CompiledModel compiled, input_type input, std::vector<std::string> const& layer_names = {},
                           settings<SpatialRank> const& how = {})
        : input_{input}, compiled_{std::move(compiled)}
    {
        detail::translated("cannot use the compiled network", [&] {
            auto const batch = compiled_.input().get_partial_shape()[0];
            fixed_batch_     = batch.is_dynamic() ? 0 : batch.get_length();
            std::vector<std::size_t> outputs;
            for (std::size_t i = 0; i < compiled_.outputs().size(); ++i) {
                auto const& port = compiled_.output(i);
                consider_output(port, how.output);
                if (consider_layer(port, port.get_any_name(), "Output", how.tokens)) { outputs.push_back(i); }
            }
            check_output(compiled_.outputs());
            auto const chosen = choose_layers(layer_names);
            for (std::size_t l = 0; l < taps_.size(); ++l) { taps_[l].output = outputs[chosen[l]]; }
        });
    }

    [[nodiscard]] input_type input_shape() const { return input_; }
    [[nodiscard]] index_t max_batch() const { return fixed_batch_ > 0 ? fixed_batch_ : unlimited; }
    [[nodiscard]] index_t classes() const { return classes_; }

    /// The layers that are explained, and all that could be.
    [[nodiscard]] std::vector<layer<SpatialRank>> const& explained() const { return explained_; }
    [[nodiscard]] std::vector<layer<SpatialRank>> const& layers() const { return layers_; }

    /// What the device computes in: "float32", "bfloat16", ...
    [[nodiscard]] std::string precision() const
    {
        auto const type = compiled_.get_property(ov::hint::inference_precision);
        return type == ov::element::bf16 ? "bfloat16" : type == ov::element::f16 ? "float16" : "float32";
    }

    tensor_view<float const, 2> forward(batch_type batch)
    {
        run(masked_.of(compiled_), batch, {});
        return {outputs_.data(), batch.extent(0), classes_};
    }

    captured<float, host_space, SpatialRank> capture(batch_type batch)
    {
        auto const seen = capture_layers(batch);
        return {seen.outputs, seen.activations[0]};
    }

    /// OpenVINO keeps what is an output out of its fusions, so that the values are those of the layer itself.
    captured_layers<float, host_space, SpatialRank> capture_layers(batch_type batch)
    {
        run(captured_.of(compiled_), batch, taps_);
        captured_layers<float, host_space, SpatialRank> seen{{outputs_.data(), batch.extent(0), classes_}, {}};
        for (auto& one : taps_) {
            if (one.form == layer_form::tokens) {
                auto const tokens  = detail::product(one.dims) / one.shape[0];
                auto const leading = tokens - one.shape.size() / one.shape[0];
                one.maps.resize(static_cast<std::size_t>(batch.extent(0) * one.shape.size()));
                lay_out<float, SpatialRank>({one.values.data(), batch.extent(0), tokens, one.shape[0]}, leading,
                                            {one.maps.data(), prepend(one.shape, batch.extent(0))});
            }
            auto const& values = one.form == layer_form::tokens ? one.maps : one.values;
            seen.activations.push_back({values.data(), prepend(one.shape, batch.extent(0))});
        }
        return seen;
    }

private:
    /// A layer as the network has it.
    struct tap {
        layer_form form;
        std::vector<index_t> dims;  // after the batch
        input_type shape;           // as activations
        std::size_t output = 0;     // of the compiled network
        std::vector<float> values{};
        std::vector<float> maps{};  // of tokens
    };

    static ov::AnyMap properties(settings<SpatialRank> const& how)
    {
        ov::AnyMap all{ov::hint::inference_precision(how.bfloat16 ? ov::element::bf16 : ov::element::f32)};
        for (auto const& [name, value] : how.properties) { all[name] = value; }
        return all;
    }

    /// The network for inputs of the given shape in batches of any size, or, if it does not run so, of the size it was made
    /// for or 1.
    std::shared_ptr<ov::Model> for_any_batch(ov::Core& core, ov::Model const& read, settings<SpatialRank> const& how)
    {
        if (read.inputs().size() != 1 || read.input().get_element_type() != ov::element::f32) {
            throw model_error{"the network needs one input of float32, an image; it has " +
                              std::to_string(read.inputs().size()) + ", the first of " +
                              read.input(0).get_element_type().to_string()};
        }
        auto const declared = read.input().get_partial_shape();
        auto const own_size = declared.rank().is_static() && declared[0].is_static() ? declared[0].get_length() : 1;
        try {
            auto any     = with_batch(read, -1);
            auto trial   = core.compile_model(any, how.device, properties(how));
            auto request = trial.create_infer_request();
            std::vector<float> zeros(static_cast<std::size_t>(2 * input_.size()));
            request.set_input_tensor(detail::tensor_on(zeros.data(), prepend(input_, 2)));
            request.infer();
            auto const follows = [&](std::size_t i) { return request.get_output_tensor(i).get_shape().at(0) == 2; };
            bool all           = true;
            for (std::size_t i = 0; i < any->outputs().size(); ++i) { all = all && follows(i); }
            if (all) { return any; }
        } catch (std::exception const&) {  // said below, if the other size does not run either
        }
        fixed_batch_ = own_size;
        try {
            return with_batch(read, own_size);
        } catch (ov::Exception const&) {
            throw model_error{"the network does not take inputs of " + to_string(input_) + " but of " +
                              declared.to_string() + " with the batch; give the size and the channels it was made for"};
        }
    }

    [[nodiscard]] std::shared_ptr<ov::Model> with_batch(ov::Model const& read, index_t n) const
    {
        auto copy = read.clone();
        ov::PartialShape shape{n};
        for (std::size_t d = 0; d <= SpatialRank; ++d) { shape.push_back(input_[d]); }
        copy->reshape(shape);
        return copy;
    }

    template <class Port>
    void consider_output(Port const& port, std::string const& wanted)
    {
        auto const number = outputs_seen_++;
        auto const dims   = detail::dims_after_batch(port.get_partial_shape(), fixed_batch_);
        bool const named  = wanted.empty() || port.get_names().count(wanted) > 0;
        if (!named || !dims || detail::product(*dims) != dims->front() || port.get_element_type() != ov::element::f32) {
            return;
        }
        output_      = number;
        output_dims_ = *dims;
        classes_     = dims->front();
        ++suitable_outputs_;
    }

    template <class Ports>
    void check_output(Ports const& ports) const
    {
        if (suitable_outputs_ == 1) { return; }
        std::string found;
        for (auto const& port : ports) {
            found += " " + (port.get_names().empty() ? std::string{"unnamed"} : port.get_any_name()) + " " +
                     port.get_partial_shape().to_string();
        }
        throw model_error{"the network needs one output of the form (n, classes); it has" + found};
    }

    template <class Port>
    bool consider_layer(Port const& port, std::string const& name, std::string const& type,
                        std::optional<token_grid<SpatialRank>> const& tokens)
    {
        auto const dims = detail::dims_after_batch(port.get_partial_shape(), fixed_batch_);
        if (!dims || port.get_element_type() != ov::element::f32) { return false; }
        input_type shape{};
        auto const form = form_of<SpatialRank>(*dims, tokens, shape);
        if (form == layer_form::none) { return false; }
        layers_.push_back({name, type, shape});
        known_.push_back({form, *dims, shape});
        return true;
    }

    /// The numbers of the chosen layers among layers().
    std::vector<std::size_t> choose_layers(std::vector<std::string> const& names)
    {
        explained_ = chosen_layers(layers_, names, classes_);
        std::vector<std::size_t> numbers;
        for (auto const& one : explained_) {
            auto const same = [&](layer<SpatialRank> const& other) { return other.name == one.name; };
            auto const at   = std::find_if(layers_.begin(), layers_.end(), same) - layers_.begin();
            numbers.push_back(static_cast<std::size_t>(at));
            taps_.push_back(known_[numbers.back()]);
        }
        return numbers;
    }

    void run(ov::InferRequest& request, batch_type batch, std::span<tap> taps)
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
        detail::translated("the network failed on a batch of " + to_string(batch.shape()), [&] {
            request.set_input_tensor(detail::tensor_on(const_cast<float*>(in), prepend(input_, size)));  // it is only read
            request.set_output_tensor(output_, on_own(outputs_, size, output_dims_));
            for (auto& one : taps) { request.set_output_tensor(one.output, on_own(one.values, size, one.dims)); }
            request.infer();
        });
    }

    /// A tensor that the engine writes to, in memory that is kept.
    static ov::Tensor on_own(std::vector<float>& memory, index_t n, std::vector<index_t> const& dims)
    {
        ov::Shape shape{static_cast<std::size_t>(n)};
        for (auto const d : dims) { shape.push_back(static_cast<std::size_t>(d)); }
        memory.resize(ov::shape_size(shape));
        return {ov::element::f32, shape, memory.data()};
    }

    static constexpr index_t unlimited = 1 << 20;

    input_type input_;
    ov::CompiledModel compiled_;
    detail::own_request masked_;
    detail::own_request captured_;  // its outputs for the layers are in taps_
    std::size_t output_           = 0;
    std::size_t outputs_seen_     = 0;
    std::size_t suitable_outputs_ = 0;
    std::vector<index_t> output_dims_;  // after the batch
    index_t classes_     = 0;
    index_t fixed_batch_ = 0;  // 0: any
    std::vector<layer<SpatialRank>> layers_;
    std::vector<layer<SpatialRank>> explained_;
    std::vector<tap> known_;  // as layers_
    std::vector<tap> taps_;   // as explained_
    std::vector<float> outputs_;
    std::vector<float> filled_up_;
};

using network = basic_network<2>;

static_assert(layered_model<network> && layered_model<basic_network<1>> && layered_model<basic_network<3>>);

}  // namespace scorecam::openvino
