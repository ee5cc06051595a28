#pragma once
// The steps of an explanation on one backend, and the memory they share. explain.hpp has them in order.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <scorecam/backend.hpp>
#include <scorecam/detail/checks.hpp>
#include <scorecam/detail/kept_outputs.hpp>
#include <scorecam/detail/scorer.hpp>
#include <scorecam/detail/scratch.hpp>
#include <scorecam/error.hpp>
#include <scorecam/explanation.hpp>
#include <scorecam/model.hpp>
#include <scorecam/ops/normal_draws.hpp>

namespace scorecam::detail {

/// What explainer is made of. Each step enqueues its work and keeps its result for the next ones.
template <class Backend, class Model>
class steps {
    using T = typename Model::value_type;
    template <class U, std::size_t Rank>
    using held = scratch<Backend, U, Rank>;

public:
    static constexpr std::size_t spatial_rank = spatial_rank_of<Model>;
    static constexpr std::size_t rank         = spatial_rank + 2;
    using images_view                         = const_view_on<Backend, T, rank>;
    using explanation_type                    = explanation<T, spatial_rank>;

    template <class... Policies>
    explicit steps(Backend& on, Model& model, Policies... policies) : scorer_{on, model, std::move(policies)...}
    {
    }

    [[nodiscard]] auto enter() { return scorer_.enter(); }
    [[nodiscard]] auto const& chosen() const { return scorer_.chosen(); }

    /// Starts an explanation of the images. Throws shape_error, non_finite_error or option_error.
    void begin(images_view images, call_choices const& now)
    {
        scorer_.begin(images, now);
        images_ = images;
        found_  = {};
    }

    /// f(X)'s outputs, and A_k where the masks are made of them, follow them or are put on them.
    void look()
    {
        if (chosen().make_masks && chosen().place == place::input && !chosen().follows_activations) {
            scorer_.look(images_, [&](Backend& on, auto const& outputs, index_t first, index_t n) {
                outputs_.keep(on, outputs, first, n, images_.extent(0));
            });
            activations_.clear();
            return;
        }
        auto& calls = scorer_.calls();
        for (index_t first = 0; first < images_.extent(0);) {
            index_t const n = scorer_.next_batch(images_.extent(0) - first);
            auto const seen = calls.capture(calls.entered(images_.slice(first, n)));
            if (first == 0) {
                activations_.resize(on(), prepend(trailing<rank - 1>(seen.activations.shape()), images_.extent(0)));
            }
            outputs_.keep(on(), seen.outputs, first, n, images_.extent(0));
            on().copy(seen.activations, activations_.view().slice(first, n));
            first += n;
        }
    }

    void choose_targets() { scorer_.choose_targets(outputs_.all(), targets_); }

    /// The masks m_k by their maps, which are the activations if the choices do not say otherwise; their extrema, of
    /// Up(A_k); and what each of them does. A mask without contrast is none. Waits.
    void make_masks()
    {
        if (chosen().ablates_channels && chosen().place != place::tap) {
            throw option_error{"channels of the activations were to be taken away, which is done with place::tap; add that"};
        }
        if (chosen().make_masks) {
            if (chosen().groups > 0) {
                throw option_error{"groups are made of channels of the activations, and these masks are no activations; "
                                   "leave one of them out"};
            }
            take_masks(trailing<spatial_rank>(subject().shape()), trailing<spatial_rank>(activations_.shape()));
        } else {
            shifts_.clear();
            group_channels();
            ranges_.resize(on(), {{activations_.shape()[0], activations_.shape()[1]}});
            on().extrema(merge_leading(as_const(activations_.view())), trailing<spatial_rank>(subject().shape()),
                         chosen().masking, merge_leading(ranges_.view()));
        }
        bool const by_moments = static_cast<bool>(chosen().choose_channels);
        auto const wanted     = moments_.resize(on(), by_moments ? ranges_.shape() : extents<2>{});
        if (by_moments) { on().moments(merge_leading(masks().maps), merge_leading(wanted)); }
        outputs_.to_host(on(), found_);
        auto const known   = scorer_.to_host(ranges_);
        auto const moments = scorer_.to_host(moments_);
        on().wait();
        check_outputs(found_.outputs);
        check_activations(known);
        assign_roles(known, choose_channels(moments));
        paint_background();
        if (chosen().copies > 0) { copy_activations(known); }
        scores_.resize(on(), {{images_.extent(0), ranges_.shape()[1], targets_.shape()[1]}});
    }

