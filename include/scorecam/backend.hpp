#pragma once
// What a backend does: it owns memory and runs a handful of fused operations on it.
#include <concepts>
#include <cstddef>

#include <scorecam/masks_view.hpp>
#include <scorecam/model_outputs.hpp>
#include <scorecam/ops/contribution.hpp>
#include <scorecam/ops/heatmap.hpp>
#include <scorecam/ops/masking.hpp>
#include <scorecam/ops/moments.hpp>
#include <scorecam/ops/paint.hpp>
#include <scorecam/ops/range.hpp>
#include <scorecam/ops/rows.hpp>
#include <scorecam/policies/score.hpp>
#include <scorecam/tensor_view.hpp>
#include <scorecam/policies/weighting.hpp>

namespace scorecam {

/// Views in the backend's memory.
template <class B, class T, std::size_t Rank>
using view_on = tensor_view<T, Rank, typename B::space_type>;
template <class B, class T, std::size_t Rank>
using const_view_on = tensor_view<T const, Rank, typename B::space_type>;
template <class B, class T, std::size_t Rank>
using masks_on = masks_view<T, Rank, typename B::space_type>;
template <class B, class T>
using outputs_on = model_outputs<T, typename B::space_type>;

namespace detail {

template <class B>
concept backend_names_space = requires { typename B::space_type; } && space<typename B::space_type>;
template <class B>
concept backend_has_queue = B::space_type::host_accessible || requires(B& b) {
    { b.queue() } -> std::convertible_to<typename B::space_type::queue_type>;
};
template <class B, class T>
concept backend_allocates = requires(B& b, index_t n) {
    { b.template allocate<T>(n).data() } -> std::convertible_to<T*>;
    { b.template allocate<T>(n).size() } -> std::convertible_to<std::size_t>;
};
template <class B, class T>
concept backend_transfers = requires(B& b, T* out, T const* in, view_on<B, T, 1> to, const_view_on<B, T, 1> from) {
    b.from_host(in, to);
    b.to_host(from, out);
    b.wait();
    b.copy(from, to);
};
template <class B, class T>
concept backend_paints = requires(B& b, const_view_on<B, T, 4> images, ops::plane_mean<T> element, view_on<B, T, 4> out) {
    b.paint(images, element, out);
};
template <class B, class T>
concept backend_finds_extrema = requires(B& b, const_view_on<B, T, 3> maps, extents<2> size, ops::mask_rule rule,
                                         view_on<B, ops::range<T>, 1> out) { b.extrema(maps, size, rule, out); };
template <class B, class T>
concept backend_finds_moments =
    requires(B& b, const_view_on<B, T, 3> maps, view_on<B, ops::moments<T>, 1> out) { b.moments(maps, out); };
template <class B, class T>
concept backend_normalises = requires(B& b, view_on<B, T, 3> maps, const_view_on<B, ops::range<T>, 1> ranges,
                                      ops::mask_rule rule) { b.normalise(maps, ranges, rule); };
template <class B, class T>
concept backend_masks = requires(B& b, const_view_on<B, T, 4> images, masks_on<B, T, 4> masks,
                                 const_view_on<B, ops::pick, 1> picks,
                                 view_on<B, T, 4> batch) { b.mask(images, images, masks, picks, batch); };
template <class B, class T>
concept backend_averages = requires(B& b, masks_on<B, T, 4> masks, const_view_on<B, T, 3> weights,
                                    view_on<B, T, 4> out) { b.average(masks, weights, out); };
template <class B, class T>
concept backend_finds_top =
    requires(B& b, const_view_on<B, T, 2> outputs, view_on<B, index_t, 2> targets) { b.top(outputs, targets); };
template <class B, class T>
concept backend_scores =
    requires(B& b, outputs_on<B, T> outputs, probability f, const_view_on<B, ops::pick, 1> picks,
             const_view_on<B, index_t, 2> targets, view_on<B, T, 3> scores) { b.score(outputs, f, picks, targets, scores); };
template <class B, class T>
concept backend_weighs = requires(B& b, const_view_on<B, T, 3> scores, const_view_on<B, ops::channel_role, 2> roles,
                                  const_view_on<B, T, 2> baseline, raw_weights f,
                                  view_on<B, T, 3> weights) { b.weigh(scores, roles, baseline, baseline, f, weights); };
template <class B, class T>
concept backend_combines = requires(B& b, const_view_on<B, T, 4> maps, const_view_on<B, T, 3> weights,
                                    view_on<B, T, 4> out) { b.combine(maps, weights, out); };
template <class B, class T>
concept backend_draws = requires(B& b, const_view_on<B, T, 3> sums, ops::heatmap_rule rule, view_on<B, T, 3> maps,
                                 view_on<B, ops::range<T>, 1> ranges) { b.heatmap(sums, rule, maps, ranges); };

/// What a model with inputs of its own kind asks of a backend.
template <class B, class T, std::size_t Rank, class Batch>
concept backend_makes_batches = requires(B& b, const_view_on<B, T, Rank> images, masks_on<B, T, Rank> masks,
                                         const_view_on<B, ops::pick, 1> picks, Batch batch) {
    b.mask(images, images, masks, picks, batch);
    b.copy(images, batch);
};

}  // namespace detail

/// A backend for element type T. `n` counts batch items, I images, K channels, M target classes; (C, H, W) is an image and
/// (h, w) an activation (other spatial ranks likewise). Views are in the backend's memory, `space_type`.
///
/// Memory
/// - `allocate<T>(n)`               an owner of n uninitialised elements, with data() and size(); freed in queue order
/// - `from_host(pointer, view)`     the host memory may be reused as soon as the call returns
/// - `to_host(view, pointer)`       the elements are there after the next wait()
/// - `wait()`                       until everything enqueued is done; the only operation that waits
/// - `copy(view, view)`
/// - `queue()`                      only on a device: what models are handed
/// Operations, enqueued in order
/// - `paint(images (n,C,H,W), f, out)`   out = f(pixel) element by element; `out` may have other spatial extents
/// - `extrema(maps (N,h,w), (H,W), rule, out (N))`   min and max of each map resized to (H,W); equal if the map is flat
/// - `moments(maps (N,h,w), out (N))`   the mass and the deviation of each map
/// - `normalise(maps (N,h,w), ranges (N), rule)`   s(A) in place
/// - `mask(images (I,C,H,W), background (1 or I or 0,C,H,W), masks, picks (n), batch (n,C,H,W))`
///   H_k = s(Up(A_k)), see masks_view, and X∘H + B∘(1 - H) for each pick; without a background, X∘H
/// - `average(masks, weights (I,K,M), out (I,M,H,W))`   Σ_k w_k H_k / Σ_k H_k at each position; 0 where no mask lets through
/// - `top(outputs (n,classes), out (n,M))`   the M largest, largest first; the lower index wins a tie
/// - `score(outputs of n images, f, picks (n), targets (I,M), scores (I,K,M))`
///   scores(image, channel, m) = f(row)(targets(image, m)) for the pick of each image
/// - `weigh(scores (I,K,M), roles (I,K), baseline (I,M) or empty, zero_mask (I,M) or empty, f, weights (I,K,M))`
/// - `combine(maps (I,K,h,w), weights (I,K,M), out (I,M,h,w))`   Σ_k w_k A_k
/// - `heatmap(sums (N,h,w), rule, maps (N,H,W), ranges (N))`   the sum as the rule shows it; ranges before its last ReLU and
/// scaling
///
/// For models with a batch_value_type or batch_layout of their own, a batch_view<U, Rank, layout, space_type> (n,C,H,W),
/// whose elements are made by static_cast, is also
/// - what `mask` writes: `batch`
/// - what images are copied to: `copy(images (n,C,H,W), batch)`
///
/// Detected when present, and only to be faster:
/// - `record(work)`   what work() enqueues, which is not run yet: an owner, false if that could not be recorded, with
///                    replay(), which enqueues it; see detail/graphs.hpp
template <class B, class T>
concept backend = detail::backend_names_space<B> && detail::backend_has_queue<B> && detail::backend_allocates<B, T> &&
                  detail::backend_transfers<B, T> && detail::backend_paints<B, T> && detail::backend_finds_extrema<B, T> &&
                  detail::backend_masks<B, T> && detail::backend_averages<B, T> && detail::backend_finds_top<B, T> && detail::backend_scores<B, T> &&
                  detail::backend_weighs<B, T> && detail::backend_finds_moments<B, T> && detail::backend_normalises<B, T> &&
                  detail::backend_combines<B, T> && detail::backend_draws<B, T>;

/// Says in words which requirement of `backend` the type B misses for element type T; true if none.
template <class B, class T>
[[nodiscard]] consteval bool check_backend()
{
    static_assert(detail::backend_names_space<B>,
                  "scorecam: a backend names where its memory is: using space_type = scorecam::host_space;");
    if constexpr (detail::backend_names_space<B>) {
        static_assert(detail::backend_has_queue<B>,
                      "scorecam: a backend on a device has queue(), convertible to space_type::queue_type");
        static_assert(detail::backend_allocates<B, T>,
                      "scorecam: a backend has allocate<T>(n), which returns an owner with data() and size()");
        static_assert(
            detail::backend_transfers<B, T>,
            "scorecam: a backend has from_host(pointer, view), to_host(view, pointer), wait() and copy(view, view)");
        static_assert(detail::backend_paints<B, T>, "scorecam: a backend has paint(images, f, out)");
        static_assert(detail::backend_finds_extrema<B, T>, "scorecam: a backend has extrema(maps, size, rule, out)");
        static_assert(detail::backend_masks<B, T>,
                      "scorecam: a backend has mask(images, background, masks, picks, batch)");
        static_assert(detail::backend_averages<B, T>, "scorecam: a backend has average(masks, weights, out)");
        static_assert(detail::backend_finds_top<B, T>, "scorecam: a backend has top(outputs, out)");
        static_assert(detail::backend_scores<B, T>, "scorecam: a backend has score(outputs, f, picks, targets, scores)");
        static_assert(detail::backend_weighs<B, T>,
                      "scorecam: a backend has weigh(scores, roles, baseline, zero_mask, f, weights)");
        static_assert(detail::backend_finds_moments<B, T>, "scorecam: a backend has moments(maps, out)");
        static_assert(detail::backend_normalises<B, T>, "scorecam: a backend has normalise(maps, ranges, rule)");
        static_assert(detail::backend_combines<B, T>, "scorecam: a backend has combine(maps, weights, out)");
        static_assert(detail::backend_draws<B, T>, "scorecam: a backend has heatmap(sums, rule, maps, ranges)");
    }
    return true;
}

}  // namespace scorecam
