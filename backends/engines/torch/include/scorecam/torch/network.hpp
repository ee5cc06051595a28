#pragma once
// A TorchScript module as a model.
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ATen/core/ivalue.h>  // first: clang in C++20 takes LibTorch 1.13 in no other order

#include <c10/core/InferenceMode.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <scorecam/engines/layer.hpp>
#include <scorecam/model.hpp>
#include <scorecam/tensor_view.hpp>
#include <scorecam/engines/tokens.hpp>
#include <scorecam/torch/graph.hpp>
#include <scorecam/torch/tensors.hpp>

namespace scorecam::torch {

/// What may be chosen beside the module and the layers.
template <std::size_t SpatialRank = 2>
struct settings {
    /// The batch's order in memory. On CPUs it halves the time of many networks: the batch is copied once, and convolutions
    /// need not reorder. None: on the host, unless the module refuses it, as view() on what a convolution returned does.
    std::optional<bool> channels_last{};
    /// A converted copy of the module runs the masked images; the one capturing pass runs in the module's own type.
    bool bfloat16 = false;
    /// A frozen copy of the module runs the masked images, if Torch can make one. It does not see later changes of weights.
    bool frozen = true;
    std::optional<std::size_t> output{};              ///< which of the tensors returned; none: the only one (n, classes)
    std::optional<token_grid<SpatialRank>> tokens{};  ///< layers of tokens are activations, too
};

namespace detail {

/// The tensors in what a module returned: itself, or those in tuples, lists and dictionaries, in order.
[[nodiscard]] inline std::vector<at::Tensor> tensors_in(c10::IValue const& value)
{
    std::vector<at::Tensor> found;
    auto const add = [&](c10::IValue const& one) {
        auto const more = tensors_in(one);
        found.insert(found.end(), more.begin(), more.end());
    };
    if (value.isTensor()) { found.push_back(value.toTensor()); }
    if (value.isTuple()) {
        for (auto const& one : value.toTupleRef().elements()) { add(one); }
    }
    if (value.isList()) {
        for (auto const& one : value.toListRef()) { add(one); }
    }
    if (value.isGenericDict()) {
        for (auto const& one : value.toGenericDict()) { add(one.value()); }
    }
    return found;
}

/// The type of numbers a module calculates with: that of its first parameter.
[[nodiscard]] inline at::ScalarType type_of(::torch::jit::Module const& module)
{
    for (auto const& one : module.parameters()) {
        if (one.is_floating_point()) { return one.scalar_type(); }
    }
    return at::kFloat;
}

[[nodiscard]] inline std::string name_of(at::ScalarType type)
{
    switch (type) {
    case at::kFloat:
        return "float32";
    case at::kDouble:
        return "float64";
    case at::kHalf:
        return "float16";
    case at::kBFloat16:
        return "bfloat16";
    default:
        return c10::toString(type);
    }
}

/// A graph of a module's forward, ready to run. Copies share it and may run at the same time.
class runnable {
public:
    runnable() = default;
    runnable(::torch::jit::Module const& module, std::shared_ptr<::torch::jit::Graph> const& graph, at::ScalarType type,
             ::torch::jit::ExecutorExecutionMode mode)
        : module_{module}, type_{type}, executor_{graph, "forward", mode}
    {
    }

    [[nodiscard]] at::ScalarType type() const { return type_; }

