#pragma once
// The steps of Score-CAM on one backend, and the memory they share. explain.hpp has them in order.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <scorecam/backend.hpp>
#include <scorecam/detail/batch_work.hpp>
#include <scorecam/policies/concurrency.hpp>
#include <scorecam/detail/checks.hpp>
#include <scorecam/error.hpp>
#include <scorecam/explanation.hpp>
#include <scorecam/model.hpp>
#include <scorecam/detail/model_calls.hpp>
#include <scorecam/policies/registry.hpp>
#include <scorecam/detail/scratch.hpp>

namespace scorecam {

/// What explainer is made of. Each step enqueues its work and keeps its result for the next ones.
template <class Backend, class Model, class... Policies>
class steps {
    using T = typename Model::value_type;
    template <class U, std::size_t Rank>
    using held = scratch<Backend, U, Rank>;

public:
    static constexpr std::size_t spatial_rank = spatial_rank_of<Model>;
    static constexpr std::size_t rank         = spatial_rank + 2;
    using images_view                         = const_view_on<Backend, T, rank>;
    using explanation_type                    = explanation<T, spatial_rank>;

    explicit steps(Backend& on, Model& model, Policies... policies)
        : on_{on}, model_{on, model}, policies_{detail::with_defaults(std::move(policies)...)}
    {
    }

    /// Starts an explanation of the images. Throws shape_error, non_finite_error or option_error.
    void begin(images_view images)
    {
        check_images(images, model_.input_shape());
        check_rules();
        found_ = {};
        model_.restart();
        others_.ask_for(rule<callers>().number, on_, model_.model());
        others_.for_each([](auto& one) { one.calls.restart(); });
    }

    void capture(images_view images)
    {
        for (index_t first = 0; first < images.extent(0);) {
            index_t const n = batches().next(images.extent(0) - first);
            auto const seen = model_.capture(model_.entered(images.slice(first, n)));
            if (first == 0) {
                outputs_.resize(on_, prepend(trailing<1>(seen.outputs.shape()), images.extent(0)));
                activations_.resize(on_, prepend(trailing<rank - 1>(seen.activations.shape()), images.extent(0)));
            }
            on_.copy(seen.outputs, outputs_.view().slice(first, n));
            on_.copy(seen.activations, activations_.view().slice(first, n));
            first += n;
        }
    }

    void choose_targets()
    {
        with_policy(in_force<kinds::target>(),
                    [&](auto const& chosen) { choose_targets_of(on_, chosen, as_const(outputs_.view()), targets_); });
    }

    /// Replaces the channels by the ReLU of the sums of consecutive ones, if the policy says so.
    void group_channels()
    {
        with_policy(in_force<kinds::grouping>(), [&](auto const& grouping) {
            if constexpr (requires { grouping.number; }) {
                if (grouping.number < 1) {
                    throw option_error{std::to_string(grouping.number) +
                                       " groups of channels were asked for; ask for 1 or more"};
                }
                index_t const I    = activations_.shape()[0];
                index_t const K    = activations_.shape()[1];
                index_t const each = (K + grouping.number - 1) / grouping.number;
                index_t const G    = (K + each - 1) / each;
                tensor<T, 3> members{{{I, K, G}}};
                for (index_t i = 0; i < I; ++i) {
                    for (index_t k = 0; k < K; ++k) { members(i, k, k / each) = T(1); }
                }
                auto shape = activations_.shape();
                shape[1]   = G;
                on_.from_host(members.data(), weights_.resize(on_, members.shape()));
                on_.combine(as_const(activations_.view()), as_const(weights_.view()), sums_.resize(on_, shape));
                heatmap_rule const only_relu{
                    .relu = step_at::activation, .size = step_at::activation, .scale = scaling::none};
                on_.heatmap(merge_leading(as_const(sums_.view())), only_relu, merge_leading(activations_.resize(on_, shape)),
                            merge_leading(heat_.resize(on_, {{I, G}})));
            }
        });
    }

