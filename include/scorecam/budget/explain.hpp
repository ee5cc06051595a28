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
#include <scorecam/budget/effort.hpp>
#include <scorecam/budget/settings.hpp>
#include <scorecam/budget/surrogate.hpp>
#include <scorecam/error.hpp>
#include <scorecam/explanation.hpp>
#include <scorecam/model.hpp>
#include <scorecam/policies/registry.hpp>
#include <scorecam/detail/steps.hpp>

namespace scorecam::budget {

/// A map and how sure it is. Scores of channels that were not scored are imputed; those that were are the true ones.
template <class T, std::size_t SpatialRank = 2>
struct explanation : scorecam::explanation<T, SpatialRank> {
    tensor<unsigned char, 2> scored;  ///< (1, K): 1 for a channel that was scored, or that there was nothing to score of
    tensor<T, 3> deviations;          ///< (1, K, M): the standard deviation of each score; 0 if it was scored
    tensor<T, 2> predicted_error;  ///< (1, M): largest difference from the exact map, not exceeded with settings::confidence
    tensor<T, 2> certified_error;  ///< (1, M): never exceeded, for scores in [0, 1] and raw or ReLU weights; 1 otherwise
    index_t scored_channels = 0;
    bool is_exact           = false;  ///< nothing is imputed: this is Score-CAM's own map, to the last bit
};

/// Explains one image at a time with the given effort; the result can be continued to more, up to the exact map. Policies
/// are as for scorecam::explainer. Few channels against the effort are simply all scored.
template <class Backend, class Model, class... Policies>
class explainer {
    using T                           = typename Model::value_type;
    static constexpr std::size_t rank = spatial_rank_of<Model> + 2;

public:
    using image_view       = const_view_on<Backend, T, rank - 1>;
    using images_view      = const_view_on<Backend, T, rank>;
    using explanation_type = budget::explanation<T, rank - 2>;

    explicit explainer(Backend& on, Model& model, settings const& numbers, Policies... policies)
        : on_{on}, numbers_{numbers}, steps_{on, model, std::move(policies)...}
    {
    }
    explicit explainer(Backend& on, Model& model, Policies... policies)
        : explainer{on, model, settings{}, std::move(policies)...}
    {
    }

    /// Explains an image (C, H, W) in the backend's memory, which has to stay there for more(). Waits. Throws as
    /// scorecam::explainer does.
    [[nodiscard]] explanation_type operator()(image_view image, effort const& how)
    {
        check(how);
        begin({image.data(), prepend(image.shape(), 1)});
        return more(how);
    }

    /// Goes on with the last image: what was scored is kept. Less effort than was made already changes nothing.
    [[nodiscard]] explanation_type more(effort const& how)
    {
        check(how);
        if (image_.data() == nullptr) { throw option_error{"there is nothing to go on with; explain an image first"}; }
        std::visit([&](auto const& one) { score(one); }, how);
        return result();
    }

private:
    static void check(effort const& how)
    {
        if (auto const* n = std::get_if<forwards>(&how); n != nullptr && n->number < 1) {
            throw option_error{"a budget of " + std::to_string(n->number) + " forwards was given; give 1 or more"};
        }
        if (auto const* t = std::get_if<tolerance>(&how); t != nullptr && !(t->error > 0 && t->error < 1)) {
            throw option_error{"a tolerance of " + std::to_string(t->error) +
                               " was given; give a share of the map's range between 0 and 1, such as 0.05"};
        }
    }

    void begin(images_view image)
    {
        image_ = {};
        known_.reset();
        steps_.begin(image);
        steps_.capture(image);
        steps_.choose_targets();
        steps_.group_channels();
        steps_.find_extrema(image);
        steps_.prepare_scoring(image);
        steps_.score_baseline(image);
        steps_.score_flat_channels(image);
        image_ = image;
        done_.assign(static_cast<std::size_t>(steps_.roles().extent(1)), true);
        left_ = 0;
        for (auto const& pick : steps_.channels_to_score()) {
            done_[static_cast<std::size_t>(pick.channel)] = false;
            ++left_;
        }
    }

    // ---- the three efforts

    void score(exact)
    {
        known_.reset();  // nothing is left to learn for
        score_channels(all_left());
    }