    /// What forward returns, then what the graph returns beyond.
    [[nodiscard]] std::vector<c10::IValue> operator()(at::Tensor const& batch)
    {
        std::vector<c10::IValue> stack{module_._ivalue(), batch};
        module_.get_method("forward").function().getSchema().checkAndNormalizeInputs(stack);  // arguments with defaults
        executor_.run(stack);
        return stack;
    }

private:
    ::torch::jit::Module module_;
    at::ScalarType type_ = at::kFloat;
    ::torch::jit::GraphExecutor executor_;
};

/// "MaxPool" of "MaxPool2d", "AvgPool" of "AdaptiveAvgPool2d": as default_layer knows them from other engines.
[[nodiscard]] inline std::string general(std::string type)
{
    if (type.ends_with("1d") || type.ends_with("2d") || type.ends_with("3d")) { type.resize(type.size() - 2); }
    return type.starts_with("Adaptive") ? type.substr(8) : type;
}

}  // namespace detail

/// A TorchScript module with one input, explained at any submodule that its forward calls, by its path: "features.12". The
/// batch is read and the results are viewed where they lie; only another layout or type is a copy.
///
/// Modules that run one image at a time only are found out when they are loaded; max_batch() says so. A copy shares the
/// module, and copies may run at the same time.
///
/// Threads are Torch's, for the whole program: at::set_num_threads(n), and OMP_NUM_THREADS in the environment for those of
/// the BLAS library beneath. Where other programs share the machine, OMP_WAIT_POLICY=passive keeps waiting threads off the
/// cores. On a device the queue is a further argument of forward, capture and capture_layers; see cuda.hpp.
template <std::size_t SpatialRank = 2, space Space = host_space>
class basic_network {
public:
    using value_type  = float;
    using space_type  = Space;
    using input_type  = extents<SpatialRank + 1>;
    using batch_type  = tensor_view<float const, SpatialRank + 2, Space>;
    using memory_type = memory<Space>;

    /// Inputs are (C, H, W) = `input`. Layers are named as layers() has them, or as modules around them that return the
    /// same; none: default_layer(). Throws model_error.
    explicit basic_network(std::string const& file, input_type input, std::vector<std::string> const& layer_names = {},
                           settings<SpatialRank> how = {})
        : input_{input}, how_{std::move(how)}
    {
        detail::translated("cannot use the network " + file, [&] {
            auto module = ::torch::jit::load(file, device_);
            module.eval();
            prepare(module, layer_names);
        });
    }

    /// A module of the caller's, in evaluation mode and in this network's memory. It is not changed.
    explicit basic_network(::torch::jit::Module const& module, input_type input,
                           std::vector<std::string> const& layer_names = {}, settings<SpatialRank> how = {})
        : input_{input}, how_{std::move(how)}
    {
        detail::translated("cannot use the module", [&] { prepare(module, layer_names); });
    }

    [[nodiscard]] input_type input_shape() const { return input_; }
    [[nodiscard]] index_t max_batch() const { return max_batch_; }
    [[nodiscard]] index_t classes() const { return classes_; }
    /// What the masked images are run in: "float32", "bfloat16", ...
    [[nodiscard]] std::string precision() const { return detail::name_of(forward_.type()); }
    /// The same network for another thread.
    [[nodiscard]] basic_network replica() const { return *this; }

    /// The layers that are explained, and all that could be.
    [[nodiscard]] std::vector<layer<SpatialRank>> const& explained() const { return explained_; }
    [[nodiscard]] std::vector<layer<SpatialRank>> const& layers() const { return layers_; }

    template <class... Queue>
        requires std::constructible_from<typename memory_type::on_queue, at::Device, Queue...>
    tensor_view<float const, 2, Space> forward(batch_type batch, Queue... queue)
    {
        run(forward_, {}, batch, queue...);
        return detail::view_of<2, Space>(outputs_);
    }

    template <class... Queue>
        requires std::constructible_from<typename memory_type::on_queue, at::Device, Queue...>
    captured<float, Space, SpatialRank> capture(batch_type batch, Queue... queue)
    {
        auto const seen = capture_layers(batch, queue...);
        return {seen.outputs, seen.activations[0]};
    }

    /// The values are those that the submodule returned, whatever works on them in place later.
    template <class... Queue>
        requires std::constructible_from<typename memory_type::on_queue, at::Device, Queue...>
    captured_layers<float, Space, SpatialRank> capture_layers(batch_type batch, Queue... queue)
    {
        run(capture_, taps_, batch, queue...);
        captured_layers<float, Space, SpatialRank> seen{detail::view_of<2, Space>(outputs_), {}};
        for (auto const& one : taps_) { seen.activations.push_back(detail::view_of<SpatialRank + 2, Space>(one.values)); }
        return seen;
    }

private:
    /// A layer as the module has it.
    struct tap {
        submodule from;
        std::size_t place = 0;  // in what the graph returns
        layer_form form   = layer_form::none;
        input_type shape{};   // as activations
        at::Tensor values{};  // of the last batch
    };