    void find_extrema(images_view images)
    {
        auto const& maps  = activations_.shape();
        auto const ranges = ranges_.resize(on_, {{maps[0], maps[1]}});
        on_.extrema(merge_leading(as_const(activations_.view())), size_of(images), rule<mask_rule>(), merge_leading(ranges));

        with_policy(in_force<kinds::channels>(), [&](auto const& choice) {
            bool const all    = std::is_same_v<std::remove_cvref_t<decltype(choice)>, all_channels>;
            auto const shape  = all ? extents<2>{} : ranges_.shape();
            auto const wanted = moments_.resize(on_, shape);
            if (!all) { on_.moments(merge_leading(as_const(activations_.view())), merge_leading(wanted)); }
        });
        found_.outputs     = to_host(outputs_);
        auto const known   = to_host(ranges_);
        auto const moments = to_host(moments_);
        on_.wait();
        check_outputs(found_.outputs);
        check_activations(known);
        assign_roles(known, choose_channels(moments));
    }

    /// Whether each channel of each image is among those to score; empty if all are.
    [[nodiscard]] std::vector<std::vector<bool>> choose_channels(tensor<ops::moments<T>, 2> const& moments)
    {
        std::vector<std::vector<bool>> chosen;
        with_policy(in_force<kinds::channels>(), [&](auto const& choice) {
            if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(choice)>, all_channels>) {
                for (index_t i = 0; i < moments.extent(0); ++i) { chosen.push_back(choice.choose(moments[i])); }
            }
        });
        return chosen;
    }

    /// What each channel does, and the list of those that are scored.
    void assign_roles(tensor<ops::range<T>, 2> const& ranges, std::vector<std::vector<bool>> const& chosen)
    {
        using ops::channel_role;
        auto const of_flat =
            rule<flat_channels>() == flat_channels::scored ? channel_role::zero_mask : channel_role::left_out;
        auto const of_rest =
            rule<unscored_channels>() == unscored_channels::zero ? channel_role::zero : channel_role::left_out;
        bool const scoring = with_policy(in_force<kinds::weighting>(),
                                         [](auto const& w) { return needs_scores<std::remove_cvref_t<decltype(w)>>(); });
        found_.flat        = tensor<unsigned char, 2>{ranges.shape()};
        found_.roles       = tensor<channel_role, 2>{ranges.shape()};
        live_.clear();
        for (index_t i = 0; i < ranges.extent(0); ++i) {
            for (index_t k = 0; k < ranges.extent(1); ++k) {
                bool const flat    = ranges(i, k).flat();
                bool const wanted  = chosen.empty() || chosen[static_cast<std::size_t>(i)][static_cast<std::size_t>(k)];
                found_.flat(i, k)  = flat ? 1 : 0;
                found_.roles(i, k) = !wanted ? of_rest : flat ? of_flat : channel_role::scored;
                found_.flat_channels += found_.flat(i, k);
                if (scoring && wanted && !flat) {
                    live_.push_back({static_cast<std::int32_t>(i), static_cast<std::int32_t>(k)});
                }
            }
        }
        on_.from_host(found_.roles.data(), roles_.resize(on_, ranges.shape()));
    }

    void score_masks(images_view images)
    {
        prepare_scoring(images);
        score_channels(images, live_, [](index_t, const_view_on<Backend, T, 2>) {});
    }

    void prepare_scoring(images_view images)
    {
        paint_background(images);
        scores_.resize(on_, {{activations_.shape()[0], activations_.shape()[1], targets_.shape()[1]}});
    }

    /// f(X∘H_k) of the channels in the list. seen(first, outputs) is told of every batch, by the thread that ran it.
    template <class Seen>
    void score_channels(images_view images, std::vector<ops::pick> const& list, Seen const& seen)
    {
        auto const picks       = upload(list, picks_);
        auto const score_batch = [&](auto& on, auto& model, index_t first, index_t n) {
            auto const batch = model.input(n, images);
            auto const make  = [&](const_view_on<Backend, ops::pick, 1> chosen) {
                on.mask(images, as_const(behind_.view()), as_const(activations_.view()), as_const(ranges_.view()), chosen,
                         rule<mask_rule>(), batch);
                auto const outputs = model.forward(model.as_taken(batch));
                read_scores(on, outputs, chosen, as_const(targets_.view()), scores_.view());
                return outputs;
            };
            seen(first, model.run_chunk(batch.data(), picks.slice(first, n), make));
        };
        found_.batch_size = batches().through(static_cast<index_t>(list.size()), score_batch, found_.batch_size);
    }

