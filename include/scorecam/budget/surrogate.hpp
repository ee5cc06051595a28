#pragma once
// The scores of all channels from those of some.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <scorecam/budget/bound.hpp>
#include <scorecam/budget/error.hpp>
#include <scorecam/budget/gaussian_process.hpp>
#include <scorecam/budget/kernel.hpp>
#include <scorecam/budget/link.hpp>
#include <scorecam/budget/matrix.hpp>
#include <scorecam/budget/probes.hpp>
#include <scorecam/budget/random.hpp>
#include <scorecam/budget/settings.hpp>
#include <scorecam/budget/weights.hpp>
#include <scorecam/error.hpp>
#include <scorecam/ops/paint.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::budget {

/// The two probes that cost nothing: row 0 is the model's answer to an all-zero mask (the background, black by default), row
/// 1 to the whole image.
template <class T>
struct free_probes {
    tensor_view<T const, 2> outputs;  ///< (2, classes)
    tensor_view<T const, 2> scores;   ///< (2, M)
};

/// Imputes the scores of the channels of one image that were not scored, for M target classes, from those that were:
///
///     surrogate<T> known{masks, summands, candidates, targets, link_for(score), {outputs, scores}};
///     while (known.scored() < budget && largest(known.error(weigh)) > tolerance) {
///         auto const channels = known.next(16, weigh);            // which to score
///         known.learn(channels, outputs, scores);                 // what came of it
///     }
///     known.predict(scores, deviations);                          // of all channels
///
/// Channels are named by their number among all K. It remembers what it learned: going on later is going on, up to all
/// candidates, when nothing is imputed. Same calls, same bits. A value; for one thread at a time.
template <class T>
class surrogate {
public:
    /// - masks (K, spatial...): s(A_k), of any spatial rank
    /// - summands (K, spatial...): what the weights multiply, A_k as a rule
    /// - candidates: the channels that can be scored, those with contrast; the others take no part in any prediction
    /// - targets (M): indices into the outputs
    template <std::size_t Rank>
    surrogate(tensor_view<T const, Rank> masks, tensor_view<T const, Rank> summands, std::span<index_t const> candidates,
              std::span<index_t const> targets, link how, free_probes<T> free, settings const& numbers = {})
        : numbers_{numbers}, candidates_(candidates.begin(), candidates.end()), targets_(targets.begin(), targets.end()),
          link_{std::move(how)}, summands_{columns_of(summands)}, known_{mask_kernel{masks, candidates}, numbers.noise},
          item_of_(static_cast<std::size_t>(masks.extent(0)), none), is_scored_(candidates.size(), false)
    {
        check(numbers);
        if (!(masks.shape() == summands.shape())) {
            throw shape_error{"masks of the shape " + to_string(masks.shape()) + " cannot go with summands of the shape " +
                              to_string(summands.shape())};
        }
        for (std::size_t j = 0; j < candidates_.size(); ++j) {
            item_of_[static_cast<std::size_t>(candidates_[j])] = static_cast<index_t>(j);
        }
        matrix const own = columns_at(summands_, candidates_);
        reach_           = reach_of(own);
        prominence_      = mass_times_area(own, columns_of(masks, candidates));
        scores_.assign(candidates_.size() * targets_.size(), T(0));
        index_t const both[] = {known_.kernel().zero(), known_.kernel().whole()};
        take(both, free.outputs, free.scores);
    }

    /// How many channels can be scored, and how many have been.
    [[nodiscard]] index_t candidates() const { return static_cast<index_t>(candidates_.size()); }
    [[nodiscard]] index_t scored() const { return static_cast<index_t>(known_.observed().size()) - 2; }

    /// The channels to score next, at most n of those that are left. The first time: those with the largest mass times area.
    /// Then those whose uncertainty can change a map most: max A_k - min A_k times what one standard deviation more or less
    /// makes of the weight, relative to the range of the map, of the target where that is most.
    template <weigher<T> Weigh>
    [[nodiscard]] std::vector<index_t> next(index_t n, Weigh const& weigh) const
    {
        auto items = open_items();
        order(items, n, scored() == 0 ? prominence_ : influence(weigh));
        return channels_of(items);
    }

    /// A plan to score n channels in one go, made without looking at any score.
    [[nodiscard]] std::vector<index_t> design(index_t n) const
    {
        vector importance(candidates());
        for (index_t j = 0; j < candidates(); ++j) {
            importance(j) = is_scored_[static_cast<std::size_t>(j)] ? -1 : reach_(j) * reach_(j);
        }
        return channels_of(greedy_design(known_, std::move(importance), std::clamp(n, index_t{0}, candidates() - scored())));
    }

