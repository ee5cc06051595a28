#pragma once
// Score-CAM from a few of its forwards, with an error bar.
#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <scorecam/backend.hpp>
#include <scorecam/budget/limit.hpp>
#include <scorecam/budget/settings.hpp>
#include <scorecam/budget/surrogate.hpp>
#include <scorecam/detail/recipe.hpp>
#include <scorecam/detail/steps.hpp>
#include <scorecam/error.hpp>
#include <scorecam/explain.hpp>
#include <scorecam/explanation.hpp>
#include <scorecam/model.hpp>

namespace scorecam::budget {

/// A map and how sure it is. Scores of channels that were not scored are imputed; those that were are the true ones.
template <class T, std::size_t SpatialRank = 2>
struct explanation : scorecam::explanation<T, SpatialRank> {
    result_tensor<unsigned char, 2>
        scored;                      ///< (1, K): 1 for a channel that was scored, or that there was nothing to score of
    result_tensor<T, 3> deviations;  ///< (1, K, M): the standard deviation of each score; 0 if it was scored
    result_tensor<T, 2>
        predicted_error;  ///< (1, M): largest difference from the exact map, not exceeded with settings::confidence
    result_tensor<T, 2>
        certified_error;  ///< (1, M): never exceeded, for scores in [0, 1] and raw or ReLU weights; 1 otherwise
    index_t scored_channels = 0;
    bool is_exact           = false;  ///< nothing is imputed: this is Score-CAM's own map, to the last bit
};

/// Explains one image at a time with the given limit; the result can be continued to more, up to the exact map. Policies
/// are as for scorecam::explainer. Few channels against the limit are simply all scored.
template <class Backend, class Model>
class explainer {
    using T                           = typename Model::value_type;
    static constexpr std::size_t rank = spatial_rank_of<Model> + 2;

public:
    using image_view       = const_view_on<Backend, T, rank - 1>;
    using images_view      = const_view_on<Backend, T, rank>;
    using explanation_type = budget::explanation<T, rank - 2>;

    template <class... Policies>
    explicit explainer(Backend& on, Model& model, settings const& numbers, Policies... policies)
        : numbers_{numbers}, steps_{on, model, std::move(policies)...}
    {
        static_assert(scorecam::detail::check_policies<Backend, Model, Policies...>());
    }
    template <class... Policies>
    explicit explainer(Backend& on, Model& model, Policies... policies)
        : explainer{on, model, settings{}, std::move(policies)...}
    {
    }
    explainer(explainer const&)            = delete;
    explainer& operator=(explainer const&) = delete;

    /// Explains an image (C, H, W) in the backend's memory, which has to stay there for more(). Waits. `now` holds for this
    /// call and for those of more() after it, as for scorecam::explainer. Throws as that does.
    template <scorecam::detail::call_argument... Now>
    [[nodiscard]] explanation_type operator()(image_view image, limit const& how, Now... now)
    {
        auto const entered = steps_.enter();
        check(how);
        is_whole_ = false;
        begin({image.data(), prepend(image.shape(), 1)}, scorecam::detail::asked(steps_.chosen().call, std::move(now)...));
        return go_on(how);
    }

    /// Goes on with the last image: what was scored is kept. A limit that was reached already changes nothing. Throws
    /// option_error if there is none, or if its last call was cut off by an exception: what is known of it may be half a
    /// step.
    [[nodiscard]] explanation_type more(limit const& how)
    {
        auto const entered = steps_.enter();
        check(how);
        if (!is_whole_) { throw option_error{"there is nothing to go on with; explain an image first"}; }
        is_whole_ = false;
        return go_on(how);
    }

private:
    [[nodiscard]] explanation_type go_on(limit const& how)
    {
        std::visit([&](auto const& one) { score(one); }, how);
        auto found = result();
        is_whole_  = true;
        return found;
    }

    static void check(limit const& how)
    {
        if (auto const* n = std::get_if<forwards>(&how); n != nullptr && n->number < 1) {
            throw option_error{"a budget of " + std::to_string(n->number) + " forwards was given; give 1 or more"};
        }
        if (auto const* t = std::get_if<tolerance>(&how); t != nullptr && !(t->error > 0 && t->error < 1)) {
            throw option_error{"a tolerance of " + std::to_string(t->error) +
                               " was given; give a share of the map's range between 0 and 1, such as 0.05"};
        }
    }