    void score_baseline(images_view images)
    {
        base_.clear();
        with_policy(in_force<kinds::baseline>(), [&](auto const& chosen) {
            if constexpr (requires { chosen.picture; }) {
                found_.baseline_cancels =
                    with_policy(in_force<kinds::weighting>(), [](auto const& w) { return w.shift_invariant; });
                if (!found_.baseline_cancels) { score_picture(images, chosen.picture, base_); }
            }
        });
    }

    void score_flat_channels(images_view images)
    {
        zero_mask_.clear();
        auto const takes_it = [](ops::channel_role role) { return role == ops::channel_role::zero_mask; };
        if (std::none_of(found_.roles.begin(), found_.roles.end(), takes_it)) { return; }
        with_policy(in_force<kinds::background>(),
                    [&](auto const& behind) { score_picture(images, behind.picture, zero_mask_); });
    }

    void weigh()
    {
        auto const weights = weights_.resize(on_, scores_.shape());
        with_policy(in_force<kinds::weighting>(), [&](auto const& f) {
            on_.weigh(as_const(scores_.view()), as_const(roles_.view()), as_const(base_.view()), as_const(zero_mask_.view()),
                      f, weights);
        });
    }

    void combine()
    {
        if (sums_masks()) { normalise(); }
        auto const summed = as_const(sums_masks() ? normalised_.view() : activations_.view());
        auto shape        = activations_.shape();
        shape[1]          = targets_.shape()[1];
        on_.combine(summed, as_const(weights_.view()), sums_.resize(on_, shape));
    }

    void draw(images_view images)
    {
        auto shape = rule<heatmap_rule>().size == step_at::input ? images.shape() : sums_.shape();
        shape[1]   = targets_.shape()[1];
        on_.heatmap(merge_leading(as_const(sums_.view())), rule<heatmap_rule>(), merge_leading(maps_.resize(on_, shape)),
                    merge_leading(heat_.resize(on_, targets_.shape())));
    }

    /// The result. Waits, and ends the explanation.
    [[nodiscard]] explanation_type collect()
    {
        write_down();
        return std::exchange(found_, {});
    }
    /// The result so far: more channels can be scored, weighed and combined after it. Waits.
    [[nodiscard]] explanation_type collect_and_go_on()
    {
        write_down();
        return found_;
    }

    // ---- what other ways through the steps need, on the host. Each waits.

    /// The channels that are to be scored.
    [[nodiscard]] std::vector<ops::pick> const& channels_to_score() const { return live_; }
    /// A_k and s(A_k), (I, K, h, w).
    [[nodiscard]] tensor<T, rank> activations() { return waited_for(activations_); }
    [[nodiscard]] tensor<T, rank> masks()
    {
        normalise();
        return waited_for(normalised_);
    }
    [[nodiscard]] tensor<index_t, 2> targets() { return waited_for(targets_); }               // (I, M)
    [[nodiscard]] tensor<T, 2> const& outputs() const { return found_.outputs; }              // (I, classes)
    [[nodiscard]] tensor<ops::channel_role, 2> const& roles() const { return found_.roles; }  // (I, K)
    [[nodiscard]] tensor<T, 3> scores() { return waited_for(scores_); }                       // (I, K, M)
    [[nodiscard]] tensor<T, 2> baseline_scores() { return waited_for(base_); }                // (I, M), or empty
    [[nodiscard]] tensor<T, 2> zero_mask_scores() { return waited_for(zero_mask_); }          // (I, M), or empty

    /// The scores (I, K, M) that weigh() will see.
    void replace_scores(tensor<T, 3> const& scores) { on_.from_host(scores.data(), scores_.view()); }

    /// The model's outputs (1, classes) for what an all-zero mask lets through of the first image.
    [[nodiscard]] tensor<T, 2> background_outputs(images_view images)
    {
        auto const canvas = model_.canvas(1, images);
        with_policy(in_force<kinds::background>(), [&](auto const& behind) {
            with_policy(behind.picture, [&](auto const& picture) {
                if constexpr (requires { picture.paint(on_, images, canvas); }) {
                    picture.paint(on_, images.slice(0, 1), canvas);
                }
            });
        });
        auto const seen = model_.forward(model_.entered(canvas));
        tensor<T, 2> host{seen.shape()};
        on_.to_host(seen, host.data());
        on_.wait();
        return host;
    }

