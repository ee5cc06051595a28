#pragma once
// Score-CAM (Wang et al., CVPR Workshops 2020, arXiv:1910.01279), once for every model and every backend.
#include <cstddef>
#include <type_traits>
#include <utility>

#include <scorecam/backend.hpp>
#include <scorecam/explanation.hpp>
#include <scorecam/model.hpp>
#include <scorecam/policies/registry.hpp>
#include <scorecam/detail/steps.hpp>

namespace scorecam {

/// Explains images with one model on one backend. It keeps its memory between calls: use one explainer for many images.
/// Policies come in any order, at most one of a kind; policies.hpp lists the kinds and their defaults.
/// The model and the backend are referred to, not copied. For one thread at a time.
template <class Backend, class Model, class... Policies>
class explainer {
    static_assert(check_model<Model>());
    static_assert(check_backend<Backend, typename Model::value_type>());
    static_assert(
        (policy<Policies> && ...),
        "scorecam: every argument after the image is a policy, such as scorecam::target{243}, scorecam::logit{}, "
        "scorecam::baseline{scorecam::black{}}, scorecam::softmax_weights{} or scorecam::fixed_batch{16}; a function "
        "goes into one, scorecam::score_by{f}, and a type of your own names its kind: using kind = "
        "scorecam::kinds::score");
    static_assert(detail::one_of_each_kind<Policies...>,
                  "scorecam: two policies of the same kind were given (two targets, two scores, two batchings); give one");
    static_assert((check_policy<Policies, typename Model::value_type>() && ...));
    static_assert(std::is_same_v<typename Model::space_type, typename Backend::space_type>,
                  "scorecam: the model and the backend live in different memory; use a backend with the model's space_type");

public:
    using value_type                          = typename Model::value_type;
    static constexpr std::size_t spatial_rank = spatial_rank_of<Model>;
    using images_view                         = const_view_on<Backend, value_type, spatial_rank + 2>;
    using image_view                          = const_view_on<Backend, value_type, spatial_rank + 1>;
    using explanation_type                    = explanation<value_type, spatial_rank>;

    explicit explainer(Backend& on, Model& model, Policies... policies) : steps_{on, model, std::move(policies)...} {}

    /// Explains the images (I, C, H, W) in the backend's memory, which are only read. Waits for the result.
    /// Throws shape_error, target_error, option_error, non_finite_error, cancelled, out_of_memory, or what the model throws.
    [[nodiscard]] explanation_type operator()(images_view images)
    {
        steps_.begin(images);
        steps_.capture(images);              // A_k and f(X)
        steps_.choose_targets();             // c
        steps_.group_channels();             // of Group-CAM; nothing otherwise
        steps_.find_extrema(images);         // of Up(A_k): a channel without contrast gives no mask. Waits.
        steps_.score_masks(images);          // f(X∘H_k), H_k = s(Up(A_k))
        steps_.score_baseline(images);       // f(X_b)
        steps_.score_flat_channels(images);  // f under an all-zero mask, if they take part
        steps_.weigh();                      // C(A_k) = f(X∘H_k) - f(X_b), and the weights made of it
        steps_.combine();                    // Σ_k C(A_k)·A_k
        steps_.draw(images);                 // s(ReLU(Up(Σ_k C(A_k)·A_k)))
        return steps_.collect();             // waits
    }

    /// Explains one image (C, H, W).
    [[nodiscard]] explanation_type operator()(image_view image)
    {
        return (*this)(images_view{image.data(), prepend(image.shape(), 1)});
    }

private:
    steps<Backend, Model, Policies...> steps_;
};

/// The saliency maps of one image (C, H, W) or several (I, C, H, W), which live in the backend's memory:
/// explain(cpu, model, image, target{243}, baseline{black{}}). See explainer.
template <class Backend, class Model, class Image, class... Policies>
[[nodiscard]] auto explain(Backend& on, Model& model, Image const& image, Policies... policies)
{
    static_assert(!std::is_const_v<Model> && !std::is_const_v<Backend>,
                  "scorecam: the model and the backend are not const: calling them changes them");
    static_assert(check_model<Model>());
    static_assert(check_backend<Backend, typename Model::value_type>());
    using one_type         = const_view_on<Backend, typename Model::value_type, spatial_rank_of<Model> + 1>;
    using several_type     = const_view_on<Backend, typename Model::value_type, spatial_rank_of<Model> + 2>;
    constexpr bool one     = std::is_convertible_v<Image const&, one_type>;
    constexpr bool several = std::is_convertible_v<Image const&, several_type>;
    static_assert(
        one || several,
        "scorecam: an image is a tensor_view<value_type const, 3, space_type> (C, H, W) in the backend's memory, several "
        "images are one of rank 4; pixels in a std::vector<float> v: scorecam::tensor_view<float const, 3>{v.data(), C, H, "
        "W}, on a device a view of on.allocate<float>(C * H * W) after on.from_host(v.data(), view)");
    if constexpr (one || several) {
        explainer<Backend, Model, Policies...> run{on, model, std::move(policies)...};
        return run(std::conditional_t<one, one_type, several_type>{image});
    }
}

/// A model and a backend are referred to while they work, so that they have names of their own.
template <class Backend, class Model, class Image, class... Policies>
void explain(Backend&, Model const&&, Image const&, Policies...) = delete;

}  // namespace scorecam
