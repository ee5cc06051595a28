#pragma once
// Estimates of masks on a grid that take each cell by itself.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include <scorecam/error.hpp>
#include <scorecam/policies/estimate.hpp>
#include <scorecam/policies/kinds.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam {

/// The weight of mask n in cell n: for single_cells.
struct weights_in_place {
    using kind = kinds::estimate;

    template <class T, std::size_t R>
    [[nodiscard]] estimated<T, R> from(evidence<T, R> const& seen) const
    {
        auto const grid = trailing<R>(seen.masks.shape());
        if (seen.masks.extent(0) != grid.size()) {
            throw shape_error{"a map was to have a mask's weight in each cell, and there are masks of the shape " +
                              to_string(seen.masks.shape()) + "; give as many masks as cells, single_cells{}"};
        }
        estimated<T, R> made{tensor<T, R + 1>{prepend(grid, seen.targets.size())}};
        for (index_t n = 0; n < grid.size(); ++n) {
            for (index_t m = 0; m < seen.targets.size(); ++m) { made.maps.data()[m * grid.size() + n] = seen.weights(n, m); }
        }
        return made;
    }
};

/// The Hilbert-Schmidt independence criterion between a cell of the masks and the score: how much they have to do with each
/// other, whatever the form and the sign. Novello et al. 2022 (arXiv:2206.06219), Eq. 6 and 7, as xplique has it for masks
/// of zeros and ones: the kernel of a cell is 1/2 - (m - m')², that of the score is Gaussian with the scores' median as its
/// width.
struct hsic {
    using kind = kinds::estimate;

    template <class T, std::size_t R>
    [[nodiscard]] estimated<T, R> from(evidence<T, R> const& seen) const
    {
        auto const grid = trailing<R>(seen.masks.shape());
        index_t const N = seen.masks.extent(0), d = grid.size();
        constexpr index_t most = 4096;
        if (N < 2 || N > most) {
            throw shape_error{"the criterion was to be of " + std::to_string(N) + " masks; give 2 to 4096"};
        }
        estimated<T, R> made{tensor<T, R + 1>{prepend(grid, seen.targets.size())}};
        for (index_t m = 0; m < seen.targets.size(); ++m) {
            auto const kernel = of_scores(seen.scores, m);
            std::vector<double> sums(static_cast<std::size_t>(d));
            for (index_t i = 0; i < N; ++i) {
                for (index_t j = 0; j < N; ++j) {
                    double const l   = kernel[static_cast<std::size_t>(i * N + j)] / static_cast<double>(N * N);
                    T const *const a = seen.masks[i].data(), *const b = seen.masks[j].data();
                    for (index_t p = 0; p < d; ++p) {
                        auto const apart = static_cast<double>(a[p]) - static_cast<double>(b[p]);
                        sums[static_cast<std::size_t>(p)] += l * (0.5 - apart * apart);
                    }
                }
            }
            for (index_t p = 0; p < d; ++p) {
                made.maps.data()[m * d + p] = static_cast<T>(sums[static_cast<std::size_t>(p)]);
            }
        }
        return made;
    }

private:
    /// (N, N): Gaussian in the difference of two scores, its rows and columns centred.
    template <class T>
    [[nodiscard]] static std::vector<double> of_scores(tensor_view<T const, 2> scores, index_t m)
    {
        index_t const N = scores.extent(0);
        std::vector<double> y(static_cast<std::size_t>(N)), kernel(static_cast<std::size_t>(N * N)), mean(y.size());
        for (index_t n = 0; n < N; ++n) { y[static_cast<std::size_t>(n)] = static_cast<double>(scores(n, m)); }
        auto sorted = y;
        std::sort(sorted.begin(), sorted.end());
        std::size_t const half = sorted.size() / 2;
        double const width     = sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
        double all             = 0;
        for (std::size_t i = 0; i < y.size(); ++i) {
            for (std::size_t j = 0; j < y.size(); ++j) {
                double const apart       = width == 0 ? 0 : (y[i] - y[j]) / width;
                double const value       = std::exp(-apart * apart / 2);
                kernel[i * y.size() + j] = value;
                mean[i] += value / static_cast<double>(N);
                all += value / static_cast<double>(N * N);
            }
        }
        for (std::size_t i = 0; i < y.size(); ++i) {
            for (std::size_t j = 0; j < y.size(); ++j) { kernel[i * y.size() + j] += all - mean[i] - mean[j]; }
        }
        return kernel;
    }
};

}  // namespace scorecam
