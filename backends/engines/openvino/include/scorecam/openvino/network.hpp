#pragma once
// An ONNX or IR network on OpenVINO as a model.
#include <algorithm>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <openvino/frontend/manager.hpp>
#include <openvino/openvino.hpp>

#include <scorecam/error.hpp>
#include <scorecam/engines/layer.hpp>
#include <scorecam/model.hpp>
#include <scorecam/tensor_view.hpp>
#include <scorecam/engines/tokens.hpp>

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

/// What OpenVINO says, on one line.
[[nodiscard]] inline std::string said_by(ov::Exception const& e)
{
    std::string said = e.what();
    while (!said.empty() && (said.back() == '\n' || said.back() == ' ')) { said.pop_back(); }
    std::replace(said.begin(), said.end(), '\n', ' ');
    return "OpenVINO says: " + said;
}

/// Calls f; an error of OpenVINO, or ours, becomes a model_error that starts with `doing`.
template <class F>
decltype(auto) translated(std::string const& doing, F&& f)
{
    try {
        return f();
    } catch (ov::Exception const& e) {
        throw model_error{doing + ": " + said_by(e)};
    } catch (model_error const& e) {
        throw model_error{doing + ": " + e.what()};
    }
}

/// The network in a file. Of a file that is none OpenVINO would ask all its readers, one of which writes to stderr: so what
/// is not named as another format is given to the reader of ONNX files alone.
[[nodiscard]] inline std::shared_ptr<ov::Model> read(ov::Core& core, std::string const& file)
{
    std::string const advice = "; pass the name of an ONNX (.onnx) or IR (.xml) file";
    std::error_code none;
    if (!std::filesystem::is_regular_file(file, none) || std::filesystem::file_size(file, none) == 0) {
        throw model_error{"there is no such file, or nothing in it" + advice};
    }
    static std::set<std::string> const others{".xml", ".pb", ".tflite", ".pdmodel"};
    if (others.count(std::filesystem::path{file}.extension().string()) > 0) { return core.read_model(file); }
    try {
        auto const reader = ov::frontend::FrontEndManager{}.load_by_framework("onnx");
        return reader->convert(reader->load(file));
    } catch (ov::Exception const& e) {
        throw model_error{"it cannot be read as ONNX" + advice + "; " + said_by(e)};
    }
}

/// The extents after a batch of the given size; nothing if the batch is not there, or if they differ from input to input.
[[nodiscard]] inline std::optional<std::vector<index_t>> dims_after_batch(ov::PartialShape const& shape, index_t batch)
{
    if (shape.is_dynamic() || shape.size() < 2 || shape[0].get_length() != batch) { return std::nullopt; }
    std::vector<index_t> dims;
    for (std::ptrdiff_t d = 1; d < static_cast<std::ptrdiff_t>(shape.size()); ++d) { dims.push_back(shape[d].get_length()); }
    return dims;
}