    /// The channels that are to be scored.
    [[nodiscard]] std::vector<ops::pick> const& channels_to_score() const { return live_; }

    /// f(X∘H_k) of the channels in the list. seen(first, outputs) is told of every batch, by the thread that ran it.
    template <class Seen>
    void score_masks(std::vector<ops::pick> const& list, Seen const& seen)
    {
        if (chosen().copies > 0 || chosen().ablates_channels) {
            throw option_error{
                "scores can be imputed under the masks of channels, and these are others; leave the budget out"};
        }
        score_list(list, scores_.view(), seen);
    }
    void score_masks()
    {
        if (chosen().copies > 0) { return score_copies(); }
        index_t const numbers = found_.outputs.extent(1);
        bool const keeps      = chosen().reads_outputs && chosen().reads_outputs(chosen().nature, numbers);
        answers_              = tensor<T, 2>{{{keeps ? static_cast<index_t>(live_.size()) : 0, numbers}}};
        score_list(live_, scores_.view(), [&](index_t first, auto const& seen) {
            if (keeps) { copy_to_host(seen, answers_.data() + first * numbers); }
        });
    }

    /// f(X_b), if it is asked for and can matter.
    void score_baseline()
    {
        base_.clear();
        if (!chosen().has_baseline) { return; }
        found_.baseline_cancels = chosen().shift_invariant;
        if (!found_.baseline_cancels) {
            scorer_.score_picture(subject(), chosen().baseline, outputs_.all(), as_const(targets_.view()), base_);
        }
    }

    /// f under an all-zero mask, if masks without contrast take part.
    void score_flat_channels()
    {
        zero_mask_.clear();
        auto const takes_it = [](ops::channel_role role) { return role == ops::channel_role::zero_mask; };
        if (std::none_of(found_.roles.begin(), found_.roles.end(), takes_it)) { return; }
        scorer_.score_picture(subject(), chosen().background, outputs_.all(), as_const(targets_.view()), zero_mask_);
    }

    void weigh()
    {
        chosen().weigh(on(), as_const(scores_.view()), as_const(roles_.view()), as_const(base_.view()),
                       as_const(zero_mask_.view()), weights_.resize(on(), scores_.shape()));
    }

    /// The map of the weights and the masks, before it is drawn.
    void estimate()
    {
        index_t const M = targets_.shape()[1];
        auto shape      = images_.shape();
        shape[1]        = M;
        if (chosen().estimate_on_host) { return estimate_on_host(); }
        if (chosen().estimate == estimate::weighted_mean) {
            if (chosen().ablates_channels) { throw option_error{no_masks}; }
            return on().average(masks(), as_const(weights_.view()), sums_.resize(on(), shape));
        }
        if (chosen().make_masks) {
            throw option_error{"masks that do not come from the activations have no sum of activations; use "
                               "estimate::weighted_mean with them"};
        }
        bool const normalised = chosen().summand == summand::masks;
        if (normalised) { normalise(); }
        shape    = activations_.shape();
        shape[1] = M;
        on().combine(as_const(normalised ? normalised_.view() : activations_.view()), as_const(weights_.view()),
                     sums_.resize(on(), shape));
    }

    /// s(ReLU(Up(.))) of it, as the rule says.
    void draw()
    {
        auto shape = chosen().heatmap.size == step_at::input ? images_.shape() : sums_.shape();
        shape[1]   = targets_.shape()[1];
        on().heatmap(merge_leading(as_const(sums_.view())), chosen().heatmap, merge_leading(maps_.resize(on(), shape)),
                     merge_leading(heat_.resize(on(), targets_.shape())));
    }

