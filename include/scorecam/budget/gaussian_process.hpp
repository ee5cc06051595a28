#pragma once
// A Gaussian process on masks that grows by blocks of observed ones.
#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include <scorecam/budget/kernel.hpp>
#include <scorecam/budget/matrix.hpp>

namespace scorecam::budget {

/// What has been observed at which masks says how much is known about all others: one factorisation, L Lᵀ = K + noise, for
/// all modelled values. Observing in blocks gives what observing at once gives. Duplicate masks do no harm: each observation
/// has noise, which stands for what is not a function of the mask's smooth part.
class gaussian_process {
public:
    /// `noise` is a variance, in units of the kernel.
    gaussian_process(mask_kernel kernel, double noise)
        : kernel_{std::move(kernel)}, noise_{noise}, cross_(kernel_.items(), 0), unexplained_{kernel_.self()}
    {
    }

    /// Items observed so far, in order.
    [[nodiscard]] std::span<index_t const> observed() const { return observed_; }

    /// Observes more items: O(items · observed · new).
    void observe(std::span<index_t const> items)
    {
        index_t const before = count();
        auto const more      = static_cast<index_t>(items.size());
        if (more == 0) { return; }
        matrix const covered = kernel_.with(items);
        exact_matrix corner(more, more), beside(more, before), rest(kernel_.items(), more);
        for (index_t j = 0; j < more; ++j) {
            for (index_t i = 0; i < more; ++i) {
                corner(i, j) = static_cast<double>(covered(items[static_cast<std::size_t>(i)], j));
            }
            for (index_t i = 0; i < before; ++i) {
                beside(j, i) = static_cast<double>(covered(observed_[static_cast<std::size_t>(i)], j));
            }
        }
        matrix known = matrix(kernel_.items(), more);
        std::fill_n(known.data(), known.size(), 0.F);
        if (before > 0) {
            divide(beside, factor());
            corner.selfadjointView<Eigen::Lower>().rankUpdate(beside, -1);
            matrix columns(before, more);
            for (index_t j = 0; j < more; ++j) {
                for (index_t i = 0; i < before; ++i) { columns(i, j) = static_cast<float>(beside(j, i)); }
            }
            known = product({cross_.data(), kernel_.items(), before, kernel_.items()}, columns);
        }
        for (index_t i = 0; i < rest.size(); ++i) {
            rest.data()[i] = static_cast<double>(covered.data()[i] - known.data()[i]);
        }
        corner = cholesky(corner, noise_);
        divide(rest, corner);

        reserve(before + more);
        for (index_t j = 0; j < before; ++j) {
            for (index_t i = 0; i < more; ++i) { factor_(before + i, j) = beside(i, j); }
        }
        for (index_t j = 0; j < more; ++j) {
            for (index_t i = 0; i < more; ++i) { factor_(before + i, before + j) = corner(i, j); }
            for (index_t i = 0; i < rest.rows(); ++i) {
                auto const explained  = static_cast<float>(rest(i, j));
                cross_(i, before + j) = explained;
                unexplained_(i) -= explained * explained;
            }
        }
        observed_.insert(observed_.end(), items.begin(), items.end());
    }

    /// L⁻¹R of the residuals R (observed, values): independent and of variance 1 if the prior is right, in the order of
    /// observation, each the surprise that its observation was after the earlier ones.
    [[nodiscard]] matrix whitened(matrix const& residuals) const
    {
        exact_matrix rows(residuals.cols(), residuals.rows());
        for (index_t j = 0; j < rows.cols(); ++j) {
            for (index_t i = 0; i < rows.rows(); ++i) { rows(i, j) = static_cast<double>(residuals(j, i)); }
        }
        divide(rows, factor());
        matrix white(residuals.rows(), residuals.cols());
        for (index_t j = 0; j < white.cols(); ++j) {
            for (index_t i = 0; i < white.rows(); ++i) { white(i, j) = static_cast<float>(rows(j, i)); }
        }
        return white;
    }