    void prepare(::torch::jit::Module const& module, std::vector<std::string> const& layer_names)
    {
        check(module);
        auto const all   = tapped(module);
        writes_to_input_ = all.writes_to_input;
        look_at({module, all.graph, detail::type_of(module), ::torch::jit::SIMPLE}, all.taps);
        choose_layers(layer_names);

        std::vector<std::string> paths;
        for (auto const& one : taps_) { paths.push_back(one.from.path); }
        auto const chosen = tapped(module, paths);
        for (auto& one : taps_) { one.place = place_of(one.from.path, chosen.taps); }
        capture_ = {module, chosen.graph, detail::type_of(module), ::torch::jit::SIMPLE};
        forward_ = prepared_forward(module);
        memory_type::wait();
    }

    void check(::torch::jit::Module const& module) const
    {
        if (module.hasattr("training") && module.is_training()) {
            throw model_error{"it is in training mode; call its eval() first"};
        }
        for (auto const& one : module.parameters()) {
            if (one.device() != device_) {
                throw model_error{"its parameters are on " + one.device().str() + "; move them with to(at::Device(\"" +
                                  device_.str() + "\"))"};
            }
        }
    }

    /// Finds the output, the batches that run and the submodules that can be explained: runs zeros once.
    void look_at(detail::runnable module, std::vector<submodule> const& submodules)
    {
        c10::InferenceMode const no_gradients;
        std::vector<c10::IValue> values;
        auto const suits = [&](index_t n) {
            auto const zeros = at::zeros(detail::dims_of(prepend(input_, n)), at::TensorOptions{at::kFloat}.device(device_));
            values           = module(input_for(module, zeros));
            return choose_output(values[0], n);
        };
        auto const tried = [&](index_t n) {
            try {
                return suits(n);
            } catch (std::exception const&) {  // something less may do; if nothing does, it is told of that
                return false;
            }
        };
        index_t n      = 2;
        channels_last_ = how_.channels_last.value_or(Space::host_accessible);
        bool found     = tried(n);
        if (!found && channels_last_ && !how_.channels_last) {
            channels_last_ = false;
            found          = tried(n);
        }
        if (!found) {
            max_batch_ = n = 1;
            if (!suits(n)) { throw model_error{"it needs one output of the form (n, classes); it has" + listed(values[0])}; }
        }
        for (std::size_t i = 0; i < submodules.size(); ++i) {
            auto const result = values[i + 1].toTensor();
            auto const dims   = result.sizes();
            if (!result.is_floating_point() || dims.empty() || dims[0] != n) { continue; }  // or folded into the batch
            tap one{submodules[i]};
            one.form = form_of<SpatialRank>({dims.begin() + 1, dims.end()}, how_.tokens, one.shape);
            if (one.form == layer_form::none) { continue; }
            layers_.push_back({one.from.path, one.from.type, one.shape});
            taps_.push_back(std::move(one));
        }
        if (submodules.empty()) {
            throw model_error{"its forward calls no submodules; if it was frozen, use the module it was made of"};
        }
    }

    [[nodiscard]] bool choose_output(c10::IValue const& result, index_t n)
    {
        auto const tensors = detail::tensors_in(result);
        int suitable       = 0;
        for (std::size_t i = 0; i < tensors.size(); ++i) {
            auto const& one   = tensors[i];
            bool const wanted = how_.output.value_or(i) == i;
            if (!wanted || !one.is_floating_point() || one.dim() < 2 || one.size(0) != n) { continue; }
            if (one.numel() != one.size(0) * one.size(1)) { continue; }
            output_  = i;
            classes_ = one.size(1);
            ++suitable;
        }
        return suitable == 1;
    }
    [[nodiscard]] static std::string listed(c10::IValue const& result)
    {
        std::string all;
        for (auto const& one : detail::tensors_in(result)) { all += (all.empty() ? "" : ",") + detail::text(one.sizes()); }
        return all.empty() ? " none" : all;
    }

