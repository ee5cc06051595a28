#pragma once
// One to three callables become a model.
#include <concepts>
#include <type_traits>
#include <utility>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/model.hpp>
#include <scorecam/tensor.hpp>

namespace scorecam {

namespace detail {

/// What a callable may return: a view of memory that outlives the next call, or a tensor, which the model then keeps.
template <class R, class T, std::size_t Rank>
concept viewable = std::convertible_to<R const&, tensor_view<T const, Rank>>;

/// The activations of one layer, or a std::vector of those of several.
template <class R>
struct one_layer {
    using type                    = R;
    static constexpr bool several = false;
};
template <class R>
struct one_layer<std::vector<R>> {
    using type                    = R;
    static constexpr bool several = true;
};

/// No third callable.
struct no_resume {};

/// What a callable yields; nothing of what is none.
template <class F, class... A>
struct result_of {
    using type = no_resume;
};
template <class F, class... A>
    requires std::invocable<F&, A...>
struct result_of<F, A...> {
    using type = std::remove_cvref_t<std::invoke_result_t<F&, A...>>;
};

}  // namespace detail

/// A model made of two or three callables; see make_model.
template <class T, std::size_t ShapeRank, class Forward, class Capture, class Resume = detail::no_resume>
class callable_model {
public:
    using value_type = T;
    using space_type = host_space;
    using batch_type = tensor_view<T const, ShapeRank + 1>;

    using outputs_type                   = std::remove_cvref_t<std::invoke_result_t<Forward&, batch_type>>;
    using captured_type                  = std::remove_cvref_t<std::invoke_result_t<Capture&, batch_type>>;
    using activations_type               = std::remove_cvref_t<decltype(std::declval<captured_type&>().second)>;
    static constexpr bool several_layers = detail::one_layer<activations_type>::several;

    callable_model(extents<ShapeRank> shape, Forward forward, Capture capture, Resume resume = {})
        : shape_{shape}, forward_{std::move(forward)}, capture_{std::move(capture)}, resume_{std::move(resume)}
    {
    }

    [[nodiscard]] extents<ShapeRank> input_shape() const { return shape_; }

    model_outputs<T> forward(batch_type batch)
    {
        outputs_ = forward_(batch);
        return as_outputs<T, host_space>(outputs_);
    }

    captured<T, host_space, ShapeRank - 1> capture(batch_type batch)
    {
        run_capture(batch);
        if constexpr (several_layers) {
            if (activations_.empty()) { throw shape_error{"the capturing callable returned no layer; return one or more"}; }
            return {as_outputs<T, host_space>(captured_outputs_), activations_.front()};
        } else {
            return {as_outputs<T, host_space>(captured_outputs_), activations_};
        }
    }

    captured_layers<T, host_space, ShapeRank - 1> capture_layers(batch_type batch)
        requires(several_layers)
    {
        run_capture(batch);
        return {as_outputs<T, host_space>(captured_outputs_), {activations_.begin(), activations_.end()}};
    }

    model_outputs<T> resume(batch_type activations)
        requires(!std::is_same_v<Resume, detail::no_resume>)
    {
        resumed_ = resume_(activations);
        return as_outputs<T, host_space>(resumed_);
    }

private:
    void run_capture(batch_type batch)
    {
        auto [outputs, activations] = capture_(batch);
        captured_outputs_           = std::move(outputs);
        activations_                = std::move(activations);
    }

    extents<ShapeRank> shape_;
    Forward forward_;
    Capture capture_;
    [[no_unique_address]] Resume resume_;
    outputs_type outputs_{};
    [[no_unique_address]] typename detail::result_of<Resume, batch_type>::type resumed_{};
    std::remove_cvref_t<decltype(std::declval<captured_type&>().first)> captured_outputs_{};
    activations_type activations_{};
};

/// A model from two callables on host memory, for inputs of the given shape:
/// `forward(batch (n,C,H,W)) → outputs (n, classes)` and `capture(batch) → std::pair{outputs, activations (n,K,h,w)}`.
/// Each result is a tensor_view of memory that stays valid until the next call, or a scorecam::tensor; the activations of
/// several layers, for explain_layers, are a std::vector of either. Outputs of other kinds are (n, ...) or model_outputs.
/// `resume(activations (n,K,h,w)) → outputs`, the rest of the network behind the tapped layer, is for place::tap.
template <std::floating_point T = float, std::size_t ShapeRank, class Forward, class Capture,
          class Resume          = detail::no_resume>
[[nodiscard]] auto make_model(extents<ShapeRank> shape, Forward forward, Capture capture, Resume resume = {})
{
    using batch_type = tensor_view<T const, ShapeRank + 1>;
    static_assert(std::invocable<Forward&, batch_type>,
                  "scorecam: make_model's first callable takes the batch: [](scorecam::tensor_view<float const, 4> batch)");
    static_assert(std::invocable<Capture&, batch_type>,
                  "scorecam: make_model's second callable takes the batch: [](scorecam::tensor_view<float const, 4> batch)");
    if constexpr (std::invocable<Forward&, batch_type> && std::invocable<Capture&, batch_type>) {
        using outputs_type = std::invoke_result_t<Forward&, batch_type>;
        using capture_type = std::remove_cvref_t<std::invoke_result_t<Capture&, batch_type>>;
        static_assert(answers<outputs_type const&, T, host_space>,
                      "scorecam: make_model's first callable returns the outputs (n, classes) as a "
                      "scorecam::tensor<T, 2> or a scorecam::tensor_view<T const, 2>");
        static_assert(
            requires(capture_type c) { requires answers<decltype(c.first) const&, T, host_space>; } &&
                requires(capture_type c) {
                    requires detail::viewable<typename detail::one_layer<decltype(c.second)>::type, T, ShapeRank + 1>;
                },
            "scorecam: make_model's second callable returns std::pair{outputs (n, classes), activations "
            "(n, K, h, w)}, each a scorecam::tensor or a scorecam::tensor_view");
    }
    return callable_model<T, ShapeRank, Forward, Capture, Resume>{shape, std::move(forward), std::move(capture),
                                                                  std::move(resume)};
}

/// A model of which nothing can be captured, from its forward callable alone: for masks that need no activations, such as
/// random_fields{.cells = 14} or random_grids{}.
template <std::floating_point T = float, std::size_t ShapeRank, class Forward>
[[nodiscard]] auto make_model(extents<ShapeRank> shape, Forward forward)
{
    auto const nothing = [](tensor_view<T const, ShapeRank + 1>) -> std::pair<tensor<T, 2>, tensor<T, ShapeRank + 1>> {
        throw option_error{
            "this model has no layer to capture, and the masks asked for activations; use masks that need none, "
            "conventions::fitted{.cells = 14} or conventions::rise{}, or give make_model a second callable"};
    };
    return make_model<T>(shape, std::move(forward), nothing);
}

}  // namespace scorecam