/// "(n, 3, 224, 224)"
[[nodiscard]] inline std::string text(ov::PartialShape const& shape)
{
    if (shape.rank().is_dynamic()) { return "(...)"; }
    std::string all;
    for (auto const& d : shape) {
        all += (all.empty() ? "(" : ", ") + (d.is_dynamic() ? std::string{"n"} : std::to_string(d.get_length()));
    }
    return all + ")";
}
template <class Port>
[[nodiscard]] std::string name_of(Port const& port)
{
    return port.get_names().empty() ? std::string{"unnamed"} : port.get_any_name();
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
/// Networks that run one image at a time only, or a fixed number of them, are found out here; max_batch() says so, and
/// smaller batches are filled up. A copy shares the compiled network and makes requests of its own, so that copies may run
/// at the same time: give num_streams for as many.
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
            auto const read = detail::read(core, file);
            check_input(read->inputs());
            auto const whole  = for_any_batch(core, *read, how);
            auto const ports  = look_at_all_layers(*whole, how.tokens);
            auto const chosen = choose_layers(layer_names);
            for (std::size_t l = 0; l < taps_.size(); ++l) { taps_[l].output = output_of(*whole, ports[chosen[l]]); }
            compiled_ = core.compile_model(whole, how.device, properties(how));
        });
    }

    /// A compiled network of the caller's: of its outputs, those of the form (n, K, h, w) can be explained.
    explicit basic_network(ov::CompiledModel compiled, input_type input, std::vector<std::string> const& layer_names = {},
                           settings<SpatialRank> const& how = {})
        : input_{input}, compiled_{std::move(compiled)}
    {
        detail::translated("cannot use the compiled network", [&] {
            check_input(compiled_.inputs());
            auto const shapes = shapes_of_outputs(how.output);
            std::vector<std::size_t> outputs;
            for (std::size_t i = 0; i < shapes.size(); ++i) {
                auto const& port = compiled_.output(i);
                if (consider_layer(port.get_element_type(), shapes[i], detail::name_of(port), "Output", how.tokens)) {
                    outputs.push_back(i);
                }
            }
            auto const chosen = choose_layers(layer_names);
            for (std::size_t l = 0; l < taps_.size(); ++l) { taps_[l].output = outputs[chosen[l]]; }
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

    template <class Ports>
    static void check_input(Ports const& inputs)
    {
        if (inputs.size() == 1 && inputs[0].get_element_type() == ov::element::f32) { return; }
        std::string found;
        for (auto const& port : inputs) {
            found += (found.empty() ? " " : ", ") + detail::name_of(port) + " of " + port.get_element_type().to_string();
        }
        throw model_error{"the network needs one input of float32, an image; it has" + found +
                          "; export it with such an input alone"};
    }

    /// The network for inputs of the given shape in batches of any size, or, if it does not run so, of the size it was made
    /// for or 1.
    std::shared_ptr<ov::Model> for_any_batch(ov::Core& core, ov::Model const& read, settings<SpatialRank> const& how)
    {
        try {
            auto any = read.clone();
            set_batch(*any, any_size);
            auto trial = core.compile_model(any, how.device, properties(how));
            if (choose_output(any->outputs(), shapes_of_run(trial, trial_size), how.output, trial_size) == 1) { return any; }
        } catch (std::exception const&) {  // said below, if the other size does not run either
        }
        auto const declared = read.input().get_partial_shape();
        fixed_batch_        = declared.rank().is_static() && declared[0].is_static() ? declared[0].get_length() : 1;
        auto fixed          = read.clone();
        try {
            set_batch(*fixed, fixed_batch_);
        } catch (ov::Exception const&) {
            throw wrong_input(declared);
        }
        std::vector<ov::PartialShape> shapes;
        for (auto const& port : fixed->outputs()) { shapes.push_back(port.get_partial_shape()); }
        check_output(fixed->outputs(), shapes, how.output, fixed_batch_);
        return fixed;
    }

    void set_batch(ov::Model& network, ov::Dimension n) const
    {
        ov::PartialShape shape{n};
        for (std::size_t d = 0; d <= SpatialRank; ++d) { shape.push_back(input_[d]); }
        network.reshape(shape);
    }

    [[nodiscard]] model_error wrong_input(ov::PartialShape const& declared) const
    {
        return model_error{"the network does not take inputs of " + to_string(input_) + " but of " + detail::text(declared) +
                           " with the batch; give the size and the channels it was made for"};
    }

    /// Runs zeros.
    [[nodiscard]] std::vector<ov::PartialShape> shapes_of_run(ov::CompiledModel& compiled, index_t n) const
    {
        auto request = compiled.create_infer_request();
        std::vector<float> zeros(static_cast<std::size_t>(n * input_.size()));
        request.set_input_tensor(detail::tensor_on(zeros.data(), prepend(input_, n)));
        request.infer();
        std::vector<ov::PartialShape> shapes;
        for (std::size_t i = 0; i < compiled.outputs().size(); ++i) {
            shapes.emplace_back(request.get_output_tensor(i).get_shape());
        }
        return shapes;
    }

    /// Of the caller's compiled network. Finds the batches that run.
    [[nodiscard]] std::vector<ov::PartialShape> shapes_of_outputs(std::string const& wanted)
    {
        auto const declared = compiled_.input().get_partial_shape();
        ov::PartialShape image{any_size};
        for (std::size_t d = 0; d <= SpatialRank; ++d) { image.push_back(input_[d]); }
        if (!declared.compatible(image)) { throw wrong_input(declared); }
        fixed_batch_ = declared.rank().is_static() && declared[0].is_static() ? declared[0].get_length() : 0;
        if (fixed_batch_ == 0) {
            try {
                auto shapes = shapes_of_run(compiled_, trial_size);
                if (choose_output(compiled_.outputs(), shapes, wanted, trial_size) == 1) { return shapes; }
            } catch (ov::Exception const&) {  // said below, if one image does not run either
            }
            fixed_batch_ = 1;
        }
        auto shapes = shapes_of_run(compiled_, fixed_batch_);
        check_output(compiled_.outputs(), shapes, wanted, fixed_batch_);
        return shapes;
    }

    /// How many outputs are of the form (n, classes); the last of them is taken.
    template <class Ports>
    int choose_output(Ports const& ports, std::vector<ov::PartialShape> const& shapes, std::string const& wanted, index_t n)
    {
        int suitable = 0;
        for (std::size_t i = 0; i < ports.size(); ++i) {
            auto const dims  = detail::dims_after_batch(shapes[i], n);
            bool const named = wanted.empty() || ports[i].get_names().count(wanted) > 0;
            bool const suits = named && dims && detail::product(*dims) == dims->front();
            if (!suits || ports[i].get_element_type() != ov::element::f32) { continue; }
            output_      = i;
            output_dims_ = *dims;
            classes_     = dims->front();
            ++suitable;
        }
        return suitable;
    }

    template <class Ports>
    void check_output(Ports const& ports, std::vector<ov::PartialShape> const& shapes, std::string const& wanted, index_t n)
    {
        auto const suitable = choose_output(ports, shapes, wanted, n);
        if (suitable == 1) { return; }
        std::string found;
        for (std::size_t i = 0; i < ports.size(); ++i) {
            found += (found.empty() ? " " : ", ") + detail::name_of(ports[i]) + " " + detail::text(shapes[i]);
        }
        throw model_error{"the network needs one output of the form (n, classes); it has" + found +
                          (suitable > 1 || !wanted.empty() ? "; name one of that form in settings::output"
                                                           : "; export it with its scores")};
    }

    /// Where the layers are. All extents are known when that of the batch is.
    std::vector<ov::Output<ov::Node>> look_at_all_layers(ov::Model& network,
                                                         std::optional<token_grid<SpatialRank>> const& tokens)
    {
        if (fixed_batch_ == 0) { set_batch(network, trial_size); }
        std::vector<ov::Output<ov::Node>> ports;
        for (auto const& node : network.get_ordered_ops()) {
            std::string const type = node->get_type_name();
            if (type == "Constant" || type == "Parameter" || type == "Result") { continue; }
            for (auto const& port : node->outputs()) {
                auto const number = port.get_index() == 0 ? "" : ":" + std::to_string(port.get_index());
                auto const name   = node->get_friendly_name() + number;
                if (consider_layer(port.get_element_type(), port.get_partial_shape(), name, type, tokens)) {
                    ports.push_back(port);
                }
            }
        }
        if (fixed_batch_ == 0) { set_batch(network, any_size); }
        return ports;
    }

    /// The number of the output that shows a port. It may be one already; OpenVINO adds none twice.
    static std::size_t output_of(ov::Model& network, ov::Output<ov::Node> const& port)
    {
        auto const outputs = network.outputs();
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            if (outputs[i].get_node()->input_value(0) == port) { return i; }
        }
        network.add_output(port);
        return outputs.size();
    }

    bool consider_layer(ov::element::Type of, ov::PartialShape const& output, std::string const& name,
                        std::string const& type, std::optional<token_grid<SpatialRank>> const& tokens)
    {
        auto const dims = detail::dims_after_batch(output, fixed_batch_ > 0 ? fixed_batch_ : trial_size);
        if (!dims || of != ov::element::f32) { return false; }
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

    static constexpr index_t unlimited  = 1 << 20;
    static constexpr index_t any_size   = -1;  // OpenVINO's
    static constexpr index_t trial_size = 2;   // of a batch, to see what follows it

    input_type input_;
    ov::CompiledModel compiled_;
    detail::own_request masked_;
    detail::own_request captured_;  // its outputs for the layers are in taps_
    std::size_t output_ = 0;
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
