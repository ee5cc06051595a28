#pragma once
// What the library needs to know about a network: two members, forward and capture.
#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <scorecam/batch_view.hpp>
#include <scorecam/model_outputs.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// What one capturing forward pass over n inputs yields.
template <class T, space Space = host_space, std::size_t SpatialRank = 2>
struct captured {
    model_outputs<T, Space> outputs;                           ///< (n, classes), or others: equal to what forward returns
    tensor_view<T const, SpatialRank + 2, Space> activations;  ///< (n, channels, h, w), as they are at the tapped layer
};

/// The same with the activations of several layers, (n, K_l, h_l, w_l) each.
template <class T, space Space = host_space, std::size_t SpatialRank = 2>
struct captured_layers {
    model_outputs<T, Space> outputs;
    std::vector<tensor_view<T const, SpatialRank + 2, Space>> activations;
};

namespace detail {

template <class Shape>
concept is_input_shape =
    std::same_as<Shape, signal_shape> || std::same_as<Shape, image_shape> || std::same_as<Shape, volume_shape>;

template <class M>
concept names_value_type = requires { typename M::value_type; } && std::floating_point<typename M::value_type>;
template <class M>
concept names_space = requires { typename M::space_type; } && space<typename M::space_type>;
template <class M>
concept has_input_shape = is_input_shape<std::remove_cvref_t<decltype(std::declval<M const&>().input_shape())>>;

}  // namespace detail

/// 2 for images, 1 for signals, 3 for volumes: the model's input shape without the channels.
template <class M>
inline constexpr std::size_t spatial_rank_of =
    std::remove_cvref_t<decltype(std::declval<M const&>().input_shape())>::rank - 1;

namespace detail {

template <class M>
struct batch_value {
    using type = typename M::value_type;
};
template <class M>
concept names_layout = requires { typename std::integral_constant<layout, M::batch_layout>; };
template <class M>
    requires requires { typename M::batch_value_type; }
struct batch_value<M> {
    using type = typename M::batch_value_type;
};

}  // namespace detail

/// The elements of a model's inputs, and their order.
template <class M>
using batch_value_of = typename detail::batch_value<M>::type;
template <class M>
inline constexpr layout layout_of = [] {
    if constexpr (detail::names_layout<M>) {
        return M::batch_layout;
    } else {
        return layout::channels_first;
    }
}();
/// Whether images are inputs as they are.
template <class M>
inline constexpr bool takes_images =
    std::same_as<batch_value_of<M>, typename M::value_type> && layout_of<M> == layout::channels_first;

/// The types a model is called with and answers with.
template <class M>
using batch_of = tensor_view<batch_value_of<M> const, spatial_rank_of<M> + 2, typename M::space_type>;
template <class M>
using outputs_of = model_outputs<typename M::value_type, typename M::space_type>;
template <class M>
using captured_of = captured<typename M::value_type, typename M::space_type, spatial_rank_of<M>>;
template <class M>
using captured_layers_of = captured_layers<typename M::value_type, typename M::space_type, spatial_rank_of<M>>;

