#pragma once
// A map that is fitted to the answers under a few dozen masks.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
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
    using kind                                  = kinds::estimate;
    static constexpr bool answers_without_masks = true;
    fitted_part part                            = fitted_part::both;
    index_t orders                              = 24;    ///< in which cells are shown
    double noise                                = 1e-2;  ///< the variance of an answer that the process does not explain
    std::uint64_t seed                          = 0;     ///< of the orders

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

    /// The score of target m by a row of columns. `room` is that for a row more.
    [[nodiscard]] double score(double const* row, index_t m, double* room) const
    {
        auto const& mine = of_target[static_cast<std::size_t>(m)];
        double const own = row[mine[0]];
        if (nature == score_nature::sigmoid) { return 1 / (1 + std::exp(-own)); }
        if (nature != score_nature::probability) { return own; }
        auto const count = static_cast<index_t>(mine.size());
        if (count == columns.extent(1)) {  // all, in whatever order
            for (index_t c = 0; c < count; ++c) { room[c] = row[c] - own; }
        } else {
            for (index_t c = 0; c < count; ++c) { room[c] = row[mine[static_cast<std::size_t>(c)]] - own; }
        }
        exponentials(room, count);
        double sum = 0;
        for (index_t c = 0; c < count; ++c) { sum += room[c]; }
        return 1 / sum;
    }
};

/// Whether a row is of probabilities already, as of a model that ends in a softmax.
template <class T>
[[nodiscard]] bool is_distribution(tensor_view<T const, 1> row)
{
    double sum = 0;
    for (T const p : row) {
        if (!(p >= T(0))) { return false; }
        sum += static_cast<double>(p);
    }
    return row.size() > 1 && std::abs(sum - 1) < 1e-3;
}

/// The rows of the model's outputs, or their logarithms, under the masks, of nothing and of the whole: (N + 2, classes).
template <class T, std::size_t R>
[[nodiscard]] matrix rows_of(evidence<T, R> const& seen, bool logarithms)
{
    index_t const N = seen.outputs.extent(0), C = seen.outputs.extent(1);
    matrix rows{{{N + 2, C}}};
    std::copy(seen.outputs.begin(), seen.outputs.end(), rows.data());
    std::copy(seen.hidden_outputs.begin(), seen.hidden_outputs.end(), rows.data() + N * C);
    std::copy(seen.whole_outputs.begin(), seen.whole_outputs.end(), rows.data() + (N + 1) * C);
    constexpr double no_digits_left = 1e-30;
    for (index_t i = 0; logarithms && i < rows.size(); ++i) {
        rows.data()[i] = std::log(std::max(rows.data()[i], no_digits_left));
    }
    return rows;
}

/// exp of logits (N + 2, C) less the largest of their row.
[[nodiscard]] inline matrix chances_of(matrix const& logits)
{
    matrix chances = logits;
    for (index_t n = 0; n < chances.extent(0); ++n) {
        double* const row = chances.data() + n * chances.extent(1);
        double const top  = *std::max_element(row, row + chances.extent(1));
        for (index_t c = 0; c < chances.extent(1); ++c) { row[c] -= top; }
        exponentials(row, chances.extent(1));
    }
    return chances;
}

/// The classes whose logits are a column each: the 48 of largest probability under some mask, and the 8 largest of the
/// whole.
[[nodiscard]] inline std::vector<index_t> likely_classes(matrix const& logits, matrix const& chances)
{
    constexpr index_t under_masks = 48, of_whole = 8;
    index_t const C = logits.extent(1), last = logits.extent(0) - 1;
    std::vector<index_t> all(static_cast<std::size_t>(C));
    std::iota(all.begin(), all.end(), index_t{0});
    std::vector<double> largest(all.size());
    std::vector<bool> finite(all.size(), true);
    for (index_t n = 0; n <= last; ++n) {
        double sum = 0;
        for (index_t c = 0; c < C; ++c) { sum += chances(n, c); }
        for (std::size_t c = 0; c < all.size(); ++c) {
            auto const at = static_cast<index_t>(c);
            finite[c]     = finite[c] && std::isfinite(logits(n, at));
            if (n < last - 1) { largest[c] = std::max(largest[c], chances(n, at) / sum); }
        }
    }
    std::vector<index_t> chosen;
    auto const take = [&](index_t number, auto const& value) {
        auto const n = static_cast<std::ptrdiff_t>(std::min(number, C));
        std::partial_sort(all.begin(), all.begin() + n, all.end(), [&](index_t a, index_t b) {
            auto const x = value(a), y = value(b);
            return x > y || (x == y && a < b);
        });
        std::copy_if(all.begin(), all.begin() + n, std::back_inserter(chosen),
                     [&](index_t c) { return finite[static_cast<std::size_t>(c)]; });
    };
    take(under_masks, [&](index_t c) { return largest[static_cast<std::size_t>(c)]; });
    take(of_whole, [&](index_t c) { return logits(last, c); });
    std::sort(chosen.begin(), chosen.end());
    chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
    return chosen;
}