    /// The expected residuals (items, values) of the first items.
    [[nodiscard]] matrix expected(matrix const& whitened, index_t items) const
    {
        return product({cross_.data(), items, count(), kernel_.items()}, whitened);
    }

    /// The variance of an observation of each item, given what was observed.
    [[nodiscard]] vector variance() const
    {
        vector all = unexplained_;
        for (index_t i = 0; i < all.size(); ++i) { all(i) = std::max(all(i), 0.F) + static_cast<float>(noise_); }
        return all;
    }

    /// A square root S Sᵀ of the covariance of observations of some items, given what was observed: lower triangular.
    [[nodiscard]] matrix covariance_root(std::span<index_t const> items) const
    {
        matrix const known     = transposed(rows_at({cross_.data(), kernel_.items(), count(), kernel_.items()}, items));
        matrix const all       = kernel_.among(items);
        matrix const explained = inner_products(known, known);
        exact_matrix left(all.rows(), all.cols());
        for (index_t i = 0; i < left.size(); ++i) {
            left.data()[i] = static_cast<double>(all.data()[i] - explained.data()[i]);
        }
        auto const exact = cholesky(std::move(left), noise_);
        matrix root(all.rows(), all.cols());
        for (index_t i = 0; i < root.size(); ++i) { root.data()[i] = static_cast<float>(exact.data()[i]); }
        return root;
    }

    [[nodiscard]] mask_kernel const& kernel() const { return kernel_; }
    [[nodiscard]] index_t bytes() const
    {
        return kernel_.bytes() + cross_.size() * static_cast<index_t>(sizeof(float)) +
               factor_.size() * static_cast<index_t>(sizeof(double));
    }

private:
    // Factors are computed in double precision.
    using exact_matrix = Eigen::MatrixXd;
    using exact_view   = Eigen::Ref<exact_matrix const>;

    /// The factor L of m + noise·I, of which the lower half is read, with more noise where rounding has made that
    /// indefinite; 0 above the diagonal.
    [[nodiscard]] static exact_matrix cholesky(exact_matrix m, double noise)
    {
        for (;; noise *= 4) {
            exact_matrix factor = m;
            for (index_t i = 0; i < factor.rows(); ++i) { factor(i, i) += noise; }
            if (Eigen::LLT<Eigen::Ref<exact_matrix>>{factor}.info() != Eigen::Success) { continue; }
            for (index_t j = 1; j < factor.cols(); ++j) { std::fill_n(factor.data() + j * factor.rows(), j, 0.0); }
            return factor;
        }
    }
    /// rows ← rows·L⁻ᵀ.
    static void divide(exact_matrix& rows, exact_view const& factor)
    {
        factor.transpose().triangularView<Eigen::Upper>().solveInPlace<Eigen::OnTheRight>(rows);
    }

    [[nodiscard]] index_t count() const { return static_cast<index_t>(observed_.size()); }
    [[nodiscard]] exact_view factor() const { return factor_.topLeftCorner(count(), count()); }

    /// Makes room for so many observations, and more, so that growing one by one does not copy everything each time.
    void reserve(index_t observations)
    {
        if (observations <= cross_.cols()) { return; }
        index_t const room = std::max(observations, 2 * cross_.cols());
        exact_matrix factor(room, room);
        std::fill_n(factor.data(), factor.size(), 0.0);
        for (index_t j = 0; j < count(); ++j) { std::copy_n(&factor_(0, j), count(), &factor(0, j)); }
        matrix cross(kernel_.items(), room);
        std::copy_n(cross_.data(), kernel_.items() * count(), cross.data());
        factor_.swap(factor);
        cross_.swap(cross);
    }

    mask_kernel kernel_;
    double noise_;
    std::vector<index_t> observed_;
    exact_matrix factor_;  // L, and room
    matrix cross_;         // (items, observed): K_{items, observed} L⁻ᵀ, and room
    vector unexplained_;   // variance of the items
};

}  // namespace scorecam::budget
