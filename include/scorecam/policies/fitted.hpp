#pragma once
// A map that is fitted to the answers under a few dozen masks.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/detail/cell_process.hpp>
#include <scorecam/error.hpp>
#include <scorecam/ops/smooth_field.hpp>
#include <scorecam/policies/estimate.hpp>
#include <scorecam/policies/kinds.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// What of a fitted map is shown.
enum class fitted_part {
    both,     ///< the sum of the two, each divided by its largest value
    shapley,  ///< what each cell adds to the score on average, as cells are shown one after the other: tells classes apart
              ///< best
    linear    ///< the weight of each cell, in the logit: best in place
};

/// A Gaussian process on the logits under the masks, whose covariance of cells is that of the activations in them, and of it
/// the weight of each cell and its Shapley value of the score. For masks on a grid that are not shifted, such as
/// random_fields. Any score: with probability the process is of the logits of the classes that are likely under some mask,
/// with sigmoid of the logit, else of the score itself (as with rows of more than 65536 numbers). Without activations the
/// covariance is that of the distance alone.
struct fitted {
    using kind         = kinds::estimate;
    fitted_part part   = fitted_part::both;
    index_t orders     = 24;    ///< in which cells are shown
    double noise       = 1e-2;  ///< the variance of an answer that the process does not explain
    std::uint64_t seed = 0;     ///< of the orders

    [[nodiscard]] static bool reads_outputs(score_nature nature, index_t numbers)
    {
        return nature != score_nature::other && numbers <= 65'536;
    }

    /// Throws shape_error, option_error or non_finite_error.
    template <class T, std::size_t R>
    [[nodiscard]] estimated<T, R> from(evidence<T, R> const& seen) const;
};

namespace detail {

/// What a process is put on: columns of answers, and how a score is made of a row of them.
struct fitted_columns {
    matrix columns;                               ///< (N + 2, q): under the masks, of nothing and of the whole
    std::vector<std::vector<index_t>> of_target;  ///< the columns of each target, its own first
    score_nature nature =
        score_nature::other;  ///< probability: softmax of a target's columns; sigmoid: of its own one; else itself