    /// The result so far. Waits.
    [[nodiscard]] explanation_type collect()
    {
        explanation_type found = found_;
        found.maps             = scorer_.to_host(maps_);
        found.activation_maps  = scorer_.to_host(sums_);
        found.targets          = scorer_.to_host(targets_);
        found.weights          = scorer_.to_host(weights_);
        found.scores           = live_.empty() ? tensor<T, 3>{scores_.shape()} : scorer_.to_host(scores_);
        found.baseline_scores  = base_.shape().size() > 0 ? scorer_.to_host(base_) : tensor<T, 2>{targets_.shape()};
        auto const zero_mask = zero_mask_.shape().size() > 0 ? scorer_.to_host(zero_mask_) : tensor<T, 2>{targets_.shape()};
        auto const heat      = scorer_.to_host(heat_);
        on().wait();
        fill_in_unscored(found, zero_mask);
        check_scores(found);
        set_status(found, heat);
        found.forwards         = scorer_.forwards();
        found.batches          = scorer_.batches();
        found.batch_size       = scorer_.batch_size();
        found.activation_bytes = activations_.shape().size() * static_cast<index_t>(sizeof(T));
        found.peak_bytes       = bytes();
        found.precision        = scorer_.calls().precision();
        return found;
    }

    // ---- what those need who impute scores, on the host. Each waits.

    /// Whether the choices are of the kind whose scores can be imputed.
    [[nodiscard]] bool sums_one_mask_of_each_channel() const
    {
        return !chosen().make_masks && chosen().copies == 0 && !chosen().ablates_channels && !chosen().estimate_on_host &&
               chosen().estimate == estimate::weighted_sum;
    }

    /// A_k and s(A_k), (I, K, h, w).
    [[nodiscard]] tensor<T, rank> activations() { return waited_for(activations_); }
    [[nodiscard]] tensor<T, rank> normalised_activations()
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
    void replace_scores(tensor<T, 3> const& scores) { on().from_host(scores.data(), scores_.view()); }

    /// What costs nothing, or one forward: row 0 is the answer to what an all-zero mask lets through of the first image, row
    /// 1 to that image.
    struct free_answers {
        tensor<T, 2> outputs;  ///< (2, numbers of the first output)
        tensor<T, 2> scores;   ///< (2, M)
    };
    [[nodiscard]] free_answers answers_without_masks()
    {
        free_answers found{tensor<T, 2>{{{2, found_.outputs.extent(1)}}}, tensor<T, 2>{{{2, targets_.shape()[1]}}}};
        auto const keep = [&](auto const& outputs, index_t row) {
            auto const scores = scorer_.scores_of(outputs, as_const(targets_.view()), one_row_);
            on().to_host(outputs.flat(), found.outputs.data() + row * found.outputs.extent(1));
            on().to_host(scores, found.scores.data() + row * found.scores.extent(1));
            on().wait();
        };
        keep(scorer_.answer_to(subject().slice(0, 1), subject(), chosen().background), 0);
        keep(outputs_.slice(0, 1), 1);
        return found;
    }
    void copy_to_host(model_outputs<T, typename Backend::space_type> const& outputs, T* host)
    {
        on().to_host(outputs.flat(), host);
    }
    void wait() { on().wait(); }

private:
    [[nodiscard]] Backend& on() { return scorer_.on(); }

    /// What masks are put on.
    [[nodiscard]] images_view subject() { return chosen().place == place::tap ? as_const(tapped().view()) : images_; }
    /// The activations as captured; grouping takes their place as masks only.
    [[nodiscard]] held<T, rank>& tapped() { return chosen().groups > 0 ? ungrouped_ : activations_; }

    /// The masks as the map is made of them.
    [[nodiscard]] masks_on<Backend, T, rank> masks()
    {
        bool const made = static_cast<bool>(chosen().make_masks);
        return {as_const(made ? own_maps_.view() : activations_.view()), as_const(ranges_.view()), chosen().masking,
                as_const(shifts_.view()), enlarged_};
    }