/// A column for each likely class and each target, and one for the logarithm of the sum of those that a target leaves over.
[[nodiscard]] inline fitted_columns logit_columns(matrix const& logits, tensor_view<index_t const, 1> targets)
{
    index_t const rows = logits.extent(0), C = logits.extent(1);
    auto const chances = chances_of(logits);
    auto const likely  = likely_classes(logits, chances);
    std::vector<std::vector<double>> columns;
    std::vector<index_t> column_of(static_cast<std::size_t>(C), -1);
    auto const add = [&](std::vector<double> column) {
        columns.push_back(std::move(column));
        return static_cast<index_t>(columns.size()) - 1;
    };
    auto const add_class = [&](index_t c) {
        auto& number = column_of[static_cast<std::size_t>(c)];
        if (number >= 0) { return number; }
        std::vector<double> column;
        for (index_t n = 0; n < rows; ++n) { column.push_back(logits(n, c)); }
        return number = add(std::move(column));
    };
    auto const rest_without = [&](index_t target) -> index_t {  // its column, or -1
        std::vector<index_t> rest;
        for (index_t c = 0; c < C; ++c) {
            if (c != target && !std::binary_search(likely.begin(), likely.end(), c)) { rest.push_back(c); }
        }
        if (rest.empty()) { return -1; }
        std::vector<double> column;
        for (index_t n = 0; n < rows; ++n) {
            double sum = 0;
            for (index_t const c : rest) { sum += chances(n, c); }
            column.push_back(*std::max_element(logits[n].begin(), logits[n].end()) + std::log(sum));
        }
        return add(std::move(column));
    };
    for (index_t const c : likely) { add_class(c); }
    index_t const shared_rest = rest_without(-1);
    fitted_columns made;
    made.nature = score_nature::probability;
    for (index_t const target : targets) {
        std::vector<index_t> mine{add_class(target)};
        for (index_t const c : likely) {
            if (c != target) { mine.push_back(column_of[static_cast<std::size_t>(c)]); }
        }
        bool const is_likely = std::binary_search(likely.begin(), likely.end(), target);
        if (index_t const rest = is_likely ? shared_rest : rest_without(target); rest >= 0) { mine.push_back(rest); }
        made.of_target.push_back(std::move(mine));
    }
    made.columns = matrix{{{rows, static_cast<index_t>(columns.size())}}};
    for (index_t n = 0; n < rows; ++n) {
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
        bool const distributions = seen.nature == score_nature::logit && is_distribution(seen.hidden_outputs) &&
                                   is_distribution(seen.whole_outputs);
        if (seen.nature == score_nature::probability || distributions) {
            return logit_columns(rows_of(seen, distributions), seen.targets);
        }
        if (seen.nature == score_nature::sigmoid) {
            auto const rows = rows_of(seen, false);
            return own_columns(N + 2, M, seen.nature, [&](index_t n, index_t m) { return rows(n, seen.targets(m)); });
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
    index_t const K           = activations.size() > 0 ? activations.extent(0) : 0;
    constexpr index_t at_once = 4;  // channels
    matrix some{{{at_once, d}}};
    for (index_t k = 0; k < K; k += at_once) {
        auto const these = activations.slice(k, std::min(at_once, K - k));
        std::fill(std::copy(these.begin(), these.end(), some.data()), some.data() + some.size(), 0.0);
        for (index_t i = 0; i < d; ++i) {
            double const cell[at_once]{some(0, i), some(1, i), some(2, i), some(3, i)};
            add_rows(cell, some.data() + i, at_once, d, d - i, covariance.data() + i * d + i);
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

    index_t const q = found.columns.extent(1);
    std::vector<double> mean(found.columns[N].begin(), found.columns[N].end());
    matrix centred{{{N + 2, q}}};
    for (index_t n = 0; n < N + 2; ++n) {
        for (index_t c = 0; c < q; ++c) { centred(n, c) = found.columns(n, c) - mean[static_cast<std::size_t>(c)]; }
    }
    auto const alpha   = process.solved(centred);
    auto const weights = process.weights(alpha);
    auto const change  = process.sensitivities();
    auto const errors  = process.left_out_errors(alpha);

    matrix shapley{{{M, d}}};
    if (part != fitted_part::linear) {
        ops::smooth_fields<R> const fields{grid, seed};
        matrix path{{{d + 1, q}}};
        std::vector<index_t> order(static_cast<std::size_t>(d));
        std::vector<double> room(static_cast<std::size_t>(q));
        for (index_t o = 0; o < orders; ++o) {
            auto const field = fields[static_cast<std::uint64_t>(o)];
            std::iota(order.begin(), order.end(), index_t{0});
            std::stable_sort(order.begin(), order.end(), [&](index_t a, index_t b) {
                return field[static_cast<std::size_t>(a)] > field[static_cast<std::size_t>(b)];
            });
            process.along(order, alpha, mean, path);
            for (index_t m = 0; m < M; ++m) {
                double before = 0;
                for (index_t k = 0; k <= d; ++k) {
                    double const score = found.score(path[k].data(), m, room.data());
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
        std::vector<double> variance(added.size());
        for (index_t n = 0; n < N + 2; ++n) {
            for (index_t i = 0; i < d; ++i) {
                double const moved = change(n, i) * errors(n, own);
                variance[static_cast<std::size_t>(i)] += moved * moved;
            }
        }
        for (index_t i = 0; i < d; ++i) {
            made.values.data()[m * d + i]     = static_cast<T>(added[static_cast<std::size_t>(i)]);
            made.deviations.data()[m * d + i] = static_cast<T>(std::sqrt(variance[static_cast<std::size_t>(i)]));
        }
    }
    return made;
}

}  // namespace scorecam