    [[nodiscard]] double score(double const* row, index_t m) const
    {
        auto const& mine = of_target[static_cast<std::size_t>(m)];
        double const own = row[mine[0]];
        if (nature == score_nature::sigmoid) { return 1 / (1 + std::exp(-own)); }
        if (nature != score_nature::probability) { return own; }
        double sum = 0;
        for (index_t const c : mine) { sum += std::exp(row[c] - own); }
        return 1 / sum;
    }
};

/// Rows of the model's outputs: those under the masks, of nothing, of the whole.
template <class T>
class output_rows {
public:
    template <std::size_t R>
    explicit output_rows(evidence<T, R> const& seen)
        : seen_{seen.outputs}, hidden_{seen.hidden_outputs.data()}, whole_{seen.whole_outputs.data()}
    {
    }
    [[nodiscard]] index_t count() const { return seen_.extent(0) + 2; }
    [[nodiscard]] index_t classes() const { return seen_.extent(1); }
    [[nodiscard]] T const* operator[](index_t n) const
    {
        return n < seen_.extent(0) ? seen_[n].data() : n == seen_.extent(0) ? hidden_ : whole_;
    }
    [[nodiscard]] T const* whole() const { return whole_; }
    [[nodiscard]] T const* hidden() const { return hidden_; }

private:
    tensor_view<T const, 2> seen_;
    T const* hidden_;
    T const* whole_;
};

/// Whether rows are probabilities already: a model that ends in a softmax.
template <class T>
[[nodiscard]] bool are_distributions(output_rows<T> const& rows)
{
    for (T const* row : {rows.hidden(), rows.whole()}) {
        double sum = 0;
        for (index_t c = 0; c < rows.classes(); ++c) {
            if (!(row[c] >= T(0))) { return false; }
            sum += static_cast<double>(row[c]);
        }
        if (!(std::abs(sum - 1) < 1e-3)) { return false; }
    }
    return rows.classes() > 1;
}

/// The classes whose logits are a column each: the 48 of largest probability under some mask, and the 8 largest of the
/// whole.
template <class T>
[[nodiscard]] std::vector<index_t> likely_classes(output_rows<T> const& rows)
{
    constexpr index_t under_masks = 48, of_whole = 8;
    auto const C = static_cast<std::size_t>(rows.classes());
    std::vector<double> largest(C), chances(C);
    std::vector<bool> finite(C, true);
    for (index_t n = 0; n < rows.count(); ++n) {
        T const* const row = rows[n];
        double const top   = static_cast<double>(*std::max_element(row, row + C));
        double sum         = 0;
        for (std::size_t c = 0; c < C; ++c) {
            finite[c]  = finite[c] && std::isfinite(row[c]);
            chances[c] = std::exp(static_cast<double>(row[c]) - top);
            sum += chances[c];
        }
        if (n >= rows.count() - 2) { continue; }
        for (std::size_t c = 0; c < C; ++c) { largest[c] = std::max(largest[c], chances[c] / sum); }
    }
    std::vector<index_t> chosen, all(C);
    std::iota(all.begin(), all.end(), index_t{0});
    auto const take = [&](index_t number, auto const& value) {
        auto const n = static_cast<std::ptrdiff_t>(std::min<index_t>(number, rows.classes()));
        std::partial_sort(all.begin(), all.begin() + n, all.end(), [&](index_t a, index_t b) {
            auto const x = value(a), y = value(b);
            return x > y || (x == y && a < b);
        });
        chosen.insert(chosen.end(), all.begin(), all.begin() + n);
    };
    take(under_masks, [&](index_t c) { return largest[static_cast<std::size_t>(c)]; });
    take(of_whole, [&](index_t c) { return static_cast<double>(rows.whole()[c]); });
    std::sort(chosen.begin(), chosen.end());
    chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
    chosen.erase(
        std::remove_if(chosen.begin(), chosen.end(), [&](index_t c) { return !finite[static_cast<std::size_t>(c)]; }),
        chosen.end());
    return chosen;
}

/// A column for each likely class and each target, and one for the logsumexp of those that a target leaves over.
template <class T>
[[nodiscard]] fitted_columns logit_columns(output_rows<T> const& rows, tensor_view<index_t const, 1> targets,
                                           bool distributions)
{
    auto const likely = likely_classes(rows);
    auto const logit  = [&](index_t n, index_t c) {
        auto const value = static_cast<double>(rows[n][c]);
        return distributions ? std::log(std::max(value, 1e-30)) : value;  // where a probability has no digits left
    };
    std::vector<std::vector<double>> columns;
    std::vector<index_t> column_of(static_cast<std::size_t>(rows.classes()), -1);
    auto const add_class = [&](index_t c) {
        auto& number = column_of[static_cast<std::size_t>(c)];
        if (number >= 0) { return number; }
        number = static_cast<index_t>(columns.size());
        columns.emplace_back();
        for (index_t n = 0; n < rows.count(); ++n) { columns.back().push_back(logit(n, c)); }
        return number;
    };
    for (index_t const c : likely) { add_class(c); }
    auto const add_rest = [&](index_t beside) -> index_t {  // of all but the likely ones and one more; -1 if there is none
        std::vector<bool> left(static_cast<std::size_t>(rows.classes()), true);
        for (index_t const c : likely) { left[static_cast<std::size_t>(c)] = false; }
        if (beside >= 0) { left[static_cast<std::size_t>(beside)] = false; }
        std::vector<double> rest;
        for (index_t n = 0; n < rows.count(); ++n) {
            double top = -std::numeric_limits<double>::infinity(), sum = 0;
            for (index_t c = 0; c < rows.classes(); ++c) {
                if (left[static_cast<std::size_t>(c)]) { top = std::max(top, logit(n, c)); }
            }
            for (index_t c = 0; c < rows.classes() && std::isfinite(top); ++c) {
                if (left[static_cast<std::size_t>(c)]) { sum += std::exp(logit(n, c) - top); }
            }
            if (!std::isfinite(top)) { return -1; }
            rest.push_back(top + std::log(sum));
        }
        columns.push_back(std::move(rest));
        return static_cast<index_t>(columns.size()) - 1;
    };
    fitted_columns made;
    made.nature         = score_nature::probability;
    index_t shared_rest = -2;  // not made yet
    for (index_t const target : targets) {
        bool const is_likely = std::binary_search(likely.begin(), likely.end(), target);
        std::vector<index_t> mine{add_class(target)};
        for (index_t const c : likely) {
            if (c != target) { mine.push_back(column_of[static_cast<std::size_t>(c)]); }
        }
        if (is_likely && shared_rest == -2) { shared_rest = add_rest(-1); }
        auto const rest = is_likely ? shared_rest : add_rest(target);
        if (rest >= 0) { mine.push_back(rest); }
        made.of_target.push_back(std::move(mine));
    }
    made.columns = matrix{{{rows.count(), static_cast<index_t>(columns.size())}}};
    for (index_t n = 0; n < rows.count(); ++n) {
        for (std::size_t c = 0; c < columns.size(); ++c) {
            made.columns(n, static_cast<index_t>(c)) = columns[c][static_cast<std::size_t>(n)];
        }
    }
    return made;
}

/// One column for each target: value(n, m) under mask n, of nothing for n = N, of the whole for n = N + 1.
template <class Value>
[[nodiscard]] fitted_columns own_columns(index_t rows, index_t targets, score_nature nature, Value const& value)
{
    fitted_columns made;
    made.nature  = nature;
    made.columns = matrix{{{rows, targets}}};
    for (index_t m = 0; m < targets; ++m) {
        made.of_target.push_back({m});
        for (index_t n = 0; n < rows; ++n) { made.columns(n, m) = value(n, m); }
    }
    return made;
}

template <class T, std::size_t R>
[[nodiscard]] fitted_columns columns_of(evidence<T, R> const& seen)
{
    index_t const N = seen.scores.extent(0), M = seen.targets.size();
    if (seen.outputs.size() > 0) {
        output_rows<T> const rows{seen};
        bool const distributions = seen.nature == score_nature::logit && are_distributions(rows);
        if (seen.nature == score_nature::probability || distributions) {
            return logit_columns(rows, seen.targets, distributions);
        }
        if (seen.nature == score_nature::sigmoid) {
            return own_columns(N + 2, M, seen.nature,
                               [&](index_t n, index_t m) { return static_cast<double>(rows[n][seen.targets(m)]); });
        }
    }
    return own_columns(N + 2, M, score_nature::other, [&](index_t n, index_t m) {
        return static_cast<double>(n < N ? seen.scores(n, m) : n == N ? seen.hidden_scores(m) : seen.whole_scores(m));
    });
}

/// The prior covariance (d, d) of cells: exp(-distance²/8), times that of the activations in them, whose mean variance is 1.
template <class T, std::size_t R>
[[nodiscard]] matrix covariance_of_cells(extents<R> const& grid, tensor_view<T const, R + 1> activations)
{
    index_t const d = grid.size();
    matrix covariance{{{d, d}}};
    index_t const K = activations.size() > 0 ? activations.extent(0) : 0;
    std::vector<double> channel(static_cast<std::size_t>(d));
    for (index_t k = 0; k < K; ++k) {
        std::copy(activations[k].begin(), activations[k].end(), channel.begin());
        for (index_t i = 0; i < d; ++i) {
            double const a = channel[static_cast<std::size_t>(i)];
            if (a != 0) { add_times(a, channel.data() + i, covariance.data() + i * d + i, d - i); }
        }
    }
    double trace = 0;
    for (index_t i = 0; i < d; ++i) { trace += covariance(i, i); }
    bool const with_activations = trace > 0;
    constexpr double alone      = .02;  // what cells without activations keep, without which C would be singular
    std::vector<index_t> place(static_cast<std::size_t>(d) * R);
    for (index_t i = 0; i < d; ++i) {
        index_t left = i;
        for (std::size_t a = R; a-- > 0; left /= grid[a]) { place[static_cast<std::size_t>(i) * R + a] = left % grid[a]; }
    }
    for (index_t i = 0; i < d; ++i) {
        for (index_t j = i; j < d; ++j) {
            index_t square = 0;
            for (std::size_t a = 0; a < R; ++a) {
                index_t const apart =
                    place[static_cast<std::size_t>(i) * R + a] - place[static_cast<std::size_t>(j) * R + a];
                square += apart * apart;
            }
            double const near = std::exp(-static_cast<double>(square) / 8);
            double const c    = with_activations ? (covariance(i, j) * static_cast<double>(d) / trace + alone) * near : near;
            covariance(i, j)  = c;
            covariance(j, i)  = c;
        }
    }
    return covariance;
}

/// Adds values, their negative ones cut off and divided by the largest.
template <class T>
void add_shown(std::vector<double> const& values, T* to)
{
    double const largest = *std::max_element(values.begin(), values.end());
    for (std::size_t i = 0; i < values.size() && largest > 0; ++i) {
        to[i] += static_cast<T>(std::max(values[i], 0.0) / largest);
    }
}

}  // namespace detail

