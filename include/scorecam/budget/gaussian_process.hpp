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
        matrix fresh        = kernel_.with(items);
        exact_matrix corner = fresh(items, Eigen::all).cast<double>();
        exact_matrix beside = fresh(observed_, Eigen::all).transpose().cast<double>();
        if (before > 0) {
            divide(beside, factor());
            corner.selfadjointView<Eigen::Lower>().rankUpdate(beside, -1);
            fresh -= product(cross(), beside.transpose().cast<float>());
        }
        corner            = cholesky(corner, noise_);
        exact_matrix rest = fresh.cast<double>();
        divide(rest, corner);
        fresh = rest.cast<float>();

        reserve(before + more);
        factor_.block(before, 0, more, before)    = beside;
        factor_.block(before, before, more, more) = corner;
        cross_.middleCols(before, more)           = fresh;
        unexplained_ -= fresh.rowwise().squaredNorm();
        observed_.insert(observed_.end(), items.begin(), items.end());
    }

    /// L⁻¹R of the residuals R (observed, values): independent and of variance 1 if the prior is right, in the order of
    /// observation, each the surprise that its observation was after the earlier ones.
    [[nodiscard]] matrix whitened(matrix const& residuals) const
    {
        exact_matrix rows = residuals.transpose().cast<double>();
        divide(rows, factor());
        return rows.transpose().cast<float>();
    }

    /// The expected residuals (count, values) of the first `count` items.
    [[nodiscard]] matrix expected(matrix const& whitened, index_t count) const
    {
        return product(cross().topRows(count), whitened);
    }

    /// The variance of an observation of each item, given what was observed.
    [[nodiscard]] vector variance() const { return unexplained_.array().max(0) + static_cast<float>(noise_); }

    /// A square root S Sᵀ of the covariance of observations of some items, given what was observed: lower triangular.
    [[nodiscard]] matrix covariance_root(std::span<index_t const> items) const
    {
        matrix const known = cross()(items, Eigen::all).transpose();
        matrix const left  = kernel_.among(items) - inner_products(known, known);
        return cholesky(left.cast<double>(), noise_).cast<float>();
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
    /// indefinite.
    [[nodiscard]] static exact_matrix cholesky(exact_matrix const& m, double noise)
    {
        for (;; noise *= 4) {
            exact_matrix noisy = m;
            noisy.diagonal().array() += noise;
            Eigen::LLT<exact_matrix> const factored{noisy};
            if (factored.info() == Eigen::Success) { return factored.matrixL(); }
        }
    }
    /// rows ← rows·L⁻ᵀ.
    static void divide(exact_matrix& rows, exact_view const& factor)
    {
        factor.transpose().triangularView<Eigen::Upper>().solveInPlace<Eigen::OnTheRight>(rows);
    }

    [[nodiscard]] index_t count() const { return static_cast<index_t>(observed_.size()); }
    [[nodiscard]] exact_view factor() const { return factor_.topLeftCorner(count(), count()); }
    [[nodiscard]] matrix_view cross() const { return cross_.leftCols(count()); }

    /// Makes room for so many observations, and more, so that growing one by one does not copy everything each time.
    void reserve(index_t observations)
    {
        if (observations <= cross_.cols()) { return; }
        index_t const room = std::max(observations, 2 * cross_.cols());
        factor_.conservativeResizeLike(exact_matrix::Zero(room, room));
        cross_.conservativeResize(kernel_.items(), room);
    }

    mask_kernel kernel_;
    double noise_;
    std::vector<index_t> observed_;
    exact_matrix factor_;  // L, and room
    matrix cross_;         // (items, observed): K_{items, observed} L⁻ᵀ, and room
    vector unexplained_;   // variance of the items
};

}  // namespace scorecam::budget
