#pragma once
// The Gaussian process from its textbook formulas, with plain loops: what the real one is tested against.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>

namespace naive {

using scorecam::index_t;

struct square {
    std::size_t n;
    std::vector<double> at = std::vector<double>(n * n, 0);

    double& operator()(std::size_t i, std::size_t j) { return at[i * n + j]; }
    double operator()(std::size_t i, std::size_t j) const { return at[i * n + j]; }
};

/// Solves m x = b by Gaussian elimination with pivots.
[[nodiscard]] inline std::vector<double> solved(square m, std::vector<double> b)
{
    for (std::size_t c = 0; c < m.n; ++c) {
        std::size_t pivot = c;
        for (std::size_t r = c; r < m.n; ++r) { pivot = std::abs(m(r, c)) > std::abs(m(pivot, c)) ? r : pivot; }
        for (std::size_t j = 0; j < m.n; ++j) { std::swap(m(c, j), m(pivot, j)); }
        std::swap(b[c], b[pivot]);
        for (std::size_t r = c + 1; r < m.n; ++r) {
            double const f = m(r, c) / m(c, c);
            for (std::size_t j = c; j < m.n; ++j) { m(r, j) -= f * m(c, j); }
            b[r] -= f * b[c];
        }
    }
    for (std::size_t c = m.n; c-- > 0;) {
        for (std::size_t j = c + 1; j < m.n; ++j) { b[c] -= m(c, j) * b[j]; }
        b[c] /= m(c, c);
    }
    return b;
}

[[nodiscard]] inline double median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return values.empty() || values[values.size() / 2] <= 0 ? 1 : values[values.size() / 2];
}

/// The kernel among the masks (n, spatial...), and after them 0 and 1 everywhere.
template <std::size_t Rank>
[[nodiscard]] square kernel(scorecam::tensor<float, Rank> const& masks)
{
    auto const size  = scorecam::trailing<Rank - 1>(masks.shape());
    auto const cells = static_cast<std::size_t>(size.size());
    auto const n     = static_cast<std::size_t>(masks.extent(0));
    auto const value = [&](std::size_t k, std::size_t i) {
        return k == n ? 0.0 : k == n + 1 ? 1.0 : double{masks.data()[k * cells + i]};
    };
    auto const coordinates = [&](std::size_t i) {
        std::vector<double> at(Rank - 1);
        for (std::size_t d = Rank - 1; d-- > 0;) {
            at[d] = static_cast<double>(i % static_cast<std::size_t>(size[d]));
            i /= static_cast<std::size_t>(size[d]);
        }
        return at;
    };
    square g{n + 2};
    for (std::size_t i = 0; i < cells; ++i) {
        for (std::size_t j = 0; j < cells; ++j) {
            double squares = 0;
            auto const a = coordinates(i), b = coordinates(j);
            for (std::size_t d = 0; d < a.size(); ++d) { squares += (a[d] - b[d]) * (a[d] - b[d]); }
            for (std::size_t k = 0; k < n + 2; ++k) {
                for (std::size_t l = 0; l < n + 2; ++l) { g(k, l) += value(k, i) * std::exp(-squares / 2) * value(l, j); }
            }
        }
    }
    std::vector<double> own, apart;
    for (std::size_t k = 0; k < n; ++k) { own.push_back(g(k, k)); }
    double const unit = median(own);
    for (double& v : g.at) { v /= unit; }
    auto const distance2 = [&](std::size_t k, std::size_t l) { return std::max(g(k, k) + g(l, l) - 2 * g(k, l), 0.0); };
    for (std::size_t k = 0; k < n; ++k) {
        for (std::size_t l = 0; l < k; ++l) { apart.push_back(distance2(k, l)); }
    }
    double const far = median(apart);
    square all{n + 2};
    for (std::size_t k = 0; k < n + 2; ++k) {
        for (std::size_t l = 0; l < n + 2; ++l) {
            double const d = std::sqrt(3 * distance2(k, l) / far);
            all(k, l)      = g(k, l) + (1 + d) * std::exp(-d);
        }
    }
    return all;
}

/// The covariance of observations of items a and b after some have been observed.
[[nodiscard]] inline double covariance(square const& kernel, std::vector<index_t> const& observed, double noise, index_t a,
                                       index_t b)
{
    auto const at = [&](index_t i, index_t j) { return kernel(static_cast<std::size_t>(i), static_cast<std::size_t>(j)); };
    square seen{observed.size()};
    std::vector<double> to_b;
    for (std::size_t i = 0; i < observed.size(); ++i) {
        for (std::size_t j = 0; j < observed.size(); ++j) {
            seen(i, j) = at(observed[i], observed[j]) + (i == j ? noise : 0);
        }
        to_b.push_back(at(observed[i], b));
    }
    auto const x  = solved(seen, to_b);
    double result = at(a, b) + (a == b ? noise : 0);
    for (std::size_t i = 0; i < observed.size(); ++i) { result -= at(a, observed[i]) * x[i]; }
    return result;
}

/// What is expected of item a after `values` have been observed.
[[nodiscard]] inline double expected(square const& kernel, std::vector<index_t> const& observed, double noise,
                                     std::vector<double> const& values, index_t a)
{
    auto const at = [&](index_t i, index_t j) { return kernel(static_cast<std::size_t>(i), static_cast<std::size_t>(j)); };
    square seen{observed.size()};
    for (std::size_t i = 0; i < observed.size(); ++i) {
        for (std::size_t j = 0; j < observed.size(); ++j) {
            seen(i, j) = at(observed[i], observed[j]) + (i == j ? noise : 0);
        }
    }
    auto const x  = solved(seen, values);
    double result = 0;
    for (std::size_t i = 0; i < observed.size(); ++i) { result += at(a, observed[i]) * x[i]; }
    return result;
}

}  // namespace naive
