#pragma once
// Scores of images and of copies of them that their maps have a say in, many at once.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <scorecam/backend.hpp>
#include <scorecam/detail/kept_outputs.hpp>
#include <scorecam/error.hpp>
#include <scorecam/metrics/maps.hpp>
#include <scorecam/model.hpp>
#include <scorecam/policies/registry.hpp>
#include <scorecam/detail/scorer.hpp>
#include <scorecam/detail/scratch.hpp>
#include <scorecam/tensor.hpp>

namespace scorecam::metrics {

/// What a measurement cost.
struct cost {
    index_t forwards   = 0;  ///< images pushed through the model
    index_t batches    = 0;  ///< calls of the model
    index_t batch_size = 0;  ///< what the batching strategy settled on, or the largest batch
    index_t peak_bytes = 0;  ///< held in the backend's memory: one batch, rankings or maps, pictures and lists
};

/// One result (I, M) for each map.
template <class Result>
struct per_map {
    tensor<Result, 2> all;
    cost spent;

    [[nodiscard]] Result of(index_t i = 0, index_t m = 0) const { return all(i, m); }
};

/// The policies that a measurement heeds: target (M classes for the M maps of an image, by default the largest outputs),
/// score (by default the probability), batching, concurrency, progress and stop. A progress policy hears of the images first and
/// then, from 0 on, of their copies.
template <class P>
concept measuring_policy = scorecam::detail::one_of<kind_of<P>, kinds::target, kinds::score, kinds::batching,
                                                    kinds::concurrency, kinds::progress, kinds::stop>;

namespace detail {

/// Copies painted one by one as paint(backend, image (1, C, H, W), pick, out) says; pick {case, step} has case i·M + m.
template <class Backend, class T, std::size_t Rank, class Paint>
struct painted {
    static constexpr bool paints_pictures = true;
    const_view_on<Backend, T, Rank> images;
    std::vector<ops::pick> const& copies;
    index_t maps_per_image;
    Paint const& paint;

    template <class Batch>
    void operator()(Backend& on, index_t first, const_view_on<Backend, ops::pick, 1> picks, Batch const& where) const
    {
        if constexpr (std::is_convertible_v<Batch, view_on<Backend, T, Rank>>) {
            for (index_t b = 0; b < picks.extent(0); ++b) {
                auto const pick = copies[static_cast<std::size_t>(first + b)];
                paint(on, images.slice(pick.image / maps_per_image, 1), pick, where.slice(b, 1));
            }
        }
    }
};

}  // namespace detail

/// f(X), and f of copies of X, for images (I, C, H, W) with M maps each. Map m of image i is case i·M + m.
/// Copies are made in the batch itself, so that nothing of the size of all copies is ever held; for a model whose inputs
/// have other elements or another order, in a batch of images beside it.
template <class Backend, class Model>
class perturbed {
    static_assert(check_model<Model>());
    static_assert(check_backend<Backend, typename Model::value_type>());

    using T                           = typename Model::value_type;
    static constexpr std::size_t rank = spatial_rank_of<Model> + 2;
    template <class U, std::size_t Rank>
    using held = scorecam::detail::scratch<Backend, U, Rank>;

public:
    using images_view = const_view_on<Backend, T, rank>;

    template <class... Policies>
    explicit perturbed(Backend& on, Model& model, Policies... policies) : scorer_{on, model, std::move(policies)...}
    {
        static_assert(
            (measuring_policy<Policies> && ...),
            "scorecam: a metric takes a target, a score, a batching, concurrency, progress and stop policies, nothing else");
        static_assert(scorecam::detail::check_policies<Backend, Model, Policies...>());
    }
    perturbed(perturbed const&)            = delete;
    perturbed& operator=(perturbed const&) = delete;