    /// The masks as they are scored: several of each channel, or turned round.
    [[nodiscard]] masks_on<Backend, T, rank> scored_masks()
    {
        auto all = masks();
        if (chosen().copies > 0) {
            all.maps   = as_const(copies_.view());
            all.ranges = as_const(copy_ranges_.view());
        }
        bool const hide = chosen().make_masks && own_list_.sense == mask_sense::hides;
        if (hide) { all.ranges = as_const(turned_ranges_.view()); }
        return all;
    }
    template <class Seen>
    void score_list(std::vector<ops::pick> const& list, view_on<Backend, T, 3> scores, Seen const& seen)
    {
        auto const targets = as_const(targets_.view());
        if (chosen().ablates_channels) {
            auto const plane = prepend(trailing<spatial_rank>(activations_.shape()), 1);
            tensor<T, rank - 1> const zeros{plane};
            on().from_host(zeros.data(), nothing_.resize(on(), plane));
            return scorer_.score(subject(), list,
                                 without_channel<Backend, T, rank>{subject(), as_const(nothing_.view()), list}, targets,
                                 scores, seen);
        }
        scorer_.score(subject(), list, masked<Backend, T, rank>{subject(), as_const(behind_.view()), scored_masks()},
                      targets, scores, seen);
    }

    /// Several masks of each channel, (I, K N, h, w): with noise, or their ranges so wide that they are scaled.
    void copy_activations(tensor<ops::range<T>, 2> const& known)
    {
        index_t const N = chosen().copies, I = known.extent(0), K = known.extent(1);
        auto const host = waited_for(activations_);
        auto const grid = trailing<spatial_rank>(host.shape());
        if (K * N > 2'147'483'647) {  // masks are numbered in 32 bits
            throw option_error{std::to_string(N) + " masks of each of " + std::to_string(K) +
                               " channels are too many; ask for fewer"};
        }
        tensor<T, rank> all{prepend(grid, I, K * N)};
        tensor<ops::range<T>, 2> ranges{{{I, K * N}}};
        for (index_t i = 0; i < I; ++i) {
            for (index_t k = 0; k < K; ++k) {
                ops::normal_draws const draws{chosen().seed_of_the_copies, static_cast<std::uint64_t>(k)};
                T const* const from = host.data() + (i * K + k) * grid.size();
                for (index_t n = 0; n < N; ++n) {
                    T* const to = all.data() + ((i * K + k) * N + n) * grid.size();
                    for (index_t p = 0; p < grid.size(); ++p) {
                        auto const noise = static_cast<double>(draws[static_cast<std::uint64_t>(n * grid.size() + p)]);
                        to[p]            = from[p] + static_cast<T>(chosen().noise_of_copies * noise);
                    }
                    auto const wide      = (known(i, k).hi - known(i, k).lo) / static_cast<T>(chosen().scale_of_copy(n));
                    ranges(i, k * N + n) = {known(i, k).lo, known(i, k).lo + wide};
                }
            }
        }
        on().from_host(all.data(), copies_.resize(on(), all.shape()));
        on().from_host(ranges.data(), copy_ranges_.resize(on(), ranges.shape()));
        if (chosen().noise_of_copies > 0) {
            on().extrema(merge_leading(as_const(copies_.view())), trailing<spatial_rank>(subject().shape()),
                         chosen().masking, merge_leading(copy_ranges_.view()));
        }
    }
    /// f of every copy; a channel's score is their mean.
    void score_copies()
    {
        index_t const N = chosen().copies, M = targets_.shape()[1];
        std::vector<ops::pick> list;
        for (auto const& pick : live_) {
            for (index_t n = 0; n < N; ++n) {
                list.push_back({pick.image, static_cast<std::int32_t>(static_cast<index_t>(pick.channel) * N + n)});
            }
        }
        copy_scores_.resize(on(), {{images_.extent(0), scores_.shape()[1] * N, M}});
        score_list(list, copy_scores_.view(), [](index_t, auto const&) {});
        auto const each = waited_for(copy_scores_);
        tensor<T, 3> mean{scores_.shape()};
        for (auto const& [image, channel] : live_) {
            for (index_t m = 0; m < M; ++m) {
                double sum = 0;
                for (index_t n = 0; n < N; ++n) { sum += static_cast<double>(each(image, channel * N + n, m)); }
                mean(image, channel, m) = static_cast<T>(sum / static_cast<double>(N));
            }
        }
        replace_scores(mean);
    }