    void choose_layers(std::vector<std::string> names)
    {
        for (auto& name : names) {
            for (auto const& one : taps_) {
                auto const& same = one.from.same;
                if (std::find(same.begin(), same.end(), name) != same.end()) { name = one.from.path; }
            }
        }
        if (names.empty()) {
            auto general = layers_;
            for (auto& one : general) { one.type = detail::general(one.type); }
            names.push_back(default_layer(general, classes_).name);
        }
        explained_ = chosen_layers(layers_, names, classes_);
        std::vector<tap> chosen;
        for (auto const& one : explained_) {
            chosen.push_back(
                *std::find_if(taps_.begin(), taps_.end(), [&](tap const& t) { return t.from.path == one.name; }));
        }
        taps_ = std::move(chosen);
    }
    [[nodiscard]] static std::size_t place_of(std::string const& path, std::vector<submodule> const& taps)
    {
        auto const at = std::find_if(taps.begin(), taps.end(), [&](submodule const& one) { return one.path == path; });
        return 1 + static_cast<std::size_t>(at - taps.begin());
    }

    [[nodiscard]] detail::runnable prepared_forward(::torch::jit::Module module) const
    {
        if (how_.bfloat16) {
            module = module.deepcopy();
            module.to(at::kBFloat16);
        }
        auto const type = detail::type_of(module);
        if (how_.frozen) {
            try {
                module = ::torch::jit::freeze(module);
            } catch (std::exception const&) {  // it changes its own attributes, say: it runs as it is
            }
        }
        // The other mode compiles for each batch size anew. Of that a CPU gains nothing, a GPU fused kernels.
        auto const mode = Space::host_accessible ? ::torch::jit::SIMPLE : ::torch::jit::PROFILING;
        return {module, module.get_method("forward").graph()->copy(), type, mode};
    }

    template <class... Queue>
    void run(detail::runnable& module, std::span<tap> taps, batch_type batch, Queue... queue)
    {
        auto const n = batch.extent(0);
        if (!(trailing<SpatialRank + 1>(batch.shape()) == input_) || n > max_batch_) {
            throw shape_error{"a batch of the shape " + to_string(batch.shape()) + " was given to a network for " +
                              to_string(prepend(input_, max_batch_)) + " at most"};
        }
        detail::translated("the network failed on a batch of " + to_string(batch.shape()), [&] {
            c10::InferenceMode const no_gradients;
            typename memory_type::on_queue const on{device_, queue...};
            auto const given  = detail::tensor_on(batch, device_);
            auto const result = module(input_for(module, given));
            auto const output = detail::tensors_in(result[0]).at(output_);
            outputs_          = detail::viewable(output.reshape({n, classes_}), given);
            for (auto& one : taps) { one.values = detail::viewable(laid_out(one, result[one.place].toTensor(), n), given); }
        });
    }

    /// The batch as the module takes it.
    [[nodiscard]] at::Tensor input_for(detail::runnable const& module, at::Tensor const& given) const
    {
        auto input = given.to(module.type());
        if (channels_last_ && SpatialRank >= 2) {
            input = input.contiguous(SpatialRank == 2 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::ChannelsLast3d);
        }
        return writes_to_input_ && input.is_alias_of(given) ? input.clone() : input;
    }

    /// What the submodule returned as activations (n, K, h, w).
    [[nodiscard]] static at::Tensor laid_out(tap const& layer, at::Tensor const& values, index_t n)
    {
        auto const dims = detail::dims_of(prepend(layer.shape, n));
        if (layer.form == layer_form::maps) { return values.reshape(dims); }
        auto const places = layer.shape.size() / layer.shape[0];
        auto const rows   = values.reshape({n, -1, layer.shape[0]});
        return rows.slice(1, rows.size(1) - places).transpose(1, 2).reshape(dims);
    }

    static constexpr index_t unlimited = 1 << 20;

    at::Device device_ = memory_type::device();
    input_type input_;
    settings<SpatialRank> how_;
    std::size_t output_   = 0;  // among the tensors returned
    index_t classes_      = 0;
    index_t max_batch_    = unlimited;
    bool channels_last_   = false;
    bool writes_to_input_ = false;
    std::vector<layer<SpatialRank>> layers_;
    std::vector<layer<SpatialRank>> explained_;
    std::vector<tap> taps_;
    detail::runnable forward_;
    detail::runnable capture_;
    at::Tensor outputs_;
};

using network = basic_network<>;

static_assert(layered_model<network> && layered_model<basic_network<1>> && layered_model<basic_network<3>>);

}  // namespace scorecam::torch