namespace detail {

// A model on a device is handed the queue its input was enqueued on: forward(batch, queue). Without it, it could run before
// its input is there.
template <class M>
concept without_queue = !requires { typename M::space_type::queue_type; };
template <class M>
concept has_forward = requires(M& m, batch_of<M> x, typename M::space_type::queue_type const queue) {
    { m.forward(x, queue) } -> answers<typename M::value_type, typename M::space_type>;
} || requires(M& m, batch_of<M> x) {
    requires without_queue<M>;
    { m.forward(x) } -> answers<typename M::value_type, typename M::space_type>;
};
template <class M>
concept has_capture = requires(M& m, batch_of<M> x, typename M::space_type::queue_type const queue) {
    { m.capture(x, queue) } -> std::convertible_to<captured_of<M>>;
} || requires(M& m, batch_of<M> x) {
    requires without_queue<M>;
    { m.capture(x) } -> std::convertible_to<captured_of<M>>;
};
template <class M>
concept has_capture_layers = requires(M& m, batch_of<M> x, typename M::space_type::queue_type const queue) {
    { m.capture_layers(x, queue) } -> std::convertible_to<captured_layers_of<M>>;
} || requires(M& m, batch_of<M> x) {
    requires without_queue<M>;
    { m.capture_layers(x) } -> std::convertible_to<captured_layers_of<M>>;
};

// The rest of the network behind the tapped layer.
template <class M>
using activations_of = tensor_view<typename M::value_type const, spatial_rank_of<M> + 2, typename M::space_type>;
template <class M>
concept has_resume = requires(M& m, activations_of<M> a, typename M::space_type::queue_type const queue) {
    { m.resume(a, queue) } -> answers<typename M::value_type, typename M::space_type>;
} || requires(M& m, activations_of<M> a) {
    requires without_queue<M>;
    { m.resume(a) } -> answers<typename M::value_type, typename M::space_type>;
};

// A member that is there and cannot be used as one of these would be passed over without a word.
template <class M>
concept right_preferred_batch = !(requires { &M::preferred_batch; } || requires(M& m) { m.preferred_batch; }) ||
                                requires(M& m) { { m.preferred_batch() } -> std::convertible_to<index_t>; };
template <class M>
concept right_max_batch = !(requires { &M::max_batch; } || requires(M& m) { m.max_batch; }) ||
                          requires(M& m) { { m.max_batch() } -> std::convertible_to<index_t>; };
template <class M>
concept right_capturable = !(requires { &M::capturable; } || requires(M& m) { m.capturable; }) ||
                           requires(M const& m) { { m.capturable } -> std::convertible_to<bool>; };
template <class M>
concept right_precision = !(requires { &M::precision; } || requires(M& m) { m.precision; }) ||
                          requires(M const& m) { std::string{m.precision()}; };
template <class M>
concept right_input_buffer =
    !(requires { &M::input_buffer; } || requires(M& m) { m.input_buffer; }) || requires(M& m, index_t n) {
        {
            m.input_buffer(n)
        } -> std::convertible_to<tensor_view<batch_value_of<M>, spatial_rank_of<M> + 2, typename M::space_type>>;
    };
template <class M>
concept right_replica = !(requires { &M::replica; } || requires(M& m) { m.replica; }) ||
                        (requires(M& m) { m.replica(); } && !requires(M& m) { requires std::is_void_v<decltype(m.replica())>; });
template <class M>
concept right_resume = !(requires { &M::resume; } || requires(M& m) { m.resume; }) || has_resume<M>;
template <class M>
concept right_capture_layers =
    !(requires { &M::capture_layers; } || requires(M& m) { m.capture_layers; }) || has_capture_layers<M>;

}  // namespace detail

/// A network that can be explained.
///
/// `value_type`      float or double: the type of its inputs, outputs and activations.
/// `space_type`      where those live: scorecam::host_space, or a device's space.
/// `input_shape()`   (C, H, W) of one input, e.g. scorecam::image_shape{3, 224, 224}; (C, L) and (C, D, H, W) likewise.
/// `forward(batch)`  (n, C, H, W) to (n, classes), for every n from 1 to max_batch(): used for the masked images. What is no
///                   classifier answers with a view (n, ...) of another shape or with several named ones, model_outputs,
///                   of the same shapes in every call.
/// `capture(batch)`  the same, and the activations (n, K, h, w) of the layer to explain: used once per image.
/// On a device both take the queue as well, space_type::queue_type, and enqueue their work there: forward(batch, queue).
///
/// Promises that a compiler cannot see:
/// - the views returned stay valid until the next call on the model (on a device: in queue order);
/// - a row of the outputs depends on its image alone, not on the batch it came in;
/// - activations hold the values at the tapped layer, even if later layers work in place;
/// - the batch is only read.
///
/// Detected when present:
/// - `batch_value_type`   the type of its inputs alone, if that is another one: half, for instance, or anything else that is
///                        trivially copyable and made of a value_type by static_cast;
/// - `batch_layout`       a static constexpr member, layout::channels_last if batches are (n, H, W, C): forward and capture
///                        then see these extents. Images, input_shape() and the activations are (C, H, W) all the same.
///
/// Detected when present, and only to be faster or to state a limit:
/// - `input_buffer(n)`    a writable view of the engine's own input, of the shape of a batch of n; masks are written there,
///                        and forward is then called with exactly that view;
/// - `preferred_batch()`  the batch size at which the engine is fastest;
/// - `max_batch()`        the largest batch it accepts;
/// - `capturable`         true if, on a device, each forward of n images at the same place enqueues the same work, on that
///                        queue alone and on memory that stays, and answers with the same view: it may then be recorded once
///                        and replayed without a call, see detail/graphs.hpp;
/// - `replica()`          another model over the same network that other threads may call at the same time, for `concurrency`;
/// - `precision()`        a text, such as "bfloat16", if it computes in something else than value_type;
/// - `resume(activations)`  the outputs for activations (n, K, h, w) of the tapped layer, changed or not, for every n: the rest
///                        of the network run alone, for masks that are put on the activations (place::tap). A device's takes the
///                        queue, too.
template <class M>
concept model = detail::names_value_type<M> && detail::names_space<M> && detail::has_input_shape<M> &&
                detail::has_forward<M> && detail::has_capture<M>;