    /// Masks that do not depend on the image are made once for images of the same extents.
    void take_masks(extents<spatial_rank> const& size, extents<spatial_rank> const& grid)
    {
        if (own_list_.maps.size() > 0 && size == made_for_[0] && grid == made_for_[1]) { return; }
        own_list_ = {};  // until they are known to be right
        auto list = chosen().make_masks(size, grid);
        upload_masks(list, size);
        own_list_ = std::move(list);
        made_for_ = {size, grid};
    }
    void upload_masks(mask_list<T, spatial_rank> const& list, extents<spatial_rank> const& size)
    {
        index_t const K = list.maps.extent(0);
        if (list.maps.size() == 0 || (!list.shifts.empty() && static_cast<index_t>(list.shifts.size()) != K)) {
            throw shape_error{"masks of the shape " + to_string(list.maps.shape()) + " came with " +
                              std::to_string(list.shifts.size()) +
                              " shifts; give one mask or more, and a shift for each or none"};
        }
        for (auto const value : list.maps) {
            if (!(value >= T(0) && value <= T(1))) { throw option_error{"masks have values from 0 to 1; scale them"}; }
        }
        for (auto const& from : list.shifts) {
            for (std::size_t d = 0; d < spatial_rank; ++d) {
                if (from.at[d] < 0 || from.at[d] + size[d] > list.enlarged[d]) {
                    throw option_error{"a mask is shifted by " + std::to_string(from.at[d]) + " of " +
                                       std::to_string(list.enlarged[d]) + ", which leaves less than the image's " +
                                       std::to_string(size[d]) + "; enlarge it more or shift it less"};
                }
            }
        }
        enlarged_ = list.enlarged;
        on().from_host(list.maps.data(), own_maps_.resize(on(), prepend(list.maps.shape(), 1)));
        static_cast<void>(scorer_.upload(list.shifts, shifts_));
        std::vector<ops::range<T>> const as_they_are(static_cast<std::size_t>(K), ops::range<T>{T(0), T(1)});
        on().from_host(as_they_are.data(), ranges_.resize(on(), {{1, K}}));
        std::vector<ops::range<T>> const turned(static_cast<std::size_t>(K), ops::range<T>{T(1), T(0)});  // s(m) = 1 - m
        on().from_host(turned.data(), turned_ranges_.resize(on(), {{1, K}}));
    }