    void begin(images_view image, scorecam::detail::call_choices const& now)
    {
        known_.reset();
        if (!steps_.sums_one_mask_of_each_channel()) {
            throw option_error{
                "scores are imputed of masks that are the activations, one for each channel, and these are others; "
                "leave the budget out: scorecam::explain"};
        }
        scorecam::detail::prepare(steps_, image, now);
        done_.assign(static_cast<std::size_t>(steps_.roles().extent(1)), true);
        left_ = 0;
        for (auto const& pick : steps_.channels_to_score()) {
            done_[static_cast<std::size_t>(pick.channel)] = false;
            ++left_;
        }
    }

    // ---- the three limits

    void score(exact)
    {
        known_.reset();  // nothing is left to learn for
        score_channels(all_left());
    }

    void score(forwards budget)
    {
        auto const wanted = std::min(budget.number - scored(), left_);
        if (wanted == left_) { return score(exact{}); }
        if (budget.chosen == probes::non_adaptive) {
            if (wanted > 0) { score_channels(surrogate_of_image().design(wanted)); }
            return;
        }
        for (auto left = wanted; left > 0;) { left -= score_some(std::min(left, round)); }
    }

    void score(tolerance wanted)
    {
        auto const small =
            static_cast<index_t>(done_.size()) <= 4 * round;  // the error could not be told before most is done
        if (small) { return score(exact{}); }
        while (left_ > 0 && (scored() < round || largest_error() > wanted.error)) { score_some(std::min(left_, round)); }
    }

    // ---- scoring

    [[nodiscard]] index_t scored() const { return static_cast<index_t>(steps_.channels_to_score().size()) - left_; }
    [[nodiscard]] std::vector<index_t> all_left() const
    {
        std::vector<index_t> channels;
        for (std::size_t k = 0; k < done_.size(); ++k) {
            if (!done_[k]) { channels.push_back(static_cast<index_t>(k)); }
        }
        return channels;
    }

    index_t score_some(index_t n)
    {
        auto const channels = with_weigher([&](auto const& weigh) { return surrogate_of_image().next(n, weigh); });
        score_channels(channels);
        return static_cast<index_t>(channels.size());
    }

    void score_channels(std::vector<index_t> const& channels)
    {
        std::vector<ops::pick> picks;
        for (index_t const k : channels) {
            picks.push_back({0, static_cast<std::int32_t>(k)});
            done_[static_cast<std::size_t>(k)] = true;
        }
        left_ -= static_cast<index_t>(channels.size());
        auto const count = static_cast<index_t>(channels.size());
        tensor<T, 2> outputs{{{known_ ? count : 0, steps_.outputs().extent(1)}}};
        steps_.score_masks(picks, [&](index_t first, auto const& seen) {
            if (known_) { steps_.copy_to_host(seen, outputs.data() + first * outputs.extent(1)); }
        });
        if (!known_) { return; }
        steps_.wait();
        auto const all = steps_.scores();
        tensor<T, 2> scores{{{count, all.extent(2)}}};
        for (index_t n = 0; n < count; ++n) {
            for (index_t m = 0; m < all.extent(2); ++m) { scores(n, m) = all(0, channels[static_cast<std::size_t>(n)], m); }
        }
        known_->learn(channels, outputs.view(), scores.view());
    }

    // ---- what is known

    surrogate<T>& surrogate_of_image()
    {
        if (known_) { return *known_; }
        auto const answers     = steps_.answers_without_masks();
        auto const chosen      = steps_.targets();
        auto const how         = link_for(steps_.chosen().nature, guess_outputs(answers.outputs.view()));
        auto const masks       = steps_.normalised_activations();
        auto const activations = steps_.activations();
        auto const& summed     = steps_.chosen().summand == summand::masks ? masks : activations;
        std::vector<index_t> candidates;
        for (auto const& pick : steps_.channels_to_score()) { candidates.push_back(pick.channel); }
        known_.emplace(masks[0], summed[0], candidates, std::span{chosen.data(), static_cast<std::size_t>(chosen.size())},
                       how, free_probes<T>{answers.outputs.view(), answers.scores.view()}, numbers_);
        return *known_;
    }

