#pragma once
// A Gaussian process over masks of cells, in double, by plain loops whose innermost run over neighbours: a few hundred masks
// at most.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <scorecam/detail/exponentials.hpp>
#include <scorecam/error.hpp>
#include <scorecam/tensor.hpp>
#include <scorecam/tensor_view.hpp>

namespace scorecam::detail {

using matrix = tensor<double, 2>;

/// y += a x, n numbers.
inline void add_times(double a, double const* x, double* y, index_t n)
{
    for (index_t i = 0; i < n; ++i) { y[i] += a * x[i]; }
}

/// y += x a, for x (n) and n rows of q numbers that lie `stride` apart. Four rows at once, as y is read and written for
/// each.
inline void add_rows(double const* x, double const* a, index_t n, index_t stride, index_t q, double* y)
{
    for (; n >= 4; n -= 4, x += 4, a += 4 * stride) {
        double const *const a1 = a + stride, *const a2 = a1 + stride, *const a3 = a2 + stride;
        double const x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3];  // which y might lie on, for all that compilers know
        for (index_t c = 0; c < q; ++c) { y[c] += (x0 * a[c] + x1 * a1[c]) + (x2 * a2[c] + x3 * a3[c]); }
    }
    for (; n > 0; --n, ++x, a += stride) { add_times(*x, a, y, q); }
}

/// The same for two x and two y, which share what is read of the rows.
inline void add_rows(double const* x, double const* z, double const* a, index_t n, index_t q, double* y, double* w)
{
    for (; n >= 4; n -= 4, x += 4, z += 4, a += 4 * q) {
        double const *const a1 = a + q, *const a2 = a1 + q, *const a3 = a2 + q;
        double const x0 = x[0], x1 = x[1], x2 = x[2], x3 = x[3], z0 = z[0], z1 = z[1], z2 = z[2], z3 = z[3];
        for (index_t c = 0; c < q; ++c) {
            y[c] += (x0 * a[c] + x1 * a1[c]) + (x2 * a2[c] + x3 * a3[c]);
            w[c] += (z0 * a[c] + z1 * a1[c]) + (z2 * a2[c] + z3 * a3[c]);
        }
    }
    for (; n > 0; --n, ++x, ++z, a += q) {
        add_times(*x, a, y, q);
        add_times(*z, a, w, q);
    }
}

/// x y, (n, k) times (k, m). Zeros of x cost nothing: masks are full of them.
[[nodiscard]] inline matrix product(matrix const& x, matrix const& y)
{
    matrix out{{{x.extent(0), y.extent(1)}}};
    for (index_t i = 0; i < x.extent(0); ++i) {
        for (index_t j = 0; j < x.extent(1); ++j) {
            if (double const a = x(i, j); a != 0) {
                add_times(a, y[j].data(), out.data() + i * out.extent(1), out.extent(1));
            }
        }
    }
    return out;
}

[[nodiscard]] inline matrix transposed(matrix const& x)
{
    matrix out{{{x.extent(1), x.extent(0)}}};
    for (index_t i = 0; i < x.extent(0); ++i) {
        for (index_t j = 0; j < x.extent(1); ++j) { out(j, i) = x(i, j); }
    }
    return out;
}

