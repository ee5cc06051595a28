#pragma once
// What is modelled of a model's outputs, and how it becomes a score again.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <scorecam/budget/matrix.hpp>
#include <scorecam/error.hpp>
#include <scorecam/policies/score.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::budget {

/// What a model's outputs are.
enum class outputs_are {
    logits,         ///< or anything else without limits
    probabilities,  ///< of classes that exclude each other: a softmax is in the model
    chances         ///< each in [0, 1] by itself: sigmoids, or one class alone
};

namespace detail {

/// Beyond these, a logarithm of odds says nothing more about a score.
inline constexpr float most_log_odds = 60;

/// Beyond these, sums of squares of what is modelled would overflow.
inline constexpr float largest_logit = 1e4F;
inline constexpr float largest_score = 1e15F;

[[nodiscard]] inline float log_odds_of(float value) { return std::clamp(value, -most_log_odds, most_log_odds); }

/// p under a change of its log odds.
[[nodiscard]] inline float with_odds_times_exp(float p, float by)
{
    float const up   = p * std::exp(std::min(by, 0.F));
    float const down = (1 - p) * std::exp(std::min(-by, 0.F));
    return up + down > 0 ? up / (up + down) : p;
}

inline void refuse_not_a_number(bool bad, char const* what)
{
    if (bad) { throw non_finite_error{std::string{what} + " under a mask are NaN or infinite; check the model"}; }
}

/// Rows of numbers as they come, all of the same length.
class kept_rows {
public:
    /// Room for one more row.
    [[nodiscard]] std::span<float> add(index_t columns)
    {
        columns_ = columns;
        values_.resize(values_.size() + static_cast<std::size_t>(columns));
        return std::span{values_}.last(static_cast<std::size_t>(columns));
    }
    [[nodiscard]] index_t rows() const { return columns_ > 0 ? static_cast<index_t>(values_.size()) / columns_ : 0; }
    [[nodiscard]] index_t columns() const { return columns_; }
    [[nodiscard]] std::span<float const> operator[](index_t row) const
    {
        return std::span{values_}.subspan(static_cast<std::size_t>(row * columns_), static_cast<std::size_t>(columns_));
    }
    /// f of all of them.
    template <class F>
    [[nodiscard]] matrix mapped(F const& f) const
    {
        matrix all(rows(), columns_);
        for (index_t n = 0; n < rows(); ++n) {
            for (index_t m = 0; m < columns_; ++m) { all(n, m) = f((*this)[n][static_cast<std::size_t>(m)]); }
        }
        return all;
    }

private:
    index_t columns_ = 0;
    std::vector<float> values_;
};

/// The smallest probability above 0 that was seen stands for twice what is meant by 0.
class smallest_seen {
public:
    void see(float p) { smallest_ = p > 0 ? std::min(smallest_, p) : smallest_; }
    [[nodiscard]] float floored(float p) const { return p > 0 ? p : smallest_ / 2; }

private:
    float smallest_ = 1;
};

}  // namespace detail

// A link is shown rows of outputs and of scores (n, M) as they are earned, and says
//   modelled()            what is modelled of all rows so far (rows, values): numbers that a network makes of a mask almost
//                         linearly. Which values these are may change with every row shown.
//   scores(predicted)     the scores (n, M) that go with rows of values
//   column(m)             which of the values moves the score of target m
//   moved(score, by)      the score when that value is moved
//   inflation                 what predicted errors have to be multiplied by to be kept to in 95 % of all cases: measured.
//   The
//                         fewer values are modelled, the less is known about how uncertain they are
//   varied                how many channels to vary for a predicted error: as many as its time allows
// Everything it returns is finite.

/// Any score: the score itself.
class identity_link {
public:
    static constexpr double inflation = 2.5;
    static constexpr index_t varied   = 512;

    template <class T>
    void see(tensor_view<T const, 2>, tensor_view<T const, 2> scores, std::vector<index_t> const&)
    {
        for (index_t n = 0; n < scores.extent(0); ++n) {
            auto const row = seen_.add(scores.extent(1));
            for (std::size_t m = 0; m < row.size(); ++m) {
                auto const score = static_cast<float>(scores(n, m));
                detail::refuse_not_a_number(!std::isfinite(score), "the scores");
                row[m] = std::clamp(score, -detail::largest_score, detail::largest_score);
            }
        }
    }
    [[nodiscard]] matrix modelled()
    {
        return seen_.mapped([](float value) { return value; });
    }
    [[nodiscard]] matrix scores(matrix const& predicted) const { return predicted; }
    [[nodiscard]] index_t column(index_t m) const { return m; }
    [[nodiscard]] float moved(float score, float by) const { return score + by; }

private:
    detail::kept_rows seen_;
};

/// A score in [0, 1]: its log odds. Of the sigmoid of an output that is the output.
class logistic_link {
public:
    static constexpr double inflation = 2.5;
    static constexpr index_t varied   = 512;