    /// The map, by the estimate that is made on the host of each image's evidence.
    void estimate_on_host()
    {
        if (chosen().copies > 0 || chosen().ablates_channels) { throw option_error{no_masks}; }
        if (!own_list_.shifts.empty() && chosen().make_masks) {
            throw option_error{
                "this estimate is made of masks as they lie on their grid, and these are shifted; use random_fields"};
        }
        if (!chosen().needs_scores) {
            throw option_error{"this estimate is made of scores, and this weighting asks for none; use raw_weights"};
        }
        index_t const I = images_.extent(0), M = targets_.shape()[1], numbers = found_.outputs.extent(1);
        bool const asks = chosen().answers_without_masks;
        tensor<T, 2> hidden{{{chosen().background.per_image ? I : 1, numbers}}};
        hidden_scores_.clear();
        whole_scores_.clear();
        if (asks) {
            scorer_.score_picture(
                subject(), chosen().background, outputs_.all(), as_const(targets_.view()), hidden_scores_,
                [&](index_t first, auto const& seen) { copy_to_host(seen, hidden.data() + first * numbers); });
            typename scorer<Backend, Model>::recipe_type::picture_type as_it_is;
            as_it_is.is_unmasked = true;
            scorer_.score_picture(subject(), as_it_is, outputs_.all(), as_const(targets_.view()), whole_scores_);
        }
        bool const made          = static_cast<bool>(chosen().make_masks);
        auto const masks         = made ? tensor<T, rank>{} : normalised_activations();
        auto const activations   = captured_on(made ? trailing<spatial_rank>(own_list_.maps.shape())
                                                    : trailing<spatial_rank>(activations_.shape()));
        auto const scores        = scorer_.to_host(scores_);
        auto const weights       = scorer_.to_host(weights_);
        auto const hidden_scores = scorer_.to_host(hidden_scores_);
        auto const whole_scores  = scorer_.to_host(whole_scores_);
        auto const targets       = scorer_.to_host(targets_);
        on().wait();
        auto const grid = trailing<spatial_rank>(made ? own_list_.maps.shape() : trailing<rank - 1>(masks.shape()));
        tensor<T, rank> sums{prepend(grid, I, M)};
        found_.cell_values = found_.cell_deviations = {};
        index_t first                               = 0;  // of the image's in the list of those that were scored
        for (index_t i = 0; i < I; ++i) {
            std::vector<index_t> mine;
            for (auto const& pick : live_) {
                if (pick.image == i) { mine.push_back(pick.channel); }
            }
            auto const N = static_cast<index_t>(mine.size());
            if (N == 0) { continue; }
            tensor<T, spatial_rank + 1> shown{prepend(grid, N)};
            tensor<T, 2> own_scores{{{N, M}}}, own_weights{{{N, M}}};
            for (index_t n = 0; n < N; ++n) {
                index_t const k = mine[static_cast<std::size_t>(n)];
                auto const from = made ? own_list_.maps[k] : masks.view()[i][k];
                std::copy(from.begin(), from.end(), shown.data() + n * grid.size());
                if (made && own_list_.sense == mask_sense::hides) {
                    std::for_each_n(shown.data() + n * grid.size(), grid.size(), [](T& value) { value = T(1) - value; });
                }
                for (index_t m = 0; m < M; ++m) {
                    own_scores(n, m)  = scores(i, k, m);
                    own_weights(n, m) = weights(i, k, m);
                }
            }
            check_evidence(own_scores, answers_, i);
            index_t const of_hidden = hidden.extent(0) == 1 ? 0 : i;
            evidence<T, spatial_rank> seen;
            seen.masks   = shown.view();
            seen.scores  = own_scores.view();
            seen.weights = own_weights.view();
            if (answers_.size() > 0) { seen.outputs = answers_.view().slice(first, N); }
            if (asks) {
                seen.whole_outputs  = found_.outputs[i];
                seen.hidden_outputs = hidden.view()[of_hidden];
                seen.whole_scores   = whole_scores[i];
                seen.hidden_scores  = hidden_scores[i];
            }
            seen.targets = targets[i];
            if (activations.size() > 0) { seen.activations = activations[i]; }
            seen.nature           = chosen().nature;
            auto const made_of_it = chosen().estimate_on_host(seen);
            keep(made_of_it.maps, sums, i);
            keep(made_of_it.values, found_.cell_values, i);
            keep(made_of_it.deviations, found_.cell_deviations, i);
            first += N;
        }
        on().from_host(sums.data(), sums_.resize(on(), sums.shape()));
    }
    /// The captured activations, if they lie on that grid.
    [[nodiscard]] tensor<T, rank> captured_on(extents<spatial_rank> const& grid)
    {
        if (!(trailing<spatial_rank>(activations_.shape()) == grid) || activations_.shape().size() == 0) { return {}; }
        auto const host = waited_for(tapped());
        for (T const value : host) {
            if (!std::isfinite(value)) {
                throw non_finite_error{"the activations contain NaN or infinity; check the image's values and the model"};
            }
        }
        return host;
    }
    /// What an estimate made of image i, put in its place among all.
    void keep(tensor<T, rank - 1> const& one, tensor<T, rank>& all, index_t i) const
    {
        if (one.size() == 0) { return; }
        if (all.size() == 0) { all = tensor<T, rank>{prepend(one.shape(), images_.extent(0))}; }
        if (!(trailing<rank - 1>(all.shape()) == one.shape())) {
            throw shape_error{"an estimate made a map of the shape " + to_string(one.shape()) + "; it must be " +
                              to_string(trailing<rank - 1>(all.shape()))};
        }
        std::copy(one.begin(), one.end(), all.data() + i * one.size());
    }