    /// The outputs (n, classes) and scores (n, M) under the masks of n channels that were not learned before. Throws
    /// option_error, shape_error, or non_finite_error, after which it is not to be used any more.
    void learn(std::span<index_t const> channels, tensor_view<T const, 2> outputs, tensor_view<T const, 2> scores)
    {
        std::vector<index_t> items;
        for (index_t const k : channels) {
            bool const exists  = k >= 0 && k < static_cast<index_t>(item_of_.size());
            index_t const item = exists ? item_of_[static_cast<std::size_t>(k)] : none;
            if (item == none || is_scored_[static_cast<std::size_t>(item)]) {
                throw option_error{"channel " + std::to_string(k) + " is not one that is left to score"};
            }
            is_scored_[static_cast<std::size_t>(item)] = true;
            items.push_back(item);
        }
        if (items.empty()) { return; }
        take(items, outputs, scores);
        for (std::size_t n = 0; n < items.size(); ++n) {
            auto const row = scores[static_cast<index_t>(n)];
            std::copy(row.begin(), row.end(), scores_.begin() + items[n] * targets_count());
        }
    }

    /// Writes the scores (K, M) of all candidates, as they were learned or as they are predicted, and their standard
    /// deviations: 0 for those learned. Other rows are left as they are.
    void predict(tensor_view<T, 2> scores, tensor_view<T, 2> deviations) const
    {
        auto const K = static_cast<index_t>(item_of_.size());
        check_extents<T>("predicted scores", scores, K, targets_count());
        check_extents<T>("standard deviations", deviations, K, targets_count());
        for (index_t m = 0; m < targets_count(); ++m) {
            vector const sigma = deviation(m, surprise_);
            for (index_t j = 0; j < candidates(); ++j) {
                index_t const k  = candidates_[static_cast<std::size_t>(j)];
                scores(k, m)     = score_at(j, m);
                auto const up    = is_scored_[static_cast<std::size_t>(j)] ? 0.F : sigma(j);
                deviations(k, m) = (moved(j, m, up) - moved(j, m, -up)) / 2;
            }
        }
    }

    /// For each target, the largest error at any place that the map of the predicted scores is expected to stay below, with
    /// the confidence asked for: a quantile of the differences to the maps of joint draws of the scores, times a factor, at
    /// most 1. Maps are compared at the size of the activations, after ReLU and min-max. 0 if all candidates are scored.
    template <weigher<T> Weigh>
    [[nodiscard]] std::vector<T> error(Weigh const& weigh) const
    {
        std::vector<T> predicted(targets_.size(), T(0));
        if (scored() == candidates()) { return predicted; }
        auto varied = open_items();
        order(varied, std::visit([](auto const& l) { return l.varied; }, link_), influence(weigh));
        auto const maps        = drawn_maps(varied, weigh);
        double const inflation = numbers_.inflation * std::visit([](auto const& l) { return l.inflation; }, link_);
        for (index_t m = 0; m < targets_count(); ++m) {
            vector const own  = shown(product(summands_, weights_of(row_of_scores(m), m, weigh)));
            auto const errors = largest_differences(shown(maps[static_cast<std::size_t>(m)]), own);
            predicted[static_cast<std::size_t>(m)] =
                static_cast<T>(std::min(inflation * double{quantile(errors, numbers_.confidence)}, 1.0));
        }
        return predicted;
    }

    /// For each target, the largest error of the map of the predicted scores if all that is certain of the scores that were
    /// not earned is their limits; see certified_error. Right only with weights that weigh each channel alone.
    template <weigher<T> Weigh>
    [[nodiscard]] std::vector<T> certified(Weigh const& weigh, T least, T most) const
    {
        std::vector<T> errors;
        for (index_t m = 0; m < targets_count(); ++m) {
            auto const exact = [&](std::vector<T> const& row) {
                vector const weights = weights_of(row, m, weigh);
                Eigen::VectorXd as_double(weights.size());
                for (index_t k = 0; k < weights.size(); ++k) { as_double(k) = static_cast<double>(weights(k)); }
                return as_double;
            };
            auto const at = [&](T score) {
                auto row = row_of_scores(m);
                for (std::size_t j = 0; j < candidates_.size(); ++j) {
                    if (!is_scored_[j]) { row[static_cast<std::size_t>(candidates_[j])] = score; }
                }
                return exact(row);
            };
            errors.push_back(static_cast<T>(certified_error(summands_, exact(row_of_scores(m)), {at(least), at(most)})));
        }
        return errors;
    }

    [[nodiscard]] index_t bytes() const
    {
        return known_.bytes() + (summands_.size() + expected_.size()) * static_cast<index_t>(sizeof(float));
    }

private:
    static constexpr index_t none = -1;

    [[nodiscard]] index_t targets_count() const { return static_cast<index_t>(targets_.size()); }