    enum class shown {
        log_odds,  ///< in the outputs
        scores     ///< and nothing else
    };
    explicit logistic_link(shown what) : what_{what} {}

    template <class T>
    void see(tensor_view<T const, 2> outputs, tensor_view<T const, 2> scores, std::vector<index_t> const& targets)
    {
        for (index_t n = 0; n < scores.extent(0); ++n) {
            auto const row = seen_.add(scores.extent(1));
            for (std::size_t m = 0; m < row.size(); ++m) {
                auto const value = static_cast<float>(what_ == shown::scores ? scores(n, m) : outputs(n, targets[m]));
                detail::refuse_not_a_number(std::isnan(value), "the scores");
                row[m] = value;
                if (what_ == shown::scores) {
                    impossible_.see(value);
                    certain_.see(1 - value);
                }
            }
        }
    }
    [[nodiscard]] matrix modelled()
    {
        return seen_.mapped([&](float value) {
            return detail::log_odds_of(what_ == shown::log_odds
                                           ? value
                                           : std::log(impossible_.floored(value)) - std::log(certain_.floored(1 - value)));
        });
    }
    [[nodiscard]] matrix scores(matrix const& predicted) const
    {
        matrix found = predicted;
        for (index_t i = 0; i < found.size(); ++i) {
            found.data()[i] = 1 / (1 + std::exp(std::min(-found.data()[i], detail::most_log_odds)));
        }
        return found;
    }
    [[nodiscard]] index_t column(index_t m) const { return m; }
    [[nodiscard]] float moved(float score, float by) const { return detail::with_odds_times_exp(score, by); }

private:
    shown what_;
    detail::kept_rows seen_;
    detail::smallest_seen impossible_;
    detail::smallest_seen certain_;
};

/// The probability of classes that exclude each other: the logits of the targets, of the classes of highest probability seen
/// so far, and of all others taken together.
class softmax_link {
public:
    static constexpr double inflation = 1.5;
    static constexpr index_t varied   = 256;

    /// Of a model that ends in probabilities, logarithms take the place of logits. They lack the sum of all exponentials;
    /// without their mean over the modelled values they are linear again, as the logits without theirs.
    softmax_link(outputs_are outputs, index_t classes) : outputs_{outputs}, most_classes_{classes} {}

    template <class T>
    void see(tensor_view<T const, 2> outputs, tensor_view<T const, 2>, std::vector<index_t> const& targets)
    {
        targets_           = targets;
        auto const classes = outputs.extent(1);
        if (highest_.empty()) { highest_.assign(static_cast<std::size_t>(classes), 0); }
        for (index_t n = 0; n < outputs.extent(0); ++n) {
            auto const logits = logits_.add(classes);
            auto const shares = shares_.add(classes);
            for (std::size_t c = 0; c < logits.size(); ++c) {
                logits[c] = static_cast<float>(outputs[n].data()[c]);
                detail::refuse_not_a_number(std::isnan(logits[c]), "the outputs");
                if (outputs_ == outputs_are::probabilities) {
                    smallest_.see(logits[c]);
                    logits[c] = logits[c] > 0 ? std::log(logits[c]) : -infinite;
                }
            }
            float const peak = *std::max_element(logits.begin(), logits.end());
            detail::refuse_not_a_number(!std::isfinite(peak), "all outputs, or the largest,");
            float sum = 0;
            for (std::size_t c = 0; c < logits.size(); ++c) {
                shares[c] = std::exp(std::max(logits[c] - peak, -2 * detail::most_log_odds));
                sum += shares[c];
            }
            sums_.push_back(peak + std::log(sum));
            for (std::size_t c = 0; c < logits.size(); ++c) {
                shares[c] /= sum;
                highest_[c] = std::max(highest_[c], shares[c]);
            }
        }
    }

    [[nodiscard]] matrix modelled()
    {
        choose_classes();
        auto const chosen = static_cast<index_t>(chosen_.size());
        bool const rest   = chosen < logits_.columns();
        std::vector<bool> is_other(static_cast<std::size_t>(logits_.columns()), true);
        for (auto const c : chosen_) { is_other[static_cast<std::size_t>(c)] = false; }
        bool const probabilities = outputs_ == outputs_are::probabilities;
        float const least =
            probabilities ? std::max(std::log(smallest_.floored(0)), -detail::most_log_odds) : -detail::most_log_odds;

        matrix values(logits_.rows(), chosen + (rest ? 1 : 0));
        for (index_t n = 0; n < values.rows(); ++n) {
            for (index_t c = 0; c < chosen; ++c) {
                values(n, c) = logits_[n][static_cast<std::size_t>(chosen_[static_cast<std::size_t>(c)])];
            }
            float const total = sums_[static_cast<std::size_t>(n)];
            if (rest) {
                float others = 0;
                for (std::size_t c = 0; c < is_other.size(); ++c) { others += is_other[c] ? shares_[n][c] : 0; }
                values(n, chosen) = std::log(others) + total;
            }
            float const shift = total - std::clamp(total, -detail::largest_logit, detail::largest_logit);
            float mean        = 0;
            for (index_t c = 0; c < values.cols(); ++c) {
                values(n, c) = std::max(values(n, c), total + least) - shift;
                mean += values(n, c) / static_cast<float>(values.cols());
            }
            for (index_t c = 0; probabilities && c < values.cols(); ++c) { values(n, c) -= mean; }
        }
        return values;
    }