template <class T, std::size_t R>
estimated<T, R> fitted::from(evidence<T, R> const& seen) const
{
    using detail::matrix;
    auto const grid = trailing<R>(seen.masks.shape());
    index_t const N = seen.masks.extent(0), d = grid.size(), M = seen.targets.size();
    constexpr index_t most_cells = 4096, most_masks = 4096;  // of a Cholesky of that size
    if (d > most_cells || N > most_masks || N < 1) {
        throw shape_error{"a map was to be fitted to masks of the shape " + to_string(seen.masks.shape()) +
                          "; give 1 to 4096 masks of 4096 cells at most"};
    }
    if (orders < 1 || !(noise > 0) || !(noise <= 1e6)) {
        throw option_error{"a map was to be fitted in " + std::to_string(orders) + " orders with noise of the variance " +
                           std::to_string(noise) + "; give 1 order or more, and a variance above 0"};
    }
    auto found = detail::columns_of(seen);
    for (double const value : found.columns) {
        if (!std::isfinite(value)) {
            throw non_finite_error{
                "the outputs under the masks are infinite, and nothing can be fitted to them; check the model"};
        }
    }
    matrix masks{{{N + 2, d}}};
    std::copy(seen.masks.begin(), seen.masks.end(), masks.data());
    std::fill_n(masks.data() + (N + 1) * d, d, 1.0);
    detail::cell_process const process{masks, detail::covariance_of_cells<T, R>(grid, seen.activations), noise};

    index_t const q = found.columns.extent(1), padded = (q + 3) / 4 * 4;  // for along()
    std::vector<double> mean(found.columns[N].begin(), found.columns[N].end());
    matrix centred{{{N + 2, padded}}};
    for (index_t n = 0; n < N + 2; ++n) {
        for (index_t c = 0; c < q; ++c) { centred(n, c) = found.columns(n, c) - mean[static_cast<std::size_t>(c)]; }
    }
    auto const alpha   = process.solved(centred);
    auto const weights = process.weights(alpha);
    auto const left    = process.weight_variance();

    matrix shapley{{{M, d}}};
    if (part != fitted_part::linear) {
        ops::smooth_fields<R> const fields{grid, seed};
        matrix path{{{d + 1, padded}}};
        std::vector<index_t> order(static_cast<std::size_t>(d));
        std::vector<double> row(static_cast<std::size_t>(q));
        for (index_t o = 0; o < orders; ++o) {
            auto const field = fields[static_cast<std::uint64_t>(o)];
            std::iota(order.begin(), order.end(), index_t{0});
            std::stable_sort(order.begin(), order.end(), [&](index_t a, index_t b) {
                return field[static_cast<std::size_t>(a)] > field[static_cast<std::size_t>(b)];
            });
            process.along(order, alpha, path);
            for (index_t m = 0; m < M; ++m) {
                double before = 0;
                for (index_t k = 0; k <= d; ++k) {
                    for (index_t c = 0; c < q; ++c) {
                        row[static_cast<std::size_t>(c)] = path(k, c) + mean[static_cast<std::size_t>(c)];
                    }
                    double const score = found.score(row.data(), m);
                    if (k > 0) {
                        shapley(m, order[static_cast<std::size_t>(k - 1)]) += (score - before) / static_cast<double>(orders);
                    }
                    before = score;
                }
            }
        }
    }

    auto const shape = prepend(grid, M);
    estimated<T, R> made{tensor<T, R + 1>{shape}, tensor<T, R + 1>{shape}, tensor<T, R + 1>{shape}};
    for (index_t m = 0; m < M; ++m) {
        index_t const own = found.of_target[static_cast<std::size_t>(m)][0];
        std::vector<double> added(static_cast<std::size_t>(d));
        for (index_t i = 0; i < d; ++i) { added[static_cast<std::size_t>(i)] = weights(i, own); }
        T* const map = made.maps.data() + m * d;
        if (part != fitted_part::linear) { detail::add_shown({shapley[m].begin(), shapley[m].end()}, map); }
        if (part != fitted_part::shapley) { detail::add_shown(added, map); }
        double scale = 0;
        for (index_t n = 0; n < N + 2; ++n) { scale += centred(n, own) * alpha(n, own) / static_cast<double>(N + 2); }
        for (index_t i = 0; i < d; ++i) {
            made.values.data()[m * d + i] = static_cast<T>(added[static_cast<std::size_t>(i)]);
            made.deviations.data()[m * d + i] =
                static_cast<T>(std::sqrt(std::max(left[static_cast<std::size_t>(i)], 1e-12) * scale));
        }
    }
    return made;
}

}  // namespace scorecam