    /// Scores the images themselves and finds the targets of their maps (I, M, H, W).
    /// Throws shape_error, target_error, option_error, non_finite_error, cancelled, out_of_memory, or what the model throws.
    void begin(images_view images, index_t maps_per_image)
    {
        scorer_.begin(images, scorer_.chosen().call);
        images_ = images;

        index_t const I = images.extent(0);
        scorer_.look(images, [&](Backend& on, auto const& outputs, index_t first, index_t n) {
            outputs_.keep(on, outputs, first, n, I);
        });
        scorer_.choose_targets(outputs_.all(), targets_);
        if (targets_.shape()[1] != maps_per_image) {
            throw target_error{"there are " + std::to_string(targets_.shape()[1]) + " targets per image for " +
                               std::to_string(maps_per_image) + " maps; give a target for each map"};
        }
        scorer_.score_picture(images, unmasked_, outputs_.all(), as_const(targets_.view()), own_scores_);
        unperturbed_  = scorer_.to_host(own_scores_);
        outputs_seen_ = outputs_.first_on_host(scorer_.on());
        scorer_.on().wait();
        scorecam::detail::check_outputs(outputs_seen_);
        for (T const score : unperturbed_) {
            if (!std::isfinite(score)) { refuse("an image itself"); }
        }
    }

    /// Scores copies: pick {case, step} names one, steps < `steps`. paint(backend, image (1, C, H, W), pick, out) makes it;
    /// it is called by several threads if there are several. Scores come out (I·M, steps), NaN where no copy was asked for.
    /// Throws as begin.
    template <class Paint>
    [[nodiscard]] tensor<T, 2> score(std::vector<ops::pick> const& copies, index_t steps, Paint const& paint)
    {
        auto const cases   = targets_.shape().size();
        auto const classes = const_view_on<Backend, index_t, 2>{targets_.view().data(), cases, 1};
        auto const scores  = scores_.resize(scorer_.on(), {{cases, steps, 1}});
        tensor<T, 3> none{scores.shape()};
        for (auto& score : none.view()) { score = ops::nan_of<T>; }
        scorer_.on().from_host(none.data(), scores);
        scorer_.score(images_, copies, detail::painted<Backend, T, rank, Paint>{images_, copies, maps_per_image(), paint},
                      classes, scores, [](index_t, auto const&) {});
        auto const found = scorer_.to_host(scores_);
        scorer_.on().wait();
        tensor<T, 2> seen{{{cases, steps}}};
        for (auto const& pick : copies) {
            seen(pick.image, pick.channel) = found(pick.image, pick.channel, 0);
            if (!std::isfinite(seen(pick.image, pick.channel))) { refuse("a perturbed image"); }
        }
        return seen;
    }

    [[nodiscard]] index_t maps_per_image() const { return targets_.shape()[1]; }
    /// f(X) of case j.
    [[nodiscard]] double unperturbed(index_t j) const { return static_cast<double>(unperturbed_.data()[j]); }
    /// The model's own outputs (I, classes).
    [[nodiscard]] tensor<T, 2> const& outputs() const { return outputs_seen_; }

    /// With what else the caller holds in the backend's memory.
    [[nodiscard]] cost spent(index_t held_beside) const
    {
        return {scorer_.forwards(), scorer_.batches(), scorer_.batch_size(),
                held_beside + scorer_.bytes() + outputs_.bytes() + targets_.bytes() + scores_.bytes() + own_scores_.bytes()};
    }

private:
    [[noreturn]] static void refuse(std::string const& of)
    {
        throw non_finite_error{"the score of " + of + " is NaN or infinite; check the image, the model and the score"};
    }

    scorecam::detail::scorer<Backend, Model> scorer_;
    typename scorecam::detail::recipe_for<Backend, Model>::picture_type unmasked_{{}, true, false, true};
    images_view images_{};
    tensor<T, 2> unperturbed_;   // (I, M)
    tensor<T, 2> outputs_seen_;  // (I, classes)

    scorecam::detail::kept_outputs<Backend, T> outputs_;
    held<index_t, 2> targets_;  // (I, M)
    held<T, 2> own_scores_;     // (I, M)
    held<T, 3> scores_;         // (I·M, steps, 1)
};

}  // namespace scorecam::metrics