    [[nodiscard]] matrix scores(matrix const& predicted) const
    {
        matrix found(predicted.rows(), static_cast<index_t>(targets_.size()));
        std::vector<float> peak(static_cast<std::size_t>(predicted.rows()), -infinite), sum(peak.size(), 0);
        for (index_t c = 0; c < predicted.cols(); ++c) {
            auto const values = budget::column(predicted, c);
            for (std::size_t i = 0; i < peak.size(); ++i) { peak[i] = std::max(peak[i], values[i]); }
        }
        for (index_t c = 0; c < predicted.cols(); ++c) {
            auto const values = budget::column(predicted, c);
            for (std::size_t i = 0; i < peak.size(); ++i) { sum[i] += std::exp(values[i] - peak[i]); }
        }
        for (index_t m = 0; m < found.cols(); ++m) {
            auto const values = budget::column(predicted, column(m));
            for (std::size_t i = 0; i < peak.size(); ++i) {
                found(static_cast<index_t>(i), m) = std::exp(values[i] - peak[i]) / sum[i];
            }
        }
        return found;
    }

    [[nodiscard]] index_t column(index_t m) const
    {
        auto const at = std::lower_bound(chosen_.begin(), chosen_.end(), targets_[static_cast<std::size_t>(m)]);
        return at - chosen_.begin();
    }
    [[nodiscard]] float moved(float score, float by) const { return detail::with_odds_times_exp(score, by); }

private:
    static constexpr float infinite = std::numeric_limits<float>::infinity();

    /// The classes of highest probability seen and the targets, in order.
    void choose_classes()
    {
        chosen_.resize(highest_.size());
        std::iota(chosen_.begin(), chosen_.end(), index_t{0});
        if (static_cast<index_t>(chosen_.size()) <= most_classes_ + 1) { return; }
        auto const last = chosen_.begin() + most_classes_;
        std::nth_element(chosen_.begin(), last, chosen_.end(), [&](index_t a, index_t b) {
            auto const p = highest_[static_cast<std::size_t>(a)];
            auto const q = highest_[static_cast<std::size_t>(b)];
            return p > q || (p == q && a < b);
        });
        chosen_.erase(last, chosen_.end());
        chosen_.insert(chosen_.end(), targets_.begin(), targets_.end());
        std::sort(chosen_.begin(), chosen_.end());
        chosen_.erase(std::unique(chosen_.begin(), chosen_.end()), chosen_.end());
    }

    outputs_are outputs_;
    index_t most_classes_;
    std::vector<index_t> targets_;
    detail::kept_rows logits_;    // (rows, classes)
    detail::kept_rows shares_;    // their softmax
    std::vector<float> sums_;     // their logsumexp
    std::vector<float> highest_;  // the largest share of each class
    detail::smallest_seen smallest_;
    std::vector<index_t> chosen_;  // the classes modelled one by one, ascending
};

using link = std::variant<identity_link, logistic_link, softmax_link>;

/// The link for a score, given what the model's outputs are.
[[nodiscard]] inline link link_for(score_nature score, outputs_are outputs = outputs_are::logits, index_t classes = 48)
{
    switch (score) {
    case score_nature::probability:
        return softmax_link{outputs_are::logits, classes};
    case score_nature::sigmoid:
        return logistic_link{logistic_link::shown::log_odds};
    case score_nature::logit:
        if (outputs == outputs_are::probabilities) { return softmax_link{outputs, classes}; }
        if (outputs == outputs_are::chances) { return logistic_link{logistic_link::shown::scores}; }
        break;
    case score_nature::other:
        break;
    }
    return identity_link{};
}
template <class Score>
[[nodiscard]] link link_for(Score const&, outputs_are outputs = outputs_are::logits, index_t classes = 48)
{
    return link_for(nature_of<Score>, outputs, classes);
}

/// What outputs (n, classes) look like. One alone, or very few rows, can be mistaken.
template <class T>
[[nodiscard]] outputs_are guess_outputs(tensor_view<T const, 2> outputs)
{
    bool sums_to_one = outputs.extent(1) > 1;
    for (index_t n = 0; n < outputs.extent(0); ++n) {
        double sum = 0;
        for (T const value : outputs[n]) {
            if (!(value >= T(0) && value <= T(1))) { return outputs_are::logits; }
            sum += static_cast<double>(value);
        }
        sums_to_one = sums_to_one && std::abs(sum - 1) < 1e-3;  // bfloat16 and float16 softmaxes are that far off
    }
    return sums_to_one ? outputs_are::probabilities : outputs_are::chances;
}

}  // namespace scorecam::budget
