#pragma once
// Scores of images and of copies of them that their maps have a say in, many at once.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <scorecam/backend.hpp>
#include <scorecam/detail/batch_work.hpp>
#include <scorecam/detail/checks.hpp>
#include <scorecam/error.hpp>
#include <scorecam/metrics/maps.hpp>
#include <scorecam/model.hpp>
#include <scorecam/detail/model_calls.hpp>
#include <scorecam/policies/registry.hpp>
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
/// score (by default the probability), batching, callers, progress and stop. A progress policy hears of the images first and
/// then, from 0 on, of their copies.
template <class P>
concept measuring_policy = scorecam::detail::one_of<kind_of<P>, kinds::target, kinds::score, kinds::batching, kinds::callers,
                                                    kinds::progress, kinds::stop>;

/// f(X), and f of copies of X, for images (I, C, H, W) with M maps each. Map m of image i is case i·M + m.
/// Copies are made in the batch itself, so that nothing of the size of all copies is ever held; for a model whose inputs
/// have other elements or another order, in a batch of images beside it.
template <class Backend, class Model, class... Policies>
class perturbed {
    static_assert(check_model<Model>());
    static_assert(check_backend<Backend, typename Model::value_type>());
    static_assert(
        (measuring_policy<Policies> && ...),
        "scorecam: a metric takes a target, a score, a batching, callers, progress and stop policies, nothing else");
    static_assert(scorecam::detail::one_of_each_kind<Policies...>,
                  "scorecam: two policies of the same kind were given (two targets, two scores, two batchings); give one");
    static_assert((check_policy<Policies, typename Model::value_type>() && ...));

    using T                           = typename Model::value_type;
    static constexpr std::size_t rank = spatial_rank_of<Model> + 2;
    template <class U, std::size_t Rank>
    using held = scratch<Backend, U, Rank>;

public:
    using images_view = const_view_on<Backend, T, rank>;

    explicit perturbed(Backend& on, Model& model, Policies... policies)
        : on_{on}, model_{on, model}, policies_{scorecam::detail::with_defaults(std::move(policies)...)}
    {
    }
    perturbed(perturbed const&)            = delete;
    perturbed& operator=(perturbed const&) = delete;

    /// Scores the images themselves and finds the targets of their maps (I, M, H, W).
    /// Throws shape_error, target_error, option_error, non_finite_error, cancelled, out_of_memory, or what the model throws.
    void begin(images_view images, index_t maps_per_image)
    {
        check_images(images, model_.input_shape());
        images_ = images;
        model_.restart();
        others_.ask_for(with_policy(in_force<kinds::callers>(), [](auto const& c) { return c.number; }), on_,
                        model_.model());
        others_.for_each([](auto& one) { one.calls.restart(); });

        index_t const I = images.extent(0);
        run(I, [&](auto& on, auto& model, index_t first, index_t n) {
            keep(on, model.forward(model.entered(images_.slice(first, n))), first, n);
        });
        with_policy(in_force<kinds::target>(),
                    [&](auto const& chosen) { choose_targets_of(on_, chosen, as_const(outputs_.view()), targets_); });
        if (targets_.shape()[1] != maps_per_image) {
            throw target_error{"there are " + std::to_string(targets_.shape()[1]) + " targets per image for " +
                               std::to_string(maps_per_image) + " maps; give a target for each map"};
        }
        std::vector<ops::pick> own;
        for (index_t i = 0; i < I; ++i) { own.push_back({static_cast<std::int32_t>(i), 0}); }
        auto const M    = maps_per_image;
        auto const rows = scores_.resize(on_, {{I, 1, M}});
        read(on_, as_const(outputs_.view()), upload(own), as_const(targets_.view()), rows);
        unperturbed_  = to_host(scores_);
        outputs_seen_ = to_host(outputs_);
        on_.wait();
        check_outputs(outputs_seen_);
        check(unperturbed_, "an image itself");
    }