    /// Replaces the channels by the ReLU of the sums of consecutive ones, if the policy says so.
    void group_channels()
    {
        if (chosen().groups < 1) { return; }
        index_t const I    = activations_.shape()[0];
        index_t const K    = activations_.shape()[1];
        index_t const each = K / std::min(chosen().groups, K) + (K % std::min(chosen().groups, K) > 0 ? 1 : 0);
        index_t const G    = (K + each - 1) / each;
        tensor<T, 3> members{{{I, K, G}}};
        for (index_t i = 0; i < I; ++i) {
            for (index_t k = 0; k < K; ++k) { members(i, k, k / each) = T(1); }
        }
        auto shape = activations_.shape();
        if (chosen().place == place::tap) { on().copy(as_const(activations_.view()), ungrouped_.resize(on(), shape)); }
        shape[1] = G;
        on().from_host(members.data(), weights_.resize(on(), members.shape()));
        on().combine(as_const(activations_.view()), as_const(weights_.view()), sums_.resize(on(), shape));
        heatmap_rule const only_relu{.relu = step_at::activation, .size = step_at::activation, .scale = scaling::none};
        on().heatmap(merge_leading(as_const(sums_.view())), only_relu, merge_leading(activations_.resize(on(), shape)),
                     merge_leading(heat_.resize(on(), {{I, G}})));
    }

    /// Whether each channel of each image is among those to score; empty if all are.
    [[nodiscard]] std::vector<std::vector<bool>> choose_channels(tensor<ops::moments<T>, 2> const& moments) const
    {
        std::vector<std::vector<bool>> wanted;
        for (index_t i = 0; chosen().choose_channels && i < moments.extent(0); ++i) {
            wanted.push_back(chosen().choose_channels(moments[i]));
        }
        return wanted;
    }

    /// What each channel does, and the list of those that are scored. `ranges` and `wanted` are for each image, or one for
    /// all.
    void assign_roles(tensor<ops::range<T>, 2> const& ranges, std::vector<std::vector<bool>> const& wanted)
    {
        using ops::channel_role;
        auto const of_flat = chosen().flat == flat_channels::scored ? channel_role::zero_mask : channel_role::left_out;
        auto const of_rest = chosen().unscored == unscored_channels::zero ? channel_role::zero : channel_role::left_out;
        extents<2> const all{{images_.extent(0), ranges.extent(1)}};
        found_.flat  = tensor<unsigned char, 2>{all};
        found_.roles = tensor<channel_role, 2>{all};
        live_.clear();
        for (index_t i = 0; i < all[0]; ++i) {
            index_t const from = ranges.extent(0) == 1 ? 0 : i;
            for (index_t k = 0; k < all[1]; ++k) {
                bool const flat    = ranges(from, k).flat();
                bool const chosen_ = wanted.empty() || wanted[static_cast<std::size_t>(from)][static_cast<std::size_t>(k)];
                found_.flat(i, k)  = flat ? 1 : 0;
                bool const asked =
                    chosen_ && (!flat || chosen().ablates_channels);  // one without contrast can be missed, too
                found_.roles(i, k) = asked ? channel_role::scored : !chosen_ ? of_rest : of_flat;
                found_.flat_channels += found_.flat(i, k);
                if (chosen().needs_scores && asked) {
                    live_.push_back({static_cast<std::int32_t>(i), static_cast<std::int32_t>(k)});
                }
            }
        }
        on().from_host(found_.roles.data(), roles_.resize(on(), all));
    }