/// The symmetric positive definite matrix U'U, by its upper U.
class cholesky {
public:
    explicit cholesky(matrix of) : upper_{std::move(of)}
    {
        index_t const n = upper_.extent(0);
        for (index_t k = 0; k < n; ++k) {
            double* const row = at(k);
            if (!(row[k] > 0)) {
                throw non_finite_error{
                    "the answers under the masks are too far apart to be fitted; check the model's outputs"};
            }
            double const pivot = std::sqrt(row[k]);
            for (index_t j = k; j < n; ++j) { row[j] /= pivot; }
            for (index_t i = k + 1; i < n; ++i) { add_times(-row[i], row + i, at(i) + i, n - i); }
        }
    }
    /// U'⁻¹ b, for b (n, q).
    [[nodiscard]] matrix half_solved(matrix b) const
    {
        index_t const n = upper_.extent(0), q = b.extent(1);
        for (index_t k = 0; k < n; ++k) {
            double* const row = b.data() + k * q;
            for (index_t j = 0; j < q; ++j) { row[j] /= upper_(k, k); }
            for (index_t i = k + 1; i < n; ++i) { add_times(-upper_(k, i), row, b.data() + i * q, q); }
        }
        return b;
    }
    /// (U'U)⁻¹ b.
    [[nodiscard]] matrix solved(matrix b) const
    {
        b               = half_solved(std::move(b));
        index_t const q = b.extent(1);
        for (index_t k = upper_.extent(0); k-- > 0;) {
            double* const row = b.data() + k * q;
            for (index_t i = k + 1; i < upper_.extent(0); ++i) { add_times(-upper_(k, i), b.data() + i * q, row, q); }
            for (index_t j = 0; j < q; ++j) { row[j] /= upper_(k, k); }
        }
        return b;
    }

private:
    [[nodiscard]] double* at(index_t k) { return upper_.data() + k * upper_.extent(1); }
    matrix upper_;
};

/// The process with the covariance k(h, h') = 4 h'C h'/(1'C1) + (1 + √3 D) exp(-√3 D), D² = (h - h')'C(h - h')/median, for
/// masks h of cells: a linear part whose deviation is 2 at the mask that shows all, and a Matérn part that is near where
/// masks are alike.
class cell_process {
public:
    /// From masks (n, d), the covariance C (d, d) of cells and the variance of the noise.
    cell_process(matrix const& masks, matrix covariance, double noise)
        : covariance_{std::move(covariance)}, through_{product(masks, covariance_)}, by_cell_{transposed(through_)},
          masks_{masks.extent(0)}
    {
        double sum = 0;
        for (double const c : covariance_) { sum += c; }
        linear_   = 4 / sum;
        auto gram = product(masks, by_cell_);
        for (index_t n = 0; n < masks_; ++n) { size_.push_back(gram(n, n)); }
        auto distance = gram;
        for (index_t n = 0; n < masks_; ++n) {
            for (index_t m = 0; m < masks_; ++m) {
                distance(n, m) = std::max(size_[at(n)] + size_[at(m)] - 2 * gram(n, m), 0.0);
            }
        }
        length_ = median_of_positive(distance);
        for (index_t n = 0; n < masks_; ++n) {
            for (index_t m = 0; m < masks_; ++m) { gram(n, m) = linear_ * gram(n, m) + matern(distance(n, m)); }
            gram(n, n) += noise;
        }
        factor_.emplace_back(std::move(gram));
    }

    [[nodiscard]] index_t cells() const { return covariance_.extent(0); }
    [[nodiscard]] matrix solved(matrix answers) const { return factor_[0].solved(std::move(answers)); }

    /// What each cell adds linearly, (d, q), by the solved answers (n, q).
    [[nodiscard]] matrix weights(matrix const& alpha) const
    {
        auto found = product(by_cell_, alpha);
        for (index_t i = 0; i < found.size(); ++i) { found.data()[i] *= linear_; }
        return found;
    }
    /// How the weight of each cell changes with each answer, (n, d), and by how much each answer is off from what the others
    /// say of it, (n, q), by alpha (n, q): a weight's variance is the sum of both, squared. Cross-validated, as a process's
    /// own variance is that of a prior which an image need not have.
    [[nodiscard]] matrix sensitivities() const
    {
        auto found = factor_[0].solved(through_);
        for (index_t i = 0; i < found.size(); ++i) { found.data()[i] *= linear_; }
        return found;
    }
    [[nodiscard]] matrix left_out_errors(matrix alpha) const
    {
        matrix identity{{{masks_, masks_}}};
        for (index_t n = 0; n < masks_; ++n) { identity(n, n) = 1; }
        auto const half = factor_[0].half_solved(std::move(identity));
        std::vector<double> inverse(at(masks_));  // its diagonal
        for (index_t k = 0; k < masks_; ++k) {
            for (index_t n = 0; n < masks_; ++n) { inverse[at(n)] += half(k, n) * half(k, n); }
        }
        for (index_t n = 0; n < masks_; ++n) {
            for (index_t c = 0; c < alpha.extent(1); ++c) { alpha(n, c) /= inverse[at(n)]; }
        }
        return alpha;
    }