    /// Scores copies: pick {case, step} names one, steps < `steps`. paint(backend, image (1, C, H, W), pick, out) makes it;
    /// it is called by several threads if there are several callers. Scores come out (I·M, steps), NaN where no copy was
    /// asked for. Throws as begin.
    template <class Paint>
    [[nodiscard]] tensor<T, 2> score(std::vector<ops::pick> const& copies, index_t steps, Paint const& paint)
    {
        auto const cases   = targets_.shape().size();
        auto const classes = tensor_view<index_t const, 2, typename Backend::space_type>{targets_.view().data(), cases, 1};
        auto const scores  = scores_.resize(on_, {{cases, steps, 1}});
        tensor<T, 3> none{scores.shape()};
        for (auto& score : none.view()) { score = ops::nan_of<T>; }
        on_.from_host(none.data(), scores);
        auto const picks = upload(copies);
        run(static_cast<index_t>(copies.size()), [&](auto& on, auto& model, index_t first, index_t n) {
            auto const canvas = model.canvas(n, images_);
            for (index_t b = 0; b < n; ++b) {
                auto const pick = copies[static_cast<std::size_t>(first + b)];
                paint(on, images_.slice(pick.image / maps_per_image(), 1), pick, canvas.slice(b, 1));
            }
            read(on, model.forward(model.entered(canvas)), picks.slice(first, n), classes, scores);
        });
        auto const found = to_host(scores_);
        on_.wait();
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
        cost all{model_.forwards(), model_.batches(), batch_size_, held_beside + model_.bytes()};
        others_.for_each([&](auto const& one) {
            all.forwards += one.calls.forwards();
            all.batches += one.calls.batches();
            all.peak_bytes += one.calls.bytes();
        });
        all.peak_bytes += outputs_.bytes() + targets_.bytes() + scores_.bytes() + picks_.bytes();
        return all;
    }

private:
    template <class Work>
    void run(index_t total, Work const& one_batch)
    {
        batch_size_ = batch_work{on_, model_, others_, policies_}.through(total, one_batch, batch_size_);
    }

    /// Outputs may come from several threads: the first of them makes the room.
    void keep(Backend& on, const_view_on<Backend, T, 2> outputs, index_t first, index_t n)
    {
        auto const room = [&] {
            std::lock_guard const lock{mutex_};
            extents<2> const all{{images_.extent(0), outputs.extent(1)}};
            return outputs_.shape() == all ? outputs_.view() : outputs_.resize(on_, all);
        }();
        on.copy(outputs, room.slice(first, n));
    }

    void read(Backend& on, const_view_on<Backend, T, 2> outputs, const_view_on<Backend, ops::pick, 1> picks,
              const_view_on<Backend, index_t, 2> targets, view_on<Backend, T, 3> scores)
    {
        with_policy(in_force<kinds::score>(), [&](auto const& f) { on.score(outputs, f, picks, targets, scores); });
    }

    [[nodiscard]] auto upload(std::vector<ops::pick> const& list)
    {
        auto const view = picks_.resize(on_, {{static_cast<index_t>(list.size())}});
        if (!list.empty()) { on_.from_host(list.data(), view); }
        return as_const(view);
    }
    template <class U, std::size_t Rank>
    [[nodiscard]] tensor<U, Rank> to_host(held<U, Rank> const& from)  // there after on_.wait()
    {
        tensor<U, Rank> host{from.shape()};
        on_.to_host(as_const(from.view()), host.data());
        return host;
    }

    [[noreturn]] static void refuse(std::string const& of)
    {
        throw non_finite_error{"the score of " + of + " is NaN or infinite; check the image, the model and the score"};
    }
    static void check(tensor<T, 3> const& scores, std::string const& of)
    {
        for (T const score : scores) {
            if (!std::isfinite(score)) { refuse(of); }
        }
    }

    template <class Kind>
    [[nodiscard]] auto& in_force()
    {
        return scorecam::detail::policy_in_force<Kind>(policies_);
    }

    Backend& on_;
    model_calls<Backend, Model> model_;
    further_callers<Backend, Model> others_;
    decltype(scorecam::detail::with_defaults(std::declval<Policies>()...)) policies_;
    std::mutex mutex_;
    images_view images_{};
    tensor<T, 3> unperturbed_;   // (I, 1, M)
    tensor<T, 2> outputs_seen_;  // (I, classes)
    index_t batch_size_ = 0;

    held<T, 2> outputs_;        // (I, classes)
    held<index_t, 2> targets_;  // (I, M)
    held<T, 3> scores_;         // (I, 1, M), then (I·M, steps, 1)
    held<ops::pick, 1> picks_;
};

}  // namespace scorecam::metrics