/// A model that can be explained at several layers at once, see layers.hpp: `capture_layers(batch)` yields the outputs and
/// the activations of each layer, always as many, in one pass.
template <class M>
concept layered_model = model<M> && detail::has_capture_layers<M>;

/// A model whose rest behind the tapped layer can be run alone.
template <class M>
concept resumable_model = model<M> && detail::has_resume<M>;

/// Says in words which requirement of `model` the type M misses; true if none.
template <class M>
[[nodiscard]] consteval bool check_model()
{
    static_assert(detail::names_value_type<M>,
                  "scorecam: a model names its element type, float or double: using value_type = float; one whose input has "
                  "another, half for instance, names that besides, as batch_value_type");
    static_assert(detail::names_space<M>,
                  "scorecam: a model names where its tensors live: using space_type = scorecam::host_space;");
    static_assert(detail::has_input_shape<M>,
                  "scorecam: a model tells the shape of one input: scorecam::image_shape input_shape() const;");
    if constexpr (detail::names_value_type<M> && detail::names_space<M> && detail::has_input_shape<M>) {
        static_assert(
            std::is_trivially_copyable_v<batch_value_of<M>> && requires(typename M::value_type x) {
                static_cast<batch_value_of<M>>(x);
            }, "scorecam: a model's batch_value_type is trivially copyable and made of a value_type by static_cast");
        static_assert(!(requires { &M::batch_layout; }) || detail::names_layout<M>,
                      "scorecam: a model's batch_layout is a static constexpr scorecam::layout");
        static_assert(detail::has_forward<M>,
                      "scorecam: a model has forward(tensor_view<value_type const, 4, space_type> batch), or of "
                      "batch_value_type if it names one, that returns a (batch, classes) view: tensor_view<value_type "
                      "const, 2, space_type>, one of another shape, or scorecam::model_outputs; on a device it takes the queue, as space_type::queue_type, as a second "
                      "argument");
        static_assert(detail::has_capture<M>,
                      "scorecam: a model has capture(tensor_view<value_type const, 4, space_type> batch), or of "
                      "batch_value_type if it names one, that returns scorecam::captured<value_type, space_type> with the "
                      "outputs and the activations; on a device it takes the queue, as space_type::queue_type, as a second "
                      "argument");
        static_assert(detail::right_preferred_batch<M>,
                      "scorecam: a model's preferred_batch is a member function that returns a number: scorecam::index_t "
                      "preferred_batch() const");
        static_assert(detail::right_max_batch<M>,
                      "scorecam: a model's max_batch is a member function that returns a number: scorecam::index_t max_batch() "
                      "const");
        static_assert(detail::right_capturable<M>, "scorecam: a model's capturable is a data member: bool capturable");
        static_assert(detail::right_precision<M>,
                      "scorecam: a model's precision is a member function that returns a text: std::string precision() const");
        static_assert(detail::right_input_buffer<M>,
                      "scorecam: a model's input_buffer(n) returns a writable tensor_view<value_type, 4, space_type>, or one of "
                      "its batch_value_type");
        static_assert(detail::right_replica<M>,
                      "scorecam: a model's replica is a member function that returns another model: my_model replica() const");
        static_assert(detail::right_resume<M>,
                      "scorecam: a model's resume takes activations, tensor_view<value_type const, 4, space_type>, and returns "
                      "the outputs as forward does; on a device it takes the queue as a second argument");
        static_assert(detail::right_capture_layers<M>,
                      "scorecam: a model's capture_layers takes a batch as capture does and returns "
                      "scorecam::captured_layers<value_type, space_type>");
    }
    return true;
}

}  // namespace scorecam
