#pragma once
// Two callables on xtensor arrays become a model.
#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include <xtensor/xexpression.hpp>
#include <xtensor/xnoalias.hpp>

#include <scorecam/make_model.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>
#include <scorecam/xtensor/view.hpp>

namespace scorecam::xtensor {

namespace detail {

/// The values of an expression, calculated here and now; `what` begins the sentence if it has not Rank dimensions.
template <class T, std::size_t Rank, class Expression>
[[nodiscard]] tensor<T, Rank> evaluated(Expression const& expression, std::string const& what)
{
    tensor<T, Rank> values{extents_of<Rank>(expression, what)};
    auto elements         = xtensor::adapt(values.view());
    xt::noalias(elements) = expression;
    return values;
}

template <class R>
concept expression = xt::is_xexpression<std::remove_cvref_t<R>>::value;

}  // namespace detail

/// A model from two callables on xtensor arrays, for inputs of the given shape:
/// `forward(batch (n,C,H,W)) → outputs (n, classes)` and `capture(batch) → std::pair{outputs, activations (n,K,h,w)}`.
/// The batch is an adaptor<T const, 4>. Each result is an xtensor container or expression; it is evaluated into the model's
/// own memory before the call returns, as T. An expression refers to its operands: one over variables of the callable itself
/// must be returned as a container, `return xt::xtensor<float, 2>(expression);`, as with any lazy library.
/// Calling the model throws shape_error if a result has not the dimensions above.
template <std::floating_point T = float, std::size_t ShapeRank, class Forward, class Capture>
[[nodiscard]] auto make_model(extents<ShapeRank> shape, Forward forward, Capture capture)
{
    constexpr std::size_t rank = ShapeRank + 1;
    using view_type            = tensor_view<T const, rank>;
    using batch_type           = adaptor<T const, rank>;
    static_assert(std::invocable<Forward&, batch_type const&>,
                  "scorecam: xtensor::make_model's first callable takes the batch: [](auto const& batch), or by its name, "
                  "scorecam::xtensor::adaptor<float const, 4> const& batch");
    static_assert(std::invocable<Capture&, batch_type const&>,
                  "scorecam: xtensor::make_model's second callable takes the batch: [](auto const& batch), or by its name, "
                  "scorecam::xtensor::adaptor<float const, 4> const& batch");
    if constexpr (std::invocable<Forward&, batch_type const&> && std::invocable<Capture&, batch_type const&>) {
        using outputs_type  = std::invoke_result_t<Forward&, batch_type const&>;
        using captured_type = std::remove_cvref_t<std::invoke_result_t<Capture&, batch_type const&>>;
        static_assert(detail::expression<outputs_type>,
                      "scorecam: xtensor::make_model's first callable returns the outputs (n, classes) as an xtensor "
                      "container or expression");
        static_assert(
            requires(captured_type c) { requires detail::expression<decltype(c.first)>; } &&
                requires(captured_type c) { requires detail::expression<decltype(c.second)>; },
            "scorecam: xtensor::make_model's second callable returns std::pair{outputs (n, classes), activations "
            "(n, K, h, w)}, each an xtensor container or expression");
    }
    // The adaptor outlives the expressions over it.
    return scorecam::make_model<T>(
        shape,
        [forward = std::move(forward)](view_type batch) mutable {
            auto const input    = xtensor::adapt(batch);
            auto const& outputs = forward(input);
            return detail::evaluated<T, 2>(outputs, "what the model's first callable returned");
        },
        [capture = std::move(capture)](view_type batch) mutable {
            auto const input                   = xtensor::adapt(batch);
            auto const& [outputs, activations] = capture(input);
            return std::pair{detail::evaluated<T, 2>(outputs, "what the model's second callable returned first"),
                             detail::evaluated<T, rank>(activations, "what the model's second callable returned second")};
        });
}

}  // namespace scorecam::xtensor