    /// What the process of the given mean (q) expects as cells are shown one after the other in an order: (d + 1, q) by
    /// alpha (n, q).
    void along(std::vector<index_t> const& order, matrix const& alpha, std::vector<double> const& mean, matrix& out) const
    {
        index_t const n = masks_, q = alpha.extent(1);
        std::vector<double> inner(at(n)), root(at(n)), near(at(2 * n));
        double size             = 0;
        index_t const last      = static_cast<index_t>(order.size());
        auto const expect_after = [&](index_t k, double* to) {
            if (k > 0) { size += show(order, k - 1, inner.data()); }
            for (index_t m = 0; m < n; ++m) {
                double const square = (size + size_[at(m)] - 2 * inner[at(m)]) * (3 / length_);
                root[at(m)]         = std::sqrt(square > 0 ? square : 0);
                to[m]               = -root[at(m)];
            }
            exponentials(to, n);
            for (index_t m = 0; m < n; ++m) { to[m] = linear_ * inner[at(m)] + (1 + root[at(m)]) * to[m]; }
        };
        for (index_t k = 0; k <= last; k += 2) {
            double *const row = out.data() + k * q, *const next = row + q;
            std::copy(mean.begin(), mean.end(), row);
            expect_after(k, near.data());
            if (k == last) {
                add_rows(near.data(), alpha.data(), n, q, q, row);
            } else {
                std::copy(mean.begin(), mean.end(), next);
                expect_after(k + 1, near.data() + n);
                add_rows(near.data(), near.data() + n, alpha.data(), n, q, row, next);
            }
        }
    }

private:
    [[nodiscard]] static constexpr std::size_t at(index_t i) { return static_cast<std::size_t>(i); }
    [[nodiscard]] double matern(double square) const
    {
        double const s = std::sqrt(3 * square / length_);
        return (1 + s) * std::exp(-s);
    }
    [[nodiscard]] static double median_of_positive(matrix const& of)
    {
        double const none = 1e-9 * *std::max_element(of.begin(), of.end());  // of a mask to itself: what rounding leaves
        std::vector<double> values;
        for (double const v : of) {
            if (v > none) { values.push_back(v); }
        }
        if (values.empty()) { return 1; }
        auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
        std::nth_element(values.begin(), middle, values.end());
        double const upper = *middle;
        return values.size() % 2 == 1 ? upper : (upper + *std::max_element(values.begin(), middle)) / 2;
    }
    /// Shows one more cell of an order: adds to XCh, and returns what h'Ch grows by.
    double show(std::vector<index_t> const& order, index_t k, double* inner) const
    {
        index_t const cell         = order[at(k)];
        double const* const across = covariance_.data() + cell * cells();
        double before              = 0;
        for (index_t j = 0; j < k; ++j) { before += across[order[at(j)]]; }
        add_times(1, by_cell_[cell].data(), inner, masks_);
        return across[cell] + 2 * before;
    }

    matrix covariance_;  // (d, d)
    matrix through_;     // (n, d): XC
    matrix by_cell_;     // (d, n): likewise
    index_t masks_;
    double linear_ = 0;             // 4/(1'C1)
    double length_ = 1;             // the median of the squared distances that are not 0
    std::vector<double> size_;      // (n): h'Ch
    std::vector<cholesky> factor_;  // one
};

}  // namespace scorecam::detail