    /// Calls f with what turns a row of scores into weights, as the policy in force has it.
    template <class F>
    auto with_weigher(F const& f)
    {
        auto const& roles    = steps_.roles();
        auto const baseline  = steps_.baseline_scores();
        auto const zero_mask = steps_.zero_mask_scores();
        auto const all       = [](auto const& t) { return std::span{t.data(), static_cast<std::size_t>(t.size())}; };
        return f([&](std::span<T const> scores, index_t m, std::span<T> weights) {
            weigh_by{steps_.chosen().weigh_row, all(roles), all(baseline), all(zero_mask)}(scores, m, weights);
        });
    }

    /// 1, which is always right, where all scores that are known have underflowed: what is imputed from them is as small,
    /// and the map's range would make a pattern of it.
    [[nodiscard]] std::vector<T> predicted_errors()
    {
        auto errors       = with_weigher([&](auto const& weigh) { return surrogate_of_image().error(weigh); });
        auto const scores = steps_.scores();
        for (std::size_t m = 0; m < errors.size(); ++m) {
            bool nothing = true;
            for (std::size_t k = 0; k < done_.size(); ++k) {
                nothing = nothing && (!done_[k] || scores(0, static_cast<index_t>(k), static_cast<index_t>(m)) == 0);
            }
            if (nothing) { errors[m] = 1; }
        }
        return errors;
    }
    [[nodiscard]] double largest_error()
    {
        auto const errors = predicted_errors();
        return static_cast<double>(*std::max_element(errors.begin(), errors.end()));
    }

    // ---- the result

    [[nodiscard]] explanation_type result()
    {
        auto const& roles = steps_.roles();
        explanation_type found;
        found.deviations = tensor<T, 3>{{{1, roles.extent(1), steps_.targets().extent(1)}}};
        if (left_ > 0) {
            auto scores = steps_.scores();
            known_->predict({scores.data(), trailing<2>(scores.shape())},
                            {found.deviations.data(), trailing<2>(scores.shape())});
            steps_.replace_scores(scores);
        }
        static_cast<scorecam::explanation<T, rank - 2>&>(found) = scorecam::detail::map_of_scores(steps_);
        found.scored = tensor<unsigned char, 2>{{{1, static_cast<index_t>(done_.size())}}, {done_.begin(), done_.end()}};
        found.scored_channels = scored();
        found.is_exact        = left_ == 0;
        found.predicted_error = tensor<T, 2>{found.targets.shape()};
        found.certified_error = tensor<T, 2>{found.targets.shape()};
        if (left_ > 0) {
            auto const predicted = predicted_errors();
            auto const certified = certified_errors();
            std::copy(predicted.begin(), predicted.end(), found.predicted_error.data());
            std::copy(certified.begin(), certified.end(), found.certified_error.data());
            found.peak_bytes += known_->bytes();
        }
        return found;
    }

    /// 1, which is always right, where the limits of a score say nothing about a weight.
    [[nodiscard]] std::vector<T> certified_errors()
    {
        auto const nature  = steps_.chosen().nature;
        bool const limited = nature == score_nature::probability || nature == score_nature::sigmoid;
        bool const alone   = steps_.chosen().weighs_alone;
        if (!limited || !alone) { return std::vector<T>(static_cast<std::size_t>(steps_.targets().size()), T(1)); }
        return with_weigher([&](auto const& weigh) { return known_->certified(weigh, T(0), T(1)); });
    }

    static constexpr index_t round = 16;  // channels scored between two looks at what is known

    settings numbers_;
    scorecam::detail::steps<Backend, Model> steps_;
    bool is_whole_ = false;  // an image was explained, and its last call came to its end
    std::optional<surrogate<T>> known_;
    std::vector<bool> done_;  // each channel
    index_t left_ = 0;        // channels that can be scored and are not
};

/// The saliency maps of one image (C, H, W) with the given limit:
/// budget::explain(cpu, model, image, budget::forwards{64}, target{243}). See explainer.
template <class Backend, class Model, class... Policies>
[[nodiscard]] auto explain(Backend& on, Model& model,
                           const_view_on<Backend, typename Model::value_type, spatial_rank_of<Model> + 1> image,
                           limit const& how, Policies... policies)
{
    static_assert(check_model<Model>());
    explainer<Backend, Model> run{on, model, std::move(policies)...};
    return run(image, how);
}

}  // namespace scorecam::budget