    /// Calls f with the policy of a kind that is in force.
    template <class Kind, class F>
    decltype(auto) with(F&& f)
    {
        return with_policy(in_force<Kind>(), std::forward<F>(f));
    }
    [[nodiscard]] bool sums_masks() { return rule<summand>() == summand::masks; }

private:
    // ---- what the steps share

    void write_down()
    {
        found_.maps            = to_host(maps_);
        found_.activation_maps = to_host(sums_);
        found_.targets         = to_host(targets_);
        found_.weights         = to_host(weights_);
        found_.scores          = live_.empty() ? tensor<T, 3>{scores_.shape()} : to_host(scores_);
        found_.baseline_scores = base_.shape().size() > 0 ? to_host(base_) : tensor<T, 2>{targets_.shape()};
        auto const zero_mask   = zero_mask_.shape().size() > 0 ? to_host(zero_mask_) : tensor<T, 2>{targets_.shape()};
        auto const heat        = to_host(heat_);
        on_.wait();
        fill_in_unscored(found_, zero_mask);
        check_scores(found_);
        judge(found_, heat);
        found_.forwards = model_.forwards();
        found_.batches  = model_.batches();
        others_.for_each([&](auto const& one) {
            found_.forwards += one.calls.forwards();
            found_.batches += one.calls.batches();
        });
        found_.activation_bytes = activations_.shape().size() * static_cast<index_t>(sizeof(T));
        found_.peak_bytes       = bytes();
        found_.precision        = model_.precision();
    }

    void normalise()
    {
        auto const masks = normalised_.resize(on_, activations_.shape());
        on_.copy(as_const(activations_.view()), masks);
        on_.normalise(merge_leading(masks), merge_leading(as_const(ranges_.view())), rule<mask_rule>());
    }
    template <class U, std::size_t Rank>
    [[nodiscard]] tensor<U, Rank> waited_for(held<U, Rank> const& from)
    {
        auto host = to_host(from);
        on_.wait();
        return host;
    }

    /// Scores one picture for all images: the baseline, or what an all-zero mask lets through. Scores come out (I, 1, M).
    template <class Picture>
    void score_picture(images_view images, Picture const& chosen, held<T, 2>& out)
    {
        auto const scores = out.resize(on_, targets_.shape());
        auto const rows =
            tensor_view<T, 3, typename Backend::space_type>{scores.data(), scores.extent(0), 1, scores.extent(1)};
        std::vector<ops::pick> own;
        for (index_t i = 0; i < images.extent(0); ++i) { own.push_back({static_cast<std::int32_t>(i), 0}); }
        auto const picks = upload(own, own_picks_);
        with_policy(chosen, [&](auto const& picture) {
            if constexpr (std::is_same_v<std::remove_cvref_t<decltype(picture)>, unmasked>) {
                read_scores(on_, as_const(outputs_.view()), picks, as_const(targets_.view()), rows);
            } else if (picture.per_image) {
                for (index_t first = 0; first < images.extent(0);) {
                    index_t const n   = batches().next(images.extent(0) - first);
                    auto const canvas = model_.canvas(n, images);
                    picture.paint(on_, images.slice(first, n), canvas);
                    auto const outputs = model_.forward(model_.entered(canvas));
                    read_scores(on_, outputs, picks.slice(first, n), as_const(targets_.view()), rows);
                    first += n;
                }
            } else {
                auto const canvas = model_.canvas(1, images);
                picture.paint(on_, images.slice(0, 1), canvas);
                auto const outputs = model_.forward(model_.entered(canvas));
                for (index_t i = 0; i < images.extent(0); ++i) {
                    read_scores(on_, outputs, picks.slice(i, 1), as_const(targets_.view()), rows);
                }
            }
        });
    }

