#pragma once
// Score-CAM (Wang et al., CVPR Workshops 2020, arXiv:1910.01279) and its relatives, once for every model and every backend:
//
//     y_k = f(perturb(X, m_k))          map = estimate({m_k}, {y_k})
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <scorecam/backend.hpp>
#include <scorecam/detail/recipe.hpp>
#include <scorecam/detail/steps.hpp>
#include <scorecam/explanation.hpp>
#include <scorecam/model.hpp>
#include <scorecam/policies/registry.hpp>

namespace scorecam {

namespace detail {

/// All that comes before the first mask is scored.
template <class Steps>
void prepare(Steps& steps, typename Steps::images_view images, call_choices const& now)
{
    steps.begin(images, now);
    steps.look();                 // f(X), and A_k if masks are made of it
    steps.choose_targets();       // c
    steps.make_masks();           // what H_k = s(Up(A_k)) is made of: a channel without contrast gives none. Waits.
    steps.score_baseline();       // f(X_b)
    steps.score_flat_channels();  // f under an all-zero mask, if they take part
}

/// What comes of the scores.
template <class Steps>
[[nodiscard]] auto map_of_scores(Steps& steps)
{
    steps.weigh();           // C(A_k) = f(X∘H_k) - f(X_b), and the weights made of it
    steps.estimate();        // Σ_k C(A_k)·A_k
    steps.draw();            // s(ReLU(Up(Σ_k C(A_k)·A_k)))
    return steps.collect();  // waits
}

}  // namespace detail

/// Explains images with one model on one backend. It keeps its memory between calls: use one explainer for many images.
/// Policies come in any order, at most one of a kind; policies/registry.hpp lists the kinds, and each kind's file its policies and
/// the standard one. The model and the backend are referred to, not copied. For one thread at a time: another one is refused.
template <class Backend, class Model>
class explainer {
    static_assert(check_model<Model>());
    static_assert(check_backend<Backend, typename Model::value_type>());

public:
    using value_type                          = typename Model::value_type;
    static constexpr std::size_t spatial_rank = spatial_rank_of<Model>;
    using images_view                         = const_view_on<Backend, value_type, spatial_rank + 2>;
    using image_view                          = const_view_on<Backend, value_type, spatial_rank + 1>;
    using explanation_type                    = explanation<value_type, spatial_rank>;

    template <class... Policies>
    explicit explainer(Backend& on, Model& model, Policies... policies) : steps_{on, model, std::move(policies)...}
    {
        static_assert(detail::check_policies<Backend, Model, Policies...>());
    }
    explainer(explainer const&)            = delete;  // what is recorded of a model refers to its parts
    explainer& operator=(explainer const&) = delete;

    /// Explains the images (I, C, H, W) in the backend's memory, which are only read. Waits for the result. `now` holds for this
    /// call alone: a target, on_progress{f} or a function of (done, total), stop_when{token} or a std::stop_token.
    /// Throws shape_error, target_error, option_error, non_finite_error, cancelled, out_of_memory, or what the model throws;
    /// the next call is then as good as any.
    template <detail::call_argument... Now>
    [[nodiscard]] explanation_type operator()(images_view images, Now... now)
    {
        auto const entered = steps_.enter();
        detail::prepare(steps_, images, detail::asked(steps_.chosen().call, std::move(now)...));
        steps_.score_masks();  // f(X∘H_k)
        return detail::map_of_scores(steps_);
    }

