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
#include <scorecam/engines/ports.hpp>
#include <scorecam/engines/tokens.hpp>
#include <scorecam/error.hpp>
#include <scorecam/model.hpp>
#include <scorecam/tensor_view.hpp>
#include <scorecam/torch/graph.hpp>
#include <scorecam/torch/module.hpp>
#include <scorecam/torch/tensors.hpp>

namespace scorecam::torch {

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
    [[nodiscard]] index_t classes() const { return scores_.classes; }
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
        detail::check(module, device_);
        auto const all   = tapped(module);
        writes_to_input_ = all.writes_to_input;
        look_at({module, all.graph, detail::type_of(module), ::torch::jit::SIMPLE}, all.taps);
        choose_layers(layer_names);

        std::vector<std::string> paths;
        for (auto const& one : taps_) { paths.push_back(one.from.path); }
        auto const chosen = tapped(module, paths);
        for (auto& one : taps_) { one.place = place_of(one.from.path, chosen.taps); }
        capture_ = {module, chosen.graph, detail::type_of(module), ::torch::jit::SIMPLE};
        // The other mode compiles for each batch size anew. Of that a CPU gains nothing, a GPU fused kernels.
        auto const mode = Space::host_accessible ? ::torch::jit::SIMPLE : ::torch::jit::PROFILING;
        forward_        = detail::prepared(module, how_, mode);
        memory_type::wait();
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
            if (!suits(n)) { throw engines::no_scores_among(detail::ports_of(values[0]), n, how_.output.has_value()); }
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
        auto const wanted = [&](std::size_t i) { return how_.output.value_or(i) == i; };
        auto const found  = engines::scores_among(detail::ports_of(result), n, wanted);
        if (found) { scores_ = *found; }
        return found.has_value();
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
            names.push_back(default_layer(general, scores_.classes).name);
        }
        explained_ = chosen_layers(layers_, names, scores_.classes);
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

    template <class... Queue>
    void run(detail::runnable& module, std::span<tap> taps, batch_type batch, Queue... queue)
    {
        engines::expect_batch(batch.shape(), input_, max_batch_);
        auto const n = batch.extent(0);
        detail::translated("the network failed on a batch of " + to_string(batch.shape()), [&] {
            c10::InferenceMode const no_gradients;
            typename memory_type::on_queue const on{device_, queue...};
            auto const given  = detail::tensor_on(batch, device_);
            auto const result = module(input_for(module, given));
            auto const output = detail::tensors_in(result[0]).at(scores_.output);
            outputs_          = detail::viewable(output.reshape({n, scores_.classes}), given);
            for (auto& one : taps) {
                one.values = detail::viewable(detail::laid_out(one.form, one.shape, result[one.place].toTensor(), n), given);
            }
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

    static constexpr index_t unlimited = 1 << 20;

    at::Device device_ = memory_type::device();
    input_type input_;
    settings<SpatialRank> how_;
    engines::scores scores_{};  // among the tensors returned
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