    /// The pictures that masks let through where they are 0, or nothing for black ones.
    void paint_background(images_view images)
    {
        behind_.clear();
        with_policy(in_force<kinds::background>(), [&](auto const& chosen) {
            with_policy(chosen.picture, [&](auto const& picture) {
                if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(picture)>, black>) {
                    auto const from = images.slice(0, picture.per_image ? images.extent(0) : 1);
                    picture.paint(on_, from, behind_.resize(on_, from.shape()));
                }
            });
        });
    }

    void read_scores(Backend& on, const_view_on<Backend, T, 2> outputs, const_view_on<Backend, ops::pick, 1> picks,
                     const_view_on<Backend, index_t, 2> targets, view_on<Backend, T, 3> scores)
    {
        with_policy(in_force<kinds::score>(), [&](auto const& f) { on.score(outputs, f, picks, targets, scores); });
    }

    [[nodiscard]] auto batches() { return batch_work{on_, model_, others_, policies_}; }

    void check_rules()
    {
        auto const shown        = rule<heatmap_rule>();
        double const epsilons[] = {rule<mask_rule>().epsilon, shown.activation_epsilon, shown.epsilon};
        for (double const epsilon : epsilons) {
            if (!(epsilon >= 0) || !(epsilon <= 1)) {
                throw option_error{"an epsilon of " + std::to_string(epsilon) + " was given to a rule; give 0 to 1"};
            }
        }
    }

    // ---- policies and memory

    template <class Kind>
    [[nodiscard]] auto& in_force()
    {
        return detail::policy_in_force<Kind>(policies_);
    }
    /// A policy that is a plain value: a mask_rule, a heatmap_rule, flat_channels, ...
    template <class Rule>
    [[nodiscard]] Rule rule()
    {
        return with_policy(in_force<kind_of<Rule>>(), [](auto const& value) -> Rule { return value; });
    }
    template <class U, std::size_t Rank>
    [[nodiscard]] tensor<U, Rank> to_host(held<U, Rank> const& from)  // there after on_.wait()
    {
        tensor<U, Rank> host{from.shape()};
        on_.to_host(as_const(from.view()), host.data());
        return host;
    }
    [[nodiscard]] auto upload(std::vector<ops::pick> const& list, held<ops::pick, 1>& to)
    {
        auto const view = to.resize(on_, {{static_cast<index_t>(list.size())}});
        if (!list.empty()) { on_.from_host(list.data(), view); }
        return as_const(view);
    }
    [[nodiscard]] static auto size_of(images_view images) { return trailing<spatial_rank>(images.shape()); }

    [[nodiscard]] index_t bytes() const
    {
        index_t of_others = 0;
        others_.for_each([&](auto const& one) { of_others += one.calls.bytes(); });
        return of_others + model_.bytes() + activations_.bytes() + outputs_.bytes() + targets_.bytes() + ranges_.bytes() +
               picks_.bytes() + own_picks_.bytes() + scores_.bytes() + base_.bytes() + zero_mask_.bytes() +
               weights_.bytes() + sums_.bytes() + maps_.bytes() + heat_.bytes() + behind_.bytes() + moments_.bytes() +
               roles_.bytes() + normalised_.bytes();
    }

    Backend& on_;
    model_calls<Backend, Model> model_;
    further_callers<Backend, Model> others_;
    decltype(detail::with_defaults(std::declval<Policies>()...)) policies_;
    explanation_type found_{};

    held<T, 2> outputs_;                // (I, classes)
    held<T, rank> activations_;         // (I, K, h, w)
    held<index_t, 2> targets_;          // (I, M)
    held<ops::range<T>, 2> ranges_;     // (I, K)
    std::vector<ops::pick> live_;       // the channels with contrast
    held<ops::pick, 1> picks_;          // the same, in the backend's memory
    held<ops::pick, 1> own_picks_;      // one per image
    held<T, rank> behind_;              // backgrounds, if not black
    held<ops::moments<T>, 2> moments_;  // (I, K), if channels are chosen by them
    held<ops::channel_role, 2> roles_;  // (I, K)
    held<T, rank> normalised_;          // (I, K, h, w), if masks are summed
    held<T, 3> scores_;                 // (I, K, M)
    held<T, 2> base_;                   // (I, M), or empty
    held<T, 2> zero_mask_;              // (I, M), or empty
    held<T, 3> weights_;                // (I, K, M)
    held<T, rank> sums_;                // (I, M, h, w)
    held<T, rank> maps_;                // (I, M, H, W)
    held<ops::range<T>, 2> heat_;       // (I, M)
};

}  // namespace scorecam