    /// Explains one image (C, H, W).
    template <detail::call_argument... Now>
    [[nodiscard]] explanation_type operator()(image_view image, Now... now)
    {
        return (*this)(images_view{image.data(), prepend(image.shape(), 1)}, std::move(now)...);
    }

private:
    detail::steps<Backend, Model> steps_;
};

namespace detail {

template <class V>
struct view_traits {
    static constexpr bool is_view = false;
};
template <class T, std::size_t Rank, class Space>
struct view_traits<tensor_view<T, Rank, Space>> {
    static constexpr bool is_view       = true;
    static constexpr std::size_t rank   = Rank;
    using element                       = std::remove_const_t<T>;
    using space_type                    = Space;
};

template <class A>
concept looks_like_a_backend = requires(A& a) { a.wait(); } && requires { typename A::space_type; };
template <class A>
concept looks_like_a_model = requires(A const& a) { a.input_shape(); };

/// Says in words why `Image` is no image for a model on a backend.
template <class Backend, class Model, class Image>
[[nodiscard]] consteval bool check_image()
{
    using T     = typename Model::value_type;
    using found = view_traits<Image>;
    if constexpr (found::is_view) {
        static_assert(std::is_same_v<typename found::element, T>,
                      "scorecam: an image is a tensor_view<value_type const, 3, space_type> (C, H, W) in the backend's memory, and "
                      "this view has elements of another type than the model's value_type (pixels of uint8, doubles for a float "
                      "model): convert them");
        static_assert(found::rank == spatial_rank_of<Model> + 1 || found::rank == spatial_rank_of<Model> + 2,
                      "scorecam: an image is a tensor_view<value_type const, 3, space_type> (C, H, W) in the backend's memory, "
                      "several images are one of rank 4, and this view has another rank: give all of its extents");
        static_assert(std::is_same_v<typename found::space_type, typename Backend::space_type>,
                      "scorecam: an image is a tensor_view<value_type const, 3, space_type> (C, H, W) in the backend's memory, and "
                      "this view is of other memory: copy it there, on a device with on.allocate<float>(C * H * W) and "
                      "on.from_host(pixels, view)");
    } else {
        static_assert(found::is_view,
                      "scorecam: an image is a tensor_view<value_type const, 3, space_type> (C, H, W) in the backend's memory, "
                      "several images are one of rank 4; pixels in a std::vector<float> v: scorecam::tensor_view<float const, "
                      "3>{v.data(), C, H, W}, on a device a view of on.allocate<float>(C * H * W) after on.from_host(v.data(), "
                      "view)");
    }
    return true;
}

}  // namespace detail

/// The saliency maps of one image (C, H, W) or several (I, C, H, W), which live in the backend's memory:
/// explain(cpu, model, image, target{243}, baseline{black{}}). See explainer.
template <class Backend, class Model, class Image, class... Policies>
[[nodiscard]] auto explain(Backend& on, Model& model, Image const& image, Policies... policies)
{
    constexpr bool backend_elsewhere = !detail::looks_like_a_backend<Backend> && (detail::looks_like_a_backend<Model> ||
                                                                                  detail::looks_like_a_backend<Image>);
    constexpr bool model_elsewhere   = !detail::looks_like_a_model<Model> &&
                                     (detail::looks_like_a_model<Backend> || detail::looks_like_a_model<Image>);
    constexpr bool in_order          = !backend_elsewhere && !model_elsewhere;
    static_assert(in_order, "scorecam: the order is explain(backend, model, image, policies...)");
    if constexpr (!in_order) {
        return explanation<float>{};
    } else {
        static_assert(!std::is_const_v<Model> && !std::is_const_v<Backend>,
                      "scorecam: the model and the backend are not const: calling them changes them");
        static_assert(check_model<Model>());
        static_assert(check_backend<Backend, typename Model::value_type>());
        using one_type         = const_view_on<Backend, typename Model::value_type, spatial_rank_of<Model> + 1>;
        using several_type     = const_view_on<Backend, typename Model::value_type, spatial_rank_of<Model> + 2>;
        constexpr bool one     = std::is_convertible_v<Image const&, one_type>;
        constexpr bool several = std::is_convertible_v<Image const&, several_type>;
        if constexpr (one || several) {
            explainer<Backend, Model> run{on, model, std::move(policies)...};
            return run(std::conditional_t<one, one_type, several_type>{image});
        } else {
            static_assert(detail::check_image<Backend, Model, Image>());
            return explanation<typename Model::value_type, spatial_rank_of<Model>>{};
        }
    }
}

/// A model and a backend are referred to while they work, so that they have names of their own.
template <class Backend, class Model, class Image, class... Policies>
void explain(Backend&, Model const&&, Image const&, Policies...) = delete;

}  // namespace scorecam
