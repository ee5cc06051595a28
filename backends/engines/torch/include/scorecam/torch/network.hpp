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

#include <scorecam/engines/flow.hpp>
#include <scorecam/engines/layer.hpp>
#include <scorecam/engines/ports.hpp>
#include <scorecam/engines/selection.hpp>
#include <scorecam/engines/tokens.hpp>
#include <scorecam/engines/trust.hpp>
#include <scorecam/error.hpp>
#include <scorecam/model.hpp>
#include <scorecam/tensor_view.hpp>
#include <scorecam/torch/graph.hpp>
#include <scorecam/torch/module.hpp>
#include <scorecam/torch/seen.hpp>
#include <scorecam/torch/tensors.hpp>

namespace scorecam::torch {

/// A TorchScript module with one input, explained at any submodule that its forward calls, by its path: "features.12". The
/// batch is read and the results are viewed where they lie; only another layout or type is a copy.
///
/// Modules that run one image at a time only, whose rows depend on each other, or that answer by chance are found out when
/// they are loaded; max_batch() and notes() say so, or they are refused. A copy shares the module, and copies may run at the
/// same time.
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
    /// same; none: default_choice(), see choose.hpp. Throws model_error.
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
    [[nodiscard]] std::vector<layer<SpatialRank>> const& explained() const { return selected_.explained; }
    [[nodiscard]] std::vector<layer<SpatialRank>> const& layers() const { return selected_.layers; }

    /// As of networks on other engines: what one should know before one trusts the maps, why the layer is explained that is
    /// if none was named, what the scores are ("softmax", "sigmoid", "log_softmax" or nothing), and the number of the
    /// output.
    [[nodiscard]] std::vector<std::string> const& notes() const { return notes_; }
    [[nodiscard]] std::string const& why() const { return selected_.why; }
    [[nodiscard]] std::string const& activation() const { return selected_.activation; }
    [[nodiscard]] std::string output() const { return std::to_string(scores_.output); }

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
        engines::layer_place<SpatialRank> of;
        std::size_t place = 0;  // in what the graph returns
        at::Tensor values{};    // of the last batch
    };

    void prepare(::torch::jit::Module module, std::vector<std::string> const& layer_names)
    {
        detail::check(module, device_);
        if (Space::host_accessible) { module = detail::computable_on_host(module, notes_); }
        auto const type  = detail::type_of(module);
        auto seen        = seen_in(module);
        writes_to_input_ = seen.writes_to_input;
        auto const n     = look_at({module, seen.graph, type, ::torch::jit::SIMPLE}, seen);
        if (seen.taps.empty()) {
            throw model_error{"its forward calls no submodules; if it was frozen, use the module it was made of"};
        }
        selected_ = select_in(seen, scores_, n, input_, how_.tokens, layer_names);
        for (auto const& one : selected_.places) { taps_.push_back({one}); }

        std::vector<std::string> paths;
        for (auto const& one : selected_.explained) { paths.push_back(one.name); }
        auto const chosen = tapped(module, paths);
        for (std::size_t l = 0; l < taps_.size(); ++l) { taps_[l].place = chosen.place_of(paths[l]); }
        capture_ = {module, chosen.graph, type, ::torch::jit::SIMPLE};
        // The other mode compiles for each batch size anew. Of that a CPU gains nothing, a GPU fused kernels.
        auto const mode = Space::host_accessible ? ::torch::jit::SIMPLE : ::torch::jit::PROFILING;
        forward_        = detail::prepared(module, how_, mode);
        check_rows();
        if (!selected_.doubt.empty()) { notes_.push_back(selected_.doubt); }
        memory_type::wait();
    }

    /// Finds the output, the batches that run and the extents of all tensors: runs zeros once. The batch that it ran.
    index_t look_at(detail::runnable module, seen_graph& seen)
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
        seen.take(values);
        return n;
    }

    [[nodiscard]] bool choose_output(c10::IValue const& result, index_t n)
    {
        auto const wanted = [&](std::size_t i) { return how_.output.value_or(i) == i; };
        auto const found  = engines::scores_among(detail::ports_of(result), n, wanted);
        if (found) { scores_ = *found; }
        return found.has_value();
    }

    /// Whether each image's outputs are its own. A few forwards.
    void check_rows()
    {
        auto const answers = [&](std::vector<float> const& images, index_t n) {
            c10::InferenceMode const no_gradients;
            tensor_view<float const, SpatialRank + 2> const given{images.data(), prepend(input_, n)};
            auto const result       = forward_(input_for(forward_, detail::tensor_on(given, at::kCPU).to(device_)));
            auto const outputs      = detail::tensors_in(result[0]).at(scores_.output).to(at::kCPU, at::kFloat).contiguous();
            auto const* const first = outputs.template data_ptr<float>();
            return std::vector<float>{first, first + outputs.numel()};
        };
        auto const size = static_cast<std::size_t>(input_.size());
        if (engines::trusted(answers, scores_.classes, max_batch_, size, precision(), notes_)) {
            selected_.activation = "softmax";
        }
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
                one.values =
                    detail::viewable(detail::laid_out(one.of.form, one.of.shape, result[one.place].toTensor(), n), given);
            }
        });
    }

    /// The batch as the module takes it.
    [[nodiscard]] at::Tensor input_for(detail::runnable const& module, at::Tensor const& given) const
    {
        auto const input = detail::laid_for<SpatialRank>(given.to(module.type()), channels_last_);
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
    engines::selection<SpatialRank> selected_{};
    std::vector<std::string> notes_{};
    std::vector<tap> taps_;
    detail::runnable forward_;
    detail::runnable capture_;
    at::Tensor outputs_;
};

using network = basic_network<>;

static_assert(layered_model<network> && layered_model<basic_network<1>> && layered_model<basic_network<3>>);

}  // namespace scorecam::torch