    /// The pictures that masks let through where they are 0, or nothing for black ones.
    void paint_background()
    {
        behind_.clear();
        auto const& picture = chosen().background;
        if (picture.is_black) { return; }
        auto const from = subject().slice(0, picture.per_image ? images_.extent(0) : 1);
        picture.paint(on(), from, behind_.resize(on(), from.shape()));
    }

    void normalise()
    {
        auto const maps = normalised_.resize(on(), activations_.shape());
        on().copy(as_const(activations_.view()), maps);
        on().normalise(merge_leading(maps), merge_leading(as_const(ranges_.view())), chosen().masking);
    }

    template <class U, std::size_t Rank>
    [[nodiscard]] tensor<U, Rank> waited_for(held<U, Rank> const& from)
    {
        auto host = scorer_.to_host(from);
        on().wait();
        return host;
    }

    [[nodiscard]] index_t bytes() const
    {
        return scorer_.bytes() + outputs_.bytes() + activations_.bytes() + ungrouped_.bytes() + own_maps_.bytes() +
               shifts_.bytes() + targets_.bytes() + ranges_.bytes() + moments_.bytes() + roles_.bytes() +
               normalised_.bytes() + behind_.bytes() + scores_.bytes() + base_.bytes() + zero_mask_.bytes() +
               one_row_.bytes() + weights_.bytes() + sums_.bytes() + maps_.bytes() + heat_.bytes() + hidden_scores_.bytes() +
               whole_scores_.bytes() + turned_ranges_.bytes() + copies_.bytes() + copy_ranges_.bytes() +
               copy_scores_.bytes() + nothing_.bytes();
    }

    static constexpr char const* no_masks =
        "this estimate is made of one mask for each channel, and here are none or several; use estimate::weighted_sum";

    scorer<Backend, Model> scorer_;
    images_view images_{};
    explanation_type found_{};

    kept_outputs<Backend, T> outputs_;
    held<T, rank> activations_;                        // (I, K, h, w), or what takes their place
    held<T, rank> ungrouped_;                          // as captured, where masks of groups are put on them
    mask_list<T, spatial_rank> own_list_;              // masks that are not the activations,
    std::array<extents<spatial_rank>, 2> made_for_{};  // and what they were made for
    held<T, rank> own_maps_;                           // (1, K, h, w), of those
    held<ops::shift<spatial_rank>, 1> shifts_;         // (K), of those, or empty
    extents<spatial_rank> enlarged_{};
    held<index_t, 2> targets_;              // (I, M)
    held<ops::range<T>, 2> ranges_;         // (I or 1, K)
    held<ops::range<T>, 2> turned_ranges_;  // (1, K), of masks that hide
    held<T, rank> copies_;                  // (I, K N, h, w), if channels have several masks,
    held<ops::range<T>, 2> copy_ranges_;    // (I, K N)
    held<T, 3> copy_scores_;                // (I, K N, M)
    held<T, rank - 1> nothing_;             // (1, h, w) of 0, if channels are taken away
    std::vector<ops::pick> live_;           // the channels with contrast
    held<T, rank> behind_;                  // backgrounds, if not black
    held<ops::moments<T>, 2> moments_;      // (I or 1, K), if channels are chosen by them
    held<ops::channel_role, 2> roles_;      // (I, K)
    held<T, rank> normalised_;              // (I, K, h, w), if masks are summed
    held<T, 3> scores_;                     // (I, K, M)
    held<T, 2> base_;                       // (I, M), or empty
    held<T, 2> zero_mask_;                  // (I, M), or empty
    tensor<T, 2> answers_;                  // (channels in the list, numbers of a row), if an estimate reads them
    held<T, 2> hidden_scores_;              // (I, M), for an estimate on the host
    held<T, 2> whole_scores_;               // (I, M), likewise
    held<T, 2> one_row_;                    // (1, M), of answers without masks
    held<T, 3> weights_;                    // (I, K, M)
    held<T, rank> sums_;                    // (I, M, h, w), or (I, M, H, W)
    held<T, rank> maps_;                    // (I, M, H, W)
    held<ops::range<T>, 2> heat_;           // (I, M)
};

}  // namespace scorecam::detail