    /// Observes items with their outputs and scores, and predicts everything anew.
    void take(std::span<index_t const> items, tensor_view<T const, 2> outputs, tensor_view<T const, 2> scores)
    {
        auto const n = static_cast<index_t>(items.size());
        check_extents("the outputs", outputs, n, outputs.extent(1));
        check_extents("the scores", scores, n, targets_count());
        std::visit([&](auto& l) { l.see(outputs, scores, targets_); }, link_);
        known_.observe(items);

        // The prior mean is the row of the zero mask, which comes first.
        matrix values = std::visit([](auto& l) { return l.modelled(); }, link_);
        std::vector<float> prior;
        for (index_t c = 0; c < values.cols(); ++c) {
            auto const seen = column(values, c);
            prior.push_back(seen.front());
            for (auto& value : seen) { value -= prior.back(); }
        }
        matrix const white = known_.whitened(values);
        scale_.clear();
        for (index_t c = 0; c < white.cols(); ++c) { scale_.push_back(mean_square(column(white, c))); }
        expected_ = known_.expected(white, candidates());
        for (index_t c = 0; c < expected_.cols(); ++c) {
            for (auto& value : column(expected_, c)) { value += prior[static_cast<std::size_t>(c)]; }
        }
        expected_scores_ = std::visit([&](auto const& l) { return l.scores(expected_); }, link_);
        surprise_        = surprise_of(white, n);
    }
    [[nodiscard]] static float mean_square(std::span<float const> numbers)
    {
        return std::inner_product(numbers.begin(), numbers.end(), numbers.begin(), 0.F) / static_cast<float>(numbers.size());
    }

    /// How much larger the variance of the last observations was than that of all, over the middle one of the modelled
    /// values; at least 1. Early probes are large masks, which the process can understand better than those to come.
    [[nodiscard]] float surprise_of(matrix const& white, index_t last) const
    {
        std::vector<float> ratios;
        for (std::size_t c = 0; c < scale_.size(); ++c) {
            float const mean = mean_square(column(white, static_cast<index_t>(c)).last(static_cast<std::size_t>(last)));
            ratios.push_back(scale_[c] > 0 ? mean / scale_[c] : 0);
        }
        return std::max(detail::median_scale(std::move(ratios)), 1.F);
    }

    /// Standard deviations of the value that moves the score of target m, of all candidates (and of the free probes).
    [[nodiscard]] vector deviation(index_t m, float more = 1) const
    {
        auto const value  = std::visit([&](auto const& l) { return l.column(m); }, link_);
        float const scale = scale_[static_cast<std::size_t>(value)] * more;
        vector sigma      = known_.variance();
        for (index_t j = 0; j < sigma.size(); ++j) { sigma(j) = std::sqrt(sigma(j) * scale); }
        return sigma;
    }
    [[nodiscard]] T score_at(index_t item, index_t m) const
    {
        return is_scored_[static_cast<std::size_t>(item)] ? scores_[static_cast<std::size_t>(item * targets_count() + m)]
                                                          : static_cast<T>(expected_scores_(item, m));
    }
    /// The score of an item when the value behind it is moved.
    [[nodiscard]] T moved(index_t item, index_t m, float by) const
    {
        return static_cast<T>(std::visit([&](auto const& l) { return l.moved(expected_scores_(item, m), by); }, link_));
    }
    /// The scores of all K channels.
    [[nodiscard]] std::vector<T> row_of_scores(index_t m) const
    {
        std::vector<T> row(item_of_.size(), T(0));
        for (index_t j = 0; j < candidates(); ++j) {
            row[static_cast<std::size_t>(candidates_[static_cast<std::size_t>(j)])] = score_at(j, m);
        }
        return row;
    }
    template <class Weigh>
    [[nodiscard]] vector weights_of(std::vector<T> const& scores, index_t m, Weigh const& weigh) const
    {
        std::vector<T> weights(scores.size());
        weigh(std::span<T const>{scores}, m, std::span<T>{weights});
        vector in_float(static_cast<index_t>(weights.size()));
        for (index_t k = 0; k < in_float.size(); ++k) {
            in_float(k) = static_cast<float>(weights[static_cast<std::size_t>(k)]);
        }
        return in_float;
    }

    /// The items that are not scored.
    [[nodiscard]] std::vector<index_t> open_items() const
    {
        std::vector<index_t> items;
        for (index_t j = 0; j < candidates(); ++j) {
            if (!is_scored_[static_cast<std::size_t>(j)]) { items.push_back(j); }
        }
        return items;
    }

    /// Keeps the n items with the largest keys, the largest first; of equal ones, the more prominent, then the first.
    void order(std::vector<index_t>& items, index_t n, vector const& keys) const
    {
        n               = std::clamp(n, index_t{0}, static_cast<index_t>(items.size()));
        auto const last = items.begin() + n;
        std::partial_sort(items.begin(), last, items.end(), [&](index_t a, index_t b) {
            return std::tuple{-keys(a), -prominence_(a), a} < std::tuple{-keys(b), -prominence_(b), b};
        });
        items.erase(last, items.end());
    }