    void score(forwards budget)
    {
        auto const wanted = std::min(budget.number - scored(), left_);
        if (wanted == left_) { return score(exact{}); }
        if (budget.chosen == probes::one_batch) {
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
        steps_.score_channels(image_, picks, [&](index_t first, const_view_on<Backend, T, 2> seen) {
            if (known_) { on_.to_host(seen, outputs.data() + first * outputs.extent(1)); }
        });
        if (!known_) { return; }
        on_.wait();
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
        auto const whole  = steps_.outputs();
        auto const zero   = steps_.background_outputs(image_);
        auto const chosen = steps_.targets();
        tensor<T, 2> outputs{{{2, whole.extent(1)}}};
        std::copy(zero.begin(), zero.end(), outputs.data());
        std::copy(whole.begin(), whole.end(), outputs.data() + whole.extent(1));
        tensor<T, 2> scores{{{2, chosen.extent(1)}}};
        auto const how         = steps_.template with<kinds::score>([&](auto const& f) {
            for (index_t n = 0; n < 2; ++n) {
                auto const read = f(ops::row<T>{outputs[n].data(), outputs.extent(1)});
                for (index_t m = 0; m < scores.extent(1); ++m) { scores(n, m) = static_cast<T>(read(chosen(0, m))); }
            }
            return link_for(f, guess_outputs(std::as_const(outputs).view()));
        });
        auto const masks       = steps_.masks();
        auto const activations = steps_.activations();
        auto const& summed     = steps_.sums_masks() ? masks : activations;
        std::vector<index_t> candidates;
        for (auto const& pick : steps_.channels_to_score()) { candidates.push_back(pick.channel); }
        known_.emplace(masks[0], summed[0], candidates, std::span{chosen.data(), static_cast<std::size_t>(chosen.size())},
                       how, free_probes<T>{std::as_const(outputs).view(), std::as_const(scores).view()}, numbers_);
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
            steps_.template with<kinds::weighting>([&](auto const& weighting) {
                weigh_by<T, std::remove_cvref_t<decltype(weighting)>>{weighting, all(roles), all(baseline),
                                                                      all(zero_mask)}(scores, m, weights);
            });
        });
    }

    [[nodiscard]] double largest_error()
    {
        auto const errors = with_weigher([&](auto const& weigh) { return surrogate_of_image().error(weigh); });
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
        steps_.weigh();
        steps_.combine();
        steps_.draw(image_);
        static_cast<scorecam::explanation<T, rank - 2>&>(found) = steps_.collect_and_go_on();
        found.scored = tensor<unsigned char, 2>{{{1, static_cast<index_t>(done_.size())}}, {done_.begin(), done_.end()}};
        found.scored_channels = scored();
        found.is_exact        = left_ == 0;
        found.predicted_error = tensor<T, 2>{found.targets.shape()};
        found.certified_error = tensor<T, 2>{found.targets.shape()};
        if (left_ > 0) {
            auto const predicted = with_weigher([&](auto const& weigh) { return known_->error(weigh); });
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
        bool const limited = steps_.template with<kinds::score>([](auto const& f) {
            using score_type = std::remove_cvref_t<decltype(f)>;
            return std::is_same_v<score_type, probability> || std::is_same_v<score_type, sigmoid>;
        });
        bool const alone   = steps_.template with<kinds::weighting>(
            [](auto const& w) { return weighs_channels_alone<std::remove_cvref_t<decltype(w)>>; });
        if (!limited || !alone) { return std::vector<T>(static_cast<std::size_t>(steps_.targets().size()), T(1)); }
        return with_weigher([&](auto const& weigh) { return known_->certified(weigh, T(0), T(1)); });
    }

    static constexpr index_t round = 16;  // channels scored between two looks at what is known

    Backend& on_;
    settings numbers_;
    steps<Backend, Model, Policies...> steps_;
    images_view image_{};
    std::optional<surrogate<T>> known_;
    std::vector<bool> done_;  // each channel
    index_t left_ = 0;        // channels that can be scored and are not
};

/// The saliency maps of one image (C, H, W) with the given effort:
/// budget::explain(cpu, model, image, budget::forwards{64}, target{243}). See explainer.
template <class Backend, class Model, class... Policies>
[[nodiscard]] auto explain(Backend& on, Model& model,
                           const_view_on<Backend, typename Model::value_type, spatial_rank_of<Model> + 1> image,
                           effort const& how, Policies... policies)
{
    static_assert(check_model<Model>());
    explainer<Backend, Model, Policies...> run{on, model, std::move(policies)...};
    return run(image, how);
}

}  // namespace scorecam::budget
