#pragma once
// Two callables on Torch's tensors become a model: for modules written in C++ (torch::nn), or anything else that takes
// tensors.
#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <ATen/core/ivalue.h>  // first: clang in C++20 takes LibTorch 1.13 in no other order

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <scorecam/error.hpp>
#include <scorecam/model.hpp>
#include <scorecam/tensor_view.hpp>
#include <scorecam/torch/tensors.hpp>

namespace scorecam::torch {

/// A model made of two callables; see make_model.
template <space Space, std::size_t ShapeRank, class Forward, class Capture>
class callable_model {
public:
    using value_type  = float;
    using space_type  = Space;
    using batch_type  = tensor_view<float const, ShapeRank + 1, Space>;
    using memory_type = memory<Space>;

    using activations_type               = std::remove_cvref_t<decltype(std::invoke_result_t<Capture&, at::Tensor>::second)>;
    static constexpr bool several_layers = !std::convertible_to<activations_type, at::Tensor>;

    callable_model(extents<ShapeRank> shape, Forward forward, Capture capture)
        : shape_{shape}, forward_{std::move(forward)}, capture_{std::move(capture)}
    {
    }

    [[nodiscard]] extents<ShapeRank> input_shape() const { return shape_; }

    template <class... Queue>
        requires std::constructible_from<typename memory_type::on_queue, at::Device, Queue...>
    tensor_view<float const, 2, Space> forward(batch_type batch, Queue... queue)
    {
        run(batch, [&](at::Tensor const& x) { keep_outputs(forward_(x), x); }, queue...);
        return detail::view_of<2, Space>(outputs_);
    }

    template <class... Queue>
        requires std::constructible_from<typename memory_type::on_queue, at::Device, Queue...>
    captured<float, Space, ShapeRank - 1> capture(batch_type batch, Queue... queue)
    {
        run_capture(batch, queue...);
        return {detail::view_of<2, Space>(outputs_), detail::view_of<ShapeRank + 1, Space>(activations_[0])};
    }

    template <class... Queue>
        requires(several_layers && std::constructible_from<typename memory_type::on_queue, at::Device, Queue...>)
    captured_layers<float, Space, ShapeRank - 1> capture_layers(batch_type batch, Queue... queue)
    {
        run_capture(batch, queue...);
        captured_layers<float, Space, ShapeRank - 1> seen{detail::view_of<2, Space>(outputs_), {}};
        for (auto const& one : activations_) { seen.activations.push_back(detail::view_of<ShapeRank + 1, Space>(one)); }
        return seen;
    }

private:
    template <class F, class... Queue>
    void run(batch_type batch, F&& f, Queue... queue)
    {
        detail::translated("the model failed on a batch of " + to_string(batch.shape()), [&] {
            c10::InferenceMode const no_gradients;
            auto const device = memory_type::device();
            typename memory_type::on_queue const on{device, queue...};
            f(detail::tensor_on(batch, device));
        });
    }

    template <class... Queue>
    void run_capture(batch_type batch, Queue... queue)
    {
        run(
            batch,
            [&](at::Tensor const& x) {
                auto const [outputs, activations] = capture_(x);
                keep_outputs(outputs, x);
                activations_.clear();
                if constexpr (several_layers) {
                    for (at::Tensor const& one : activations) { keep_activations(one, x); }
                } else {
                    keep_activations(activations, x);
                }
                if (activations_.empty()) {
                    throw shape_error{"the capturing callable returned no layer; return one or more"};
                }
            },
            queue...);
    }

    void keep_outputs(at::Tensor const& outputs, at::Tensor const& x)
    {
        check(outputs, 2, "outputs", "(n, classes)");
        outputs_ = detail::viewable(outputs, x);
    }
    void keep_activations(at::Tensor const& activations, at::Tensor const& x)
    {
        check(activations, ShapeRank + 1, "activations", "(n, channels, ...) with as many dimensions as the batch");
        activations_.push_back(detail::viewable(activations, x));
    }
    static void check(at::Tensor const& values, std::size_t rank, char const* what, char const* wanted)
    {
        if (static_cast<std::size_t>(values.dim()) != rank) {
            throw shape_error{std::string{"the callable returned "} + what + " of the shape" + detail::text(values.sizes()) +
                              "; it must return " + wanted};
        }
    }

    extents<ShapeRank> shape_;
    Forward forward_;
    Capture capture_;
    at::Tensor outputs_;
    std::vector<at::Tensor> activations_;
};

/// A model from two callables, for inputs of the given shape: `forward(batch (n,C,H,W)) → outputs (n, classes)` and
/// `capture(batch) → std::pair{outputs, activations (n,K,h,w)}`; activations of several layers are a std::vector. The batch
/// is an at::Tensor of float32 over the caller's memory and must only be read, and gradients are off. Where a module works
/// in place on the activations afterwards, as ReLU(ReLUOptions(true)) does, capture must return a clone made before.
template <space Space = host_space, std::size_t ShapeRank, class Forward, class Capture>
[[nodiscard]] auto make_model(extents<ShapeRank> shape, Forward forward, Capture capture)
{
    constexpr bool forwards = std::is_invocable_r_v<at::Tensor, Forward&, at::Tensor>;
    constexpr bool captures = requires(Capture& c, at::Tensor x) {
        { c(x).first } -> std::convertible_to<at::Tensor>;
        c(x).second;
    };
    static_assert(forwards,
                  "scorecam: torch::make_model's first callable takes the batch, at::Tensor, and returns the outputs "
                  "(n, classes), at::Tensor");
    static_assert(captures, "scorecam: torch::make_model's second callable takes the batch, at::Tensor, and returns "
                            "std::pair{outputs (n, classes), activations (n, K, h, w)}, tensors; of several layers the "
                            "activations are a std::vector<at::Tensor>");
    if constexpr (forwards && captures) {
        return callable_model<Space, ShapeRank, Forward, Capture>{shape, std::move(forward), std::move(capture)};
    }
}

}  // namespace scorecam::torch