    /// How much each item, if not scored, can still change a map.
    ///
    /// Half of the channels are moved up and half down, and then the reverse: what that does to their weights is meaningful
    /// with every weighting, also with one that divides by a sum.
    template <class Weigh>
    [[nodiscard]] vector influence(Weigh const& weigh) const
    {
        vector largest = vector_of(candidates(), 0);
        for (index_t m = 0; m < targets_count(); ++m) {
            auto up          = row_of_scores(m);
            auto down        = up;
            auto const sigma = deviation(m);
            for (index_t const j : open_items()) {
                auto const k              = static_cast<std::size_t>(candidates_[static_cast<std::size_t>(j)]);
                bool const first_up       = (ops::mix(k) & 1U) == 0;
                (first_up ? up : down)[k] = moved(j, m, sigma(j));
                (first_up ? down : up)[k] = moved(j, m, -sigma(j));
            }
            vector const of_up = weights_of(up, m, weigh), of_down = weights_of(down, m, weigh);
            matrix const map         = product(summands_, weights_of(row_of_scores(m), m, weigh));
            auto const [least, most] = std::minmax_element(map.data(), map.data() + map.size());
            float const range        = std::max(*most, 0.F) - std::max(*least, 0.F);
            for (index_t j = 0; j < candidates(); ++j) {
                index_t const k    = candidates_[static_cast<std::size_t>(j)];
                float const change = std::abs(of_up(k) - of_down(k));
                largest(j)         = std::max(largest(j), reach_(j) * change / (range > 0 ? range : 1));
            }
        }
        return largest;
    }

    /// Σ_k w_k A_k of every target (cells, draws), for joint draws of the scores of some items.
    template <class Weigh>
    [[nodiscard]] std::vector<matrix> drawn_maps(std::vector<index_t> const& items, Weigh const& weigh) const
    {
        auto const count  = static_cast<index_t>(items.size());
        auto const values = expected_.cols();
        auto const root   = known_.covariance_root(items);
        matrix const mean = rows_at(expected_, items);
        normal_draws const draws{numbers_.seed, known_.observed().size()};

        std::vector<std::vector<T>> rows;
        std::vector<matrix> weights;
        for (index_t m = 0; m < targets_count(); ++m) {
            rows.push_back(row_of_scores(m));
            weights.emplace_back(summands_.cols(), numbers_.draws);
        }
        matrix normal(count, values);
        for (index_t s = 0; s < numbers_.draws; ++s) {
            draws.fill(static_cast<std::uint64_t>(s * normal.size()),
                       {normal.data(), static_cast<std::size_t>(normal.size())});
            matrix drawn = lower_product(root, normal);
            for (index_t c = 0; c < values; ++c) {
                float const scale = std::sqrt(scale_[static_cast<std::size_t>(c)] * surprise_);
                for (index_t i = 0; i < count; ++i) { drawn(i, c) = mean(i, c) + drawn(i, c) * scale; }
            }
            matrix const scores = std::visit([&](auto const& l) { return l.scores(drawn); }, link_);
            for (index_t m = 0; m < targets_count(); ++m) {
                auto& row = rows[static_cast<std::size_t>(m)];
                for (index_t i = 0; i < count; ++i) {
                    auto const item = static_cast<std::size_t>(items[static_cast<std::size_t>(i)]);
                    row[static_cast<std::size_t>(candidates_[item])] = static_cast<T>(scores(i, m));
                }
                vector const of_draw = weights_of(row, m, weigh);
                std::copy_n(of_draw.data(), of_draw.size(), column(weights[static_cast<std::size_t>(m)], s).begin());
            }
        }
        for (auto& each : weights) { each = product(summands_, each); }
        return weights;
    }

    [[nodiscard]] std::vector<index_t> channels_of(std::vector<index_t> const& items) const
    {
        std::vector<index_t> channels;
        for (index_t const j : items) { channels.push_back(candidates_[static_cast<std::size_t>(j)]); }
        return channels;
    }

    settings numbers_;
    std::vector<index_t> candidates_;  // channel of each item
    std::vector<index_t> targets_;
    link link_;
    matrix summands_;               // (cells, K)
    gaussian_process known_;        // of the candidates and the two free probes
    std::vector<index_t> item_of_;  // of each channel, or none
    std::vector<bool> is_scored_;   // each item
    vector reach_;                  // of the items
    vector prominence_;             // of the items: mass times area
    std::vector<T> scores_;         // (items, M), of those scored

    std::vector<float> scale_;  // variance of each modelled value, in units of the kernel
    matrix expected_;           // (items, values)
    matrix expected_scores_;    // (items, M)
    float surprise_ = 1;
};

}  // namespace scorecam::budget
